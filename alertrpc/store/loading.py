"""Loads a data file into the database: all of it or nothing, and quickly, as indexes are made when the rows are there."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from reprlib import Repr
from typing import IO

import orjson

from alertrpc.errors import AlertrpcError, LoadError, StoreError
from alertrpc.store.connection import connect, transaction
from alertrpc.store.schema import create_schema, migrate, schema_version

MOST_LINE_BYTES = 16 * 1024 * 1024  # which in memory may be twenty times as much
BATCH_ROWS = 5_000
BATCH_BYTES = 2 * MOST_LINE_BYTES
MOST_SHAPES = 1_000  # tables with their columns in some order, whose statements are kept
CACHE_KIB = 256 * 1024
_OURS = frozenset(
    {"sessions", "instance", "applied", "idempotency_keys", "alert_queue", "escalations"}
)  # tables that no file fills
_DERIVED = {("events", "recovered")}  # columns that follow from other tables
_RECOVERED = "UPDATE events SET recovered = 1 WHERE eventid IN (SELECT eventid FROM event_recovery) AND recovered = 0"
_NUL = b"\\u0000"
_shown = Repr()  # of names in a file, which may be long
_shown.maxstring = 100

HashPassword = Callable[[str], str]
Progress = Callable[[int], None]


@dataclass(slots=True)
class _Batch:
    """Rows of one table with the same columns, and the numbers of their lines."""

    table: str
    sql: str
    rows: list[tuple[object, ...]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


def lines_of(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file; of one that is too long only so much that `load` can tell it is."""
    return iter(partial(file.readline, MOST_LINE_BYTES + 1), b"")


def load_file(
    path: Path, lines: Iterable[bytes], hash_password: HashPassword, on_line: Progress = lambda number: None
) -> dict[str, int]:
    """Loads lines into the database at `path`, which is made where there is none; see `load`."""
    with closing(connect(path, create=True)) as connection:
        try:
            counts = load(connection, lines, hash_password, on_line)
            connection.execute("PRAGMA journal_mode = WAL")
        except LoadError:
            raise
        except (AlertrpcError, sqlite3.Error) as error:
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
            if counts.keys() & {"events", "event_recovery"}:
                connection.execute(_RECOVERED)
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
    batches = _Batches(connection, tables)
    try:
        for number, row, size in _parsed(lines):
            if "password" in row and row.get("table") == "users":
                row["passwd"] = _hashed(number, row.pop("password"), hash_password)
            if batches.add(number, row, size):
                on_line(number)
    except LoadError:
        batches.write()  # a line before the bad one may wait, and be wrong
        raise
    batches.write()
    return batches.counts


class _Batches:
    """The rows that wait to be written, many at a time."""

    def __init__(self, connection: sqlite3.Connection, tables: Mapping[str, frozenset[str]]) -> None:
        self._connection = connection
        self._tables = tables
        self._batches: dict[tuple[object, ...], _Batch] = {}
        self._waiting = 0
        self._waiting_bytes = 0
        self.counts: dict[str, int] = {}

    def add(self, number: int, row: dict[str, object], size: int) -> bool:
        """Takes a row of a line of `size` bytes; True when with it a batch was written."""
        columns = (str(row.get("table")), *row)
        if (batch := self._batches.get(columns)) is None:
            batch = self._batches[columns] = _Batch(*_insert_statement(number, row, self._tables))
        del row["table"]
        batch.rows.append(tuple(row.values()))
        batch.numbers.append(number)
        self._waiting += 1
        self._waiting_bytes += size
        if self._waiting < BATCH_ROWS and self._waiting_bytes < BATCH_BYTES:
            return False
        self.write()
        return True

    def write(self) -> None:
        """Writes what waits; LoadError names the first line that the database refuses."""
        faults = [fault for batch in self._batches.values() if batch.rows and (fault := self._insert(batch))]
        if faults:
            number, text = min(faults)
            raise LoadError(f"line {number}: {text}")
        self._waiting = self._waiting_bytes = 0
        if len(self._batches) > MOST_SHAPES:
            self._batches.clear()

    def _insert(self, batch: _Batch) -> tuple[int, str] | None:
        before = self._connection.total_changes
        try:
            self._connection.executemany(batch.sql, batch.rows)
        except (sqlite3.Error, OverflowError) as error:
            return batch.numbers[self._connection.total_changes - before], _fault(error)
        self.counts[batch.table] = self.counts.get(batch.table, 0) + len(batch.rows)
        batch.rows.clear()
        batch.numbers.clear()
        return None


def _parsed(lines: Iterable[bytes]) -> Iterator[tuple[int, dict[str, object], int]]:
    """The number of each line that is not blank, its object and its bytes."""
    loads = orjson.loads
    for number, line in enumerate(lines, 1):
        if len(line) > MOST_LINE_BYTES:
            raise LoadError(f"line {number}: more than {MOST_LINE_BYTES} bytes")
        try:
            row = loads(line)
        except orjson.JSONDecodeError as error:
            if not line.strip():
                continue
            raise LoadError(f"line {number}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise LoadError(f"line {number}: an object is expected")
        if _NUL in line and any(isinstance(value, str) and "\0" in value for value in row.values()):
            raise LoadError(f"line {number}: a NUL character")
        yield number, row, len(line)


def _insert_statement(number: int, row: dict[str, object], tables: Mapping[str, frozenset[str]]) -> tuple[str, str]:
    """The table of a row and the statement that writes rows of its columns."""
    table = row.get("table")
    if not isinstance(table, str) or table not in tables:
        raise LoadError(f"line {number}: " + ("no table" if table is None else f"unknown table {_shown.repr(table)}"))
    columns = [name for name in row if name != "table"]
    for name in columns:
        if name not in tables[table]:
            raise LoadError(f"line {number}: table {table} has no column {_shown.repr(name)}")
    if not columns:
        raise LoadError(f"line {number}: no column of table {table}")
    return table, f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _hashed(number: int, password: object, hash_password: HashPassword) -> str:
    if not isinstance(password, str):
        raise LoadError(f"line {number}: password: a string is expected")
    return hash_password(password)


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
        name: frozenset(
            column
            for _, column, *_ in connection.execute(f"PRAGMA table_info({name})")
            if (name, column) not in _DERIVED
        )
        for name in names
        if name not in _OURS and not name.startswith("sqlite_")
    }


class _without_indexes:  # noqa: N801 - read as a verb: with _without_indexes(...)
    """Takes the indexes off the tables that are empty, and all triggers, and makes them again when the rows are in."""

    def __init__(self, connection: sqlite3.Connection, tables: Iterable[str]) -> None:
        self._connection = connection
        self._empty = {
            table for table in tables if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None
        }
        self._taken: list[tuple[str, str, str]] = []

    def __enter__(self) -> None:
        found = self._connection.execute(
            "SELECT type, name, sql, tbl_name FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        ).fetchall()
        self._taken = [one[:3] for one in found if one[0] == "trigger" or one[3] in self._empty]
        for kind, name, _ in self._taken:
            self._connection.execute(f"DROP {kind} {name}")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            for _kind, _name, sql in self._taken:
                self._connection.execute(sql)
