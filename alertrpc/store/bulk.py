"""Rows by one statement, however many: each step of a statement gives the interpreter's lock away and takes it again."""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import orjson

Row = Sequence[object]

LONG_ROW = 4096  # characters
MOST_ROWS = 1000  # in one statement; of 50,000 each takes twice the time
MOST_BYTES = 16 * 2**20  # of rows in one statement; SQLite's limit for a text is 10^9


def insert(connection: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Adds rows to a table; `columns` names what each row holds, texts, whole numbers and NULLs."""
    if _are_long(rows):
        places = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
    else:
        run(connection, _insert_statement(table, columns), rows)


def update(connection: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Sets the columns after the first in the rows of a table that the first column names."""
    if _are_long(rows):
        key, *others = columns
        values = ", ".join([f"{name} = ?" for name in others])
        connection.executemany(f"UPDATE {table} SET {values} WHERE {key} = ?", [(*row[1:], row[0]) for row in rows])
    else:
        run(connection, _update_statement(table, columns), rows)


def _are_long(rows: Sequence[Row]) -> bool:
    """Whether the rows hold so much text that it takes longer than the steps of a statement for each."""
    return sum([len(value) for row in rows for value in row if isinstance(value, str)]) > LONG_ROW * len(rows)


def fetch(connection: sqlite3.Connection, sql: str, rows: Iterable[object], *more: object) -> list[Any]:
    """What a statement gives that makes one JSON array of a JSON array of rows, its first value."""
    found: list[Any] = orjson.loads(connection.execute(sql, (_json(rows), *more)).fetchone()[0])
    return found


def run(connection: sqlite3.Connection, sql: str, rows: Iterable[object]) -> None:
    """Runs a statement that takes a JSON array of rows, for so many at a time as SQLite takes in one text."""
    listed = list(rows)
    for start in range(0, len(listed), MOST_ROWS):
        _run_some(connection, sql, listed[start : start + MOST_ROWS])


def _run_some(connection: sqlite3.Connection, sql: str, rows: list[object]) -> None:
    text = orjson.dumps(rows)
    if len(text) <= MOST_BYTES or len(rows) == 1:
        connection.execute(sql, (text.decode(),))
    else:
        middle = len(rows) // 2
        _run_some(connection, sql, rows[:middle])
        _run_some(connection, sql, rows[middle:])


@lru_cache
def _insert_statement(table: str, columns: tuple[str, ...]) -> str:
    values = ", ".join([_element(index) for index in range(len(columns))])
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM json_each(?) q"


@lru_cache
def _update_statement(table: str, columns: tuple[str, ...]) -> str:
    key, *others = columns
    values = ", ".join([f"{name} = {_element(index)}" for index, name in enumerate(others, 1)])
    return f"UPDATE {table} SET {values} FROM json_each(?) q WHERE {table}.{key} = {_element(0)}"


def _element(index: int) -> str:
    return f"json_extract(q.value, '$[{index}]')"


def _json(rows: Iterable[object]) -> str:
    return orjson.dumps(list(rows)).decode()
