"""Any number of rows by one statement, because each step of a statement releases and takes the GIL."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import orjson

from alertrpc.store.tables import TABLES

Row = tuple[Any, ...]  # of a class of TABLES
Given = Callable[[type[Row]], str]  # the SQL of the given rows

TOGETHER = (64, 8, 1)  # rows in one statement: as many as fit, then the rest
LONG_ROW = 4096  # characters
MOST_ROWS = 1000  # in one statement; with 50,000 each takes twice the time
MOST_BYTES = 16 * 2**20  # of rows in one statement; SQLite's limit for a text is 10^9


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Adds rows of a class of TABLES, some tens by one statement; as a JSON array they would take three times as long."""
    if not rows:
        return
    place, sizes = 0, (1,) if _are_long(rows) else TOGETHER
    for size in sizes:
        count = (len(rows) - place) // size
        statement = insert_statement(type(rows[0]), size)
        for start in range(place, place + count * size, size):
            connection.execute(statement, tuple(chain.from_iterable(rows[start : start + size])))
        place += count * size


def update(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Sets the columns of a class of TABLES in the rows whose keys are in its first column."""
    if rows and _are_long(rows):
        connection.executemany(update_statement(type(rows[0]), one_row), rows)
    elif rows:
        run(connection, update_statement(type(rows[0]), array_of_rows), rows)


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


def one_row(row: type[Row]) -> str:
    return f"SELECT {', '.join([f'? AS {name}' for name in row.__annotations__])}"


def array_of_rows(row: type[Row]) -> str:
    types = {name: "TEXT" if kind in (str, str | None) else "BIGINT" for name, kind in row.__annotations__.items()}
    return f"@rows(?, {', '.join([f'{name} {sql_type}' for name, sql_type in types.items()])})"


@lru_cache
def insert_statement(row: type[Row], count: int) -> str:
    """The statement that adds so many rows, whose values are bound one after the other."""
    names = row.__annotations__
    values = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {TABLES[row]} ({', '.join(names)}) VALUES {', '.join([values] * count)}"


@lru_cache
def update_statement(row: type[Row], given: Given) -> str:
    table = TABLES[row]
    key, *others = row.__annotations__
    values = ", ".join([f"{name} = given.{name}" for name in others])
    return f"WITH given AS ({given(row)}) UPDATE {table} SET {values} FROM given WHERE {table}.{key} = given.{key}"


def as_json(values: Iterable[object]) -> str:
    return orjson.dumps(list(values)).decode()
