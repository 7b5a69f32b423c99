"""Loads a data file into the database: all of it or nothing, and quickly, as indexes are made when the rows are there."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from alertrpc.errors import LoadError, StoreError
from alertrpc.store.connection import connect, transaction
from alertrpc.store.schema import create_schema, migrate, schema_version

BATCH_ROWS = 5_000
CACHE_KIB = 256 * 1024
_OURS = frozenset({"sessions"})  # tables that no file fills
_NUL = b"\\u0000"

HashPassword = Callable[[str], str]
Progress = Callable[[int], None]


@dataclass(slots=True)
class _Batch:
    """Rows of one table with the same columns, and the numbers of their lines."""

    table: str
    sql: str
    rows: list[tuple[object, ...]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


def load_file(
    path: Path, lines: Iterable[bytes], hash_password: HashPassword, on_line: Progress = lambda number: None
) -> dict[str, int]:
    """Loads lines into the database at `path`, which is made where there is none; see `load`."""
    with closing(connect(path, create=True)) as connection:
        try:
            counts = load(connection, lines, hash_password, on_line)
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error as error:
            raise StoreError(f"database {path}: {error}; nothing was loaded") from error
    return counts


def load(
    connection: sqlite3.Connection,
    lines: Iterable[bytes],
    hash_password: HashPassword,
    on_line: Progress = lambda number: None,
) -> dict[str, int]:
    """Loads JSON lines, each an object whose `table` names the table and whose other members are its columns.

    A column with a default may be left out. `password` of the table users is hashed by `hash_password` into `passwd`.
    Returns the number of rows of each table. Raises LoadError that names the first bad line; then nothing was loaded.
    `on_line` is told now and then how many lines were read.
    """
    if schema_version(connection):
        migrate(connection)
    connection.execute(f"PRAGMA cache_size = {-CACHE_KIB}")
    with transaction(connection):
        create_schema(connection)
        tables = _columns_of_tables(connection)
        with _without_indexes(connection, tables):
            counts = _insert_all(connection, lines, tables, hash_password, on_line)
    connection.execute("PRAGMA analysis_limit = 1000")
    connection.execute("ANALYZE")
    return counts


def _insert_all(
    connection: sqlite3.Connection,
    lines: Iterable[bytes],
    tables: dict[str, frozenset[str]],
    hash_password: HashPassword,
    on_line: Progress,
) -> dict[str, int]:
    counts: dict[str, int] = {}
    batches: dict[tuple[object, ...], _Batch] = {}
    pending = 0
    for number, row in _parsed(lines):
        table = row.get("table")
        if table == "users" and "password" in row:
            row["passwd"] = _hashed(number, row.pop("password"), hash_password)
        columns = (table, *row)
        if (batch := batches.get(columns)) is None:
            batch = batches[columns] = _Batch(str(table), _insert_statement(number, row, tables))
        del row["table"]
        batch.rows.append(tuple(row.values()))
        batch.numbers.append(number)
        pending += 1
        if pending >= BATCH_ROWS:
            pending = _insert(connection, batches.values(), counts)
            on_line(number)
    _insert(connection, batches.values(), counts)
    return counts


def _parsed(lines: Iterable[bytes]) -> Iterator[tuple[int, dict[str, object]]]:
    loads = orjson.loads
    for number, line in enumerate(lines, 1):
        if _NUL in line:
            raise LoadError(f"line {number}: a NUL character")
        try:
            row = loads(line)
        except orjson.JSONDecodeError as error:
            if not line.strip():
                continue
            raise LoadError(f"line {number}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise LoadError(f"line {number}: an object is expected")
        yield number, row


def _insert_statement(number: int, row: dict[str, object], tables: dict[str, frozenset[str]]) -> str:
    table = row.get("table")
    if not isinstance(table, str) or table not in tables:
        raise LoadError(f"line {number}: " + ("no table" if table is None else f"unknown table {table!r}"))
    columns = [name for name in row if name != "table"]
    for name in columns:
        if name not in tables[table]:
            raise LoadError(f"line {number}: table {table} has no column {name!r}")
    if not columns:
        raise LoadError(f"line {number}: no column of table {table}")
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _hashed(number: int, password: object, hash_password: HashPassword) -> str:
    if not isinstance(password, str):
        raise LoadError(f"line {number}: password: a string is expected")
    return hash_password(password)


def _insert(connection: sqlite3.Connection, batches: Iterable[_Batch], counts: dict[str, int]) -> int:
    """Writes the rows that wait and returns how many wait then: none."""
    for batch in batches:
        if not batch.rows:
            continue
        before = connection.total_changes
        try:
            connection.executemany(batch.sql, batch.rows)
        except (sqlite3.Error, OverflowError) as error:
            number = batch.numbers[connection.total_changes - before]
            raise LoadError(f"line {number}: {_fault(error)}") from error
        counts[batch.table] = counts.get(batch.table, 0) + len(batch.rows)
        batch.rows.clear()
        batch.numbers.clear()
    return 0


def _fault(error: Exception) -> str:
    if isinstance(error, OverflowError):
        return "a number beyond 64 bits"
    text = str(error)
    if text.startswith("Error binding parameter") or "not supported" in text:
        return "a value that is no string, number or null"
    return text


def _columns_of_tables(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        name: frozenset(row[1] for row in connection.execute(f"PRAGMA table_info({name})"))
        for name in names
        if name not in _OURS and not name.startswith("sqlite_")
    }


class _without_indexes:  # noqa: N801 - read as a verb: with _without_indexes(...)
    """Takes the indexes off the tables that are empty, and makes them again when the rows are in."""

    def __init__(self, connection: sqlite3.Connection, tables: Iterable[str]) -> None:
        self._connection = connection
        self._empty = {
            table for table in tables if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None
        }
        self._indexes: list[tuple[str, str]] = []

    def __enter__(self) -> None:
        found = self._connection.execute(
            "SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        self._indexes = [(name, sql) for name, sql, table in found if table in self._empty]
        for name, _ in self._indexes:
            self._connection.execute(f"DROP INDEX {name}")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            for _name, sql in self._indexes:
                self._connection.execute(sql)
