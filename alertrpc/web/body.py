"""Receives the bodies of requests, with limits for size and time of each, and for the size of all together."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

from alertrpc.settings import Settings

BROKEN_BODY = (web.RequestPayloadError, ClientPayloadError, HttpProcessingError, ConnectionError)
FREE_BYTES = 8 * 1024  # of a body that needs no credential and is not counted: logins are smaller
FREE_CHUNKS = 100
LEAST_CHUNK = 64  # bytes of a chunk, in the mean after the first ones: even a small chunk takes time
MOST_LARGEST = 3  # bodies of the largest size at one time
MOST_LARGEST_ANONYMOUS = 16  # of callers without a credential
STALLED_SECONDS = 1.0  # after which a body gives way to another

IsKnown = Callable[[], Awaitable[bool]]


class NoRoom(Exception):
    """The bodies being received take all the room."""


@dataclass(eq=False, slots=True)
class _Held:
    """A body being received: its size in bytes, and when its last piece came."""

    timeout: asyncio.Timeout
    size: int = 0
    since: float = 0.0


class _Room:
    """Room for `most()` bytes that bodies share. A stalled one gives way."""

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._used = 0
        self._bodies: set[_Held] = set()

    def hold(self, body: _Held, size: int) -> None:
        """Gives a body `size` bytes in all; raises NoRoom."""
        self._bodies.add(body)
        self._used += size - body.size
        body.size, body.since = size, time.monotonic()
        while self._used > self._most():
            longest = min(self._bodies - {body}, key=lambda other: other.since, default=None)
            if longest is None or body.since - longest.since < STALLED_SECONDS:
                raise NoRoom
            longest.timeout.reschedule(asyncio.get_running_loop().time())
            self.free(longest)

    def free(self, body: _Held) -> None:
        if body in self._bodies:
            self._bodies.remove(body)
            self._used -= body.size


class Body(NamedTuple):
    """A received body. `is_known`: the header has a valid credential; False if that was not checked."""

    data: bytearray
    is_known: bool


class Bodies:
    """Receives bodies up to the sizes of the settings: one for known callers, one for others."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known = _Room(lambda: MOST_LARGEST * self._limit(is_known=True))
        self._anonymous = _Room(lambda: MOST_LARGEST_ANONYMOUS * self._limit(is_known=False))

    def _limit(self, *, is_known: bool) -> int:
        """The largest size of a body, in bytes."""
        limit = self._settings.body_limit
        return limit if is_known else min(limit, self._settings.anonymous_body_limit)

    @asynccontextmanager
    async def received(self, request: web.Request, is_known: IsKnown) -> AsyncIterator["Body"]:
        """The request's body, which keeps its room while the block runs.

        `is_known` tells whether the request's header has a valid credential; it is called if the body is large.
        Raises HTTPRequestEntityTooLarge, NoRoom, one of BROKEN_BODY if the body breaks off or is invalid, and TimeoutError
        if the client takes too long, or stalls while others need the room.
        """
        if request.transport is None:  # aiohttp would raise RuntimeError
            raise ConnectionResetError("the client went away before its request was looked at")
        length = request.content_length
        free = min(FREE_BYTES, self._limit(is_known=False))  # bytes that are not counted
        if length is not None and length <= free and request.content.is_eof():  # it came with the header
            yield Body(bytearray(request.content.read_nowait()), False)
            return
        timeout = asyncio.timeout(self._settings.stall_timeout)
        held, room = _Held(timeout), self._anonymous
        try:
            async with timeout:
                if length is not None and length > free:
                    room = await self._room(length, is_known)
                body = bytearray()
                async for piece in _pieces(request):
                    size = len(body) + len(piece)
                    if length is None and len(body) <= free < size:
                        room = await self._room(size, is_known)
                    self._check(size, room is self._known)
                    body += piece
                    if size > free:
                        room.hold(held, size)
            held.since = math.inf  # it is complete: it does not give way any more
            yield Body(body, room is self._known)
        finally:
            room.free(held)

    async def _room(self, size: int, is_known: IsKnown) -> _Room:
        """The room for a body of at least `size` bytes."""
        known = await is_known()
        self._check(size, known)
        return self._known if known else self._anonymous

    def _check(self, size: int, is_known: bool) -> None:
        limit = self._limit(is_known=is_known)
        if size > limit:
            raise web.HTTPRequestEntityTooLarge(limit, size)


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    """The pieces of a body; if its chunks are too small, aborts the connection and raises ConnectionResetError."""
    if request.content_length is not None or not request.can_read_body:
        while piece := await request.content.readany():
            yield piece
        return
    chunks = size = 0
    async for piece, is_end in request.content.iter_chunks():
        chunks, size = chunks + is_end, size + len(piece)
        if (chunks - FREE_CHUNKS) * LEAST_CHUNK > size:
            if request.transport is not None:
                request.transport.abort()  # reading the rest would take as long
            raise ConnectionResetError("the body comes in very small chunks")
        yield piece


BODIES = web.AppKey("bodies", Bodies)
SETTINGS = web.AppKey("settings", Settings)


def is_gone(request: web.Request) -> bool:
    """Whether the client has left."""
    return request.transport is None or request.transport.is_closing()
