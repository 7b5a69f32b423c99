"""How a get method checks its parameters: strict ones refuse what is wrong, lax ones ignore it, as Zabbix's older do.

The parameters that get methods have in common stand here, in the order in which Zabbix checks them; the ids come before
them, and then the method's own. What each takes follows from what the method gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alertrpc.query.parameters import Given, Parameter

FLAG, BOOLEAN, TRUTH = Parameter(Given.ANYTHING), Parameter(Given.BOOLEAN), Parameter(Given.TRUTH)
LIMIT = Parameter(Given.LIMIT)
OUTPUT = {"output": Parameter(Given.OUTPUT)}
SELECTS = {"select": Parameter(Given.SELECTS)}  # stands for all select parameters
MATCHING = {
    "filter": Parameter(Given.FILTER),
    "search": Parameter(Given.SEARCH),
    "searchByAny": BOOLEAN,
    "startSearch": FLAG,
    "excludeSearch": FLAG,
    "searchWildcardsEnabled": BOOLEAN,
}
PAGE = {"sortfield": Parameter(Given.SORTFIELD), "sortorder": Parameter(Given.SORTORDER), "limit": LIMIT}
ROWS = {"editable": BOOLEAN, "preservekeys": BOOLEAN, "nopermissions": FLAG}  # the last is internal to Zabbix

_LAX = {
    **SELECTS,
    **OUTPUT,
    **MATCHING,
    **PAGE,
    "limitSelects": LIMIT,
    **dict.fromkeys(("searchByAny", "startSearch", "excludeSearch", "searchWildcardsEnabled"), TRUTH),
    **dict.fromkeys(("countOutput", "editable", "preservekeys"), TRUTH),
}

Common = Mapping[str, Parameter]


@dataclass(frozen=True, slots=True)
class Strict:
    """A method that refuses what is wrong; `deprecated` names stand for others."""

    common: Common
    deprecated: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lax:
    """A method that ignores what is wrong."""

    common: Common


STRICT = Strict({**MATCHING, **OUTPUT, **SELECTS, "countOutput": FLAG, **PAGE, **ROWS})
LAX = Lax(_LAX)
LAX_AND_GROUPED = Lax({**_LAX, "groupCount": TRUTH})
