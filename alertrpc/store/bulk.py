"""Any number of rows by one statement, because each step of a statement releases and takes the GIL."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import orjson

from alertrpc.store.tables import TABLES

Row = tuple[Any, ...]  # of a class of TABLES

TOGETHER = (64, 8, 1)  # rows in one statement: as many as fit, then the rest
LONG_ROW = 4096  # characters
MOST_ROWS = 1000  # in one statement; with 50,000 each takes twice the time
MOST_BYTES = 16 * 2**20  # of rows in one statement; SQLite's limit for a text is 10^9


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Adds rows of a class of TABLES."""
    _write(connection, rows, insert_statement)


def update(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Sets the columns of a class of TABLES in the rows whose keys are in its first column."""
    _write(connection, rows, update_statement)


def _write(connection: sqlite3.Connection, rows: Sequence[Row], statement: Callable[[type[Row], int], str]) -> None:
    """Binds the values of some tens of rows to one statement; as a JSON array they would take three times as long."""
    if not rows:
        return
    place, sizes = 0, (1,) if _are_long(rows) else TOGETHER
    for size in sizes:
        count = (len(rows) - place) // size
        sql = statement(type(rows[0]), size)
        for start in range(place, place + count * size, size):
            connection.execute(sql, tuple(chain.from_iterable(rows[start : start + size])))
        place += count * size


def _are_long(rows: Sequence[Row]) -> bool:
    """Whether the rows hold so much text that a statement for each row is faster."""
    texts = _texts(type(rows[0]))
    return sum([len(row[place]) for row in rows for place in texts]) > LONG_ROW * len(rows)


@lru_cache
def _texts(row: type[Row]) -> tuple[int, ...]:
    """The indexes of the columns that are texts."""
    return tuple([place for place, kind in enumerate(row.__annotations__.values()) if kind is str])


def fetch(connection: sqlite3.Connection, sql: str, rows: Iterable[object], *more: object) -> list[Any]:
    """The JSON array that a statement returns, decoded; the rows are its first value, as a JSON array."""
    found: list[Any] = orjson.loads(connection.execute(sql, (as_json(rows), *more)).fetchone()[0])
    return found


def run(connection: sqlite3.Connection, sql: str, rows: Iterable[Row]) -> None:
    """Runs a statement that takes a JSON array of rows, in batches of at most MOST_ROWS and MOST_BYTES."""
    listed = list(map(tuple, rows))
    for start in range(0, len(listed), MOST_ROWS):
        _run_some(connection, sql, listed[start : start + MOST_ROWS])


def _run_some(connection: sqlite3.Connection, sql: str, rows: list[Row]) -> None:
    text = orjson.dumps(rows)
    if len(text) <= MOST_BYTES or len(rows) == 1:
        connection.execute(sql, (text.decode(),))
    else:
        middle = len(rows) // 2
        _run_some(connection, sql, rows[:middle])
        _run_some(connection, sql, rows[middle:])


@lru_cache
def insert_statement(row: type[Row], count: int) -> str:
    """The statement that adds so many rows, whose values are bound one after the other."""
    return f"INSERT INTO {TABLES[row]} ({', '.join(row.__annotations__)}) {_values(row, count)}"


@lru_cache
def update_statement(row: type[Row], count: int) -> str:
    """The statement that changes so many rows, whose values are bound one after the other."""
    table = TABLES[row]
    key, *others = row.__annotations__
    changes = ", ".join([f"{name} = given.{name}" for name in others])
    given = f"WITH given ({', '.join([key, *others])}) AS ({_values(row, count)})"
    return f"{given} UPDATE {table} SET {changes} FROM given WHERE {table}.{key} = given.{key}"


def _values(row: type[Row], count: int) -> str:
    """So many rows of placeholders; the first row tells the types."""
    kinds = ["TEXT" if kind in (str, str | None) else "BIGINT" for kind in row.__annotations__.values()]
    first = f"({', '.join([f'CAST(? AS {kind})' for kind in kinds])})"
    other = f"({', '.join('?' * len(kinds))})"
    return f"VALUES {', '.join([first, *[other] * (count - 1)])}"


def as_json(values: Iterable[object]) -> str:
    return orjson.dumps(list(values)).decode()
