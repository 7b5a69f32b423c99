"""The database as the rooms above see it: short reads, streams of rows, and writes."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from alertrpc.errors import AlertrpcError, NameFaults, QueryTimeout, StoreError
from alertrpc.settings import Settings
from alertrpc.store.connection import Connection, Function, Job, TimeLimit, connect, connect_reader, transaction
from alertrpc.store.point_reads import PointReads, TooBusy
from alertrpc.store.readers import NOBODY, Asker, Reader
from alertrpc.store.rows import JOINED_ROWS, Rows, Scans, SqlValue
from alertrpc.store.schema import create_schema, migrate, usable_version
from alertrpc.store.spool import SpoolSpace
from alertrpc.store.writes import Writes

T = TypeVar("T")

POINT_CACHE_KIB = 8 * 1024
SCAN_CACHE_KIB = 2 * 1024
KEPT_STATEMENTS = 64  # of a connection for short reads
SCAN_STATEMENTS = 8  # a long search is a large statement
OWN_SECONDS = 1.0  # that a look-up of the server itself may take
POINT_SECONDS = 0.05  # a read that takes longer is run again among the long ones
HOP_SECONDS = 0.1  # after which those that wait are made among the long ones too
MOST_SLOW = 256  # statements that are known to be none
SPOOL_BYTES = 2**30  # of long answers that clients take slowly, in files beside the database


class Database:
    """One SQLite file: one writer, two connections of coalesced short reads, a few for long ones.

    What users ask reaches the second of the two and those for long reads; credentials, health and what is due are looked up
    on the first, which no statement of a user can hold up.
    """

    def __init__(self, writes: Writes, own: PointReads, points: PointReads, scans: Scans) -> None:
        self._writes = writes
        self._own = own
        self._points = points
        self._scans = scans
        self._slow: dict[int, None] = {}  # hashes of statements, the latest last

    async def read(self, function: Callable[..., T], *args: Hashable) -> T:
        """What a short reading `function(*args, connection)` returns; the same reads at one time are made once.

        It is for what the server itself looks up.
        """
        return await self._own.read(function, *args)

    async def ping(self) -> None:
        """Reads a little; raises what sqlite3 does when the database does not answer, or StoreError when it is gone."""
        if not self._writes.is_in_place:
            raise StoreError("the database file was moved or replaced")
        await self.read(_look)

    async def write(self, job: Job[T]) -> T:
        """What a job returns that is done whole or not at all; it is on disk then. Jobs at one time share a commit.

        Raises DatabaseBusy or DatabaseUnwritable where nothing can be written, and what the job raises.
        """
        return await self._writes.write(job)

    async def _short_rows(self, sql: str, args: tuple[SqlValue, ...], limit: int | None) -> bytes | None:
        """None where the rows are too many, or take too long, which the statement is remembered for."""
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
        self, sql: str, args: tuple[SqlValue, ...], *, short: bool, limit: int | None, asker: Asker = NOBODY
    ) -> Rows:
        """The rows of a statement, whose one column is named `row`.

        `short` says that few are expected and an index finds them, `limit` how many there are at most: it is
        the last value then.
        Raises QueryTimeout; ServerBusy when the asker, or all together, ask too much at one time; QueryStopped when the
        asker is gone.
        """
        if short and (text := await self._short_rows(sql, args, limit)) is not None:
            return Rows(text)
        if limit is not None and limit <= JOINED_ROWS:
            return await self._scans.joined(sql, args, asker)
        return await self._scans.open(sql, args, asker)


@asynccontextmanager
async def open_database(path: Path, settings: Settings, functions: Mapping[str, Function]) -> AsyncIterator[Database]:
    """Opens the file at `path`, its schema brought up to date.

    Raises StoreError when it is missing, of another program, newer, or damaged.
    """
    prepare(path)
    space = SpoolSpace(path.parent, SPOOL_BYTES)
    async with AsyncExitStack() as stack:

        async def reader(cache_kib: int, kept_statements: int, seconds: Callable[[], float]) -> Reader:
            connection = await stack.enter_async_context(
                Connection(partial(connect_reader, path, cache_kib, kept_statements, functions))
            )
            return Reader(connection, await connection.run(partial(TimeLimit, seconds=seconds)))

        writes = Writes(await stack.enter_async_context(Connection(partial(connect, path))), path)
        own = PointReads(await reader(SCAN_CACHE_KIB, KEPT_STATEMENTS, lambda: OWN_SECONDS))
        points = PointReads(await reader(POINT_CACHE_KIB, KEPT_STATEMENTS, lambda: POINT_SECONDS), HOP_SECONDS)
        readers = [
            await reader(SCAN_CACHE_KIB, SCAN_STATEMENTS, lambda: settings.query_timeout)
            for _ in range(settings.scan_connections)
        ]
        scans = Scans(readers, space)
        stack.push_async_callback(scans.close)
        yield Database(writes, own, points, scans)


def _look(connection: sqlite3.Connection) -> None:
    connection.execute("SELECT 1 FROM role LIMIT 1").fetchone()


def create(path: Path) -> bool:
    """Makes the file and its schema, True, or brings the schema that is there up to date, False."""
    with opened(path, create=True) as connection:
        with transaction(connection):
            created = create_schema(connection)
        migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")
    return created


def prepare(path: Path) -> None:
    """Brings the file's schema up to date and its journal to WAL, in which reads and writes do not wait for each other."""
    with opened(path) as connection:
        migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")


def inspect(path: Path) -> tuple[int, int]:
    """The version of the schema and the number of alerts; nothing is changed.

    Raises StoreError when the file cannot be served as it is, or is damaged.
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
    """A connection for a command; what fails in the block is a StoreError that names the file."""
    with closing(connect(path, create=create)) as connection:
        try:
            yield connection
        except NameFaults:  # each has a place of its own
            raise
        except (AlertrpcError, sqlite3.Error) as error:
            raise StoreError(f"database {path}: {error}") from error


@contextmanager
def administered(path: Path) -> Iterator[sqlite3.Connection]:
    """The database for a command, its schema up to date: all that the block writes, or nothing."""
    prepare(path)
    with opened(path) as connection, transaction(connection):
        yield connection
