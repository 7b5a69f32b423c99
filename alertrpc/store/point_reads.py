"""Short reads of one connection: all that wait are done in one hop to its thread.

Each step of a statement releases and takes the GIL, which costs more than the step if the event loop wants the GIL too. So
equal reads run once, and the reads of one statement run as one step.
"""

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from alertrpc.errors import QueryTimeout
from alertrpc.store.connection import TimeLimit
from alertrpc.store.gather import Gather, Outcome
from alertrpc.store.readers import Reader
from alertrpc.store.rows import SqlValue, fetch_joined, fetch_together

T = TypeVar("T")

MOST_TOGETHER = 16  # answers that one statement gives
MOST_AT_ONCE = 1000  # reads of one hop
LOOK_SECONDS = 0.02  # between two checks whether a read is over its time


class TooBusy(Exception):
    """A read was not run, because those before it took too long."""


class Read(NamedTuple):
    """A function and its arguments before the connection; reads of the same `statement` may run together."""

    function: Callable[..., Any]
    args: tuple[Hashable, ...]
    statement: str | None = None


class PointReads:
    """Gathers the reads that arrive while others run."""

    def __init__(self, reader: Reader, seconds: float = math.inf) -> None:
        """Statements that a hop has not started after so many `seconds` are refused as TooBusy."""
        self._reader = reader
        self._seconds = seconds
        self._gather: Gather[Read, Any] = Gather(self._run, MOST_AT_ONCE)

    async def read(self, function: Callable[..., T], *args: Hashable) -> T:
        """What `function(*args, connection)` returns; it must be short, as others wait for it.

        Raises QueryTimeout if it is not.
        """
        return await self.start(function, *args)

    def start(self, function: Callable[..., T], *args: Hashable) -> "asyncio.Future[T]":
        """The future of what `read` returns, for callers that do not wait."""
        future: asyncio.Future[T] = self._gather.start(Read(function, args))
        return future

    async def rows(self, sql: str, args: tuple[SqlValue, ...], limit: int | None) -> bytes | None:
        """What `fetch_joined` returns; reads with a bound limit run alone, as each may have another limit."""
        found: bytes | None = await self._gather.add(Read(fetch_joined, (sql, args), sql if limit is None else None))
        return found

    async def _run(self, reads: list[Read]) -> list[Outcome]:
        outcomes = await self._reader.run_all(
            partial(_run_all, dict.fromkeys(reads), self._reader.limit, self._seconds), LOOK_SECONDS
        )
        return [outcomes[read] for read in reads]


def _run_all(
    reads: Iterable[Read], time_limit: TimeLimit, seconds: float, connection: sqlite3.Connection
) -> dict[Read, Outcome]:
    outcomes: dict[Read, Outcome] = {}
    alike: dict[Hashable, list[Read]] = {}
    ends = time.monotonic() + seconds
    for read in reads:
        if read.function is fetch_joined:
            alike.setdefault(read.statement or read, []).append(read)
        else:
            outcomes[read] = _outcome(read, time_limit, connection)
    for same in alike.values():
        for start in range(0, len(same), MOST_TOGETHER):
            some = same[start : start + MOST_TOGETHER]
            if time.monotonic() < ends:
                outcomes |= _together(some, time_limit, connection)
            else:
                outcomes |= dict.fromkeys(some, Outcome(None, TooBusy()))
    return outcomes


def _together(reads: Sequence[Read], time_limit: TimeLimit, connection: sqlite3.Connection) -> dict[Read, Outcome]:
    """The outcomes of reads of one statement; if together they fail, each runs alone to find the faulty one."""
    if len(reads) > 1:
        arguments = tuple([read.args[1] for read in reads])
        texts, fault = _outcome(Read(fetch_together, (reads[0].args[0], arguments)), time_limit, connection)
        if fault is None:
            return {read: Outcome(text) for read, text in zip(reads, texts, strict=True)}
        if isinstance(fault, QueryTimeout):
            return dict.fromkeys(reads, Outcome(None, fault))
    return {read: _outcome(read, time_limit, connection) for read in reads}


def _outcome(read: Read, time_limit: TimeLimit, connection: sqlite3.Connection) -> Outcome:
    try:
        return Outcome(time_limit.spend(partial(read.function, *read.args), connection)[0])
    except Exception as error:
        return Outcome(None, error)
