"""The alerts of one media type on their way: how many at one time, what they wait for, and that idling costs nothing."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from alertrpc.delivery.bell import Bell
from alertrpc.delivery.lane import COURTESY_SECONDS, UNRECORDED
from alertrpc.delivery.sender import open_sender
from alertrpc.store.connection import connect
from alertrpc.store.deliveries import Recorded, record_attempts
from tests.delivering import NOW, Counted, declare, deliverer_of, lane_of, opened, queue, statuses
from tests.receivers import Answer, Got, Receiver, http_channel
from tests.support import DEFAULTS, settings_of
from tests.wire import eventually, execute

MOST = 2  # sessions


class Records:
    """Tries on their way to a record, which takes none until it is told."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: dict[asyncio.Future[int | None], Recorded] = {}
        self._takes_all = False

    def __call__(self, recorded: Recorded) -> asyncio.Future[int | None]:
        future: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = recorded
        if self._takes_all:
            self.take()
        return future

    def take(self) -> None:
        waiting, self._waiting = self._waiting, {}
        if waiting:
            with closing(connect(self._path)) as connection:
                record_attempts(list(waiting.values()), connection)
        for future in waiting:
            future.set_result(None)

    def __enter__(self) -> None:
        """At the end of the block they are taken, and those that come: else the lane would wait for them."""

    def __exit__(self, *fault: object) -> None:
        self._takes_all = True
        self.take()


async def taken_until(holds: Callable[[], bool], records: Records) -> None:
    async with asyncio.timeout(20):
        while not holds():
            records.take()
            await asyncio.sleep(0.005)


async def soon(holds: Callable[[], bool]) -> bool:
    return await asyncio.to_thread(eventually, holds)


async def test_a_record_that_takes_nothing_holds_up_the_sending(path: Path, receiver: Receiver) -> None:
    """Else a full disk would let alert after alert go out that are sent again after the next start."""
    mediatypeid = declare(path, http_channel("hook", receiver, max_sessions=MOST))["hook"]
    queue(path, mediatypeid, 60)
    records = Records(path)
    async with lane_of(path, mediatypeid, records) as lane:
        with records:
            lane.wake()
            await soon(lambda: len(receiver.got) >= UNRECORDED * MOST)
            await asyncio.sleep(0.2)
            assert UNRECORDED * MOST <= len(receiver.got) <= UNRECORDED * MOST + MOST
            await taken_until(lambda: len(receiver.got) >= 60, records)


async def test_a_limit_that_shrinks_counts_while_the_queue_is_full(path: Path, receiver: Receiver) -> None:
    most: list[int] = []

    def answer(got: Got) -> Answer:
        if len(receiver.got) == 10:
            execute(path, "UPDATE media_type SET maxsessions = 2")
        most.append(receiver.now)
        threading.Event().wait(0.002)
        return Answer()

    receiver.answer = answer
    mediatypeid = declare(path, http_channel("hook", receiver, max_sessions=6))["hook"]
    queue(path, mediatypeid, 200)
    records = Records(path)
    async with lane_of(path, mediatypeid, records) as lane:
        with records:
            lane.wake()
            await taken_until(lambda: len(receiver.got) >= 200, records)
    assert max(most[:20]) > 2
    assert max(most[-100:]) <= 2


async def test_no_alert_is_taken_twice_while_its_record_is_on_the_way(path: Path, receiver: Receiver) -> None:
    mediatypeid = declare(path, http_channel("hook", receiver, max_sessions=MOST))["hook"]
    queue(path, mediatypeid, 5)
    records = Records(path)
    async with lane_of(path, mediatypeid, records) as lane:
        with records:
            lane.wake()
            await soon(lambda: len(receiver.got) == 5)
            for _ in range(5):
                lane.wake()
                await asyncio.sleep(0.02)
            assert len(receiver.got) == 5


async def test_an_idle_delivery_asks_little_of_the_database(path: Path, receiver: Receiver) -> None:
    """A look a second, and no claim at all, when all is sent."""
    mediatypeid = declare(path, http_channel("hook", receiver))["hook"]
    queue(path, mediatypeid, 3)
    bell = Bell()
    async with opened(path) as database, open_sender(database, DEFAULTS, lambda: NOW) as sender:
        counted = Counted(database)
        async with deliverer_of(path, counted, sender, bell).running(settings_of(shutdown_timeout=5)):
            assert await soon(lambda: statuses(path) == [1, 1, 1])
            await asyncio.sleep(0.05)
            writes, reads = counted.writes, counted.reads
            await asyncio.sleep(0.5)
            assert counted.writes - writes <= 1
            assert counted.reads - reads <= 4
    bell.close()


class Busy(Counted):
    """A database for whose writes others wait all the time."""

    @property
    def is_busy(self) -> bool:
        return True


async def test_alerts_let_pushes_go_first_but_do_not_starve(path: Path, receiver: Receiver) -> None:
    mediatypeid = declare(path, http_channel("hook", receiver))["hook"]
    queue(path, mediatypeid, 10)
    bell = Bell()
    async with (
        opened(path) as database,
        open_sender(database, DEFAULTS, lambda: NOW) as sender,
        deliverer_of(path, Busy(database), sender, bell).running(settings_of(shutdown_timeout=5)),
    ):
        assert await soon(lambda: statuses(path) == [1] * 10)
    bell.close()
    times = [got.at for got in receiver.got]
    assert times[-1] - times[0] >= 9 * COURTESY_SECONDS
