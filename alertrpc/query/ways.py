"""Finds the rows of a page, or their number, by the shortest of several ways, whatever the statistics of the database say.

A page is found by walking in its order, by listing the rows that one of its conditions picks and sorting them, or by looking
at all rows. Each way may look at so many rows; if none ends within these, each may look at more. So the time is within a
small factor of the best way's. The walk goes on where it was, so that it looks at no row twice.

The statements are steps of a generator, which is sent the rows of each; all run in one snapshot of the database.
"""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from alertrpc.query.finding import (
    Finding,
    Known,
    Query,
    Sort,
    Steps,
    are_within,
    is_table_within,
    known_conditions,
    sorted_keys,
    with_texts_first,
)
from alertrpc.query.sql import Bound, Condition, Expression
from alertrpc.query.walking import Walked, covering, walk_of

FIRST_ROWS = 500  # that a way may look at
GROWTH = 4
IN_A_ROW = 10  # rows that a look at all takes in the time of one row of another way
IN_PLACE = 20  # rows that a walk through the table itself takes in the time of one row of a condition
ROWS_OF_COUNT = (2_000, 16_000)  # that are counted by the keys that a condition lists
NO_ROW = Query("SELECT '' AS row WHERE FALSE")


class Page(NamedTuple):
    """The page of an order that ends with the key. `rows` selects its rows; the last bound value are their keys."""

    finding: Finding
    where: Sequence[Condition]
    sort: Sort
    limit: int
    rows: Expression

    @property
    def table(self) -> str:
        return self.finding.finder.table

    def steps(self, bound: Bound) -> Steps[Query]:
        """Ends with the statement of the rows."""
        keys = yield from page_keys(self.finding, self.where, self.sort, self.limit, bound)
        if not keys:
            return NO_ROW
        listed = orjson.dumps([[key] for key in keys]).decode()
        return Query(self.rows.sql, (*bound.fill(self.rows.args), listed))


class Count(NamedTuple):
    """The number of rows, as the expression `row` spells it."""

    finding: Finding
    where: Sequence[Condition]
    row: str

    @property
    def table(self) -> str:
        return self.finding.finder.table

    def steps(self, bound: Bound) -> Steps[Query]:
        """Ends with the statement that counts the rows."""
        return (yield from count(self.finding, self.where, self.row, bound))


Ways = Page | Count


def page_keys(finding: Finding, where: Sequence[Condition], sort: Sort, limit: int, bound: Bound) -> Steps[list[int]]:
    """The keys of the first rows in an order that ends with the key."""
    known = yield from known_conditions(finding, where, bound, are_many_checked=False)
    if known is None:
        return []
    finding = yield from with_texts_first(finding, known)
    return (yield from _page(finding, known, sort, limit))


def count(finding: Finding, where: Sequence[Condition], row: str, bound: Bound) -> Steps[Query]:
    """The statement that counts the rows."""
    known = yield from known_conditions(finding, where, bound, are_many_checked=True)
    if known is None:
        return Query(f"SELECT {row} AS row FROM (SELECT 1 WHERE FALSE) none")
    finding = yield from with_texts_first(finding, known)
    if (index := covering(finding, known)) is not None:
        return Walked(finding, index, known).entries(f"{row} AS row")
    listed = [each for each in known if each.keys]
    for most in ROWS_OF_COUNT:
        for each in listed:
            if (yield from are_within(each.keys, most)):
                return _counted(finding, each, known, row)
    # The texts of many rows are read in the order of the table.
    by = None if finding.searches_texts(known) else next((each for each in listed if each.source), None)
    return _counted(finding, by, known, row)


def _counted(finding: Finding, by: Known | None, known: Sequence[Known], row: str) -> Query:
    found = finding.found(by, known)
    return Query(f"SELECT {row} AS row {found.sql}", found.values)


def _page(finding: Finding, known: Sequence[Known], sort: Sort, limit: int) -> Steps[list[int]]:
    walk = walk_of(finding, known, sort)
    listed = [each for each in known if each.keys]
    found: list[int] = []
    rows = first = max(FIRST_ROWS, 2 * limit)
    while True:
        is_begun = rows > first
        if is_begun and not walk.is_of_table and (yield from is_table_within(finding, rows * IN_A_ROW)):
            return (yield from sorted_keys(finding, None, known, sort, limit))
        for each in listed:
            if (yield from are_within(each.keys, rows // (IN_PLACE if walk.is_of_table else 1))):
                return (yield from sorted_keys(finding, each, known, sort, limit))
        found += yield from walk.go_on(rows, limit - len(found))
        if walk.is_over or len(found) >= limit:
            return found
        rows *= GROWTH
