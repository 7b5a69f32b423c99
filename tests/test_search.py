"""Searches beyond ASCII, SQLite beside a plain model: each character of the value in upper case, the pattern as a whole."""

import functools
import sqlite3
import time
from collections.abc import Iterator
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.errors import INVALID_PARAMS, ApiError
from alertrpc.query import search
from alertrpc.query.functions import FUNCTIONS
from alertrpc.query.search import LONGEST_PATTERN, fold, like, upper_character
from alertrpc.store.connection import SqliteConnection
from tests.jsons import examples

# Letters whose cases are odd: Turkish, German, Greek, Cyrillic, Kelvin, long s, ligatures, digraphs, combining marks,
# and what LIKE and its escape character hold for special.
LETTERS = (
    "i\u0131\u0130I\u00df\u1e9e\u03c3\u03c2\u03a3\u03ac\u0386\u0439\u0419\u0451\u0401K\u212ak\u017fsSf\ufb01f\u0149"
    "\u01c6\u01c5\u01c4a\u0301\u0345\u0307\u00e9\u00c9\u00b5\u03bc\u039c\u00e5\u00c5\u212b\u03a9\u03c9\u2126"
    "\U00010428\U00010400%_!\\*'\" \n01"
)
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")  # no text of the database has a NUL
TEXTS = st.text(st.sampled_from(LETTERS), max_size=12)
MANY_LETTERS = "".join(map(chr, [*range(0x430, 0x450), *range(0x3B1, 0x3CA)]))  # small ones, Cyrillic and Greek
CASES = [
    ("Prüfung: Überlast", "ÜBERLAST", True),
    ("Prüfung: Überlast", "prÜF", True),
    ("straße", "STRASSE", False),
    ("strasse", "straße", True),
    ("СЕРВЕР недоступен", "сервер НЕДОСТУПЕН", True),  # noqa: RUF001
    ("Σίσυφος", "ΣΊΣΥΦΟΣ", True),
    ("3 \u212a", "3 k", False),
    ("50% of a_b!", "0% OF A_B!", True),
    ("50 of", "50%", False),
    ("axb", "a_b", False),
    ("a\\b", "A\\B", True),
    ("\u017fet", "SET", True),
    ("数据库连接失败", "连接", True),
    ("", "a", False),
]


def upper_text(text: str) -> str:
    """A value as a database's `upper` gives it: one character for one."""
    return "".join(map(upper_character, text))


def is_whole(text: str, pattern: str) -> bool:
    """Whether a text is its pattern, each `*` standing for anything."""

    @functools.cache
    def fits(at: int, position: int) -> bool:
        if position == len(pattern):
            return at == len(text)
        if pattern[position] == "*":
            return fits(at, position + 1) or (at < len(text) and fits(at + 1, position))
        return at < len(text) and text[at] == pattern[position] and fits(at + 1, position + 1)

    return fits(0, 0)


def found(text: str, value: str, *, whole: bool, start: bool) -> bool:
    """The model."""
    upper, pattern = upper_text(text), value.upper()
    if whole:
        return is_whole(upper, pattern)
    return upper.startswith(pattern) if start else pattern in upper


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", factory=SqliteConnection)
    for name, function in FUNCTIONS.items():
        connection.create_function(name, -1, function, deterministic=True)
    yield connection
    connection.close()


def found_by_sqlite(connection: sqlite3.Connection, text: str, value: str, *, whole: bool, start: bool) -> bool:
    """What LIKE finds, and what is found for a value that is too long for it."""
    ways = []
    for longest in (search.LONGEST_LIKE, -1):
        with mock.patch.object(search, "LONGEST_LIKE", longest):
            condition = like("t.text", value, whole=whole, start=start)
        sql = f"SELECT {condition.sql} FROM (SELECT ? AS text) t"
        ways.append(bool(connection.execute(sql, (*condition.args, text)).fetchone()[0]))
    assert ways[0] is ways[1]
    return ways[0]


@pytest.mark.parametrize(("text", "value", "expected"), CASES)
def test_a_text_contains_a_value(connection: sqlite3.Connection, text: str, value: str, expected: bool) -> None:
    assert found_by_sqlite(connection, text, value, whole=False, start=False) is expected


@pytest.mark.parametrize(
    ("text", "value", "whole", "start", "expected"),
    [
        ("Überlast", "üb", False, True, True),
        ("Überlast", "last", False, True, False),
        ("Überlast", "üb*T", True, False, True),
        ("Überlast", "üb", True, False, False),
        ("Überlast", "*", True, False, True),
        ("Überlast", "*LAS*", True, True, True),
        ("a*b", "a*b", False, False, True),
        ("axb", "a*b", False, False, False),
    ],
)
def test_starts_and_wildcards(
    connection: sqlite3.Connection, text: str, value: str, whole: bool, start: bool, expected: bool
) -> None:
    assert found_by_sqlite(connection, text, value, whole=whole, start=start) is expected


@examples(5)
@given(text=TEXTS, value=TEXTS, whole=st.booleans(), start=st.booleans())
def test_sqlite_finds_what_the_model_finds(
    connection: sqlite3.Connection, text: str, value: str, whole: bool, start: bool
) -> None:
    expected = found(text, value, whole=whole, start=start)
    assert found_by_sqlite(connection, text, value, whole=whole, start=start) is expected


@examples(3)
@given(before=TEXTS, value=TEXTS.filter(bool), after=TEXTS)
def test_what_is_there_is_found(connection: sqlite3.Connection, before: str, value: str, after: str) -> None:
    """Random texts seldom hold one another; this one does, but for letters that grow in upper case."""
    text = before + value.swapcase() + after
    expected = found(text, value, whole=False, start=False)
    assert found_by_sqlite(connection, text, value, whole=False, start=False) is expected


@examples(3)
@given(text=st.text(ANY, max_size=8), value=st.text(ANY, max_size=3))
def test_any_text_at_all(connection: sqlite3.Connection, text: str, value: str) -> None:
    expected = found(text, value, whole=False, start=False)
    assert found_by_sqlite(connection, text, value, whole=False, start=False) is expected


@pytest.mark.parametrize("value", [MANY_LETTERS, MANY_LETTERS.upper(), MANY_LETTERS.swapcase() + "%"])
def test_many_letters_are_folded_by_a_function(connection: sqlite3.Connection, value: str) -> None:
    assert "fold(" in like("t.text", value, whole=False, start=False).sql
    for text in (value, value.upper(), f"x{value.lower()}y", value[1:]):
        expected = found(text, value, whole=False, start=False)
        assert found_by_sqlite(connection, text, value, whole=False, start=False) is expected


def test_few_letters_are_folded_without_python() -> None:
    assert "fold(" not in like("t.text", "Überlast", whole=False, start=False).sql


def test_fold_keeps_null() -> None:
    assert fold(None) is None


@pytest.mark.parametrize(
    ("value", "whole"), [("a" * (LONGEST_PATTERN + 1), False), ("ü" * 25_001, True), ("%" * 50_001, True)]
)
def test_a_pattern_too_long(value: str, whole: bool) -> None:
    with pytest.raises(ApiError) as raised:
        like("t.text", value, whole=whole, start=False)
    assert (raised.value.code, raised.value.data) == (INVALID_PARAMS, 'Invalid parameter "/search": value is too long.')


def test_the_longest_pattern_is_taken(connection: sqlite3.Connection) -> None:
    value = "a" * LONGEST_PATTERN
    assert found_by_sqlite(connection, value, value, whole=False, start=False)


@pytest.mark.alone
def test_a_long_pattern_takes_no_long_time(connection: sqlite3.Connection) -> None:
    """LIKE takes the product of the lengths: 20 billion steps here, in which no time limit is looked at."""
    value = "a" * 20_000 + "b"
    condition = like("t.text", value, whole=False, start=False)
    started = time.monotonic()
    text = "a" * 1_000_000
    found = connection.execute(f"SELECT {condition.sql} FROM (SELECT ? AS text) t", (*condition.args, text)).fetchone()
    assert found == (0,)
    assert time.monotonic() - started < 10
