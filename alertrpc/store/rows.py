"""Rows of one statement as chunks of finished JSON text: memory holds two chunks, however long the answer."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache, partial

import orjson

from alertrpc.store.connection import Connection, TimeLimit

SqlValue = int | float | str | bytes | None
CHUNK_BYTES = 512 * 1024
FETCHED_ROWS = 32  # at a time, until there are CHUNK_BYTES
JOINED_ROWS = 100
SEPARATOR = b","


def fetch_joined(sql: str, args: Sequence[SqlValue], connection: sqlite3.Connection) -> bytes | None:
    """All rows of a short answer, joined; None when it has more than JOINED_ROWS."""
    text: bytes | None = connection.execute(_as_one_row(sql), args).fetchone()[0]
    return text


def can_be_joined(sql: str) -> bool:
    """A bound LIMIT cannot be another for each of several reads."""
    return not sql.endswith(" LIMIT ?")


def fetch_together(
    sql: str, arguments: Sequence[Sequence[SqlValue]], connection: sqlite3.Connection
) -> list[bytes | None]:
    """What `fetch_joined` gives for each of the arguments, by one statement."""
    listed = orjson.dumps(arguments).decode()
    (texts,) = connection.execute(_of_each(sql), (listed,)).fetchone()
    return [text if text is None else text.encode() for text in orjson.loads(texts)]


@lru_cache(maxsize=256)  # of the statements of short reads, which hold no search and so are short themselves
def _of_each(sql: str) -> str:
    """The statement for each element of a JSON array of arguments; every ? in it is a placeholder."""
    pieces = _as_one_row(sql).split("?")
    values = [f"json_extract(q.value, '$[{index}]')" for index in range(len(pieces) - 1)]
    each = "".join([text for pair in zip(pieces, [*values, ""], strict=True) for text in pair])
    return f"SELECT json_group_array(({each})) FROM json_each(?) q"


def _as_one_row(sql: str) -> str:
    """SQLite joins the rows in the order of the inner statement, as that is made for the LIMIT."""
    return (
        f"SELECT CASE WHEN COUNT(*) <= {JOINED_ROWS} THEN COALESCE(group_concat(row, ','), '') END"
        f" FROM (SELECT row FROM ({sql}) LIMIT {JOINED_ROWS + 1})"
    )


class _Fetcher:
    """Fetches one statement's rows, a chunk at a time, in the thread of its connection."""

    def __init__(self, sql: str, args: Sequence[SqlValue], time_limit: TimeLimit) -> None:
        self._sql = sql
        self._args = args
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
            self._cursor = connection.execute(self._sql, self._args)
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
    """An answer's rows: the first chunk is here already, the others come while the client takes them.

    The rows are separated by commas; a chunk after the first begins with one.
    """

    def __init__(self, first: bytes, rest: "Stream | None" = None) -> None:
        self.first = first
        self._rest = rest

    @property
    def is_complete(self) -> bool:
        return self._rest is None

    async def rest(self) -> AsyncIterator[bytes]:
        """The chunks after the first."""
        while self._rest is not None:
            chunk, ended = await self._rest.next_chunk()
            if ended:
                await self.close()
            if chunk:
                yield chunk

    async def close(self) -> None:
        """Gives the connection back; rows that were not read are left."""
        if self._rest is not None:
            stream, self._rest = self._rest, None
            await stream.close()


class Stream:
    """The chunks after the first, the next one fetched while the last one travels."""

    def __init__(self, fetcher: _Fetcher, connection: Connection, scans: "Scans") -> None:
        self._fetcher = fetcher
        self._connection = connection
        self._scans = scans
        self._ahead: asyncio.Task[tuple[bytes, bool]] | None = None

    def fetch_ahead(self) -> None:
        self._ahead = asyncio.create_task(self._connection.run(self._fetcher.fetch))

    async def next_chunk(self) -> tuple[bytes, bool]:
        assert self._ahead is not None
        chunk, ended = await self._ahead
        self._ahead = None
        if not ended:
            self.fetch_ahead()
        return chunk, ended

    async def close(self) -> None:
        try:
            if self._ahead is not None:
                await asyncio.wait([self._ahead])
                if not self._ahead.cancelled():
                    self._ahead.exception()
            await self._connection.run(self._fetcher.stop)
        finally:
            self._scans.give_back(self._connection)


class Scans:
    """Connections for searches and long answers; a call waits for a free one."""

    def __init__(self, connections: Sequence[tuple[Connection, TimeLimit]]) -> None:
        self._limits = {id(connection): limit for connection, limit in connections}
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for connection, _ in connections:
            self._free.put_nowait(connection)

    async def joined(self, sql: str, args: Sequence[SqlValue]) -> Rows:
        """The rows of a statement whose LIMIT is at most JOINED_ROWS."""
        connection = await self._free.get()
        try:
            spend = partial(self._limits[id(connection)].spend, partial(fetch_joined, sql, args))
            text, _ = await connection.run(spend)
        finally:
            self.give_back(connection)
        assert text is not None, "the statement's limit says so"
        return Rows(text)

    async def open(self, sql: str, args: Sequence[SqlValue]) -> Rows:
        """Runs a statement as far as its first chunk.

        Raises QueryTimeout when that takes too long; a later chunk raises it too.
        """
        connection = await self._free.get()
        fetcher = _Fetcher(sql, args, self._limits[id(connection)])
        try:
            first, ended = await connection.run(fetcher.fetch)
        except BaseException:
            self.give_back(connection)
            raise
        if ended:
            self.give_back(connection)
            return Rows(first)
        stream = Stream(fetcher, connection, self)
        stream.fetch_ahead()
        return Rows(first, stream)

    def give_back(self, connection: Connection) -> None:
        self._free.put_nowait(connection)
