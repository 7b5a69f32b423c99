"""Compiles a get method: what is asked of a resource into one statement whose rows are finished JSON text."""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from alertrpc.errors import invalid_parameter
from alertrpc.query.params import GetParams, Scalar
from alertrpc.query.related import related_member
from alertrpc.query.resource import Column, Kind, Resource
from alertrpc.query.search import like
from alertrpc.query.sql import (
    NOTHING,
    AskedIds,
    Condition,
    Listed,
    Slot,
    SqlValue,
    all_of,
    any_of,
    is_in,
    joins_of,
    negated,
)
from alertrpc.records import Caller

A_FEW_PATTERNS = 50
MOST_PATTERNS = 5000  # in one search; each is a term of the statement
INNER = "t"  # the table's alias in a subselect of its keys
A_FEW = 2  # the size of a few ids
MOST_SHORT_IDS = 100  # so many are a few: an answer for them is expected to be short
_INTEGER = re.compile(r"-?[0-9]{1,4000}")  # Python refuses to read longer ones
_INT64 = range(-(2**63), 2**63)
_PLACES = {"ASC": "NULLS LAST", "DESC": "NULLS FIRST"}  # as PostgreSQL sorts, which Zabbix runs on

Args = tuple[SqlValue | Slot, ...]


class Shape(Enum):
    """How an answer is put together of its rows."""

    ARRAY = "array"
    OBJECT = "object"  # each row is a key and its value; an array where there is none
    VALUE = "value"  # the one row is the answer


def asked_ids(name: str, ids: Sequence[int]) -> AskedIds:
    """The ids of a parameter as statements are told apart by them."""
    size = len(ids) if len(ids) < A_FEW else A_FEW if len(ids) <= MOST_SHORT_IDS else A_FEW + 1
    return AskedIds(name, size, 0 in ids)


class Statement(NamedTuple):
    """SQL with its bound values and one column, `row`; at most `limit` rows; `short`: an index finds its few rows."""

    sql: str
    args: tuple[SqlValue | Slot, ...]
    shape: Shape
    limit: int | None = None
    short: bool = False

    def bound(self, ids: Mapping[str, Sequence[int]]) -> tuple[SqlValue, ...]:
        """The bound values, with the ids of the id parameters."""
        return tuple([arg.fill(ids) if isinstance(arg, Slot) else arg for arg in self.args])


def compile_get(resource: Resource, params: GetParams, caller: Caller, conditions: Sequence[Condition]) -> Statement:
    """The statement for `params`; `conditions` are the resource's own: its rights, and its parameters that are no ids."""
    where = [*_id_conditions(resource, params), *conditions, *_filter(resource, params), *_search(resource, params)]
    where = _led_by_keys(resource, params, where)
    joins = joins_of(where)
    found = f"FROM {resource.table} {resource.alias}{_joined(resource, joins)} WHERE " + (
        " AND ".join([f"({condition.sql})" for condition in where]) or "1"
    )
    args = tuple([arg for condition in where for arg in condition.args])
    if params.count_output:
        return _count(resource, params, found, args)
    return _rows(resource, params, caller, found, args, is_joined=bool(joins))


def _count(resource: Resource, params: GetParams, found: str, args: Args) -> Statement:
    """countOutput: a number, or with groupCount one for each value of the id columns that are asked for by id."""
    if not params.group_count:
        return Statement(f"SELECT '\"' || COUNT(*) || '\"' AS row {found}", args, Shape.VALUE, limit=1)
    groups = tuple([name for parameter, name in resource.group_counted.items() if parameter in params.ids])
    members = ["'rowscount', CAST(COUNT(*) AS TEXT)", *([members_of(resource, groups)] if groups else [])]
    by = ", ".join([resource.column[name].value(resource.alias) for name in groups])
    grouped = f" GROUP BY {by} ORDER BY {by}" if by else ""
    return Statement(f"SELECT json_object({', '.join(members)}) AS row {found}{grouped}", args, Shape.ARRAY)


def _rows(
    resource: Resource, params: GetParams, caller: Caller, found: str, args: Args, *, is_joined: bool
) -> Statement:
    names = tuple(params.output)
    if is_joined:  # Zabbix selects distinct rows of joined tables, and such rows show what they are sorted by
        names += tuple([name for name, _ in params.sort if name not in names and name in resource.shown_when_sorted])
    members = [members_of(resource, names)] if names else []
    selected: list[SqlValue] = []
    for parameter, fields in params.select.items():
        member, member_args = related_member(resource.related[parameter], fields, params, caller)
        members.append(member)
        selected += member_args
    row = f"json_object({', '.join(members)})" if members else "'[]'"
    shape = Shape.ARRAY
    if params.preserve_keys:
        shape = Shape.OBJECT
        row = f"'\"' || {resource.alias}.{resource.key} || '\":' || {row}"
    sql = f"SELECT {row} AS row {found} ORDER BY {_order(resource, tuple(params.sort))}"
    limit: tuple[SqlValue, ...] = ()
    if params.limit is not None:
        sql += " LIMIT ?"  # bound, as SQLite plans a sort of the whole where it knows the limit to be small
        limit = (params.limit,)
    return Statement(sql, (*selected, *args, *limit), shape, params.limit, _is_short(resource, params))


@lru_cache(maxsize=1024)
def members_of(resource: Resource, names: tuple[str, ...]) -> str:
    """The named columns as names and values for json_object."""
    return ", ".join([f"'{name}', {resource.column[name].json(resource.alias)}" for name in names])


def _joined(resource: Resource, joins: frozenset[str]) -> str:
    return "".join([f" {sql}" for name, sql in resource.joins.items() if name in joins])


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
    return ", ".join([_order_term(resource.column[name], resource.alias, direction) for name, direction in sort])


def _order_term(column: Column, alias: str, direction: str) -> str:
    term = f"{column.value(alias)} {direction}"
    return f"{term} {_PLACES[direction]}" if column.kind is Kind.NULLABLE_ID else term


def _led_by_keys(resource: Resource, params: GetParams, where: list[Condition]) -> list[Condition]:
    """The first condition that has keys leads, unless an index gives the rows of one id in the order of their keys."""
    asked = [(column, params.ids[name]) for name, column in resource.id_columns.items() if name in params.ids]
    if any(column == resource.key or (ids.size == 1 and not ids.has_zero) for column, ids in asked):
        return where
    leader = next((index for index, condition in enumerate(where) if condition.keys), None)
    if leader is None:
        return where
    sql = f"{resource.alias}.{resource.key} IN ({where[leader].keys})"
    return [*where[:leader], where[leader]._replace(sql=sql), *where[leader + 1 :]]


def _id_conditions(resource: Resource, params: GetParams) -> list[Condition]:
    return [
        _is_one_of(resource, resource.column[name], params.ids[parameter])
        for parameter, name in resource.id_columns.items()
        if parameter in params.ids
    ]


def _is_one_of(resource: Resource, column: Column, values: AskedIds | Listed) -> Condition:
    found = _is_one_of_in(resource.alias, column, values)
    if column.name not in resource.id_columns.values() or found is NOTHING:
        return found
    table, inner = resource.table, _is_one_of_in(INNER, column, values)
    return found._replace(keys=f"SELECT {INNER}.{resource.key} FROM {table} {INNER} WHERE {inner.sql}")


def _is_one_of_in(alias: str, column: Column, values: AskedIds | Listed) -> Condition:
    expression = column.value(alias)
    found = is_in(expression, values)
    if column.kind is Kind.NULLABLE_ID and values.has_zero:
        return any_of([found, Condition(f"{expression} IS NULL")])
    return found


def _filter(resource: Resource, params: GetParams) -> list[Condition]:
    """filter: values that are no whole numbers match nothing, as in Zabbix."""
    conditions = []
    for name, values in params.filter.items():
        column = resource.column[name]
        numbers = [number for value in values if (number := _whole_number(value, column.kind)) is not None]
        conditions.append(_is_one_of(resource, column, Listed(numbers)) if numbers else NOTHING)
    return [any_of(conditions)] if params.search_by_any and conditions else conditions


def _whole_number(value: Scalar, kind: Kind) -> int | None:
    if isinstance(value, str) and _INTEGER.fullmatch(value.removesuffix("\n")):
        if kind is Kind.NULLABLE_ID and value.startswith("-"):
            return None
        value = int(value)
    return value if isinstance(value, int) and value in _INT64 else None


def _search(resource: Resource, params: GetParams) -> list[Condition]:
    number = sum(map(len, params.search.values()))
    if number > MOST_PATTERNS:
        raise invalid_parameter("/search", f"more than {MOST_PATTERNS} values.")
    join = any_of if params.search_by_any else all_of
    conditions = []
    for name, values in params.search.items():
        expression = resource.column[name].value(resource.alias)
        patterns = [
            like(
                expression,
                value,
                whole=params.search_wildcards,
                start=params.start_search,
                brief=number > A_FEW_PATTERNS,
            )
            for value in values
            if value
        ]
        if params.exclude_search:
            patterns = [negated(pattern) for pattern in patterns]
        if patterns:
            conditions.append(join(patterns))
    return [join(conditions)] if conditions else []
