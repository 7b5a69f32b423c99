"""Objects that a row brings along, which a select parameter asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from alertrpc.query.get_params import GetParams
from alertrpc.query.parameters import Names, Shows, as_asked
from alertrpc.query.sql import Expression
from alertrpc.query.view import View
from alertrpc.records import Caller

Choice = Names | Callable[[Mapping[str, Any]], Names]  # of the parameters before, as they were checked


class Check(Enum):
    """How a select parameter is checked."""

    OF_METHOD = "as the method checks its output"
    REFUSES = "unknown fields are refused"
    REFUSES_WITH_ROWS = "unknown fields are refused once there are rows"
    ANY_WORD = 'any word is "extend"'
    OF_SUPER_ADMINS = "as the method checks its output, and ignored of others than Super admins"


@dataclass(frozen=True, eq=False)
class Relation:
    """What a row has under the name `member`: a list of objects, or a `single` one.

    The number of `countable` ones is answered to "count". `choice` are the fields that may be asked for, where they are not
    those of a view.
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
    """Objects that are kept: `source` is a FROM and WHERE clause that speaks of the row, or gives one.

    `shows` says which fields are shown, of those that are asked for. limitSelects gives the first objects in the order of
    the column `limited_by`, and counts for no others.
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
    """Objects that Zabbix has and that are not kept here: there are none of them."""


def keyed(key: str) -> Shows:
    """The key is shown with whatever is asked for."""
    return lambda names, caller: (key, *[name for name in names if name != key])
