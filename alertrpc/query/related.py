"""Objects that a row brings along, which a select parameter asks for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from alertrpc.query.checks import Selecting
from alertrpc.query.parameters import Names
from alertrpc.query.params import EXTEND, GetParams, Selection
from alertrpc.query.sql import Expression
from alertrpc.query.view import View
from alertrpc.records import Caller, Params


class Shown(Enum):
    """In which rows the objects stand."""

    IN_ALL_ROWS = "in all"
    IN_OWN_ROWS = "in those of which the caller is shown more than the public fields"
    TO_SUPER_ADMINS = "in those that a Super admin asks for"


@dataclass(frozen=True, eq=False, kw_only=True)
class _Selectable:
    """A `single` object is no list, and an empty list where there is none. `countable` ones may be asked for by "count"."""

    single: bool = False
    countable: bool = False
    checked: Selecting = Selecting.IGNORES
    shown: Shown = Shown.IN_ALL_ROWS

    def is_shown_to(self, caller: Caller) -> bool:
        return caller.is_super_admin or self.shown is not Shown.TO_SUPER_ADMINS


@dataclass(frozen=True, eq=False)
class Related(_Selectable):
    """Objects related to a row.

    `source` is a FROM and WHERE clause that speaks of the row, or gives one. `key` is shown with whatever is asked for.
    limitSelects counts for `limited` ones.
    """

    member: str
    alias: str
    view: View
    source: str | Callable[[GetParams, Caller], Expression]
    key: str = ""
    limited: bool = False

    def rows(self, params: GetParams, caller: Caller) -> Expression:
        return Expression(self.source) if isinstance(self.source, str) else self.source(params, caller)

    def choice_for(self, caller: Caller, given: Params) -> Names:
        """The fields that may be asked for; `given` are all parameters as they came."""
        return self.view.choice_for(caller)

    def fields(self, asked: Selection, caller: Caller) -> Sequence[str]:
        """The fields that are shown."""
        return [self.key, *(self.view.extended_for(caller) if asked == EXTEND else asked)]


@dataclass(frozen=True, eq=False)
class NotKept(_Selectable):
    """Related objects of Zabbix's that are not kept here: there are none of them. What may be asked for is checked where
    there is a choice."""

    member: str
    choice: Names = ()

    def choice_for(self, caller: Caller, given: Params) -> Names:
        return self.choice
