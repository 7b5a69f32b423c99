"""Sends the alerts of one media type: as many at one time as it allows, independent of other media types."""

import asyncio
import heapq
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from math import inf
from typing import Any

from alertrpc.delivery.claims import Alert, Claim, Claimed, sessions_of
from alertrpc.delivery.limits import has_limits
from alertrpc.delivery.media_types import UnusableMediaType
from alertrpc.delivery.protocol import Verdict
from alertrpc.delivery.sender import Sender
from alertrpc.errors import AlertrpcError
from alertrpc.loglines import rfc_3339
from alertrpc.records import AlertStatus, MediaType
from alertrpc.store.connection import SqlError
from alertrpc.store.database import Database
from alertrpc.store.deliveries import Recorded, give_back

READY_OF_SESSION = 4  # alerts of each session below which more are claimed
UNRECORDED = 16  # attempts of each session that may wait to be recorded
MOST_READY = 1024  # claimed alerts that wait for a session
UNKNOWN_RANK = -(2**63)  # goes before any alert
LONGEST_SLEEP = 60.0  # seconds until a lane that is held, or has used up its rate, looks again
COURTESY_SECONDS = 0.02  # for which a session rests before an alert while pushes wait to be written
_PAUSE = 1.0  # seconds after a fault of the database

Record = Callable[[Recorded], asyncio.Future[int | None]]

log = logging.getLogger(__name__)


class Lane:
    """Sends what may be sent. Call `wake` when there may be more; the lane calls `ring` when an alert is due later."""

    def __init__(
        self, mediatypeid: int, database: Database, sender: Sender, record: Record, ring: Callable[[], None]
    ) -> None:
        self._mediatypeid = mediatypeid
        self._database = database
        self._sender = sender
        self._record = record
        self._ring = ring
        self._media_type: MediaType | UnusableMediaType | None = None  # not read yet
        self._most_sessions, self._is_limited = 1, False  # of the media type
        self._ready: list[tuple[int, int, Alert]] = []  # a heap by rank and alertid
        self._tasks: set[asyncio.Task[None]] = set()  # sessions, and what gives alerts back
        self._takers = 0  # sessions that will ask for another alert
        self._sending = 0
        self._records: set[asyncio.Future[int | None]] = set()
        self._recorded = asyncio.Event()
        self._claim: asyncio.Task[None] | None = None
        self._waiting: int | None = None  # no alert that is not claimed has a lower rank; None: there is none
        self._claiming = UNKNOWN_RANK  # the same of what is being claimed
        self._was_full = False  # the last claim took as many as it might
        self._held_until = 0  # nothing is sent before this time, in milliseconds
        self._held_addresses: dict[str, int] = {}
        self._opens = 0  # nothing is claimed before this time, in milliseconds
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    def wake(self, rank: int = UNKNOWN_RANK) -> None:
        """There may be alerts to send, of this rank or after it."""
        self._waiting = rank if self._waiting is None else min(rank, self._waiting)
        if self._takers < self._most_sessions and not self._closing and (self._ready or self._is_open()):
            self._start_session()

    async def close(self, seconds: float) -> None:
        """Starts nothing more, waits `seconds` for attempts in progress, then stops them; their records are written."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*filter(None, [*self._tasks, self._claim]), return_exceptions=True)
        await asyncio.gather(*self._records, return_exceptions=True)

    # --- sessions

    def _start_session(self) -> None:
        self._takers += 1
        self._start(self._send_all())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _start_sessions(self) -> None:
        """Starts a session for each alert that is ready, as far as the media type allows."""
        for _ in range(min(len(self._ready), self._most_sessions - self._takers)):
            self._start_session()

    async def _send_all(self) -> None:
        """Sends one alert after the other; attempts are recorded while the next alerts are sent."""
        try:
            while (alert := await self._next()) is not None:
                self._start_record(await self._send(alert))
                while len(self._records) >= UNRECORDED * self._most_sessions:
                    self._recorded.clear()
                    await self._recorded.wait()
        except Exception:
            log.exception("alerts through %s could not be sent", self._name())
        finally:
            self._takers -= 1

    async def _next(self) -> Alert | None:
        """The first alert; None if there is none, or if the media type is held or allows fewer sessions now."""
        if self._database.is_busy:  # pushes go first
            await asyncio.sleep(COURTESY_SECONDS)
        while not self._closing and not self._is_held() and self._has_to_claim():
            await asyncio.shield(self._start_claim())
        if self._is_limited:
            self._give_back_unfit()
        if not self._ready or self._closing or self._is_held() or self._takers > self._most_sessions:
            return None
        _, _, alert = heapq.heappop(self._ready)
        if self._was_full and len(self._ready) < READY_OF_SESSION * self._takers:
            self._start_claim()  # before a session has to wait for it
        return alert

    def _has_to_claim(self) -> bool:
        """Whether an alert that is not claimed goes, or may go, before those that are."""
        if self._is_claiming():
            return self._goes_first(self._claiming)
        return self._waiting is not None and self._is_open() and self._goes_first(self._waiting)

    def _goes_first(self, rank: int) -> bool:
        if self._ready and self._is_limited:
            return False  # what is ready is to be sent at once
        return not self._ready or (rank < self._ready[0][0] and len(self._ready) < MOST_READY)

    def _name(self) -> str:
        """The media type's name, or its id if it has no name any more."""
        return (self._media_type and self._media_type.name) or f"media type {self._mediatypeid}"

    # --- claims

    def _is_claiming(self) -> bool:
        return self._claim is not None and not self._claim.done()

    def _start_claim(self) -> asyncio.Task[None]:
        if self._claim is None or self._claim.done():
            self._claiming = UNKNOWN_RANK if self._waiting is None else self._waiting
            self._waiting = None  # `wake` may be called meanwhile
            self._claim = asyncio.create_task(self._take())
        return self._claim

    async def _take(self) -> None:
        taken = self._sending + len(self._ready)
        public_url = self._sender.settings.public_url
        claim = Claim(self._mediatypeid, self._sender.clock, taken, public_url, dict(self._held_addresses))
        try:
            claimed = await self._database.write(claim.take, patient=True)
        except (AlertrpcError, SqlError) as error:
            log.error("alerts could not be taken from the queue: %s", error)
            self._waiting = self._claiming
            await asyncio.sleep(_PAUSE)
            return
        self._keep(claimed)

    def _keep(self, claimed: Claimed) -> None:
        if claimed.media_type != self._media_type:  # else what is remembered of the old one is found at once
            self._media_type = claimed.media_type
        self._was_full = claimed.is_full
        self._most_sessions = sessions_of(claimed.media_type)
        self._is_limited = isinstance(claimed.media_type, MediaType) and has_limits(claimed.media_type)
        lapses = inf if claimed.lapses is None else claimed.lapses
        for alert in claimed.alerts:
            alert["lapses"] = lapses
            heapq.heappush(self._ready, (alert["rank"], alert["alertid"], alert))
        if claimed.alerts:  # the queue may have more, which go behind these
            last = max(alert["rank"] for alert in claimed.alerts)
            self._waiting = last if self._waiting is None else min(last, self._waiting)
        self._opens = claimed.opens or 0
        if claimed.opens is not None:
            self._waiting = UNKNOWN_RANK
        if (again := claimed.opens or claimed.again) is not None:
            self._wake_at(again)
        if self._is_held():
            self._give_back_all()
        self._start_sessions()

    def reconsider(self) -> None:
        """The media type may have changed: what is claimed is claimed again as it allows now."""
        self._give_back_all()
        self._held_addresses.clear()
        self._look_again()

    def _give_back_all(self) -> None:
        ready, self._ready = self._ready, []
        self._start_giving_back(ready)

    def _give_back_unfit(self) -> None:
        """Gives back what is claimed for addresses that are held, or whose turn was taken too long ago."""
        now = self._sender.clock() * 1000
        held = self._held_addresses = {sendto: until for sendto, until in self._held_addresses.items() if until > now}
        unfit = [each for each in self._ready if each[2]["sendto"] in held or now > each[2]["lapses"]]
        if unfit:
            self._start_giving_back(unfit)
            self._ready = [each for each in self._ready if each not in unfit]
            heapq.heapify(self._ready)

    def _start_giving_back(self, claimed: Sequence[tuple[int, int, Alert]]) -> None:
        if claimed:
            alertids = [alertid for _, alertid, _ in claimed]
            self._start(self._give_back(alertids))

    async def _give_back(self, alertids: list[int]) -> None:
        """Puts alerts that are claimed back into the queue; if the lane closes before, the next process does."""
        now = int(self._sender.clock() * 1000)
        while not self._closing:
            try:
                await self._database.write(partial(give_back, alertids, now), patient=True)
            except (AlertrpcError, SqlError) as error:
                log.error("alerts could not be put back into the queue: %s", error)
                await asyncio.sleep(_PAUSE)
            else:
                break
        self.wake()

    # --- times

    def _is_held(self) -> bool:
        return self._sender.clock() * 1000 < self._held_until

    def _is_open(self) -> bool:
        return self._sender.clock() * 1000 >= max(self._opens, self._held_until)

    def _hold(self, until: int) -> None:
        """Sends nothing before a time, in milliseconds."""
        self._held_until = max(until, self._held_until)
        self._wake_at(self._held_until)
        self._give_back_all()

    def _wake_at(self, time: int) -> None:
        """Looks again at a time, in milliseconds, or sooner: somebody may change the media type or the clock."""
        if self._timer is not None:
            self._timer.cancel()
        seconds = min(max(0.001, time / 1000 - self._sender.clock()), LONGEST_SLEEP)
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look_again)

    def _look_again(self) -> None:
        """Claims; the database knows what still limits the media type."""
        self._held_until = self._opens = 0
        self.wake()

    # --- attempts

    async def _send(self, alert: Alert) -> Recorded:
        assert self._media_type is not None, "it was read with the alert"
        self._sending += 1
        try:
            recorded = await self._sender.send(alert, self._media_type)
        finally:
            self._sending -= 1
        if recorded.alert.status is not AlertStatus.SENT:
            _log_failure(self._name(), recorded)
        if recorded.hold is not None and recorded.hold.is_whole:
            self._hold(recorded.hold.until)
        elif recorded.hold is not None:
            self._held_addresses[recorded.hold.sendto] = recorded.hold.until
            self._wake_at(recorded.hold.until)
        return recorded

    def _start_record(self, recorded: Recorded) -> None:
        """Records the attempt even if its session is cancelled."""
        record = self._record(recorded)
        self._records.add(record)
        record.add_done_callback(partial(self._end_record, recorded))

    def _end_record(self, recorded: Recorded, record: asyncio.Future[int | None]) -> None:
        self._records.discard(record)
        self._recorded.set()
        fault = "stopped" if record.cancelled() else record.exception()
        if fault is not None:  # the queue has it as being sent, so that this process does not send it again and again
            log.error("the attempt of alert %d could not be recorded: %s", recorded.attempt.alertid, fault)
            return
        if recorded.due is not None:
            self._ring()
        if recorded.turn is not None:  # which may have ended sooner than the last claim knew
            self._opens = 0
            self.wake()
        elif (rank := record.result()) is not None:
            self.wake(rank)


def _log_failure(media_type: str, recorded: Recorded) -> None:
    """Logs an attempt that did not send, and when the next one is due; the error has no secret of the media type."""
    attempt, error = recorded.attempt, recorded.alert.error
    about: dict[str, object] = {
        "alertid": attempt.alertid,
        "media_type": media_type,
        "attempt": attempt.number,
        "reason": attempt.reason,
        "fault": error,
    }
    text = "alert %d through %s failed: %s"
    values: tuple[object, ...] = (attempt.alertid, media_type, error)
    if recorded.due is not None:
        about["next"] = due = rfc_3339(recorded.due / 1000)
        if attempt.outcome == Verdict.WAIT:
            text, values = "alert %d through %s has to wait until %s: %s", (attempt.alertid, media_type, due, error)
        else:
            text = "alert %d through %s failed at attempt %d and is sent again at %s: %s"
            values = (attempt.alertid, media_type, attempt.number, due, error)
    log.warning(text, *values, extra=about)
