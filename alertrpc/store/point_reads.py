"""Short reads of one connection: all that wait are done in one hop to its thread."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from alertrpc.store.connection import Connection, Job, TimeLimit

T = TypeVar("T")
Outcome = tuple[Any, BaseException | None]


class PointReads:
    """Gathers the reads that arrive while others run, so that many cost one change of thread."""

    def __init__(self, connection: Connection, time_limit: TimeLimit) -> None:
        self._connection = connection
        self._time_limit = time_limit
        self._waiting: list[tuple[Job[Any], asyncio.Future[Any]]] = []
        self._pump: asyncio.Task[None] | None = None

    async def read(self, job: Job[T]) -> T:
        """What `job` returns; it must be short, as those behind it wait.

        Raises QueryTimeout when it was not.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, future))
        if self._pump is None:
            self._pump = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = [(job, future) for job, future in self._waiting if not future.done()]
                self._waiting.clear()
                await self._run_batch(batch)
        finally:
            self._pump = None

    async def _run_batch(self, batch: Sequence[tuple[Job[Any], asyncio.Future[Any]]]) -> None:
        try:
            outcomes = await self._connection.run(partial(_run_all, [job for job, _ in batch], self._time_limit))
        except Exception as error:  # the connection itself is gone
            outcomes = [(None, error)] * len(batch)
        for (_, future), (value, fault) in zip(batch, outcomes, strict=True):
            if not future.done():
                future.set_result(value) if fault is None else future.set_exception(fault)


def _run_all(
    jobs: Sequence[Callable[..., Any]], time_limit: TimeLimit, connection: sqlite3.Connection
) -> list[Outcome]:
    return [_outcome(job, time_limit, connection) for job in jobs]


def _outcome(job: Job[Any], time_limit: TimeLimit, connection: sqlite3.Connection) -> Outcome:
    try:
        return time_limit.spend(job, connection)[0], None
    except Exception as error:
        return None, error
