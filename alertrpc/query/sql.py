"""Pieces of SQL: a condition with its bound values. Identifiers come from the tables of this room alone."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

SqlValue = int | float | str | bytes | None


_WIDEST = 100  # terms in a row
NO_JOINS: frozenset[str] = frozenset()


class Condition(NamedTuple):
    """A condition of a WHERE clause; `joins` names the tables beside the resource's own that it speaks of.

    `keys` is a subselect, with the same values, of the keys of the rows for which it holds. A statement that it leads
    visits just these rows, in the order of their keys, where SQLite would rather visit all of them than sort.
    """

    sql: str
    args: tuple[SqlValue, ...] = ()
    joins: frozenset[str] = NO_JOINS
    keys: str = ""


NOTHING = Condition("0")


def any_of(conditions: Sequence[Condition]) -> Condition:
    return _joined(" OR ", conditions)


def all_of(conditions: Sequence[Condition]) -> Condition:
    return _joined(" AND ", conditions)


def negated(condition: Condition) -> Condition:
    return Condition(f"NOT ({condition.sql})", condition.args, condition.joins)


def _joined(operator: str, conditions: Sequence[Condition]) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    sql = _balanced(operator, [f"({condition.sql})" for condition in conditions])
    args = tuple([arg for condition in conditions for arg in condition.args])
    return Condition(sql, args, joins_of(conditions))


def _balanced(operator: str, terms: Sequence[str]) -> str:
    """The terms joined as a tree of little depth: SQLite takes an expression of 1,000 levels at most."""
    if len(terms) <= _WIDEST:
        return operator.join(terms)
    middle = len(terms) // 2
    return f"({_balanced(operator, terms[:middle])}){operator}({_balanced(operator, terms[middle:])})"


def joins_of(conditions: Sequence[Condition]) -> frozenset[str]:
    joins = NO_JOINS
    for condition in conditions:
        joins |= condition.joins
    return joins


def is_in(expression: str, values: Sequence[int], joins: frozenset[str] = NO_JOINS) -> Condition:
    """`expression` is one of `values`: two texts of SQL, however many values, so that statements stay prepared."""
    if not values:
        return NOTHING
    if len(values) == 1:
        return Condition(f"{expression} = ?", (values[0],), joins)
    return Condition(f"{expression} IN (SELECT value FROM json_each(?))", (json_list(values),), joins)


def json_list(values: Iterable[int]) -> str:
    return orjson.dumps(list(values)).decode()
