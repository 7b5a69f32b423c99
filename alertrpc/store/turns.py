"""Gives connections for searches to users in turn, so that one user's many searches do not delay another's."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence

from alertrpc.errors import QueryStopped, ServerBusy
from alertrpc.store.readers import LOOK_SECONDS, Asker, Reader, repeatedly

MOST_OF_USER = 100  # searches and long answers of one user, waiting or in progress
MOST_WAITING = 1000  # of all users
TRY_AGAIN = "Too many searches at one time; try again later."


class Turns:
    """Gives readers to waiting users. If there are several, one user never has all of them."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._free = list(readers)
        self._most_held = max(1, len(readers) - 1)
        self._waiting: dict[int, deque[asyncio.Future[Reader]]] = {}  # the user whose turn is next is first
        self._held: Counter[int] = Counter()
        self._open: Counter[int] = Counter()  # calls that `opened` counts
        self._all = len(readers)

    @property
    def are_wanted(self) -> bool:
        """Whether somebody waits for a reader."""
        return bool(self._waiting)

    @property
    def are_all_free(self) -> bool:
        return len(self._free) == self._all

    def enter(self, userid: int) -> None:
        """Counts a search; raises ServerBusy if the user, or all together, have too many."""
        if self._open[userid] >= MOST_OF_USER or sum(map(len, self._waiting.values())) >= MOST_WAITING:
            raise ServerBusy(TRY_AGAIN)
        self._open[userid] += 1

    def leave(self, userid: int) -> None:
        self._open[userid] -= 1
        if not self._open[userid]:
            del self._open[userid]

    async def take(self, asker: Asker) -> Reader:
        """Waits for a reader for the user; raises QueryStopped if the client leaves first."""
        future: asyncio.Future[Reader] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(asker.userid, deque()).append(future)
        self._hand_out()

        def look() -> None:
            if asker.is_gone() and not future.done():
                future.set_exception(QueryStopped("nobody waits for the answer any more"))

        if not future.done():
            try:
                with repeatedly(look, LOOK_SECONDS):
                    await asyncio.wait([future])
            except asyncio.CancelledError:
                if future.done() and future.exception() is None:
                    self.give_back(asker.userid, future.result())
                raise
            finally:
                self._forget(asker.userid, future)
        return future.result()

    def _forget(self, userid: int, future: "asyncio.Future[Reader]") -> None:
        """Takes a search out of the queue."""
        future.cancel()
        queue = self._waiting.get(userid, deque())
        if future in queue:
            queue.remove(future)
            if not queue:
                del self._waiting[userid]

    def give_back(self, userid: int, reader: Reader) -> None:
        self._free.append(reader)
        self._held[userid] -= 1
        if not self._held[userid]:
            del self._held[userid]
        self._hand_out()

    def close(self) -> None:
        """Refuses all waiting searches."""
        for queue in self._waiting.values():
            for future in queue:
                if not future.done():
                    future.set_exception(ServerBusy("The server is stopping; try again later."))
        self._waiting.clear()

    def _hand_out(self) -> None:
        while self._free:
            userid = next((userid for userid in self._waiting if self._held[userid] < self._most_held), None)
            if userid is None:
                return
            queue = self._waiting.pop(userid)
            future = queue.popleft()
            if queue:
                self._waiting[userid] = queue  # behind the others
            if not future.done():
                self._held[userid] += 1
                future.set_result(self._free.pop())
