"""Numbers as clients write them, long ones and odd ones: Python itself refuses to read more than 4,300 digits."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alertrpc.query.functions import FUNCTIONS
from alertrpc.store.connection import connect_reader
from tests.relations import Question, answer, callers

ALERT = "300004"


@pytest.fixture(scope="module")
def connection(loaded_database: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect_reader(loaded_database, 8192, 16, FUNCTIONS)) as connection:
        yield connection


def asked(connection: sqlite3.Connection, method: str, **params: Any) -> Any:
    """The ids of the rows, or the error."""
    found = answer(connection, Question(method, params), callers()["Admin"])
    return found if isinstance(found, dict) else [row[f"{method}id"] for row in found]


@pytest.mark.parametrize("digits", [20, 3999, 4000, 4001, 4300, 4301, 100_000])
def test_long_ids(connection: sqlite3.Connection, digits: int) -> None:
    assert asked(connection, "alert", alertids="9" * digits) == {
        "error": 'Invalid parameter "/alertids": an array is expected.'
    }
    assert asked(connection, "alert", alertids=["9" * digits]) == {
        "error": 'Invalid parameter "/alertids/1": a number is too large.'
    }
    assert asked(connection, "alert", alertids=["0" * digits + ALERT], output=["alertid"]) == [ALERT]
    assert asked(connection, "alert", limit="9" * digits) == {
        "error": 'Invalid parameter "/limit": a number is too large.'
    }


@pytest.mark.parametrize("digits", [19, 20, 3999, 4000, 4001, 4300, 4301, 100_000])
@pytest.mark.parametrize("sign", ["", "-"])
def test_long_numbers_in_a_filter(connection: sqlite3.Connection, digits: int, sign: str) -> None:
    """They are numbers that no row has."""
    assert asked(connection, "alert", filter={"alertid": sign + "9" * digits}) == []
    assert asked(connection, "host", filter={"hostid": sign + "9" * digits}) == []
    assert asked(connection, "alert", filter={"alertid": [sign + "9" * digits, ALERT]}, output=["alertid"]) == [ALERT]


@pytest.mark.parametrize(
    ("value", "is_number"),
    [
        (ALERT, True),
        (int(ALERT), True),
        ("0" + ALERT, True),
        (ALERT + "\n", True),
        (ALERT + "\n\n", False),
        ("\n" + ALERT, False),
        (ALERT + " ", False),
        ("+" + ALERT, False),
        ("\u0663", False),
        (ALERT + ".0", False),
        (float(ALERT), False),
        ("", False),
    ],
)
def test_numbers_in_a_filter(connection: sqlite3.Connection, value: Any, is_number: bool) -> None:
    expected = [ALERT] if is_number else []
    assert asked(connection, "alert", filter={"alertid": value}, output=["alertid"]) == expected


@pytest.mark.parametrize(
    ("value", "is_number"),
    [
        ("5", True),
        ("5\n", True),
        ("5\n\n", False),
        ("05", True),
        (" 5", False),
        ("\u0665", False),
        ("5.0", False),
        ("", False),
    ],
)
def test_numbers_of_a_limit(connection: sqlite3.Connection, value: str, is_number: bool) -> None:
    found = asked(connection, "alert", limit=value)
    assert (len(found) == 5) if is_number else found["error"].startswith('Invalid parameter "/limit": an integer')
