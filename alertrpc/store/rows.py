"""The rows of a statement as chunks of JSON text, of which memory holds only a few at a time."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from functools import lru_cache, partial
from itertools import count
from typing import Any, NamedTuple

import orjson

from alertrpc.dialect import filled
from alertrpc.store.connection import Job, TimeLimit, snapshot
from alertrpc.store.readers import Asker, Reader
from alertrpc.store.spool import Spool, SpoolSpace
from alertrpc.store.streams import Stream
from alertrpc.store.turns import Turns

SqlValue = int | float | str | bytes | None
Asked = tuple[str, tuple[SqlValue, ...]]  # a statement and its bound values
Begin = Callable[[sqlite3.Connection], sqlite3.Cursor]
CHUNK_BYTES = 512 * 1024
FETCHED_ROWS = 32  # at a time, until there are CHUNK_BYTES
JOINED_ROWS = 100
SEPARATOR = b","


class Search(NamedTuple):
    """Statements that find rows by what a `table` has.

    `steps` yields them, is sent the rows of each, and ends with the statement of the rows that are looked for.
    """

    table: str
    steps: Callable[[], Generator[Asked, Sequence[tuple[Any, ...]], Asked]]


def found_statement(search: Search, connection: sqlite3.Connection) -> Asked:
    """The statement with which a search ends."""
    steps = search.steps()
    try:
        sql, args = next(steps)
        while True:
            sql, args = steps.send(connection.execute(sql, args).fetchall())
    except StopIteration as end:
        statement: Asked = end.value
        return statement


def fetch_found(search: Search, connection: sqlite3.Connection) -> bytes | None:
    """What `fetch_joined` returns for the statement with which a search ends, of one snapshot."""
    with snapshot(connection):
        return fetch_joined(*found_statement(search, connection), connection)


def fetch_joined(sql: str, args: Sequence[SqlValue], connection: sqlite3.Connection) -> bytes | None:
    """All rows of a short answer, joined; None when it has more than JOINED_ROWS."""
    text: bytes | None = connection.execute(_as_one_row(sql), args).fetchone()[0]
    return text


def fetch_together(
    sql: str, arguments: Sequence[Sequence[SqlValue]], connection: sqlite3.Connection
) -> list[bytes | None]:
    """What `fetch_joined` returns for each of the arguments, by one statement; it must not have a bound LIMIT."""
    listed = orjson.dumps(arguments).decode()
    (texts,) = connection.execute(_of_each(sql), (listed,)).fetchone()
    return [text if text is None else text.encode() for text in orjson.loads(texts)]


@lru_cache(maxsize=64)  # statements of short reads, whose texts are short as they hold no search
def _of_each(sql: str) -> str:
    """The statement for each element of a JSON array of arguments."""
    each = filled(_as_one_row(sql), (f"json_extract(q.value, '$[{index}]')" for index in count()))
    return f"SELECT @json_array_of(({each})) FROM json_each(?) q"


def _as_one_row(sql: str) -> str:
    """The inner LIMIT keeps SQLite from flattening the subquery, so the order of the rows holds."""
    return (
        f"SELECT CASE WHEN COUNT(*) <= {JOINED_ROWS} THEN COALESCE(@joined(row, ','), '') END"
        f" FROM (SELECT row FROM ({sql}) LIMIT {JOINED_ROWS + 1})"
    )


def begin_rows(sql: str, args: Sequence[SqlValue], connection: sqlite3.Connection) -> sqlite3.Cursor:
    """The rows of a statement."""
    return connection.execute(sql, args)


def begin_found(search: Search, connection: sqlite3.Connection) -> sqlite3.Cursor:
    """The rows of the statement with which a search ends. They are of its snapshot, which they keep."""
    with snapshot(connection):
        return connection.execute(*found_statement(search, connection))


class _Fetcher:
    """Fetches a statement's rows in chunks, in the thread of its connection."""

    def __init__(self, begin: Begin, time_limit: TimeLimit) -> None:
        self._begin = begin
        self._time_limit = time_limit
        self._spent = 0.0
        self._cursor: sqlite3.Cursor | None = None

    def fetch(self, connection: sqlite3.Connection) -> tuple[bytes, bool]:
        """The next chunk, and whether it is the last."""
        chunk, self._spent = self._time_limit.spend(self._chunk, connection, self._spent)
        return chunk

    def stop(self, _connection: sqlite3.Connection) -> None:
        if self._cursor is not None:
            self._cursor.close()

    def _chunk(self, connection: sqlite3.Connection) -> tuple[bytes, bool]:
        texts: list[bytes] = []
        if self._cursor is None:
            self._cursor = self._begin(connection)
        else:
            texts.append(b"")  # so that a chunk after the first begins with a separator
        size = 0
        while size < CHUNK_BYTES:
            rows = self._cursor.fetchmany(FETCHED_ROWS)
            got = [text for (text,) in rows]
            texts += got
            size += sum(map(len, got))
            if len(rows) < FETCHED_ROWS:
                return SEPARATOR.join(texts), True
        return SEPARATOR.join(texts), False


class Rows:
    """An answer's rows: the first chunk is here, the others are fetched while the client takes them.

    The rows are separated by commas; a chunk after the first begins with one.
    """

    def __init__(self, first: bytes, rest: Stream | None = None, leave: Callable[[], None] = lambda: None) -> None:
        self.first = first
        self._rest = rest
        self._leave = leave

    @property
    def is_complete(self) -> bool:
        return self._rest is None

    async def rest(self) -> AsyncIterator[bytes]:
        """The chunks after the first."""
        while self._rest is not None and (chunk := await self._rest.next_chunk()) is not None:
            yield chunk
        await self.close()

    async def close(self) -> None:
        """Gives back the reader and the room on disk; rows that were not read are dropped."""
        if self._rest is not None:
            stream, self._rest = self._rest, None
            await stream.close()
            self._leave()


class Scans:
    """Searches and long answers: a call waits for its user's turn, and ends when its client leaves."""

    def __init__(self, readers: Sequence[Reader], space: SpoolSpace) -> None:
        self._readers = readers
        self._turns = Turns(readers)
        self._space = space
        self._open: set[Rows] = set()

    async def joined(self, fetch: Job[bytes | None], asker: Asker) -> Rows:
        """The rows that are fetched, at most JOINED_ROWS."""
        self._turns.enter(asker.userid)
        try:
            reader = await self._turns.take(asker)
            try:
                job = partial(reader.limit.spend, fetch)
                text, _ = await reader.run(job, asker.is_gone)
            finally:
                self._turns.give_back(asker.userid, reader)
        finally:
            self._turns.leave(asker.userid)
        assert text is not None, "the statement's limit says so"
        return Rows(text)

    async def open(self, begin: Begin, asker: Asker) -> Rows:
        """Fetches as far as the first chunk.

        Raises QueryTimeout if that takes too long, as later chunks do; ServerBusy if too much is asked at one time.
        """
        userid = asker.userid
        self._turns.enter(userid)
        try:
            rows = await self._first_rows(begin, asker)
        except BaseException:
            self._turns.leave(userid)
            raise
        if rows.is_complete:
            self._turns.leave(userid)
        else:
            self._open.add(rows)
        return rows

    async def _first_rows(self, begin: Begin, asker: Asker) -> Rows:
        reader = await self._turns.take(asker)
        give_back = partial(self._turns.give_back, asker.userid, reader)
        fetcher = _Fetcher(begin, reader.limit)
        try:
            first, ended = await reader.run(fetcher.fetch, asker.is_gone)
        except BaseException:
            give_back()
            raise
        if ended:
            give_back()
            return Rows(first)
        stream = Stream(fetcher, reader, Spool(self._space), lambda: self._turns.are_wanted, give_back)

        def leave() -> None:
            self._turns.leave(asker.userid)
            self._open.discard(rows)

        rows = Rows(first, stream, leave)
        return rows

    async def close(self) -> None:
        """Ends all reads; no connection works any more when this returns."""
        self._turns.close()
        for rows in list(self._open):
            await rows.close()
        while not self._turns.are_all_free:
            for reader in self._readers:
                reader.limit.stop()
            await asyncio.sleep(0.01)
