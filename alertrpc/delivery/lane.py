"""Sends the alerts of one media type: as many at one time as it allows, independent of other media types."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from alertrpc.delivery.media_types import UnusableMediaType, media_type_of
from alertrpc.delivery.sender import Sender
from alertrpc.errors import AlertrpcError
from alertrpc.loglines import rfc_3339
from alertrpc.records import AlertStatus, MediaType
from alertrpc.store.connection import SqlError
from alertrpc.store.database import Database
from alertrpc.store.deliveries import Recorded, claim_due, find_media_type

UNLIMITED_SESSIONS = 100  # the most that Zabbix allows
LEAST_CLAIMED, MOST_CLAIMED = 16, 256
UNRECORDED = 8  # attempts of each session that may wait to be recorded
_PAUSE = 1.0  # seconds after a fault of the database

Alert = dict[str, Any]
Record = Callable[[Recorded], asyncio.Future[None]]

log = logging.getLogger(__name__)


class Lane:
    """Sends what is due. Call `wake` when there may be more; the lane calls `ring` when it queued an alert again."""

    def __init__(
        self, mediatypeid: int, database: Database, sender: Sender, record: Record, ring: Callable[[], None]
    ) -> None:
        self._mediatypeid = mediatypeid
        self._database = database
        self._sender = sender
        self._record = record
        self._ring = ring
        self._media_type: MediaType | UnusableMediaType | None = None  # not read yet
        self._ready: deque[Alert] = deque()
        self._held: set[int] = set()  # claimed and not recorded yet
        self._sessions: set[asyncio.Task[None]] = set()
        self._takers = 0  # sessions that will ask for another alert
        self._records: set[asyncio.Future[None]] = set()
        self._recorded = asyncio.Event()
        self._claim: asyncio.Task[None] | None = None
        self._is_dry = False
        self._was_full = False  # the last claim took as many as it might
        self._closing = False

    def wake(self) -> None:
        self._is_dry = False
        if self._takers < self._most_sessions() and not self._closing:
            self._start_session()

    async def close(self, seconds: float) -> None:
        """Starts nothing more, waits `seconds` for attempts in progress, then stops them; their records are written."""
        self._closing = True
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=seconds)
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*filter(None, [*self._sessions, self._claim]), return_exceptions=True)
        await asyncio.gather(*self._records, return_exceptions=True)

    def _start_session(self) -> None:
        self._takers += 1
        session = asyncio.create_task(self._send_all())
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    def _start_sessions(self) -> None:
        """Starts a session for each alert that is ready, as far as the media type allows."""
        for _ in range(min(len(self._ready), self._most_sessions() - self._takers)):
            self._start_session()

    async def _send_all(self) -> None:
        """Sends one alert after the other; attempts are recorded while the next alerts are sent."""
        try:
            while (alert := await self._next()) is not None:
                self._start_record(await self._send(alert))
                while len(self._records) >= UNRECORDED * self._most_sessions():
                    self._recorded.clear()
                    await self._recorded.wait()
        except Exception:
            log.exception("alerts through %s could not be sent", self._name())
        finally:
            self._takers -= 1

    async def _next(self) -> Alert | None:
        """The next alert; None if there is none, or if the media type allows fewer sessions now."""
        while not self._ready and not self._closing and (self._is_claiming() or not self._is_dry):
            await asyncio.shield(self._start_claim())
        if not self._ready or self._closing or self._takers > self._most_sessions():
            return None
        alert = self._ready.popleft()
        if len(self._ready) < self._takers and self._was_full:
            self._start_claim()  # before a session has to wait for it
        return alert

    def _is_claiming(self) -> bool:
        return self._claim is not None and not self._claim.done()

    def _start_claim(self) -> asyncio.Task[None]:
        if self._claim is None or self._claim.done():
            self._claim = asyncio.create_task(self._take_due())
        return self._claim

    def _most_sessions(self) -> int:
        if self._media_type is None:
            return 1
        return (isinstance(self._media_type, MediaType) and self._media_type.max_sessions) or UNLIMITED_SESSIONS

    async def _take_due(self) -> None:
        self._is_dry = True  # until something is found, or `wake` is called meanwhile
        most = min(MOST_CLAIMED, max(LEAST_CLAIMED, 8 * self._most_sessions()))
        now, held = int(self._sender.clock() * 1000), tuple(self._held)
        try:
            row, alerts = await self._database.write(
                lambda connection: (
                    find_media_type(self._mediatypeid, connection),
                    claim_due(self._mediatypeid, now, most, held, connection),
                )
            )
        except (AlertrpcError, SqlError) as error:
            log.error("alerts could not be taken from the queue: %s", error)
            await asyncio.sleep(_PAUSE)
            return
        self._media_type = media_type_of(row)
        self._was_full = len(alerts) == most
        if alerts:
            self._is_dry = False
            self._held.update([alert["alertid"] for alert in alerts])
            self._ready.extend(alerts)
            self._start_sessions()

    async def _send(self, alert: Alert) -> Recorded:
        assert self._media_type is not None, "it was read with the alert"
        recorded = await self._sender.send(alert, self._media_type)
        if recorded.alert.status is not AlertStatus.SENT:
            _log_failure(self._name(), recorded)
        return recorded

    def _name(self) -> str:
        """The media type's name, or its id if it has no name any more."""
        return (self._media_type and self._media_type.name) or f"media type {self._mediatypeid}"

    def _start_record(self, recorded: Recorded) -> None:
        """Records the attempt even if its session is cancelled."""
        record = self._record(recorded)
        self._records.add(record)
        record.add_done_callback(partial(self._end_record, recorded))

    def _end_record(self, recorded: Recorded, record: asyncio.Future[None]) -> None:
        self._records.discard(record)
        self._recorded.set()
        fault = "stopped" if record.cancelled() else record.exception()
        if fault is not None:  # the alert stays held, so that this process does not send it again and again
            log.error("the attempt of alert %d could not be recorded: %s", recorded.attempt.alertid, fault)
            return
        self._held.discard(recorded.attempt.alertid)
        if recorded.due is not None:
            self._ring()


def _log_failure(media_type: str, recorded: Recorded) -> None:
    """Logs a failed attempt, and when the next one is due; the error has no secret of the media type any more."""
    attempt, error = recorded.attempt, recorded.alert.error
    about: dict[str, object] = {
        "alertid": attempt.alertid,
        "media_type": media_type,
        "attempt": attempt.number,
        "reason": attempt.reason,
        "fault": error,
    }
    again = ""
    if recorded.due is not None:
        about["next"] = due = rfc_3339(recorded.due / 1000)
        again = f" at attempt {attempt.number} and is sent again at {due}"
    log.warning("alert %d through %s failed%s: %s", attempt.alertid, media_type, again, error, extra=about)
