"""Compiles the parameters of a get method into one statement, whose rows are finished JSON text."""

from collections.abc import Sequence
from functools import lru_cache

from alertrpc.query.counting import COUNT_OF_ROWS, GROUP_OF_ALL, counted, grouped
from alertrpc.query.finding import PLACES_OF_NULL, Finding
from alertrpc.query.get_params import GetParams
from alertrpc.query.matching import filter_conditions, id_conditions, own_conditions, search_conditions
from alertrpc.query.parameters import Names
from alertrpc.query.resource import Resource, found_by, id_columns
from alertrpc.query.row import row_json
from alertrpc.query.sql import AskedIds, Condition, Expression, SqlValue, args_of
from alertrpc.query.statement import Shape, Statement, found
from alertrpc.query.view import Column, Kind
from alertrpc.query.ways import Count, Page, Ways
from alertrpc.records import Caller

A_FEW = 2  # the size of a few ids
MOST_SHORT_IDS = 100  # up to so many ids are a few; the answer is expected to be short
MOST_PAGED = 1_000  # rows of a page, which is found by the shortest way; more rows come from one statement


def asked_ids(name: str, ids: Sequence[int]) -> AskedIds:
    """The facts about a parameter's ids that the text of the statement depends on."""
    size = len(ids) if len(ids) < A_FEW else A_FEW if len(ids) <= MOST_SHORT_IDS else A_FEW + 1
    return AskedIds(name, size, 0 in ids)


def compile_get(resource: Resource, params: GetParams, caller: Caller) -> Statement:
    """The statement for `params`, with the rights of the caller."""
    where = _conditions(resource, params, caller)
    if leaders := _leaders(resource, params, where):
        where = _led(resource, where, leaders[0])
    if params.group_by:
        return grouped(resource, params, where)
    if params.count_output:
        return counted(resource, params, where)._replace(ways=_ways(resource, params, caller))
    return _rows(resource, params, caller, where)


def _conditions(resource: Resource, params: GetParams, caller: Caller) -> list[Condition]:
    return [
        *id_conditions(resource, params),
        *resource.conditions(params, caller),
        *own_conditions(resource, params),
        *filter_conditions(resource, params, caller),
        *search_conditions(resource, params, caller),
    ]


def _ways(resource: Resource, params: GetParams, caller: Caller) -> Ways | None:
    """The ways to a page or a count, if the resource has a finder."""
    finder = resource.plan.finder
    if finder is None or (params.count_output and not finder.counts):
        return None
    if params.group_count and not params.ids.keys().isdisjoint(resource.group_counted):
        return None
    if not params.count_output and (params.limit is None or params.limit > MOST_PAGED):
        return None
    found = found_by(resource, finder)
    finding, where = Finding(found, finder), _conditions(found, params, caller)
    if params.count_output:
        return Count(finding, where, GROUP_OF_ALL if params.group_count else COUNT_OF_ROWS)
    row, shown = _row(resource, params, caller)
    tables = "".join([f" {sql}" for name, sql in resource.joins.items() if name in shown])
    key = f"{resource.alias}.{resource.key}"
    sql = f"""SELECT {row.sql} AS row
        FROM (@rows(?, id BIGINT)) page
        @ordered JOIN {resource.table} {resource.alias} ON {key} = page.id{tables}
        ORDER BY page.place"""
    return Page(finding, where, _whole_sort(resource, params.sort), params.limit or 0, Expression(sql, row.args))


def _rows(resource: Resource, params: GetParams, caller: Caller, where: Sequence[Condition]) -> Statement:
    row, shown = _row(resource, params, caller)
    tables = found(resource, where, [*shown, *_sort_joins(resource, params)])
    sql = f"SELECT {row.sql} AS row {tables} ORDER BY {_order(resource, tuple(params.sort))}"
    limit: tuple[SqlValue, ...] = ()
    if params.limit is not None:
        sql += " LIMIT ?"  # bound: SQLite sorts all rows if it sees that the limit is small
        limit = (params.limit,)
    short = _is_short(resource, params)
    ways = None if short else _ways(resource, params, caller)
    return Statement(sql, (*row.args, *args_of(where), *limit), _shape(params), params.limit, short, ways=ways)


def _shape(params: GetParams) -> Shape:
    return Shape.OBJECT if params.preserve_keys else Shape.ARRAY


def _row(resource: Resource, params: GetParams, caller: Caller) -> tuple[Expression, list[str]]:
    """A row of the answer, and the joins that its fields need."""
    names = _shown(resource, params, caller)
    row = row_json(resource, names, params, caller)
    if params.preserve_keys:
        row = Expression(f"'\"' || {resource.alias}.{resource.key} || '\":' || {row.sql}", row.args)
    return row, [resource.view.columns[name].join for name in names]


def _sort_joins(resource: Resource, params: GetParams) -> list[str]:
    return [resource.view.columns[name].join for name, _ in params.sort]


def _shown(resource: Resource, params: GetParams, caller: Caller) -> Names:
    """The columns of the row: the output and the sort columns that Zabbix adds, each as the parameters change it."""
    distinct = resource.distinct
    by = distinct.shows if distinct and distinct.when(params, caller) else ()
    output, sorted_by = tuple(params.output), tuple([name for name, _ in params.sort if name in by])
    for own in params.own:
        shows = resource.parameters[own].shows
        output, sorted_by = shows(output, caller), shows(sorted_by, caller)
    return tuple(dict.fromkeys([*output, *sorted_by]))


def _is_short(resource: Resource, params: GetParams) -> bool:
    """Whether an index finds the rows, and none have to be searched or sorted."""
    if params.search or "tags" in params.own or not all(asked.size <= A_FEW for asked in params.ids.values()):
        return False
    if any(len(values) > MOST_SHORT_IDS for values in params.filter.values()):
        return False
    return any(name in params.ids for name in resource.plan.short_ids) and all(
        name == resource.key for name, _ in params.sort
    )


def _whole_sort(resource: Resource, sort: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The sort columns up to the key; if it is missing, it has the direction of the last one, as in an index."""
    names = [name for name, _ in sort]
    if resource.key in names:
        return [*sort[: names.index(resource.key) + 1]]
    return [*sort, (resource.key, sort[-1][1] if sort else "ASC")]


@lru_cache(maxsize=64)
def _order(resource: Resource, sort: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(
        [
            _order_term(resource.view.columns[name], resource.alias, direction)
            for name, direction in _whole_sort(resource, sort)
        ]
    )


def _order_term(column: Column, alias: str, direction: str) -> str:
    term = f"{column.value(alias)} {direction}"
    return f"{term} {PLACES_OF_NULL[direction]}" if column.kind is Kind.NULLABLE_ID else term


def _leaders(resource: Resource, params: GetParams, where: Sequence[Condition]) -> list[int]:
    """Indexes of the conditions that may lead: those with keys, unless an index has the rows of one id in their order."""
    asked = [(column, params.ids[name]) for name, column in id_columns(resource).items() if name in params.ids]
    if any(column == resource.key or (ids.size == 1 and not ids.has_zero) for column, ids in asked):
        return []
    return [index for index, condition in enumerate(where) if condition.keys]


def _led(resource: Resource, where: Sequence[Condition], leader: int) -> list[Condition]:
    """The conditions, led by the keys of one of them."""
    sql = f"{resource.alias}.{resource.key} IN ({where[leader].keys})"
    return [*where[:leader], where[leader]._replace(sql=sql), *where[leader + 1 :]]
