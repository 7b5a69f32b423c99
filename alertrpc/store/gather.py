"""Gathers items that arrive while a batch runs into the next batch, which costs one change of thread or one commit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Outcome(NamedTuple):
    """The result of an item: a value, or the exception that its waiter gets."""

    value: Any
    fault: Exception | None = None


class Gather(Generic[Item, Result]):
    """Runs batches one after the other; `run` returns an outcome for each item of a batch, or raises one for all."""

    def __init__(self, run: Callable[[list[Item]], Awaitable[Sequence[Outcome]]], most: int) -> None:
        self._run = run
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._pump: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Result:
        """The item's value; raises its fault."""
        return await self.start(item)

    def start(self, item: Item) -> asyncio.Future[Result]:
        """The future of the item's value, for callers that do not wait."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._pump is None:
            self._pump = asyncio.create_task(self._run_batches())
        return future

    async def _run_batches(self) -> None:
        try:
            while self._waiting:
                batch = [(item, future) for item, future in self._waiting[: self._most] if not future.done()]
                del self._waiting[: self._most]
                if batch:
                    await self._run_batch(batch)
        finally:
            self._pump = None

    async def _run_batch(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            outcomes = await self._run([item for item, _ in batch])
        except Exception as error:
            outcomes = [Outcome(None, error)] * len(batch)
        for (_, future), (value, fault) in zip(batch, outcomes, strict=True):
            if not future.done():
                future.set_result(value) if fault is None else future.set_exception(fault)
