"""Conditions on tags, SQLite beside a plain model of what Zabbix 7.0 was seen to do."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.query.functions import FUNCTIONS
from alertrpc.query.tags import AND_OR, OR, Operator, Tag, tag_condition
from alertrpc.store.connection import SqliteConnection
from tests.jsons import examples

TAGS_OF_ROW = "FROM event_tag et WHERE et.eventid = e.eventid"
ROWS = 4
CONTAINS, EQUALS, CONTAINS_NOT, EQUALS_NOT, EXISTS, EXISTS_NOT = range(6)
WANTED, UNWANTED = (CONTAINS, EQUALS), (CONTAINS_NOT, EQUALS_NOT)

# Names in cases of their own; values that hold one another, but for cases beyond ASCII and what LIKE holds for special.
NAMES = ["a", "A", "ab", "", "я", "Я"]
VALUES = ["", "x", "X", "xy", "YX", "жар", "ЖАР", "пожар", "ü", "Über", "%", "_", "!", "x%y", "*", "'", "\\"]
Row = list[tuple[str, str]]
names = st.sampled_from(NAMES)
values = st.sampled_from(VALUES) | st.text("xXyжЖüÜ%_!", max_size=4)
rows = st.lists(st.tuples(names, values), max_size=5)
asked = st.builds(Tag, names, st.sampled_from(Operator), values)


def is_one_of(found: str, conditions: Iterable[tuple[int, str]]) -> bool:
    """The value of a tag is what one of the conditions speaks of."""
    return any(
        value.lower() in found.lower() if operator in (CONTAINS, CONTAINS_NOT) else value == found
        for operator, value in conditions
    )


def fits_one_tag(found: Sequence[str], conditions: Sequence[tuple[int, str]]) -> bool:
    """The values of a tag, none where a row does not have it, fit what is asked of it."""
    exists = [pair for pair in conditions if pair[0] == EXISTS or pair == (CONTAINS, "")]
    if exists:
        return bool(found)
    wanted = [pair for pair in conditions if pair[0] in WANTED]
    if any(is_one_of(value, wanted) for value in found):
        return True
    unwanted = [pair for pair in conditions if pair[0] in UNWANTED and pair != (CONTAINS_NOT, "")]
    if unwanted:
        return not any(is_one_of(value, unwanted) for value in found)
    exists_not = [pair for pair in conditions if pair[0] == EXISTS_NOT or pair == (CONTAINS_NOT, "")]
    return bool(exists_not) and not found


def fits(row: Row, tags: Sequence[Tag], evaltype: int) -> bool:
    """The model."""
    of_each = [
        fits_one_tag(
            [value for tag, value in row if tag == name],
            [(int(tag.operator), tag.value) for tag in tags if tag.tag == name],
        )
        for name in {tag.tag for tag in tags}
    ]
    return any(of_each) if evaltype == OR else all(of_each)


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", factory=SqliteConnection)) as connection:
        for name, function in FUNCTIONS.items():
            connection.create_function(name, function.__code__.co_argcount, function, deterministic=True)
        connection.execute("CREATE TABLE events (eventid INTEGER PRIMARY KEY)")
        connection.executemany("INSERT INTO events VALUES (?)", [(index,) for index in range(ROWS)])
        connection.execute("CREATE TABLE event_tag (eventid INTEGER, tag TEXT, value TEXT)")
        yield connection


def found(connection: sqlite3.Connection, tagged: Sequence[Row], tags: Sequence[Tag], evaltype: int) -> list[int]:
    """The rows that SQLite finds."""
    connection.execute("DELETE FROM event_tag")
    pairs = [(index, tag, value) for index, row in enumerate(tagged) for tag, value in row]
    connection.executemany("INSERT INTO event_tag VALUES (?, ?, ?)", pairs)
    condition = tag_condition(tags, evaltype, TAGS_OF_ROW)
    sql = f"SELECT e.eventid FROM events e WHERE {condition.sql} ORDER BY e.eventid"
    return [eventid for (eventid,) in connection.execute(sql, condition.args) if eventid < len(tagged)]


def assert_agreed(connection: sqlite3.Connection, tagged: Sequence[Row], tags: Sequence[Tag], evaltype: int) -> None:
    expected = [index for index, row in enumerate(tagged) if fits(row, tags, evaltype)]
    assert found(connection, tagged, tags, evaltype) == expected


@examples(6)
@given(
    tagged=st.lists(rows, min_size=1, max_size=ROWS),
    tags=st.lists(asked, min_size=1, max_size=6),
    evaltype=st.sampled_from([AND_OR, OR]),
)
def test_any_mixture(connection: sqlite3.Connection, tagged: list[Row], tags: list[Tag], evaltype: int) -> None:
    assert_agreed(connection, tagged, tags, evaltype)


@examples(6)
@given(
    tagged=st.lists(st.lists(st.tuples(st.just("a"), values), max_size=4), min_size=1, max_size=ROWS),
    tags=st.lists(st.builds(Tag, st.just("a"), st.sampled_from(Operator), values), min_size=1, max_size=4),
)
def test_what_is_asked_of_one_tag(connection: sqlite3.Connection, tagged: list[Row], tags: list[Tag]) -> None:
    """Random names seldom meet; here all do, and evaltype makes no difference."""
    for evaltype in (AND_OR, OR):
        assert_agreed(connection, tagged, tags, evaltype)


# By operator, of the values of a tag: those that fit "xY", and those that fit "".
ALONE = [
    (CONTAINS, [["xY"], ["axYb"], ["AXYB"], ["n", "xy"]], [[], [""], ["x"]]),
    (EQUALS, [["xY"], ["n", "xY"]], [[], [""], ["xy"], ["xYz"]]),
    (CONTAINS_NOT, [[], [""], ["x"], ["n", "m"]], [["xY"], ["aXyb"], ["n", "xy"]]),
    (EQUALS_NOT, [[], [""], ["xy"], ["xYz"]], [["xY"], ["n", "xY"]]),
    (EXISTS, [[""], ["n"], ["xY", "n"]], [[]]),
    (EXISTS_NOT, [[]], [[""], ["n"], ["xY", "n"]]),
]


@pytest.mark.parametrize(("operator", "fit", "fit_not"), ALONE, ids=[Operator(case[0]).name for case in ALONE])
def test_an_operator(
    connection: sqlite3.Connection, operator: int, fit: list[list[str]], fit_not: list[list[str]]
) -> None:
    for listed, expected in ((fit, [0]), (fit_not, [])):
        for texts in listed:
            row = [("a", text) for text in texts] + [("A", "xY"), ("b", "xY")]
            assert found(connection, [row], [Tag("a", Operator(operator), "xY")], AND_OR) == expected, texts


@pytest.mark.parametrize(
    ("operator", "texts", "expected"),
    [
        (CONTAINS, [], False),
        (CONTAINS, ["n"], True),
        (EQUALS, ["n"], False),
        (EQUALS, ["n", ""], True),
        (EQUALS, [], False),
        (CONTAINS_NOT, [], True),
        (CONTAINS_NOT, ["n"], False),
        (CONTAINS_NOT, [""], False),
        (EQUALS_NOT, ["n"], True),
        (EQUALS_NOT, ["", "n"], False),
        (EQUALS_NOT, [], True),
    ],
)
def test_an_operator_without_a_value(
    connection: sqlite3.Connection, operator: int, texts: list[str], expected: bool
) -> None:
    row = [("a", text) for text in texts]
    assert found(connection, [row], [Tag("a", Operator(operator), "")], AND_OR) == ([0] if expected else [])


A_X, A_NOT_X, A_NOT_Y, A_NONE, A_ANY, B_X = (
    Tag("a", Operator.EQUALS, "x"),
    Tag("a", Operator.EQUALS_NOT, "x"),
    Tag("a", Operator.CONTAINS_NOT, "y"),
    Tag("a", Operator.EXISTS_NOT, ""),
    Tag("a", Operator.EXISTS, ""),
    Tag("b", Operator.EQUALS, "x"),
)
MIXED: list[tuple[list[Tag], int, list[int]]] = [
    # rows: none, a=x, a=y, a=x and a=y, each of them with b=x too
    ([A_X], AND_OR, [1, 3]),
    ([A_X, A_NONE], AND_OR, [0, 1, 3]),
    ([A_NOT_X, A_NOT_Y], AND_OR, [0]),
    ([A_NOT_X, A_NONE], AND_OR, [0, 2]),
    ([A_NOT_X, A_ANY], AND_OR, [1, 2, 3]),
    ([A_X, A_NOT_Y], AND_OR, [0, 1, 3]),
    ([A_X, A_NOT_X], OR, [0, 1, 2, 3]),
    ([A_NONE, A_ANY], AND_OR, [1, 2, 3]),
    ([A_X, B_X], AND_OR, [1, 3]),
    ([A_NOT_X, Tag("b", Operator.EXISTS_NOT, "")], OR, [0, 2]),
    ([A_NOT_X, Tag("c", Operator.EXISTS, "")], OR, [0, 2]),
    ([A_NOT_X, Tag("c", Operator.EXISTS, "")], AND_OR, []),
]


@pytest.mark.parametrize(("tags", "evaltype", "expected"), MIXED)
def test_mixtures(connection: sqlite3.Connection, tags: list[Tag], evaltype: int, expected: list[int]) -> None:
    tagged: list[Row] = [[("b", "x")] + [("a", value) for value in values] for values in ("", "x", "y", "xy")]
    assert found(connection, tagged, tags, evaltype) == expected


def test_very_many_tags(connection: sqlite3.Connection) -> None:
    """As many as a request may hold, of one name and of many."""
    row = [("a", "700")]
    of_one = [Tag("a", Operator.CONTAINS, str(value)) for value in range(1000)]
    of_many = [Tag(f"t{value}", Operator.EXISTS_NOT, "") for value in range(1000)]
    assert found(connection, [row, []], of_one, AND_OR) == [0]
    assert found(connection, [row, [("t7", "")]], of_many, AND_OR) == [0]
