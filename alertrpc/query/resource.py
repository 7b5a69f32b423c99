"""What a get method may be asked, as a description: a get method is a Resource, not code of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from alertrpc.query.parameters import Names, Parameter
from alertrpc.query.params import GetParams
from alertrpc.query.related import NotKept, Related
from alertrpc.query.sql import Condition
from alertrpc.query.view import View
from alertrpc.records import Caller


@dataclass(frozen=True, slots=True)
class Linked:
    """An id parameter about another table: the rows whose `column` is one of the `keys`, a subselect up to its WHERE
    clause, where the column `of` is one of the ids."""

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

    A `lax` method leaves aside what is wrong in its parameters, as the older ones of Zabbix do.
    """

    name: str
    table: str
    alias: str
    key: str
    view: View
    # By what rows are found. An id parameter is about a column, or a table; of None, `conditions` says what it asks.
    ids: Mapping[str, str | Linked | None]
    sortable: Names
    filterable: Names
    searchable: Names
    lax: bool = False
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    related: Mapping[str, Related | NotKept] = field(default_factory=dict)
    # Rights, and what the tables cannot say; `finds_nothing`: an empty array is the answer, whatever else is asked.
    conditions: Callable[[GetParams, Caller], list[Condition]] = no_conditions
    finds_nothing: Callable[[GetParams, Caller], bool] = never
    # Tables that conditions and columns may need, in the order of their joining.
    joins: Mapping[str, str] = field(default_factory=dict)
    # The id parameters that lead a statement before others, and those by which an index finds a short answer.
    few_first: Names = ()
    short_ids: Names = ()
    # A page out of many rows that a condition with keys finds is looked for in the order asked for.
    pages: bool = False
    # Zabbix selects distinct rows of joined tables, which show the columns by which they are sorted.
    is_joined: Callable[[GetParams, Caller], bool] = never
    shown_when_sorted: Names = ()
    # What groupCount counts by, where it is known, and groupBy.
    group_counted: Mapping[str, Grouping] | None = None
    group_by: Names = ()
    # Filters: part of every one that does not name it; about other tables; of no effect; refused; of no row.
    default_filter: Mapping[str, Sequence[int]] = field(default_factory=dict)
    filter_links: Mapping[str, Linked] = field(default_factory=dict)
    ignored_filters: Names = ()
    secrets: Names = ()
    unmatched: Names = ()
    # How a strict method checks: names that stand for others, its order, what countOutput and limitSelects take.
    deprecated: Mapping[str, str] = field(default_factory=dict)
    output_is_first: bool = False
    has_boolean_flags: bool = False
    limits_selects: bool = False


def id_columns(resource: Resource) -> dict[str, str]:
    """The id parameters about columns of the resource's own."""
    return {name: about for name, about in resource.ids.items() if isinstance(about, str)}
