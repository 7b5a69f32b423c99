"""The description of a get method: a get method is a Resource, not code of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache

from alertrpc.query.checks import Lax, Strict
from alertrpc.query.get_params import GetParams
from alertrpc.query.linked import Linked
from alertrpc.query.parameters import Names, Parameter
from alertrpc.query.related import NotKept, Related
from alertrpc.query.sql import Condition
from alertrpc.query.view import Column, View
from alertrpc.records import Caller


class Match(Enum):
    """What a member of `filter` or `search` does, unless it is about another table."""

    COLUMN = "finds rows by the column of its name"
    IGNORED = "has no effect"
    NO_ROW = "finds no row, because the field is not stored"
    PASSWORD = "is refused: it is a user's password"


@dataclass(frozen=True, slots=True)
class ByDefault:
    """Finds rows by the column of its name; if the filter lacks it, rows with these values."""

    values: Sequence[int]


Matches = Mapping[str, Match | Linked | ByDefault]


def by_columns(*names: str) -> Matches:
    """Each name is a column that filter or search may name."""
    return dict.fromkeys(names, Match.COLUMN)


@dataclass(frozen=True, slots=True)
class Grouping:
    """What groupCount counts by: the column `of`, which may need `joins`, and its name in the answer."""

    member: str
    of: str
    joins: Names = ()


@dataclass(frozen=True, slots=True)
class Distinct:
    """When Zabbix selects distinct rows of joined tables; if it then sorts by one of the columns `shows`, it shows it."""

    when: Callable[[GetParams, Caller], bool]
    shows: Names


@dataclass(frozen=True, slots=True)
class Index:
    """An index, by its name; "" is that of the primary key. After the `columns` it has the key.

    If it `is_partial`, it lacks the rows in which its first column is NULL.
    """

    name: str
    columns: Names = ()
    is_partial: bool = False


@dataclass(frozen=True, eq=False)
class Finder:
    """How pages and counts are found: in a `table` with the same key and alias, which has the columns but for those `apart`.

    `conditions` replaces that of the resource. `indexed` is the table of the indexes. `texts` is the join for texts, and the
    alias of `indexed` in it. `few_valued` are the columns that have few different values. If it `counts`, it finds counts
    too.
    """

    table: str
    indexed: str
    indexes: Sequence[Index]
    conditions: Callable[[GetParams, Caller], list[Condition]]
    apart: Mapping[str, Column] = field(default_factory=dict)
    joins: Mapping[str, str] = field(default_factory=dict)
    texts: str = ""
    few_valued: Names = ()
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How a statement finds rows: the id parameters that lead it first, and those by which an index finds a short answer."""

    few_first: Names = ()
    short_ids: Names = ()
    finder: Finder | None = None


def no_conditions(params: GetParams, caller: Caller) -> list[Condition]:
    return []


@dataclass(frozen=True, eq=False)
class Resource:
    """A get method: the fields of its rows, and the parameters that find them.

    Resources compare by identity, so that SQL that depends only on one of them is cached.
    """

    name: str
    table: str
    alias: str
    key: str
    view: View
    checks: Strict | Lax
    # The column or the table of each id parameter; None if `conditions` has its rule.
    ids: Mapping[str, str | Linked | None]
    filters: Matches
    searches: Matches
    sortable: Names
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    related: Mapping[str, Related | NotKept] = field(default_factory=dict)
    # Rights, and the rules of parameters that are not in the mappings here.
    conditions: Callable[[GetParams, Caller], list[Condition]] = no_conditions
    # Tables that conditions and columns may need, in the order of the joins.
    joins: Mapping[str, str] = field(default_factory=dict)
    distinct: Distinct | None = None
    # The indexes of columns of the finder's table.
    indexes: Mapping[str, Index] = field(default_factory=dict)
    # What groupCount counts by if an id parameter is given.
    group_counted: Mapping[str, Grouping] = field(default_factory=dict)
    plan: Plan = Plan()

    def listed(self, index: Index, condition: str) -> str:
        """Selects the keys of the rows for which a condition on the columns of an index holds."""
        assert self.plan.finder is not None
        table = f"{self.plan.finder.indexed} {self.alias} @indexed_by({index.name})"
        return f"SELECT {self.alias}.{self.key} FROM {table} WHERE {condition}"


def id_columns(resource: Resource) -> dict[str, str]:
    """The columns of the id parameters that are about the resource's own table."""
    return {name: about for name, about in resource.ids.items() if isinstance(about, str)}


@cache
def found_by(resource: Resource, finder: Finder) -> Resource:
    """The resource whose rows are those of the finder's table."""
    view = replace(resource.view, columns={**resource.view.columns, **finder.apart})
    indexes = {index.columns[0]: index for index in reversed(finder.indexes) if index.columns}
    return replace(
        resource, table=finder.table, view=view, joins=finder.joins, conditions=finder.conditions, indexes=indexes
    )
