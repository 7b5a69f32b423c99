"""SQLite connections: how they are opened, how jobs reach their threads, and how long a query may run."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiosqlite

from alertrpc.dialect import Engine, rendered
from alertrpc.errors import DatabaseBusy, QueryStopped, QueryTimeout, StoreError
from alertrpc.folders import folder_of

T = TypeVar("T")
SqlConnection = sqlite3.Connection  # the argument of functions in a transaction
SqlError = sqlite3.Error
Job = Callable[[SqlConnection], T]
Function = Callable[..., str | int | None]

OLDEST_SQLITE = (3, 37, 0)  # the first with STRICT tables
PRIVATE = 0o600  # the file holds hashes of passwords and tokens
PAGES_BETWEEN_CHECKPOINTS = 4000  # of the writer: a page that changes often is copied back less often
BUSY_TIMEOUT = 10.0  # seconds that a writer waits for another process's transaction
_STEPS_BETWEEN_CHECKS = 2_000  # of SQLite's virtual machine; a step may be a LIKE

if sqlite3.sqlite_version_info < OLDEST_SQLITE:
    raise ImportError(f"alertrpc needs SQLite 3.37 or newer; this Python has {sqlite3.sqlite_version}")


@lru_cache(maxsize=512)
def for_sqlite(sql: str) -> str:
    return rendered(sql, Engine.SQLITE)


class SqliteConnection(sqlite3.Connection):
    """Replaces the fragments in statements by SQLite's own SQL."""

    def execute(self, sql: str, args: Any = (), /) -> sqlite3.Cursor:
        return super().execute(for_sqlite(sql), args)

    def executemany(self, sql: str, args: Iterable[Any], /) -> sqlite3.Cursor:
        return super().executemany(for_sqlite(sql), args)


def connect(path: Path, *, create: bool = False, kept_statements: int = 256) -> sqlite3.Connection:
    """A connection to the file at `path` that reads and writes, in autocommit mode.

    Raises StoreError if there is no such file, unless `create`, or if it cannot be opened.
    """
    try:
        is_new = create and _is_made(path)
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=rw",
            uri=True,
            factory=SqliteConnection,
            isolation_level=None,
            timeout=BUSY_TIMEOUT,
            check_same_thread=False,
            cached_statements=kept_statements,
        )
    except FileNotFoundError as error:
        raise StoreError(f"database {path}: there is no folder {folder_of(path)}") from error
    except OSError as error:
        raise StoreError(f"database {path}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise StoreError(f"database {path}: {_why_closed(path, error)}") from error
    try:
        if is_new:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"database {path}: {error}") from error
    return connection


def _why_closed(path: Path, error: sqlite3.Error) -> str:
    """Why SQLite cannot open the file, as its own message does not say."""
    try:
        path.stat()
    except FileNotFoundError:
        return f"there is no such file; `alertrpc init` makes it in {folder_of(path)}, --database names another"
    except OSError as reason:
        return str(reason.strerror)
    return str(error)


def _is_made(path: Path) -> bool:
    """Makes a file, if there is none; whether it is empty."""
    file = os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE)
    try:
        return os.fstat(file).st_size == 0
    finally:
        os.close(file)


def connect_writer(path: Path, cache_kib: int) -> sqlite3.Connection:
    """A connection for many small writes: pages of indexes, and those that a failed job would need back, stay in memory."""
    connection = connect(path)
    connection.execute(f"PRAGMA cache_size = {-cache_kib:d}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA wal_autocheckpoint = {PAGES_BETWEEN_CHECKPOINTS:d}")
    return connection


def connect_reader(
    path: Path, cache_kib: int, kept_statements: int, functions: Mapping[str, Function]
) -> sqlite3.Connection:
    """A connection that cannot write, and returns text as UTF-8 bytes; its statements may call `functions` by name."""
    connection = connect(path, kept_statements=kept_statements)
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA cache_size = {-cache_kib:d}")
    connection.text_factory = bytes
    for name, function in functions.items():
        connection.create_function(name, -1, function, deterministic=True)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commits all of the block's writes, or none.

    Raises DatabaseBusy if other processes write for longer than BUSY_TIMEOUT.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise DatabaseBusy("The database is busy with other writes; try again later.") from error
        raise
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """All that the block reads is of one moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:  # some faults end it
            connection.execute("COMMIT")


class TimeLimit:
    """Ends a statement that works in the database for longer than the limit, which `seconds` returns when it starts.

    Waiting for a client does not count. SQLite itself checks the clock between steps of its virtual machine. As a step may
    take long, the event loop checks too: `interrupt_if_over` ends the statement as soon as SQLite allows.
    """

    def __init__(
        self, connection: sqlite3.Connection, seconds: Callable[[], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = connection
        self._seconds = seconds
        self._clock = clock
        self._ends = float("inf")
        self._is_stopped = False
        self._changing = threading.Lock()  # so that an interrupt never hits another statement
        connection.set_progress_handler(self._is_over, _STEPS_BETWEEN_CHECKS)

    def _is_over(self) -> bool:
        return self._clock() > self._ends

    def interrupt_if_over(self) -> None:
        """Ends the running statement if its time is over; may be called from any thread."""
        with self._changing:
            if self._is_over():
                self._connection.interrupt()

    def stop(self) -> None:
        """Ends the running statement, if any, with QueryStopped; may be called from any thread."""
        with self._changing:
            if self._ends != float("inf"):
                self._is_stopped = True
                self._ends = float("-inf")
                self._connection.interrupt()

    def spend(self, job: Job[T], connection: sqlite3.Connection, spent: float = 0.0) -> tuple[T, float]:
        """The result of `job`, and the seconds spent in it and before (`spent`).

        Raises QueryTimeout if these exceed the limit, QueryStopped after `stop`.
        """
        started, seconds = self._clock() - spent, self._seconds()
        self._set(started + seconds)
        try:
            return job(connection), self._clock() - started
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            if self._is_stopped:
                raise QueryStopped("nobody waits for the answer any more") from error
            raise QueryTimeout(f"Query time limit of {seconds:g} seconds exceeded.") from error
        finally:
            self._set(float("inf"))

    def _set(self, ends: float) -> None:
        with self._changing:
            self._ends = ends
            self._is_stopped = False


class Connection(aiosqlite.Connection):
    """A connection with its own thread, which runs jobs; `async with` opens and closes it."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def run(self, job: Job[T]) -> T:
        """Runs `job` in the connection's thread, in one hop for all its statements."""
        result: T = await self._execute(job, self._conn)  # type: ignore[no-untyped-call]
        return result
