"""What a get method may be asked, as a description: a get method is a Resource, not code of its own.

Zabbix's own description of each method: https://www.zabbix.com/documentation/7.0/en/manual/api/reference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from alertrpc.query.checks import Lax, Strict
from alertrpc.query.filters import Filter, Linked, Search
from alertrpc.query.parameters import Names, Parameter
from alertrpc.query.params import GetParams
from alertrpc.query.related import NotKept, Related
from alertrpc.query.sql import Condition
from alertrpc.query.view import View
from alertrpc.records import Caller


def never(params: GetParams, caller: Caller) -> bool:
    return False


def no_conditions(params: GetParams, caller: Caller) -> list[Condition]:
    return []


@dataclass(frozen=True, slots=True)
class Grouping:
    """What groupCount counts by: a column `of` the resource's table or of `joins`, and its name in the answer."""

    member: str
    of: str
    joins: Names = ()


@dataclass(frozen=True, slots=True)
class Sorts:
    """The fields that sortfield takes.

    Zabbix selects distinct rows where tables are `joined`, and such rows have the `shown` fields by which they are sorted.
    """

    fields: Names
    shown: Names = ()
    joined: Callable[[GetParams, Caller], bool] = never


@dataclass(frozen=True, slots=True)
class Plan:
    """How rows are found: the id parameters that lead a statement before others, and those by which an index finds a
    short answer; with `pages`, a page out of many keys that a condition lists is looked for in the order asked for."""

    few_first: Names = ()
    short_ids: Names = ()
    pages: bool = False


@dataclass(frozen=True, eq=False)
class Resource:
    """A get method: what its rows hold and by what they are found. There is one of each, so that pieces of SQL that
    follow from it alone are kept.

    An id parameter is about a column, or a linked table; of one that is None, `conditions` says what it asks, as it says
    the rights.
    """

    name: str
    table: str
    alias: str
    key: str
    view: View
    checks: Strict | Lax
    ids: Mapping[str, str | Linked | None]
    filters: Mapping[str, Filter]
    searches: Mapping[str, Search]
    sorts: Sorts
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    related: Mapping[str, Related | NotKept] = field(default_factory=dict)
    conditions: Callable[[GetParams, Caller], list[Condition]] = no_conditions
    # Tables that conditions and columns may need, in the order of their joining.
    joins: Mapping[str, str] = field(default_factory=dict)
    # By the id parameters that must be given; of None, the method has no groupCount.
    group_counts: Mapping[str, Grouping] | None = None
    plan: Plan = Plan()


def id_columns(resource: Resource) -> dict[str, str]:
    """The id parameters about columns of the resource's own."""
    return {name: about for name, about in resource.ids.items() if isinstance(about, str)}
