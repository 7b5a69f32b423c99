"""Large requests: parsed and checked one at a time outside the event loop, and few with very many values in memory."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from alertrpc.errors import ServerBusy

T = TypeVar("T")

LARGE_BODY = 16 * 1024  # bytes
MANY_VALUES = 100_000  # one request with more is in memory at a time
WAIT_SECONDS = 30.0
TRY_AGAIN = "Too many large requests at one time; try again later."


class Turn:
    """The turn of a request. A small request does its work at once. `leave` ends the turn of one with many values."""

    def __init__(self, queue: "Queue | None" = None, *, has_many: bool = False) -> None:
        self._queue = queue
        self._has_many = has_many

    @property
    def is_large(self) -> bool:
        return self._queue is not None

    async def run(self, work: Callable[[], T]) -> T:
        """Returns what `work` returns; it runs in another thread if the request is large."""
        return work() if self._queue is None else await self._queue.run(work)

    def leave(self) -> None:
        """The values of the request are not needed any more."""
        if self._has_many and self._queue is not None:
            self._queue.many.release()
        self._has_many = False


class Queue:
    """A thread that does the work of one large request at a time."""

    def __init__(self, name: str) -> None:
        self._lock = asyncio.Lock()
        self.many = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        async with self._lock:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


class Heavy:
    """Gives turns to large requests; those with a valid credential do not wait for those without."""

    def __init__(self) -> None:
        self._known, self._anonymous = Queue("large requests"), Queue("large requests of strangers")

    async def turn(self, size: int, values: int, *, is_known: bool) -> Turn:
        """The turn of a request whose body has `size` bytes and at most so many values.

        Raises ServerBusy if another request with many values takes too long.
        """
        if size <= LARGE_BODY:
            return Turn()
        queue = self._known if is_known else self._anonymous
        if values <= MANY_VALUES:
            return Turn(queue)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await queue.many.acquire()
        except TimeoutError:
            raise ServerBusy(TRY_AGAIN) from None
        return Turn(queue, has_many=True)

    def close(self) -> None:
        self._known.close()
        self._anonymous.close()
