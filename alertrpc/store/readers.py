"""Connections that read, each with a time limit that the event loop watches while it works."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from alertrpc.store.connection import Connection, Job, TimeLimit

T = TypeVar("T")

LOOK_SECONDS = 0.25  # between two checks whether a search is over its time, or its client gone


def nobody_leaves() -> bool:
    return False


class Asker(NamedTuple):
    """The user who asks, and whether the client is gone."""

    userid: int = 0
    is_gone: Callable[[], bool] = nobody_leaves


NOBODY = Asker()


class Reader(NamedTuple):
    """A connection that reads, and its time limit."""

    connection: Connection
    limit: TimeLimit

    async def run(self, job: Job[T], is_gone: Callable[[], bool] = nobody_leaves) -> T:
        """The result of a job that works within the time limit; the job has ended when this returns or raises.

        Raises QueryTimeout if its time is over, QueryStopped if the client is gone.
        """

        def look() -> None:
            self.limit.interrupt_if_over()
            if is_gone():
                self.limit.stop()

        running = asyncio.ensure_future(self.connection.run(job))
        with repeatedly(look, LOOK_SECONDS):
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                self.limit.stop()
                await ended(running)
                raise

    async def run_all(self, job: Job[T], every: float) -> T:
        """The result of a job, each of whose parts works within the time limit; it must not be cancelled."""
        with repeatedly(self.limit.interrupt_if_over, every):
            return await self.connection.run(job)


async def ended(future: "asyncio.Future[T]") -> None:
    """Waits until a future is done, even if the caller is cancelled; ignores its exception."""
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue
    if not future.cancelled():
        future.exception()


@contextmanager
def repeatedly(look: Callable[[], None], every: float) -> Iterator[None]:
    """Calls `look` every so many seconds while the block runs."""
    loop = asyncio.get_running_loop()
    handles: list[asyncio.TimerHandle] = []

    def again() -> None:
        handles[:] = [loop.call_later(every, again)]
        look()

    handles.append(loop.call_later(every, again))
    try:
        yield
    finally:
        handles[0].cancel()
