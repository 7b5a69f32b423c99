"""Gathers items that arrive while a batch runs into the next batch, which costs one change of thread or one commit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

PATIENCE_SECONDS = 0.1  # for which a patient item lets others go first
_ANSWERS = 2  # turns of the event loop in which those who got a result may add the next item


class Outcome(NamedTuple):
    """The result of an item: a value, or the exception that its waiter gets."""

    value: Any
    fault: Exception | None = None


class _Waiting(NamedTuple, Generic[Item, Result]):
    item: Item
    future: asyncio.Future[Result]
    since: float


def _one(_item: object) -> int:
    return 1


class Gather(Generic[Item, Result]):
    """Runs batches one after the other; `run` returns an outcome for each item of a batch, or raises one for all.

    The weights of a batch, which `weigh` gives, are at most `most` together, unless one item weighs more. A patient item is
    run when no other waits, and after PATIENCE_SECONDS with the others of that time. Before a batch that is not full,
    `pause` seconds pass, in which more items may come.
    """

    def __init__(
        self,
        run: Callable[[list[Item]], Awaitable[Sequence[Outcome]]],
        most: int,
        weigh: Callable[[Item], int] = _one,
        pause: float = 0.0,
    ) -> None:
        self._run = run
        self._most = most
        self._weigh = weigh
        self._pause = pause
        self._waiting: list[_Waiting[Item, Result]] = []
        self._patient: list[_Waiting[Item, Result]] = []
        self._pump: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether items wait that are not patient."""
        return bool(self._waiting)

    async def add(self, item: Item, *, patient: bool = False) -> Result:
        """The item's value; raises its fault."""
        return await self.start(item, patient=patient)

    def start(self, item: Item, *, patient: bool = False) -> asyncio.Future[Result]:
        """The future of the item's value, for callers that do not wait."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(item, loop.create_future(), loop.time())
        (self._patient if patient else self._waiting).append(waiting)
        if self._pump is None:
            self._pump = asyncio.create_task(self._run_batches())
        return waiting.future

    async def _run_batches(self) -> None:
        try:
            while self._waiting or self._patient:
                if self._pause and len(self._waiting) < self._most:
                    await asyncio.sleep(self._pause)
                await self._let_others_come()
                if batch := self._next():
                    await self._run_batch(batch)
        finally:
            self._pump = None

    async def _let_others_come(self) -> None:
        """Waits while only patient items are there: those whom the last batch answered may go first."""
        for _ in range(_ANSWERS):
            if not self._waiting:
                await asyncio.sleep(0)

    def _next(self) -> list[_Waiting[Item, Result]]:
        """Takes the next batch; items for which nobody waits any more are left out."""
        self._admit_patient()
        count = self._fitting()
        batch = [each for each in self._waiting[:count] if not each.future.done()]
        del self._waiting[:count]
        return batch

    def _admit_patient(self) -> None:
        """Puts patient items in front if nobody else waits, or if they have waited for long enough."""
        since = asyncio.get_running_loop().time() - PATIENCE_SECONDS
        count = sum([not self._waiting or each.since <= since for each in self._patient[: self._most]])
        self._waiting[:0] = self._patient[:count]
        del self._patient[:count]

    def _fitting(self) -> int:
        """How many items make the next batch."""
        weight = 0
        for place, each in enumerate(self._waiting):
            weight += self._weigh(each.item)
            if weight > self._most and place:
                return place
        return len(self._waiting)

    async def _run_batch(self, batch: Sequence[_Waiting[Item, Result]]) -> None:
        try:
            outcomes = await self._run([item for item, _, _ in batch])
        except Exception as error:
            outcomes = [Outcome(None, error)] * len(batch)
        for (_, future, _), (value, fault) in zip(batch, outcomes, strict=True):
            if not future.done():
                future.set_result(value) if fault is None else future.set_exception(fault)
