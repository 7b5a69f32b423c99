"""Compiles a get method: what is asked of a resource into one statement whose rows are finished JSON text."""

from collections.abc import Sequence
from functools import lru_cache

from alertrpc.query.counting import counted, grouped
from alertrpc.query.matching import filter_conditions, id_conditions, search_conditions
from alertrpc.query.own import own_conditions
from alertrpc.query.params import GetParams
from alertrpc.query.resource import Resource, id_columns
from alertrpc.query.row import row_json
from alertrpc.query.sql import AskedIds, Condition, SqlValue, args_of
from alertrpc.query.statement import Shape, Statement, found
from alertrpc.query.view import Column, Kind
from alertrpc.records import Caller

A_FEW = 2  # the size of a few ids
MOST_SHORT_IDS = 100  # so many are a few: an answer for them is expected to be short
_PLACES = {"ASC": "NULLS LAST", "DESC": "NULLS FIRST"}  # as PostgreSQL sorts, which Zabbix runs on


def asked_ids(name: str, ids: Sequence[int]) -> AskedIds:
    """The ids of a parameter as statements are told apart by them."""
    size = len(ids) if len(ids) < A_FEW else A_FEW if len(ids) <= MOST_SHORT_IDS else A_FEW + 1
    return AskedIds(name, size, 0 in ids)


def compile_get(resource: Resource, params: GetParams, caller: Caller) -> Statement:
    """The statement for `params`, as the caller may see the answer."""
    if resource.finds_nothing(params, caller):
        return Statement("SELECT '' AS row WHERE 0", (), Shape.ARRAY)
    where = [
        *id_conditions(resource, params),
        *resource.conditions(params, caller),
        *own_conditions(resource, params),
        *filter_conditions(resource, params, caller),
        *search_conditions(resource, params, caller),
    ]
    where = _led_by_keys(resource, params, where)
    if params.group_by:
        return grouped(resource, params, where)
    if params.count_output:
        return counted(resource, params, where)
    return _rows(resource, params, caller, where)


def _rows(resource: Resource, params: GetParams, caller: Caller, where: Sequence[Condition]) -> Statement:
    instead = {name: other for own in params.own for name, other in resource.parameters[own].instead.items()}
    names = [instead.get(name, name) for name in (*params.output, *_shown_beside(resource, params, caller))]
    row = row_json(resource, names, params, caller)
    shape, row_sql = Shape.ARRAY, row.sql
    if params.preserve_keys:
        shape = Shape.OBJECT
        row_sql = f"'\"' || {resource.alias}.{resource.key} || '\":' || {row_sql}"
    columns = resource.view.columns
    joins = [columns[name].join for name in (*names, *[name for name, _ in params.sort])]
    sql = f"SELECT {row_sql} AS row {found(resource, where, joins)} ORDER BY {_order(resource, tuple(params.sort))}"
    limit: tuple[SqlValue, ...] = ()
    if params.limit is not None:
        sql += " LIMIT ?"  # bound, as SQLite plans a sort of the whole where it knows the limit to be small
        limit = (params.limit,)
    return Statement(sql, (*row.args, *args_of(where), *limit), shape, params.limit, _is_short(resource, params))


def _shown_beside(resource: Resource, params: GetParams, caller: Caller) -> list[str]:
    """What the row shows beside its output."""
    names = [name for parameter in params.own for name in resource.parameters[parameter].shows]
    if resource.is_joined(params, caller):
        names += [name for name, _ in params.sort if name in resource.shown_when_sorted]
    return [name for name in dict.fromkeys(names) if name not in params.output]


def _is_short(resource: Resource, params: GetParams) -> bool:
    """An index finds the rows, and nothing has to be looked through or sorted."""
    if params.search or not all(asked.size <= A_FEW for asked in params.ids.values()):
        return False
    return any(name in params.ids for name in resource.short_ids) and all(
        name == resource.key for name, _ in params.sort
    )


@lru_cache(maxsize=1024)
def _order(resource: Resource, sort: tuple[tuple[str, str], ...]) -> str:
    """The sort asked for, ended by the key in the last direction, so that an index gives the whole of it."""
    if resource.key not in [name for name, _ in sort]:
        sort += ((resource.key, sort[-1][1] if sort else "ASC"),)
    return ", ".join([_order_term(resource.view.columns[name], resource.alias, direction) for name, direction in sort])


def _order_term(column: Column, alias: str, direction: str) -> str:
    term = f"{column.value(alias)} {direction}"
    return f"{term} {_PLACES[direction]}" if column.kind is Kind.NULLABLE_ID else term


def _led_by_keys(resource: Resource, params: GetParams, where: list[Condition]) -> list[Condition]:
    """The first condition that has keys leads, unless an index gives the rows of one id in the order of their keys."""
    asked = [(column, params.ids[name]) for name, column in id_columns(resource).items() if name in params.ids]
    if any(column == resource.key or (ids.size == 1 and not ids.has_zero) for column, ids in asked):
        return where
    leader = next((index for index, condition in enumerate(where) if condition.keys), None)
    if leader is None:
        return where
    sql = f"{resource.alias}.{resource.key} IN ({where[leader].keys})"
    return [*where[:leader], where[leader]._replace(sql=sql), *where[leader + 1 :]]
