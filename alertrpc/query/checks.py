"""How a get method checks its parameters: strict methods refuse invalid ones, lax methods ignore them, as older ones of
Zabbix do.

Here are the common parameters, in the order in which Zabbix checks them. The ids and the method's own parameters come first.
The allowed values follow from the rows of the method.
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
    """A method that refuses invalid parameters; `deprecated` maps old names to current ones."""

    common: Common
    deprecated: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lax:
    """A method that ignores invalid parameters."""

    common: Common


STRICT = Strict({**MATCHING, **OUTPUT, **SELECTS, "countOutput": FLAG, **PAGE, **ROWS})
LAX = Lax(_LAX)
LAX_AND_GROUPED = Lax({**_LAX, "groupCount": TRUTH})
