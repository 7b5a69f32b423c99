"""Objects that a row brings along, which a select parameter asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from alertrpc.query.parameters import Names
from alertrpc.query.params import GetParams
from alertrpc.query.sql import Expression
from alertrpc.query.view import View
from alertrpc.records import Caller


@dataclass(frozen=True, eq=False)
class Related:
    """Objects related to a row, which a select parameter asks for.

    `source` is a FROM and WHERE clause that speaks of the row, or gives one. A `single` object is no list of them, and an
    empty list where there is none. `key` is shown with whatever is asked for. `countable` ones may be asked for by
    "count". Of `strict` ones other names than those of fields are refused by methods that take anything else; where
    `words_extend`, any word is "extend" to these. `choices` are the fields that may be asked for by the kind of `object`,
    where this differs.

    Callers who are no Super admins are shown fields `shown_beside` those that they ask for. Objects `of_others` are shown
    to them in rows of which they see public fields alone. Zabbix does not have `ours`. limitSelects counts for
    `limited` ones.
    """

    member: str
    alias: str
    view: View
    source: str | Callable[[GetParams, Caller], Expression]
    key: str = ""
    single: bool = False
    countable: bool = False
    strict: bool = False
    words_extend: bool = False
    shown_beside: Names = ()
    of_others: bool = False
    ours: bool = False
    limited: bool = False
    choices: Mapping[int, Names] = field(default_factory=dict)

    def rows(self, params: GetParams, caller: Caller) -> Expression:
        return Expression(self.source) if isinstance(self.source, str) else self.source(params, caller)


@dataclass(frozen=True, slots=True)
class NotKept:
    """Related objects of Zabbix's that are not kept here: there are none of them. What may be asked for is checked where
    there is a choice: with a row, or first of all where `strict`. What is
    `always` there is no number to "count"."""

    member: str
    countable: bool = False
    choice: Names = ()
    strict: bool = False
    always: bool = False
    for_super_admins: bool = False
