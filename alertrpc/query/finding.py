"""What is looked for: rows of a resource, in the table of its finder, for which conditions hold whose values are known."""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeVar

import orjson

from alertrpc.query.resource import Finder, Index, Resource
from alertrpc.query.sql import ONE_OF, Bound, Condition, Expression, Members, SqlValue, args_of, joins_of, json_list
from alertrpc.query.view import Kind

T = TypeVar("T")

_MANY = 50_000
_LATEST = 500  # rows that are taken for an example of all
_MANY_OF_THEM = 0.08
MOST_MEMBERS = 2_000  # that are looked up for a condition; if there are more, each row is checked

PLACES_OF_NULL = {"ASC": "NULLS LAST", "DESC": "NULLS FIRST"}  # as PostgreSQL sorts, which Zabbix runs on


class Query(NamedTuple):
    """A statement and its bound values."""

    sql: str
    args: tuple[SqlValue, ...] = ()


Rows = Sequence[tuple[Any, ...]]
Steps = Generator[Query, Rows, T]
Sort = Sequence[tuple[str, str]]  # columns and ASC or DESC


class Known(NamedTuple):
    """A condition with its values.

    If an index has the rows that it picks, `keys` is a statement of their keys. `source` is a FROM clause of these rows, if
    there is one that has each once. `of_many` is the condition for a look at all rows, if another is faster there.
    """

    condition: Condition
    keys: Expression | None = None
    source: Expression | None = None
    of_many: Condition | None = None


class Finding(NamedTuple):
    """`resource` is the one that `found_by` gives for the finder.

    With `texts_first`, the table that has the texts is read first where all rows are looked at.
    """

    resource: Resource
    finder: Finder
    texts_first: bool = False

    @property
    def key(self) -> str:
        return f"{self.resource.alias}.{self.resource.key}"

    @property
    def table(self) -> str:
        return f"{self.resource.table} {self.resource.alias}"

    def value(self, name: str) -> str:
        column = self.resource.view.columns.get(name)
        return column.value(self.resource.alias) if column else f"{self.resource.alias}.{name}"

    def is_nullable(self, name: str) -> bool:
        return self.resource.view.columns[name].kind is Kind.NULLABLE_ID

    def index_of(self, column: str) -> Index | None:
        return self.resource.indexes.get(column)

    def searches_texts(self, known: Sequence[Known]) -> bool:
        return bool(self.finder.texts) and self.finder.texts in joins_of([each.condition for each in known])

    def whole(self, known: Sequence[Known]) -> tuple[Expression, list[Condition]]:
        """A FROM clause of all rows in the order of their keys, and the conditions on them."""
        conditions = [each.of_many or each.condition for each in known]
        if not self.texts_first:
            return Expression(f"FROM {self.table} @not_indexed"), conditions
        texts = self.finder.texts
        source = f"FROM {self.finder.indexed} {texts} @not_indexed"
        joined = Expression(f"{source} @ordered JOIN {self.table} ON {self.key} = {texts}.{self.resource.key}")
        return joined, [self.about(condition, texts) for condition in conditions]

    def about(self, condition: Condition, alias: str) -> Condition:
        """The condition on the same column of another table, if that has it."""
        if condition.column not in self.resource.view.columns:
            return condition
        before, after = f"{self.resource.alias}.{condition.column}", f"{alias}.{condition.column}"
        return condition._replace(sql=condition.sql.replace(before, after))

    def found(self, by: Known | None, known: Sequence[Known], sort: Sort = ()) -> Expression:
        """The FROM and WHERE clauses for the rows that one of the conditions lists, or for all, with what an order needs."""
        if by is None:
            return self.with_conditions(*self.whole(known), sort)
        return self.with_conditions(self._listed(by), [each.condition for each in known if each is not by], sort)

    def with_conditions(self, source: Expression, conditions: Sequence[Condition], sort: Sort = ()) -> Expression:
        needed = joins_of(conditions) | {self.resource.view.columns[name].join for name, _ in sort}
        joined = "".join(
            [
                f" {sql}"
                for name, sql in self.resource.joins.items()
                if name in needed and f" {name} @" not in source.sql
            ]
        )
        held = " AND ".join([f"({condition.sql})" for condition in conditions]) or "TRUE"
        return Expression(f"{source.sql}{joined} WHERE {held}", (*source.args, *args_of(conditions)))

    def _listed(self, by: Known) -> Expression:
        assert by.keys is not None
        if by.source is not None:
            return by.source
        keys = f"WITH listed (id) AS ({by.keys.sql}) SELECT DISTINCT id FROM listed"
        return Expression(f"FROM ({keys}) listed @ordered JOIN {self.table} ON {self.key} = listed.id", by.keys.args)

    def order(self, sort: Sort) -> str:
        return ", ".join(
            [f"{self.value(name)} {direction}{self._place_of_null(name, direction)}" for name, direction in sort]
        )

    def _place_of_null(self, name: str, direction: str) -> str:
        return f" {PLACES_OF_NULL[direction]}" if self.is_nullable(name) else ""


def known_conditions(
    finding: Finding, where: Sequence[Condition], bound: Bound, *, are_many_checked: bool
) -> Steps[list[Known] | None]:
    """The conditions with their values; None if no row fits.

    Members that list no rows are looked up only if many rows are checked, which is faster with the members at hand.
    """
    known = []
    for condition in where:
        filled = condition._replace(args=bound.fill(condition.args))
        members = condition.members
        if members is not None and (members.source or are_many_checked):
            ids = yield from _looked_up(members, bound)
            if ids is not None:
                known.append(_among(finding, condition.column, members, ids))
                continue
        of_many = _in_subselect(finding, condition.column, members, bound) if members is not None else None
        known.append(Known(filled, Expression(filled.keys, filled.args) if filled.keys else None, of_many=of_many))
    return None if any(each.condition.sql == "FALSE" for each in known) else known


def with_texts_first(finding: Finding, known: Sequence[Known]) -> Steps[Finding]:
    """Whether to search texts first: not if the other conditions leave few rows, which the latest rows tell."""
    others = [each.condition for each in known if finding.finder.texts not in each.condition.joins]
    if not finding.searches_texts(known):
        return finding
    latest = f"SELECT * FROM {finding.table} @not_indexed ORDER BY {finding.key} DESC LIMIT ?"
    found = finding.with_conditions(Expression(f"FROM ({latest}) {finding.resource.alias}", (_LATEST,)), others)
    [[number]] = yield Query(f"SELECT COUNT(*) {found.sql}", found.values)
    return finding._replace(texts_first=bool(number > _LATEST * _MANY_OF_THEM))


def _looked_up(members: Members, bound: Bound) -> Steps[list[int] | None]:
    """The ids in their order; None if there are too many."""
    found = f"WITH member (id) AS ({members.ids.sql}) SELECT DISTINCT id FROM member LIMIT ?"
    [[listed]] = yield Query(
        f"SELECT @json_array_of(looked.id) FROM ({found}) looked", (*bound.fill(members.ids.args), MOST_MEMBERS + 1)
    )
    ids: set[int] = {*orjson.loads(listed)}
    return None if len(ids) > MOST_MEMBERS else sorted(ids)


def _in_subselect(finding: Finding, column: str, members: Members, bound: Bound) -> Condition:
    value = finding.value(column)
    sql = f"{value} IN ({members.ids.sql})"
    return Condition(
        f"{value} IS NULL OR {sql}" if members.or_null else sql, bound.fill(members.ids.args), column=column
    )


def _among(finding: Finding, column: str, members: Members, ids: Sequence[int]) -> Known:
    """The condition that the column is one of the ids. Ids without a gap are a range, which is compared faster."""
    value = finding.value(column)
    if not ids:
        return Known(Condition(f"{value} IS NULL" if members.or_null else "FALSE", column=column))
    if ids[-1] - ids[0] == len(ids) - 1:
        among = Condition(f"{value} BETWEEN ? AND ?", (ids[0], ids[-1]), column=column)
    else:
        among = Condition(f"{value} IN {ONE_OF}", (json_list(ids),), column=column)
    if members.or_null:
        among = among._replace(sql=f"{value} IS NULL OR {among.sql}")
    if not members.source:
        return Known(among)
    source = Expression(members.source, (json_list(ids),))
    return Known(among, Expression(f"SELECT {finding.key} {source.sql}", source.args), source)


def pinned(finding: Finding, column: str, value: SqlValue) -> Known:
    """The condition that the column has a value."""
    holds = Condition(f"{finding.value(column)} = ?", (value,), column=column, pins=True)
    if value is None:
        holds = holds._replace(sql=f"{finding.value(column)} IS NULL", args=())
    index = finding.index_of(column)
    return Known(holds, Expression(finding.resource.listed(index, holds.sql), holds.args) if index else None)


def sorted_keys(finding: Finding, by: Known | None, known: Sequence[Known], sort: Sort, limit: int) -> Steps[list[int]]:
    """The keys of the first rows in an order, of the rows that one of the conditions lists, or of all."""
    found = finding.found(by, known, sort)
    sql = f"SELECT {finding.key} {found.sql} ORDER BY {finding.order(sort)} LIMIT ?"
    rows = yield Query(sql, (*found.values, limit))
    return [key for (key,) in rows]


def are_within(keys: Expression | None, most: int) -> Steps[bool]:
    """Whether there are at most so many."""
    assert keys is not None
    sql = f"WITH listed (id) AS ({keys.sql}) SELECT COUNT(*) FROM (SELECT 1 FROM listed LIMIT ?) counted"
    [[number]] = yield Query(sql, (*keys.values, most + 1))
    return bool(number <= most)


def is_table_within(finding: Finding, most: int) -> Steps[bool]:
    """Whether the table has at most so many rows. To count all is cheap, to count many of them is not."""
    if most < _MANY:
        return (yield from are_within(Expression(f"SELECT {finding.key} FROM {finding.table} @not_indexed"), most))
    [[number]] = yield Query(f"SELECT COUNT(*) FROM {finding.table}")
    return bool(number <= most)
