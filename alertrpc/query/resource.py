"""What a get method may be asked, as a description: a get method is a Resource, not code of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from alertrpc.query.parameters import Names, Parameter
from alertrpc.query.params import GetParams
from alertrpc.query.sql import Condition, Expression
from alertrpc.records import Caller


class Kind(Enum):
    """How a column is answered: Zabbix answers everything as a string, and a NULL id as "0"."""

    NUMBER = "CAST({0} AS TEXT)"
    NULLABLE_ID = "COALESCE(CAST({0} AS TEXT), '0')"
    TEXT = "{0}"
    JSON = "json({0})"


@dataclass(frozen=True, slots=True)
class Column:
    """A member of a row. `expression` is where its value comes from, {0} the table's alias; `join` a table it needs."""

    name: str
    kind: Kind = Kind.NUMBER
    expression: str = ""
    join: str = ""

    def value(self, alias: str) -> str:
        return (self.expression or "{0}." + self.name).format(alias)

    def json(self, alias: str) -> str:
        return self.kind.value.format(self.value(alias))


def number(name: str, expression: str = "", join: str = "") -> Column:
    return Column(name, Kind.NUMBER, expression, join)


def nullable_id(name: str, expression: str = "", join: str = "") -> Column:
    return Column(name, Kind.NULLABLE_ID, expression, join)


def text(name: str, expression: str = "") -> Column:
    return Column(name, Kind.TEXT, expression)


@dataclass(frozen=True, eq=False)
class View:
    """The fields of an object: which may be asked for (`choice`), by what names, and which are meant by "extend".

    Without names of their own, both are all columns. Callers who are no Super admins have a choice of `limited` fields,
    where there are any. Of an object for which `is_own` does not hold they are shown its `public` fields alone.
    """

    columns: Mapping[str, Column]
    choice: Names = ()
    extended: Names = ()
    limited: Names = ()
    public: Names = ()
    is_own: str = ""

    def choice_for(self, caller: Caller) -> Names:
        return (self.choice or tuple(self.columns)) if self._is_whole(caller) else self.limited

    def extended_for(self, caller: Caller) -> Names:
        return (self.extended or tuple(self.columns)) if self._is_whole(caller) else self.limited

    def _is_whole(self, caller: Caller) -> bool:
        return caller.is_super_admin or not self.limited


def view(
    *columns: Column,
    choice: Names = (),
    extended: Names = (),
    limited: Names = (),
    hidden: Names = (),
    public: Names = (),
    is_own: str = "",
) -> View:
    """A view of columns, of which `hidden` ones are for Super admins alone."""
    by_name = {column.name: column for column in columns}
    if hidden:
        limited = tuple([name for name in by_name if name not in hidden])
    return View(by_name, choice, extended, limited, public, is_own)


def filterable(of: View, besides: Names = ()) -> Names:
    """All columns by which rows may be filtered but those `besides`."""
    return tuple([name for name in of.columns if name not in besides])


def searchable(of: View) -> Names:
    """The columns that hold text."""
    return tuple([name for name, column in of.columns.items() if column.kind is Kind.TEXT])


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
    """Related objects of Zabbix's that are not kept here: there are none of them. `strict` is as of Related."""

    member: str
    countable: bool = False
    choice: Names = ()
    strict: bool = False
    for_super_admins: bool = False


@dataclass(frozen=True, slots=True)
class Linked:
    """An id parameter about another table: the rows whose `column` is in the `keys`, a subselect in which {} asks that
    `of` is one of the ids."""

    column: str
    keys: str
    of: str


@dataclass(frozen=True, slots=True)
class Grouping:
    """What groupCount counts by: a column `of` the resource's table or of `joins`, and its name in the answer."""

    member: str
    of: str
    joins: Names = ()


def no_conditions(params: GetParams, caller: Caller) -> list[Condition]:
    return []


def never(params: GetParams, caller: Caller) -> bool:
    return False


@dataclass(frozen=True, eq=False)
class Resource:
    """A get method: what its rows hold and by what they are found. There is one of each, so that pieces of SQL that
    follow from it alone are kept.

    `ids` are the id parameters in the order of their checks, each with the column or the table that it is about; None
    where `conditions` sees to it. `few_first` are those of them that lead a statement, which picks the fewest rows first.
    `joins` are the tables that conditions and columns may need, in the order of their joining.

    A `lax` method leaves aside what is wrong, as the older ones of Zabbix do. `is_joined` says when Zabbix selects
    distinct rows of joined tables, which show `shown_when_sorted` columns by which they are sorted. `finds_nothing` says
    when the answer is an empty array, whatever else is asked. `group_counted` are the id parameters by which
    groupCount counts; None where there is no groupCount. `default_filter` is part of a filter that does not name it,
    `filter_links` are members of a filter about other tables, `secrets` columns that nobody may filter by.

    How parameters are checked: `deprecated` names stand for others; `ignored_filters` ask for
    nothing; `group_by` are columns for groupBy; `output_is_first`, before filter and search;
    `has_boolean_flags` takes true and false alone for countOutput and its kind; `limits_selects` takes limitSelects.
    """

    name: str
    table: str
    alias: str
    key: str
    view: View
    ids: Mapping[str, str | Linked | None]
    sortable: Names
    filterable: Names
    searchable: Names
    lax: bool = False
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    related: Mapping[str, Related | NotKept] = field(default_factory=dict)
    conditions: Callable[[GetParams, Caller], list[Condition]] = no_conditions
    finds_nothing: Callable[[GetParams, Caller], bool] = never
    joins: Mapping[str, str] = field(default_factory=dict)
    few_first: Names = ()
    short_ids: Names = ()
    is_joined: Callable[[GetParams, Caller], bool] = never
    shown_when_sorted: Names = ()
    group_counted: Mapping[str, Grouping] | None = None
    default_filter: Mapping[str, Sequence[int]] = field(default_factory=dict)
    filter_links: Mapping[str, Linked] = field(default_factory=dict)
    secrets: Names = ()
    deprecated: Mapping[str, str] = field(default_factory=dict)
    group_by: Names = ()
    ignored_filters: Names = ()
    output_is_first: bool = False
    has_boolean_flags: bool = False
    limits_selects: bool = False


def id_columns(resource: Resource) -> dict[str, str]:
    """The id parameters about columns of the resource's own."""
    return {name: about for name, about in resource.ids.items() if isinstance(about, str)}
