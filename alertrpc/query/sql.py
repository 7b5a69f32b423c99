"""Pieces of SQL with their bound values. Identifiers come only from the tables of this room."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

SqlValue = int | float | str | bytes | None

_WIDEST = 100  # terms in a row
_PIECE = 50_000  # values
NO_JOINS: frozenset[str] = frozenset()
ONE_OF = "(SELECT one.value FROM @numbers(?) one)"  # the numbers of a bound JSON array
ONE_OF_TEXTS = "(SELECT one.value FROM @texts(?) one)"


class Expression(NamedTuple):
    """A value, or a clause or statement that gives rows."""

    sql: str
    args: "Args" = ()

    @property
    def values(self) -> tuple[SqlValue, ...]:
        """The bound values, none of which stands for another any more."""
        return self.args  # type: ignore[return-value]


class Condition(NamedTuple):
    """A condition of a WHERE clause; `joins` names the tables beside the resource's own that it needs.

    `keys` is a subselect, with the same bound values, of the keys of the rows for which it holds. If it leads a statement,
    only these rows are visited, in the order of their keys; without it SQLite may visit all rows to avoid a sort.

    `column` is the column of the resource's own table that it is about, if it is about one alone. If `pins`, the column has
    one value, which is bound, or is NULL if none is. With `members` it holds if the column is one of them.
    """

    sql: str
    args: "Args" = ()
    joins: frozenset[str] = NO_JOINS
    keys: str = ""
    column: str = ""
    pins: bool = False
    members: "Members | None" = None


class Members(NamedTuple):
    """Ids that are looked up once for all statements of a request; `ids` is a statement with one column.

    `source`, if an index has the rows of these ids, is their FROM clause, with the ids bound as one JSON array. `or_null`:
    rows without an id fit too.
    """

    ids: Expression
    source: str = ""
    or_null: bool = False


NOTHING = Condition("FALSE")
_ALL = Expression(str(2**63 - 1))


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
    return Condition(sql, args_of(conditions), joins_of(conditions))


def _balanced(operator: str, terms: Sequence[str]) -> str:
    """The terms as a tree of little depth: SQLite allows expressions of at most 1,000 levels."""
    if len(terms) <= _WIDEST:
        return operator.join(terms)
    middle = len(terms) // 2
    return f"({_balanced(operator, terms[:middle])}){operator}({_balanced(operator, terms[middle:])})"


def rows_if(condition: Condition, rows: Expression, most: Expression = _ALL) -> Expression:
    """The rows of a statement if a condition holds that does not depend on them; otherwise none, and none is read."""
    limit = f"LIMIT CASE WHEN {condition.sql} THEN {most.sql} ELSE 0 END"
    return Expression(f"SELECT * FROM ({rows.sql} {limit}) arm", (*rows.args, *condition.args, *most.args))


def joins_of(conditions: Iterable[Condition]) -> frozenset[str]:
    return NO_JOINS.union(*[condition.joins for condition in conditions])


def args_of(pieces: Iterable[Condition | Expression]) -> "Args":
    return tuple([arg for piece in pieces for arg in piece.args])


class Bound(NamedTuple):
    """The values that are bound when a statement runs: the ids of the id parameters, and the time in seconds."""

    ids: Mapping[str, Sequence[int]]
    now: int

    def fill(self, args: "Args") -> tuple[SqlValue, ...]:
        """The values, with those filled in that depend on the call."""
        return tuple([arg.fill(self) if isinstance(arg, Slot | Ago) else arg for arg in args])


class Slot(NamedTuple):
    """Stands for the ids of the parameter `name`: the first, or all if `many`."""

    name: str
    many: bool

    def fill(self, bound: Bound) -> SqlValue:
        ids = bound.ids[self.name]
        return json_list(ids) if self.many else ids[0]


class Ago(NamedTuple):
    """Stands for the time so many seconds ago."""

    seconds: int

    def fill(self, bound: Bound) -> SqlValue:
        return bound.now - self.seconds


Args = tuple[SqlValue | Slot | Ago, ...]


class AskedIds(NamedTuple):
    """The ids of a parameter as the text of a statement depends on them: how many (2 are a few), and whether 0 is one."""

    name: str
    size: int
    has_zero: bool

    @property
    def arg(self) -> Slot:
        return Slot(self.name, many=self.size > 1)


class Listed(NamedTuple):
    """Values that are known when a statement is compiled, all numbers or all texts."""

    values: Sequence[int | str]

    @property
    def size(self) -> int:
        return len(self.values)

    @property
    def has_zero(self) -> bool:
        return 0 in self.values

    @property
    def arg(self) -> SqlValue:
        return json_list(self.values) if len(self.values) > 1 else self.values[0]


def is_in(expression: str, values: AskedIds | Listed) -> Condition:
    """`expression` is one of `values`. The SQL is the same for any number above one, so that statements stay prepared."""
    if not values.size:
        return NOTHING
    if values.size == 1:
        return Condition(f"{expression} = ?", (values.arg,))
    are_texts = isinstance(values, Listed) and isinstance(values.values[0], str)
    return Condition(f"{expression} IN {ONE_OF_TEXTS if are_texts else ONE_OF}", (values.arg,))


def json_list(values: Sequence[int | str]) -> str:
    """A JSON array, written piece by piece, so that memory holds few values twice."""
    starts = range(0, len(values), _PIECE)
    pieces = [orjson.dumps(list(values[start : start + _PIECE]))[1:-1].decode() for start in starts]
    return f"[{','.join(pieces)}]"
