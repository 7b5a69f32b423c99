"""The two ways in which Zabbix 7.0 checks the parameters of its get methods."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from alertrpc.query.parameters import Given, Names

SELECTS = "select..."  # stands for all select parameters
_MATCH = ("filter", "search", "searchByAny", "startSearch", "excludeSearch", "searchWildcardsEnabled")
_OUTPUT = ("output", "groupBy", SELECTS)
_REST = (
    "countOutput", "groupCount", "sortfield", "sortorder", "limit", "limitSelects", "editable", "preservekeys",
    "nopermissions",
)  # fmt: skip
MATCH_FIRST: Names = (*_MATCH, *_OUTPUT, *_REST)
OUTPUT_FIRST: Names = (*_OUTPUT, *_MATCH, *_REST)


@dataclass(frozen=True, slots=True)
class Strict:
    """The newer methods refuse what is wrong; the first fault in their order is the answer.

    The parameters that all methods have come behind the method's own, in this `order`. `flags` is what countOutput,
    startSearch and the like take. `deprecated` names stand for others.
    """

    order: Names
    flags: Given
    deprecated: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lax:
    """The older methods ignore nearly all that is wrong."""


class Selecting(Enum):
    """How an older method checks the value of a select parameter."""

    IGNORES = "fields that there are not are ignored"
    ANY_WORD = "any word means extend"
    AS_OUTPUT = "as the output of the method that it calls where there are rows"
    BEFORE_ALL = "as a newer method does, before all else"
