"""Related objects of a row, which a select parameter asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from alertrpc.query.get_params import GetParams
from alertrpc.query.parameters import Names, Shows, as_asked
from alertrpc.query.sql import Expression
from alertrpc.query.view import View
from alertrpc.records import Caller

Choice = Names | Callable[[Mapping[str, Any]], Names]  # a function is given the checked parameters before it


class Check(Enum):
    """How a select parameter is checked."""

    OF_METHOD = "as the method checks its output"
    REFUSES = "unknown fields are refused"
    REFUSES_WITH_ROWS = "unknown fields are refused once there are rows"
    ANY_WORD = 'any word is "extend"'
    OF_SUPER_ADMINS = "as the method checks its output, and ignored unless a Super admin asks"


@dataclass(frozen=True, eq=False)
class Relation:
    """The objects that a row has as its `member`: an array, or one object if `single`.

    If `countable`, "count" asks for their number. `choice` are the fields that may be asked for, if not those of the view.
    """

    member: str
    single: bool = field(default=False, kw_only=True)
    countable: bool = field(default=False, kw_only=True)
    check: Check = field(default=Check.OF_METHOD, kw_only=True)
    choice: Choice = field(default=(), kw_only=True)

    def choice_for(self, caller: Caller) -> Choice:
        return self.choice


@dataclass(frozen=True, eq=False)
class Related(Relation):
    """Objects that are stored: `source` is a FROM and WHERE clause that refers to the row, or a function that returns one.

    `shows` turns the fields asked for into those shown. limitSelects takes the first objects by the column `limited_by`,
    and has no effect without it.
    """

    alias: str
    view: View
    source: str | Callable[[GetParams, Caller], Expression]
    shows: Shows = as_asked
    limited_by: str = ""

    def rows(self, params: GetParams, caller: Caller) -> Expression:
        return Expression(self.source) if isinstance(self.source, str) else self.source(params, caller)

    def choice_for(self, caller: Caller) -> Choice:
        return self.choice or self.view.choice_for(caller)


class NotKept(Relation):
    """Objects of Zabbix that are not stored here: no row has any."""


def keyed(key: str) -> Shows:
    """The key is always shown, and comes first."""
    return lambda names, caller: (key, *[name for name in names if name != key])
