"""Walks through rows in an order, by the index that has it."""

from collections.abc import Mapping, Sequence
from itertools import takewhile

from alertrpc.query.finding import Finding, Known, Query, Sort, Steps, are_within, pinned, sorted_keys
from alertrpc.query.resource import Index
from alertrpc.query.sql import Condition, Expression, SqlValue, args_of

_BEHIND = {"ASC": ">", "DESC": "<"}
_FROM = {"ASC": ">=", "DESC": "<="}
_UP_TO = {"ASC": "<=", "DESC": ">="}
_TURNED = {"ASC": "DESC", "DESC": "ASC"}
_AS_IT_IS = {"ASC": "ASC", "DESC": "DESC"}
_WALKED = "w"  # the alias of a table that is there for its index alone


class Walked:
    """An index, the part of it that conditions on its columns pick, and the rows of the finder's table through it.

    `pinned` are the conditions on it that leave one value, `others` the rest.
    """

    def __init__(self, finding: Finding, index: Index, known: Sequence[Known]) -> None:
        alias, key = finding.resource.alias, finding.resource.key
        self.source, self.held = finding.whole(known)
        self.alias = finding.finder.texts if not index.name and finding.texts_first else alias
        self._of_index = f"FROM {finding.resource.table} {self.alias} @not_indexed"
        if index.name:
            is_other = finding.finder.indexed != finding.finder.table
            self.alias, self.held = _WALKED if is_other else alias, [each.condition for each in known]
            self._of_index = f"FROM {finding.finder.indexed} {self.alias} @indexed_by({index.name})"
            joined = f" @ordered JOIN {finding.table} ON {finding.key} = {_WALKED}.{key}" if is_other else ""
            self.source = Expression(self._of_index + joined)
        about = [finding.about(each.condition, self.alias) for each in known]
        self.pinned = [condition for condition in about if condition.pins and condition.column in index.columns]
        self.others = [
            condition for condition in about if not condition.pins and condition.column in {*index.columns, key}
        ]

    def entries(
        self, columns: str, conditions: Sequence[Condition] | None = None, more: str = "", *args: SqlValue
    ) -> Query:
        """A statement of columns of the index alone; its conditions are the pinned ones, and `conditions` or the others."""
        held = [*self.pinned, *(self.others if conditions is None else conditions)]
        where = " AND ".join([f"({condition.sql})" for condition in held]) or "TRUE"
        return Query(
            f"SELECT {columns} {self._of_index} WHERE {where} {more}", (*Expression("", args_of(held)).values, *args)
        )


def covering(finding: Finding, known: Sequence[Known]) -> Index | None:
    """An index that has all columns of the conditions, and finds rows by one of them."""
    asked = {each.condition.column for each in known}
    for index in finding.finder.indexes:
        if index.columns and not index.is_partial and index.columns[0] in asked and asked <= {*index.columns}:
            return index
    return None


class Walk:
    """A walk in an order. It stops behind any row if an index has the whole order, otherwise behind the rows of a value."""

    def __init__(self, finding: Finding, known: Sequence[Known], sort: Sort) -> None:
        self._finding, self._sort = finding, sort
        index, is_whole = _index_of(finding, known, sort)
        self._walked = Walked(finding, index, known)
        self._ends = sort if is_whole else sort[:1]  # the columns that say where a part of the walk ends
        self._begin: Condition | None = None
        self._last: Condition | None = None
        self._has_begun = False
        self.is_of_table = not index.name
        self.is_over = False

    def go_on(self, rows: int, limit: int) -> Steps[list[int]]:
        """The keys of the rows, at most `limit`, that fit among the next ones."""
        if not self._has_begun:
            yield from self._find_limits()
        behind = [self._begin] if self._begin else []
        last = [self._last] if self._last else []
        end = yield from self._entry([*behind, *last], self._in_order(), rows)
        self.is_over = end is None
        part = [*behind, self._compared(_UP_TO, end)] if end else [*behind, *last]
        if end:
            self._begin = self._compared(_BEHIND, end)
        conditions = [*self._walked.pinned, *part, *self._walked.held]
        clause = self._finding.with_conditions(self._walked.source, conditions, self._sort[len(self._ends) :])
        sql = f"SELECT {self._finding.key} {clause.sql} ORDER BY {self._order()} LIMIT ?"
        found = yield Query(sql, (*clause.values, limit))
        return [key for (key,) in found]

    def _find_limits(self) -> Steps[None]:
        """The first and the last entry for which conditions on the walked column hold, so that each end has one limit alone.

        Those on other columns are not looked for here: their first entry may be far away.
        """
        self._has_begun = True
        on_column = [condition for condition in self._walked.others if condition.column == self._ends[0][0]]
        if on_column:
            first = yield from self._entry(on_column, self._in_order())
            last = yield from self._entry(on_column, self._in_order(_TURNED))
            self._begin = self._compared(_FROM, first) if first else Condition("FALSE")
            self._last = self._compared(_UP_TO, last) if last else None

    def _entry(
        self, conditions: Sequence[Condition], order: str, skipped: int = 0
    ) -> Steps[tuple[SqlValue, ...] | None]:
        """The columns of the ends in the first entry after so many."""
        columns = ", ".join([f"{self._walked.alias}.{name}" for name, _ in self._ends])
        rows = yield self._walked.entries(columns, conditions, f"ORDER BY {order} LIMIT 1 OFFSET ?", skipped)
        return tuple([value.decode() if isinstance(value, bytes) else value for value in rows[0]]) if rows else None

    def _in_order(self, turned: Mapping[str, str] = _AS_IT_IS) -> str:
        return ", ".join([f"{self._walked.alias}.{name} {turned[direction]}" for name, direction in self._ends])

    def _order(self) -> str:
        """The columns that say where the walk is are those of the index, so that it has their order."""
        others = self._finding.order(self._sort[len(self._ends) :])
        return f"{self._in_order()}, {others}" if others else self._in_order()

    def _compared(self, operators: Mapping[str, str], values: tuple[SqlValue, ...]) -> Condition:
        names = ", ".join([f"{self._walked.alias}.{name}" for name, _ in self._ends])
        operator = operators[self._ends[0][1]]
        if len(values) == 1:
            return Condition(f"{names} {operator} ?", values)
        return Condition(f"({names}) {operator} ({', '.join('?' * len(values))})", values)


class WalkByValues:
    """A walk in an order whose first column has few values: through the rows of one value after the other."""

    def __init__(self, finding: Finding, known: Sequence[Known], sort: Sort) -> None:
        self._finding, self._known = finding, known
        (self._name, self._direction), *self._others = sort
        self._last: tuple[SqlValue] | None = None
        self._value: Known | None = None
        self._walk: AnyWalk | None = None
        self._of_value = 0  # rows that were found of the value
        self.is_of_table = self.is_over = False

    def go_on(self, rows: int, limit: int) -> Steps[list[int]]:
        """The keys of the rows, at most `limit`, that fit among the next ones of a value, and of those that end before."""
        found: list[int] = []
        while len(found) < limit and not self.is_over:
            if self._walk is None and not (yield from self._begin_value()):
                break
            found += yield from self._of_this_value(rows, limit - len(found))
            if self._walk is not None:
                break
        return found

    def _begin_value(self) -> Steps[bool]:
        value, is_left = yield from _next_value(self._finding, self._known, self._name, self._direction, self._last)
        self.is_over = not is_left
        if is_left:
            self._last, self._of_value = (value,), 0
            self._value = pinned(self._finding, self._name, value)
            self._walk = walk_of(self._finding, [*self._known, self._value], self._others)
        return is_left

    def _of_this_value(self, rows: int, limit: int) -> Steps[list[int]]:
        """Ends the walk if all rows of the value fit into it: they are sorted then."""
        assert self._walk is not None
        assert self._value is not None
        if (yield from are_within(self._value.keys, rows)):
            known, before = [*self._known, self._value], self._of_value
            self._walk = None
            keys = yield from sorted_keys(self._finding, self._value, known, self._others, before + limit)
            return keys[before:]
        keys = yield from self._walk.go_on(rows, limit)
        self._of_value += len(keys)
        if self._walk.is_over:
            self._walk = None
        return keys


AnyWalk = Walk | WalkByValues


def walk_of(finding: Finding, known: Sequence[Known], sort: Sort) -> AnyWalk:
    """The walk in an order that ends with the key, without the columns that have one value."""
    constant = {each.condition.column for each in known if each.condition.pins} - {finding.resource.key}
    left = [(name, direction) for name, direction in sort if name not in constant]
    return (WalkByValues if left[0][0] in finding.finder.few_valued else Walk)(finding, known, left)


def _index_of(finding: Finding, known: Sequence[Known], sort: Sort) -> tuple[Index, bool]:
    """The index for a walk, and whether it has the whole order; the more of its first columns have one value, the better."""
    constant = {each.condition.column for each in known if each.condition.pins}
    names, directions = [name for name, _ in sort], {direction for _, direction in sort}
    best: tuple[int, Index] | None = None
    for index in finding.finder.indexes:
        columns = [*index.columns, finding.resource.key]
        first = len([*takewhile(constant.__contains__, index.columns)])
        if columns[first:] == names and len(directions) == 1 and (best is None or first > best[0]):
            best = first, index
    if best is not None:
        return best[1], True
    return next(index for index in finding.finder.indexes if index.columns[:1] == (names[0],)), False


def _next_value(
    finding: Finding, known: Sequence[Known], name: str, direction: str, last: tuple[SqlValue] | None
) -> Steps[tuple[SqlValue, bool]]:
    """The value of a column that comes first in an order, or after the `last`; and whether there is one.

    NULL is the greatest, as PostgreSQL sorts, which Zabbix runs on.
    """
    index = finding.index_of(name)
    assert index is not None, "the finder has an index for each column of few values"
    walked = Walked(finding, index, known)
    column = f"{walked.alias}.{name}"
    about = [condition for condition in walked.others if condition.column == name]
    is_null = Condition(f"{column} IS NULL")
    is_null_first = last is None and direction == "DESC" and finding.is_nullable(name)
    if is_null_first and (yield walked.entries(column, [is_null, *about], "LIMIT 1")):
        return None, True
    if last is None or last == (None,):
        if last is not None and direction == "ASC":
            return None, False
        behind = Condition(f"{column} IS NOT NULL")
    else:
        behind = Condition(f"{column} {_BEHIND[direction]} ?", last)
    rows = yield walked.entries(column, [behind, *about], f"ORDER BY {column} {direction} LIMIT 1")
    if rows:
        [[value]] = rows
        return value, True
    if direction == "ASC" and finding.is_nullable(name):
        return None, bool((yield walked.entries(column, [is_null, *about], "LIMIT 1")))
    return None, False
