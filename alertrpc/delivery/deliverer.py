"""Delivers: looks what is due when the bell rings or a time comes, and has the lane of each media type send it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from alertrpc.delivery.bell import Bell
from alertrpc.delivery.lane import Lane
from alertrpc.delivery.lock import DeliveryLock
from alertrpc.delivery.sender import Sender
from alertrpc.errors import AlertrpcError, DatabaseBusy, DatabaseUnwritable
from alertrpc.ledger.ledger import Ledger, due_timers, next_timer, put_aside
from alertrpc.settings import Settings
from alertrpc.store.connection import SqlError
from alertrpc.store.database import Database
from alertrpc.store.deliveries import ROW_FAULTS, Recorded, next_due, queue_heads, record_attempts
from alertrpc.store.gather import Gather, Outcome
from alertrpc.store.resends import NEVER, make_again
from alertrpc.store.trials import end_interrupted_tests
from alertrpc.words import counted

LONGEST_WAIT = 1.0  # seconds until what other processes wrote is seen, who cannot ring
SHORTEST_WAIT = 0.01  # seconds; a storm of pushes is looked at together
MOST_RECORDED = 256  # tries of one commit
LONGEST_TEST = 2 * 3600  # seconds; a try takes an hour at most
UNWRITABLE = "what the receiver said could not be put on record"
_PAUSE = 1.0  # seconds after a fault of the database

log = logging.getLogger(__name__)


class Recorder:
    """Keeps tries on record, many with one commit; while nothing can be written they are kept in memory and tried again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gather: Gather[Recorded, None] = Gather(self._write, MOST_RECORDED)
        self._closing = False

    def record(self, recorded: Recorded) -> asyncio.Future[None]:
        """Done when the try is on disk, or cannot be."""
        return self._gather.start(recorded)

    def close(self) -> None:
        """What cannot be written now is given up; its alerts are sent again by the next process that delivers."""
        self._closing = True

    async def _write(self, batch: list[Recorded]) -> list[Outcome]:
        """Together, or each apart where that cannot be, so that none keeps another off the record."""
        try:
            await self._keep(batch)
        except Exception:
            if self._closing:
                raise
            return [await self._alone(recorded) for recorded in batch]
        return [Outcome(None)] * len(batch)

    async def _alone(self, recorded: Recorded) -> Outcome:
        try:
            try:
                await self._keep([recorded])
            except Exception:
                log.exception("the try of alert %d cannot be put on record as it is", recorded.attempt.alertid)
                await self._keep([_without_texts(recorded)])
        except Exception as error:
            return Outcome(None, error)
        return Outcome(None)

    async def _keep(self, batch: list[Recorded]) -> None:
        """Waits as long as nothing can be written; raises what no waiting helps against."""
        while True:
            try:
                await self._database.write(partial(record_attempts, batch))
            except ROW_FAULTS:
                raise
            except (AlertrpcError, SqlError) as error:
                log.error("%s could not be put on record: %s", counted(len(batch), "try", "tries"), error)
                if self._closing:
                    raise
                await asyncio.sleep(_PAUSE)
            else:
                return


def _without_texts(recorded: Recorded) -> Recorded:
    """The try without what its receiver said, so that no text of it can keep it off the record."""
    attempt = recorded.attempt._replace(error=UNWRITABLE, answer="", stdout="", stderr="")
    return recorded._replace(attempt=attempt, alert=recorded.alert._replace(error=UNWRITABLE))


class Deliverer:
    """Sends alerts as long as it has the lock; one process of a database at a time has it."""

    def __init__(self, database: Database, ledger: Ledger, sender: Sender, bell: Bell, lock: DeliveryLock) -> None:
        self._database = database
        self._ledger = ledger
        self._sender = sender
        self._bell = bell
        self._lock = lock
        self._recorder = Recorder(database)
        self._lanes: dict[int, Lane] = {}

    @asynccontextmanager
    async def running(self, settings: Settings) -> AsyncIterator[None]:
        """Delivers as long as the block runs; at its end the tries under way have `shutdown_timeout` to end."""
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
            log.info("another process delivers the alerts of this database; this one waits for its end")
        while not self._takes_lock():  # noqa: ASYNC110 - another process holds it, and no event tells when it ends
            await asyncio.sleep(LONGEST_WAIT)
        log.info("this process delivers alerts")
        self._bell.listen()
        before = int(self._sender.clock()) - LONGEST_TEST
        with suppress(AlertrpcError, SqlError):
            await self._database.write(partial(end_interrupted_tests, before))
        while True:
            try:
                wait = await self._look()
            except (AlertrpcError, SqlError) as error:
                log.error("what is due could not be looked up: %s", error)
                wait = _PAUSE
            except Exception:
                log.exception("what is due could not be looked up")
                wait = _PAUSE
            await asyncio.sleep(SHORTEST_WAIT)
            await self._bell.wait(wait)

    def _takes_lock(self) -> bool:
        try:
            return self._lock.take()
        except OSError as error:  # the disk is full, or there are too many open files
            log.error("the lock of the delivery cannot be had: %s", error)
            return False

    async def _look(self) -> float:
        """Does what is due and wakes the lanes; returns the seconds until something else may be due."""
        now = int(self._sender.clock() * 1000)
        timer = await self._database.read(next_timer)
        if timer is not None and timer <= now:
            timer = await self._advance(now)
        times = [] if timer is None else [timer]
        for mediatypeid, due in await self._database.read(queue_heads):
            if due <= now:
                self._lane(mediatypeid).wake()
                later = await self._database.read(next_due, mediatypeid, now)
                times += [] if later is None else [later]
            else:
                times.append(due)
        if NEVER in times:  # whoever queued them ended before they were made
            await self._database.write(partial(make_again, now))
            return 0.0
        return max(0.0, min([LONGEST_WAIT, *[(time - self._sender.clock() * 1000) / 1000 for time in times]]))

    async def _advance(self, now: int) -> int | None:
        """Does what is due by time, all together, or each apart, so that one that cannot be done holds up no other."""
        try:
            return await self._database.write(partial(self._ledger.advance, now))
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
        if mediatypeid not in self._lanes:
            self._lanes[mediatypeid] = Lane(
                mediatypeid, self._database, self._sender, self._recorder.record, self._bell.ring
            )
        return self._lanes[mediatypeid]
