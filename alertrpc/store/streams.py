"""A long answer on its way to a client.

A slow client must not keep the connection that reads for it, because others wait for connections. What the client does not
take in time goes to a spool on disk, so that the connection is free as soon as all rows are fetched.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from alertrpc.errors import SlowClient
from alertrpc.store.connection import SqlConnection
from alertrpc.store.readers import Reader, ended
from alertrpc.store.spool import Spool

SLOW_SECONDS = 0.1  # a chunk that waits for the client for longer goes to disk
PATIENCE = 2.0  # seconds that an idle client may keep a connection that others wait for

Piece = bytes | Callable[[], bytes]  # in memory, or a function that reads it from the spool


class Fetcher(Protocol):
    def fetch(self, connection: SqlConnection) -> tuple[bytes, bool]:
        """The next chunk, and whether it is the last."""

    def stop(self, connection: SqlConnection) -> None:
        """Drops the rows that were not fetched."""


class Stream:
    """The chunks after the first; `release` is called once, when the reader is no longer needed."""

    def __init__(
        self,
        fetcher: Fetcher,
        reader: Reader,
        spool: Spool,
        are_wanted: Callable[[], bool],
        release: Callable[[], None],
    ) -> None:
        self._fetcher = fetcher
        self._reader = reader
        self._spool = spool
        self._are_wanted = are_wanted
        self._release = release
        self._pieces: deque[Piece] = deque()
        self._come, self._taken = asyncio.Event(), asyncio.Event()
        self._is_free = self._has_ended = False
        self._fault: Exception | None = None
        self._fetching = asyncio.create_task(self._fetch_all())

    async def next_chunk(self) -> bytes | None:
        """The next chunk, None after the last; raises the error that ended the answer early."""
        while not self._pieces:
            if self._has_ended:
                if self._fault is not None:
                    raise self._fault
                return None
            self._come.clear()
            await self._come.wait()
        piece = self._pieces.popleft()
        self._taken.set()
        return piece if isinstance(piece, bytes) else await asyncio.to_thread(piece)

    async def close(self) -> None:
        """Gives back the reader and the room on disk."""
        self._fetching.cancel()
        await ended(self._fetching)
        await self._free_reader()  # a task that is cancelled before its first step frees nothing
        self._spool.close()

    async def _fetch_all(self) -> None:
        try:
            is_last = False
            while not is_last:
                chunk, is_last = await self._reader.run(self._fetcher.fetch)
                await self._keep(chunk)
        except Exception as fault:
            self._fault = fault
        finally:
            await self._free_reader()
            self._has_ended = True
            self._come.set()

    async def _free_reader(self) -> None:
        if self._is_free:
            return
        self._is_free = True
        try:
            await ended(asyncio.ensure_future(self._reader.connection.run(self._fetcher.stop)))
        finally:
            self._release()

    async def _keep(self, chunk: bytes) -> None:
        """Keeps a chunk for the client: in memory, where one may wait, or on disk."""
        is_spooled = bool(self._pieces) and not isinstance(self._pieces[-1], bytes)
        if is_spooled or not await self._all_taken(SLOW_SECONDS):
            if (piece := await self._spooled(chunk)) is not None:
                self._put(piece)
                return
            await self._wait_for_client()
        self._put(chunk)

    def _put(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._come.set()

    async def _spooled(self, chunk: bytes) -> Piece | None:
        if not self._spool.reserve(len(chunk)):
            return None
        return await self._reader.connection.run(lambda _: self._spool.append(chunk))

    async def _all_taken(self, seconds: float) -> bool:
        """Whether the client takes all waiting chunks within so many seconds."""
        ends = time.monotonic() + seconds
        while self._pieces:
            self._taken.clear()
            try:
                async with asyncio.timeout(ends - time.monotonic()):
                    await self._taken.wait()
            except TimeoutError:
                return False
        return True

    async def _wait_for_client(self) -> None:
        """Waits until the client has taken all; raises SlowClient if it takes nothing while others wait."""
        waiting = len(self._pieces)
        while not await self._all_taken(PATIENCE):
            if len(self._pieces) == waiting and self._are_wanted():
                raise SlowClient("the client takes nothing while others wait, and there is no room on disk")
            waiting = len(self._pieces)
