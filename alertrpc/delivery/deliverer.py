"""Delivers: when the bell rings or something is due, wakes the lane of each media type that has alerts to send."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial

from alertrpc.delivery.bell import Bell
from alertrpc.delivery.lane import Lane
from alertrpc.delivery.lock import DeliveryLock
from alertrpc.delivery.sender import Sender
from alertrpc.errors import AlertrpcError, DatabaseBusy, DatabaseUnwritable
from alertrpc.ledger.ledger import Ledger, due_timers, next_timer, put_aside
from alertrpc.settings import Settings
from alertrpc.store.actions import revision
from alertrpc.store.connection import SqlError
from alertrpc.store.database import Database
from alertrpc.store.deliveries import (
    ROW_FAULTS,
    Recorded,
    begin_again,
    next_due,
    ready_heads,
    record_attempts,
    waiting_heads,
)
from alertrpc.store.gather import Gather, Outcome
from alertrpc.store.resends import NEVER, make_again
from alertrpc.store.trials import end_interrupted_tests
from alertrpc.words import counted

LONGEST_WAIT = 1.0  # seconds until other processes' writes are seen: they cannot ring
SHORTEST_WAIT = 0.01  # seconds; in a storm, many pushes are handled together
MOST_RECORDED = 512  # attempts of one commit
LONGEST_TEST = 2 * 3600  # seconds; an attempt takes an hour at most
UNWRITABLE = "what the receiver said could not be put on record"
_GATHERING = 0.02  # seconds in which attempts end that are recorded together
_PAUSE = 1.0  # seconds after a fault of the database

log = logging.getLogger(__name__)


class Recorder:
    """Records attempts, many with one commit. While the database cannot be written, they wait in memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gather: Gather[Recorded, int | None] = Gather(self._write, MOST_RECORDED, pause=_GATHERING)
        self._closing = False

    def record(self, recorded: Recorded) -> asyncio.Future[int | None]:
        """Done when the attempt is on disk, or failed to be written.

        The value is the rank of an alert of the same media type that may be sent now, if one waited behind.
        """
        return self._gather.start(recorded)

    def close(self) -> None:
        """Waits no more: the next process that delivers sends the alerts of unwritten attempts again."""
        self._closing = True

    async def _write(self, batch: list[Recorded]) -> list[Outcome]:
        """Writes all together, or each alone if that fails, so that a bad one fails alone."""
        try:
            following = await self._keep(batch)
        except Exception:
            if self._closing:
                raise
            return [await self._alone(recorded) for recorded in batch]
        return [Outcome(following.get(recorded.mediatypeid)) for recorded in batch]

    async def _alone(self, recorded: Recorded) -> Outcome:
        try:
            following = await self._keep([recorded])
        except Exception:
            log.exception("the attempt of alert %d could not be recorded with its texts", recorded.attempt.alertid)
            try:
                following = await self._keep([_without_texts(recorded)])
            except Exception as error:
                return Outcome(None, error)
        return Outcome(following.get(recorded.mediatypeid))

    async def _keep(self, batch: list[Recorded]) -> Mapping[int, int]:
        """Waits as long as the database cannot be written; raises other errors."""
        while True:
            try:
                return await self._database.write(partial(record_attempts, batch), patient=True)
            except ROW_FAULTS:
                raise
            except (AlertrpcError, SqlError) as error:
                log.error("%s could not be recorded: %s", counted(len(batch), "attempt"), error)
                if self._closing:
                    raise
                await asyncio.sleep(_PAUSE)


def _without_texts(recorded: Recorded) -> Recorded:
    """The attempt without the receiver's texts, any of which may be why it cannot be written."""
    attempt = recorded.attempt._replace(error=UNWRITABLE, answer="", stdout="", stderr="")
    return recorded._replace(attempt=attempt, alert=recorded.alert._replace(error=UNWRITABLE))


class Deliverer:
    """Sends alerts while it has the lock, which one process of a database has at a time."""

    def __init__(self, database: Database, ledger: Ledger, sender: Sender, bell: Bell, lock: DeliveryLock) -> None:
        self._database = database
        self._ledger = ledger
        self._sender = sender
        self._bell = bell
        self._lock = lock
        self._recorder = Recorder(database)
        self._lanes: dict[int, Lane] = {}
        self._revision: int | None = None  # of the rules

    @asynccontextmanager
    async def running(self, settings: Settings) -> AsyncIterator[None]:
        """Delivers while the block runs; at its end, attempts in progress have `shutdown_timeout` to finish."""
        work = asyncio.create_task(self._run())
        try:
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self._recorder.close()
            await asyncio.gather(*[lane.close(settings.shutdown_timeout) for lane in self._lanes.values()])
            self._lock.free()

    async def _run(self) -> None:
        if not self._takes_lock():
            log.info("another process delivers the alerts of this database; standing by to take over")
        while not self._takes_lock():  # noqa: ASYNC110 - no event tells when the other process ends
            await asyncio.sleep(LONGEST_WAIT)
        log.info("this process delivers alerts")
        self._bell.listen()
        before = int(self._sender.clock()) - LONGEST_TEST
        with suppress(AlertrpcError, SqlError):
            await self._database.write(partial(end_interrupted_tests, before))
        await self._begin_again()
        while True:
            try:
                wait = await self._look()
            except Exception as error:
                is_expected = isinstance(error, AlertrpcError | SqlError)
                log.error("what is due could not be looked up: %s", error, exc_info=not is_expected)
                wait = _PAUSE
            await asyncio.sleep(SHORTEST_WAIT)
            await self._bell.wait(wait)

    async def _begin_again(self) -> None:
        """Queues again what the process was sending that had the lock before, as soon as the database can be written."""
        while True:
            with suppress(AlertrpcError, SqlError):  # which pushes and /healthz tell
                return await self._database.write(begin_again)
            await asyncio.sleep(_PAUSE)

    def _takes_lock(self) -> bool:
        try:
            return self._lock.take()
        except OSError as error:  # the disk is full, or there are too many open files
            log.error("the lock of the delivery cannot be taken: %s", error)
            return False

    async def _look(self) -> float:
        """Runs due timers and wakes the lanes; returns the seconds until something else may be due."""
        now = int(self._sender.clock() * 1000)
        timer = await self._database.read(next_timer)
        if timer is not None and timer <= now:
            timer = await self._advance(now)
        times = [] if timer is None else [timer]
        await self._follow_changes()
        for mediatypeid, rank in await self._database.read(ready_heads):
            self._lane(mediatypeid).wake(rank)
        for mediatypeid, due in await self._database.read(waiting_heads):
            if due <= now:
                self._lane(mediatypeid).wake()
                later = await self._database.read(next_due, mediatypeid, now)
                times += [] if later is None else [later]
            else:
                times.append(due)
        if NEVER in times:  # their process ended before it created them
            await self._database.write(partial(make_again, now))
            return 0.0
        return max(0.0, min([LONGEST_WAIT, *[(time - self._sender.clock() * 1000) / 1000 for time in times]]))

    async def _follow_changes(self) -> None:
        """Lanes consider their media types again when these, or actions, have changed."""
        before, self._revision = self._revision, await self._database.read(revision)
        if before not in (None, self._revision):
            for lane in self._lanes.values():
                lane.reconsider()

    async def _advance(self, now: int) -> int | None:
        """Runs due timers together, or each alone if that fails, so that a bad one fails alone; returns the next."""
        try:
            return await self._database.write(partial(self._ledger.advance, now), patient=True)
        except (DatabaseBusy, DatabaseUnwritable):
            raise
        except Exception:
            log.exception("what is due cannot be done together")
        for timer in await self._database.write(partial(due_timers, now)):
            try:
                await self._database.write(partial(self._ledger.do, [timer], now))
            except (DatabaseBusy, DatabaseUnwritable):
                raise
            except Exception:
                log.exception("%s cannot be done, and is put aside", timer)
                await self._database.write(partial(put_aside, timer))
        return await self._database.read(next_timer)

    def _lane(self, mediatypeid: int) -> Lane:
        if (lane := self._lanes.get(mediatypeid)) is None:
            lane = Lane(mediatypeid, self._database, self._sender, self._recorder.record, self._bell.ring)
            self._lanes[mediatypeid] = lane
        return lane
