"""The database for the rooms above: short reads, streams of rows, and writes."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from alertrpc.errors import AlertrpcError, NameFaults, QueryTimeout, StoreError
from alertrpc.settings import Settings
from alertrpc.store.connection import (
    Connection,
    Function,
    Job,
    TimeLimit,
    connect,
    connect_reader,
    connect_writer,
    transaction,
)
from alertrpc.store.filling import unfilled_tables
from alertrpc.store.point_reads import PointReads, TooBusy
from alertrpc.store.readers import NOBODY, Asker, Reader
from alertrpc.store.rows import (
    JOINED_ROWS,
    Begin,
    Rows,
    Scans,
    Search,
    SqlValue,
    begin_found,
    begin_rows,
    fetch_found,
    fetch_joined,
)
from alertrpc.store.schema import create_schema, migrate, usable_version
from alertrpc.store.spool import SpoolSpace
from alertrpc.store.writes import Writes

T = TypeVar("T")

WRITE_CACHE_KIB = 16 * 1024
POINT_CACHE_KIB = 8 * 1024
SCAN_CACHE_KIB = 2 * 1024
KEPT_STATEMENTS = 64  # of a connection for short reads
SCAN_STATEMENTS = 32  # a long search is a large statement; a page takes some ten small ones
OWN_SECONDS = 1.0  # the limit of the server's own look-ups
POINT_SECONDS = 0.05  # a read that takes longer is run again as a long one
HOP_SECONDS = 0.1  # short reads that wait for longer are run as long ones
MOST_SLOW = 256  # remembered statements that took longer than POINT_SECONDS
SPOOL_BYTES = 2**30  # of long answers to slow clients, in files beside the database


class Database:
    """One SQLite file: one writer, two connections of coalesced short reads, a few for long ones.

    Queries of users run on the second of the two and on those for long reads. The first is for credentials, health and due
    work, so that no query of a user delays these.
    """

    def __init__(
        self, writes: Writes, own: PointReads, points: PointReads, scans: Scans, unfilled: Iterable[str] = ()
    ) -> None:
        self._writes = writes
        self._own = own
        self._points = points
        self._scans = scans
        self._unfilled = {*unfilled}
        self._slow: dict[int, None] = {}  # hashes of statements, the latest last

    async def read(self, function: Callable[..., T], *args: Hashable) -> T:
        """What a short reading `function(*args, connection)` returns; equal reads at one time run once.

        It is for the server's own look-ups.
        """
        return await self._own.read(function, *args)

    def start_read(self, function: Callable[..., T], *args: Hashable, beside_rows: bool = False) -> "asyncio.Future[T]":
        """The future of what `read` returns. `beside_rows`: in one hop with short rows that are asked for now."""
        return (self._points if beside_rows else self._own).start(function, *args)

    async def ping(self) -> None:
        """Reads one row; raises sqlite3.Error if the database does not answer, StoreError if its file is gone."""
        if not self._writes.is_in_place:
            raise StoreError("the database file was moved or replaced")
        await self.read(_look)

    async def write(self, job: Job[T], *, patient: bool = False) -> T:
        """Runs a job wholly or not at all; returns its result once it is on disk. Jobs at one time share a commit.

        A patient job runs when no other job waits, and after PATIENCE_SECONDS with those of that time. Raises
        DatabaseBusy or DatabaseUnwritable if nothing can be written, and what the job raises.
        """
        return await self._writes.write(job, patient=patient)

    @property
    def is_busy(self) -> bool:
        """Whether writes wait that are not patient."""
        return self._writes.is_busy

    @property
    def unfilled(self) -> Collection[str]:
        """The tables that older rows are missing from."""
        return self._unfilled

    def filled(self, table: str) -> None:
        """Nothing is missing from a table any more."""
        self._unfilled.discard(table)

    async def _short_rows(self, sql: str, args: tuple[SqlValue, ...], limit: int | None) -> bytes | None:
        """None if the rows are too many or take too long; a statement that took too long is remembered."""
        if hash(sql) in self._slow:
            return None
        try:
            return await self._points.rows(sql, args, limit)
        except TooBusy:
            return None
        except QueryTimeout:
            self._slow[hash(sql)] = None
            if len(self._slow) > MOST_SLOW:
                del self._slow[next(iter(self._slow))]
            return None

    async def rows(
        self,
        sql: str,
        args: tuple[SqlValue, ...],
        *,
        short: bool,
        limit: int | None,
        asker: Asker = NOBODY,
        ways: Search | None = None,
    ) -> Rows:
        """The rows of a statement, whose one column is named `row`.

        `short`: few rows are expected, and an index finds them. `limit` is their greatest number, and then the last value.
        `ways` find the same rows sooner, as soon as the table that they need is filled.
        Raises QueryTimeout; ServerBusy if the asker, or all together, ask too much at one time; QueryStopped if the asker is
        gone.
        """
        if short and (text := await self._short_rows(sql, args, limit)) is not None:
            return Rows(text)
        if ways is not None and ways.table in self._unfilled:
            ways = None
        if limit is not None and limit <= JOINED_ROWS:
            fetch = partial(fetch_joined, sql, args) if ways is None else partial(fetch_found, ways)
            return await self._scans.joined(fetch, asker)
        begin: Begin = partial(begin_rows, sql, args) if ways is None else partial(begin_found, ways)
        return await self._scans.open(begin, asker)


@asynccontextmanager
async def open_database(path: Path, settings: Settings, functions: Mapping[str, Function]) -> AsyncIterator[Database]:
    """Opens the file at `path`, and brings its schema up to date.

    Raises StoreError if it is missing, of another program, newer, or damaged.
    """
    prepare(path)
    space = SpoolSpace(path.parent, SPOOL_BYTES)
    async with AsyncExitStack() as stack:

        async def reader(cache_kib: int, kept_statements: int, seconds: Callable[[], float]) -> Reader:
            connection = await stack.enter_async_context(
                Connection(partial(connect_reader, path, cache_kib, kept_statements, functions))
            )
            return Reader(connection, await connection.run(partial(TimeLimit, seconds=seconds)))

        writer = Connection(partial(connect_writer, path, WRITE_CACHE_KIB))
        writes = Writes(await stack.enter_async_context(writer), path)
        own = PointReads(await reader(SCAN_CACHE_KIB, KEPT_STATEMENTS, lambda: OWN_SECONDS))
        points = PointReads(await reader(POINT_CACHE_KIB, KEPT_STATEMENTS, lambda: POINT_SECONDS), HOP_SECONDS)
        readers = [
            await reader(SCAN_CACHE_KIB, SCAN_STATEMENTS, lambda: settings.query_timeout)
            for _ in range(settings.scan_connections)
        ]
        scans = Scans(readers, space)
        stack.push_async_callback(scans.close)
        yield Database(writes, own, points, scans, await own.read(unfilled_tables))


def _look(connection: sqlite3.Connection) -> None:
    connection.execute("SELECT 1 FROM role LIMIT 1").fetchone()


def create(path: Path) -> bool:
    """Creates the file and its schema, and returns True; or brings an existing schema up to date, and returns False."""
    with opened(path, create=True) as connection:
        with transaction(connection):
            created = create_schema(connection)
        migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")
    return created


def prepare(path: Path) -> None:
    """Brings the file's schema up to date, and sets the journal to WAL, so that reads and writes do not block."""
    with opened(path) as connection:
        migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")


def inspect(path: Path) -> tuple[int, int]:
    """The version of the schema and the number of alerts; changes nothing.

    Raises StoreError if the file cannot be served, or is damaged.
    """
    with opened(path) as connection:
        connection.execute("PRAGMA query_only = ON")
        version = usable_version(connection)
        faults = [fault for (fault,) in connection.execute("PRAGMA quick_check(10)") if fault != "ok"]
        if faults:
            raise StoreError(f"it is damaged: {'; '.join(faults)}")
        return version, connection.execute("SELECT count(*) FROM alerts").fetchone()[0]


@contextmanager
def opened(path: Path, *, create: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection for a command; an error in the block becomes a StoreError that names the file."""
    with closing(connect(path, create=create)) as connection:
        try:
            yield connection
        except NameFaults:  # each names its place in the configuration
            raise
        except (AlertrpcError, sqlite3.Error) as error:
            raise StoreError(f"database {path}: {error}") from error


@contextmanager
def administered(path: Path) -> Iterator[sqlite3.Connection]:
    """The database for a command, its schema up to date, in one transaction."""
    prepare(path)
    with opened(path) as connection, transaction(connection):
        yield connection
