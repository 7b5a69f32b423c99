"""Loads a data file into the database: all of it or nothing. Indexes are created after the rows, which is faster."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from reprlib import Repr
from typing import IO

import orjson

from alertrpc.errors import AlertrpcError, LoadError, StoreError
from alertrpc.store.analysis import ANALYZED, analyze, tell_readers
from alertrpc.store.connection import connect, transaction
from alertrpc.store.filling import ALERT_INDEX, fill_whole
from alertrpc.store.schema import create_schema, migrate, schema_version

MOST_LINE_BYTES = 16 * 1024 * 1024  # the parsed line may take twenty times as much memory
BATCH_ROWS = 5_000
BATCH_BYTES = 2 * MOST_LINE_BYTES
MOST_SHAPES = 1_000  # kept statements, one for each table and order of columns
CACHE_KIB = 256 * 1024
# Tables that no file fills, and columns that follow from other tables.
_OURS = frozenset({
    "sessions", "instance", "applied", "idempotency_keys", "alert_queue", "escalations", "holds", "turns", "alert_index",
    "unfilled",
})  # fmt: skip
_DERIVED = {("events", "recovered")}
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
    """The lines of a file; a line that is too long is cut just above the limit, where `load` refuses it."""
    return iter(partial(file.readline, MOST_LINE_BYTES + 1), b"")


def load_file(
    path: Path, lines: Iterable[bytes], hash_password: HashPassword, on_line: Progress = lambda number: None
) -> dict[str, int]:
    """Loads lines into the database at `path`, which is created if missing; see `load`."""
    with closing(connect(path, create=True)) as connection:
        try:
            counts = load(connection, lines, hash_password, on_line)
            connection.execute("PRAGMA journal_mode = WAL")
            return counts
        except LoadError:
            raise
        except (AlertrpcError, sqlite3.Error) as error:
            raise StoreError(f"database {path}: {error}; nothing was loaded") from error


def load(
    connection: sqlite3.Connection,
    lines: Iterable[bytes],
    hash_password: HashPassword,
    on_line: Progress = lambda number: None,
) -> dict[str, int]:
    """Loads JSON lines, each an object whose `table` names the table and whose other members are its columns.

    A column with a default may be left out. `password` of the table users is hashed by `hash_password` into `passwd`.
    Returns the number of rows of each table. Raises LoadError that names the first bad line; then nothing was loaded.
    `on_line` is called now and then with the number of lines read.
    """
    if schema_version(connection):
        migrate(connection)
    connection.execute(f"PRAGMA cache_size = {-CACHE_KIB}")
    with transaction(connection):
        create_schema(connection)
        batches = _Batches(connection)
        with _without_indexes(connection, [*batches.tables, ALERT_INDEX]):
            _insert_all(batches, lines, hash_password, on_line)
            if batches.counts.keys() & {"events", "event_recovery"}:
                connection.execute(_RECOVERED)
            if batches.counts.keys() & {"events", "alerts"}:
                fill_whole(connection)
    for table in ANALYZED:
        analyze(table, connection)
    tell_readers(connection)
    return batches.counts


class _Batches:
    """The rows that wait to be written, many at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.tables = _columns_of_tables(connection)
        self._batches: dict[tuple[object, ...], _Batch] = {}
        self._waiting = 0
        self._waiting_bytes = 0
        self.counts: dict[str, int] = {}

    def add(self, number: int, row: dict[str, object], size: int) -> bool:
        """Takes a row of a line of `size` bytes; True if the waiting rows were written."""
        columns = (str(row.get("table")), *row)
        if (batch := self._batches.get(columns)) is None:
            batch = self._batches[columns] = _Batch(*_insert_statement(number, row, self.tables))
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
        """Writes the waiting rows; LoadError names the first line that the database refuses."""
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


def _insert_all(batches: _Batches, lines: Iterable[bytes], hash_password: HashPassword, on_line: Progress) -> None:
    try:
        for number, row, size in _parsed(lines):
            if "password" in row and row.get("table") == "users":
                row["passwd"] = _hashed(number, row.pop("password"), hash_password)
            if batches.add(number, row, size):
                on_line(number)
    except LoadError:
        batches.write()  # the database may refuse a line before the bad one, which is named instead
        raise
    batches.write()


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
    """The table of a row and the statement that inserts rows with its columns."""
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


@contextmanager
def _without_indexes(connection: sqlite3.Connection, tables: Iterable[str]) -> Iterator[None]:
    """Drops all triggers, and the indexes of empty tables, and creates them again after the block."""
    empty = {table for table in tables if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None}
    found = connection.execute(
        "SELECT type, name, sql, tbl_name FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).fetchall()
    taken = [(kind, name, sql) for kind, name, sql, table in found if kind == "trigger" or table in empty]
    for kind, name, _ in taken:
        connection.execute(f"DROP {kind} {name}")
    yield
    for _, _, sql in taken:
        connection.execute(sql)
