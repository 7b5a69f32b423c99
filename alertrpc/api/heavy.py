"""Large requests: one at a time is parsed and checked, beside the event loop, so that the others need no memory yet."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

LARGE_BODY = 64 * 1024  # bytes


class Turn:
    """A request's time in which it may be parsed and checked; a small request needs none."""

    def __init__(self, thread: ThreadPoolExecutor | None = None, lock: asyncio.Lock | None = None) -> None:
        self._thread = thread
        self._lock = lock

    @property
    def is_large(self) -> bool:
        return self._thread is not None

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, which is done in another thread where the request is large."""
        if self._thread is None:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def leave(self) -> None:
        """Lets the next one in."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


class Heavy:
    """Gives large requests their turns."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large requests")

    async def turn(self, size: int) -> Turn:
        """The turn of a request whose body has so many bytes."""
        if size <= LARGE_BODY:
            return Turn()
        await self._lock.acquire()
        return Turn(self._thread, self._lock)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
