"""What a get method may be asked, as a description: a get method is a Resource, not code of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from alertrpc.query.checks import Lax, Strict
from alertrpc.query.get_params import GetParams
from alertrpc.query.linked import Linked
from alertrpc.query.parameters import Names, Parameter
from alertrpc.query.related import NotKept, Related
from alertrpc.query.sql import Condition
from alertrpc.query.view import View
from alertrpc.records import Caller


class Match(Enum):
    """What a member of `filter` or `search` asks for, where this is no other table."""

    COLUMN = "rows by the column of its name"
    IGNORED = "nothing: it is taken and has no effect"
    NO_ROW = "what is not kept, so that no row is found"
    PASSWORD = "a user's password: it is refused"


@dataclass(frozen=True, slots=True)
class ByDefault:
    """Rows by the column of its name; those with these values where the filter does not name it."""

    values: Sequence[int]


Matches = Mapping[str, Match | Linked | ByDefault]


def by_columns(*names: str) -> Matches:
    return dict.fromkeys(names, Match.COLUMN)


@dataclass(frozen=True, slots=True)
class Grouping:
    """What groupCount counts by: a column `of` the resource's table or of `joins`, and its name in the answer."""

    member: str
    of: str
    joins: Names = ()


@dataclass(frozen=True, slots=True)
class Distinct:
    """When Zabbix selects distinct rows of joined tables, and the columns that it then shows if it sorts by them."""

    when: Callable[[GetParams, Caller], bool]
    shows: Names


@dataclass(frozen=True, slots=True)
class Plan:
    """The id parameters that lead a statement before others, and those by which an index finds a short answer. With
    `pages` and a limit, it chooses between listing the keys that match and walking in the order asked for."""

    few_first: Names = ()
    short_ids: Names = ()
    pages: bool = False


def no_conditions(params: GetParams, caller: Caller) -> list[Condition]:
    return []


@dataclass(frozen=True, eq=False)
class Resource:
    """A get method: what its rows hold and by what they are found.

    There is one of each, so that pieces of SQL that follow from it alone are kept.
    """

    name: str
    table: str
    alias: str
    key: str
    view: View
    checks: Strict | Lax
    # An id parameter is about a column, or a table; of None, `conditions` say what it asks.
    ids: Mapping[str, str | Linked | None]
    filters: Matches
    searches: Matches
    sortable: Names
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    related: Mapping[str, Related | NotKept] = field(default_factory=dict)
    # Rights, and what the tables here cannot say.
    conditions: Callable[[GetParams, Caller], list[Condition]] = no_conditions
    # Tables that conditions and columns may need, in the order of their joining.
    joins: Mapping[str, str] = field(default_factory=dict)
    distinct: Distinct | None = None
    # What groupCount counts by, by the id parameters that are asked with it.
    group_counted: Mapping[str, Grouping] = field(default_factory=dict)
    plan: Plan = Plan()


def id_columns(resource: Resource) -> dict[str, str]:
    """The id parameters about columns of the resource's own."""
    return {name: about for name, about in resource.ids.items() if isinstance(about, str)}
