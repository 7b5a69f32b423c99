"""Compiled statements and their common parts."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from alertrpc.errors import ApiError
from alertrpc.query.resource import Resource
from alertrpc.query.sql import Args, Bound, Condition, SqlValue, joins_of
from alertrpc.query.ways import Ways


class Shape(Enum):
    """How the rows make the answer."""

    ARRAY = "array"
    OBJECT = "object"  # each row is a key and its value; an empty array without rows
    VALUE = "value"  # the one row is the answer


class Statement(NamedTuple):
    """SQL with its bound values and one column, `row`.

    It gives at most `limit` rows. If it is `short`, an index finds its few rows, and a limit is the last bound value.
    `fault` is raised if there are rows. `ways` find the same rows sooner, if there are any.
    """

    sql: str
    args: Args
    shape: Shape
    limit: int | None = None
    short: bool = False
    fault: ApiError | None = None
    ways: Ways | None = None

    def bound(self, bound: Bound) -> tuple[SqlValue, ...]:
        """The bound values, with those filled in that depend on the call."""
        return bound.fill(self.args)


EMPTY = Statement("SELECT '' AS row WHERE FALSE", (), Shape.ARRAY)  # the answer is an empty array


def limited(statement: Statement, limit: int | None) -> Statement:
    """The statement with a limit, if there is one."""
    if limit is None:
        return statement
    return statement._replace(sql=f"{statement.sql} LIMIT ?", args=(*statement.args, limit), limit=limit)


def keys_of(resource: Resource, where: Condition) -> str:
    """Selects the keys of the rows for which a condition on the resource's own table holds."""
    return f"SELECT {resource.alias}.{resource.key} FROM {resource.table} {resource.alias} WHERE {where.sql}"


def found(resource: Resource, where: Sequence[Condition], joins: Iterable[str] = ()) -> str:
    """FROM and WHERE, with the tables that the conditions and `joins` need."""
    needed = joins_of(where) | set(joins)
    joined = "".join([f" {sql}" for name, sql in resource.joins.items() if name in needed])
    conditions = " AND ".join([f"({condition.sql})" for condition in where]) or "TRUE"
    return f"FROM {resource.table} {resource.alias}{joined} WHERE {conditions}"
