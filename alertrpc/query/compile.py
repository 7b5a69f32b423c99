"""Compiles the parameters of a get method into one statement, whose rows are finished JSON text."""

from collections.abc import Sequence
from functools import lru_cache

from alertrpc.query.counting import counted, grouped
from alertrpc.query.get_params import GetParams
from alertrpc.query.matching import filter_conditions, id_conditions, own_conditions, search_conditions
from alertrpc.query.parameters import Names
from alertrpc.query.resource import Resource, id_columns
from alertrpc.query.row import row_json
from alertrpc.query.sql import AskedIds, Condition, Expression, SqlValue, all_of, args_of, rows_if
from alertrpc.query.statement import Shape, Statement, found
from alertrpc.query.view import Column, Kind
from alertrpc.records import Caller

A_FEW = 2  # the size of a few ids
MOST_SHORT_IDS = 100  # up to so many ids are a few; the answer is expected to be short
MOST_LISTED = 5_000  # keys that are listed for a page; if there are more, a walk in the sort order finds it sooner
_PLACES = {"ASC": "NULLS LAST", "DESC": "NULLS FIRST"}  # as PostgreSQL sorts, which Zabbix runs on


def asked_ids(name: str, ids: Sequence[int]) -> AskedIds:
    """The facts about a parameter's ids that the text of the statement depends on."""
    size = len(ids) if len(ids) < A_FEW else A_FEW if len(ids) <= MOST_SHORT_IDS else A_FEW + 1
    return AskedIds(name, size, 0 in ids)


def compile_get(resource: Resource, params: GetParams, caller: Caller) -> Statement:
    """The statement for `params`, with the rights of the caller."""
    where = [
        *id_conditions(resource, params),
        *resource.conditions(params, caller),
        *own_conditions(resource, params),
        *filter_conditions(resource, params, caller),
        *search_conditions(resource, params, caller),
    ]
    leaders = _leaders(resource, params, where)
    led = _led(resource, where, leaders[0]) if leaders else where
    if params.group_by:
        return grouped(resource, params, led)
    if params.count_output:
        return counted(resource, params, led)
    if leaders and params.limit is not None and resource.plan.pages and not _is_short(resource, params):
        return _page(resource, params, caller, where, leaders)
    return _rows(resource, params, caller, led)


def _rows(resource: Resource, params: GetParams, caller: Caller, where: Sequence[Condition]) -> Statement:
    row, shown = _row(resource, params, caller)
    tables = found(resource, where, [*shown, *_sort_joins(resource, params)])
    sql = f"SELECT {row.sql} AS row {tables} ORDER BY {_order(resource, tuple(params.sort))}"
    limit: tuple[SqlValue, ...] = ()
    if params.limit is not None:
        sql += " LIMIT ?"  # bound: SQLite sorts all rows if it sees that the limit is small
        limit = (params.limit,)
    return Statement(
        sql, (*row.args, *args_of(where), *limit), _shape(params), params.limit, _is_short(resource, params)
    )


def _page(
    resource: Resource, params: GetParams, caller: Caller, where: Sequence[Condition], leaders: Sequence[int]
) -> Statement:
    """Finds the keys of a page, then reads its rows.

    Each leader lists its keys. If every list overflows, the table is walked in the sort order until the page is full;
    the walk then skips few rows. LIMIT 0 switches off the ways that are not taken.
    """
    row, shown = _row(resource, params, caller)
    order, joins = _order(resource, tuple(params.sort)), _sort_joins(resource, params)
    key, most = f"{resource.alias}.{resource.key}", min(params.limit or 0, MOST_LISTED) + MOST_LISTED
    lists, ways = [], []
    before: list[Condition] = []
    for number, leader in enumerate(leaders):
        keys = where[leader]
        lists.append(Expression(f"listed{number} (id) AS MATERIALIZED ({keys.keys} LIMIT ? + 1)", (*keys.args, most)))
        listed = keys._replace(sql=f"{key} IN (SELECT id FROM listed{number})", args=())
        found_by = [*where[:leader], listed, *where[leader + 1 :]]
        size = f"(SELECT COUNT(*) FROM listed{number})"
        ways.append((found_by, all_of([*before, Condition(f"{size} <= ?", (most,))])))
        before.append(Condition(f"{size} > ?", (most,)))
    ways.append(([*where], all_of(before)))
    keys_of_page = [
        rows_if(
            is_taken,
            Expression(f"SELECT {key} AS id {found(resource, way, joins)} ORDER BY {order}", args_of(way)),
            Expression("?", (params.limit,)),
        )
        for way, is_taken in ways
    ]
    tables = "".join([f" {sql}" for name, sql in resource.joins.items() if name in shown])
    sql = (
        f"WITH {', '.join([listed.sql for listed in lists])} SELECT {row.sql} AS row"
        f" FROM ({' UNION ALL '.join([keys.sql for keys in keys_of_page])}) page"
        f" @ordered JOIN {resource.table} {resource.alias} ON {key} = page.id{tables}"
    )
    return Statement(sql, args_of([*lists, row, *keys_of_page]), _shape(params), params.limit)


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


@lru_cache(maxsize=64)
def _order(resource: Resource, sort: tuple[tuple[str, str], ...]) -> str:
    """The sort columns, then the key in the direction of the last one, so that one index has the whole order."""
    if resource.key not in [name for name, _ in sort]:
        sort += ((resource.key, sort[-1][1] if sort else "ASC"),)
    return ", ".join([_order_term(resource.view.columns[name], resource.alias, direction) for name, direction in sort])


def _order_term(column: Column, alias: str, direction: str) -> str:
    term = f"{column.value(alias)} {direction}"
    return f"{term} {_PLACES[direction]}" if column.kind is Kind.NULLABLE_ID else term


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
