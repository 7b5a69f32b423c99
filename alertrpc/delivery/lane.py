"""The alerts of one media type on their way: as many at one time as it allows, and none of them waits for another's."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from alertrpc.delivery.media_types import UnusableMediaType, usable_media_type
from alertrpc.delivery.sender import Sender, recorded
from alertrpc.errors import AlertrpcError
from alertrpc.records import Clock, MediaType
from alertrpc.store.database import Database
from alertrpc.store.deliveries import Recorded, claim_due, find_media_type

UNLIMITED_SESSIONS = 100  # what Zabbix allows at most
LEAST_CLAIMED, MOST_CLAIMED = 16, 256
_PAUSE = 1.0  # seconds after a fault of the database

Alert = dict[str, Any]
Record = Callable[[Recorded], Awaitable[None]]

log = logging.getLogger(__name__)


class Lane:
    """Sends what is due while there is any; `wake` when there may be more."""

    def __init__(self, mediatypeid: int, database: Database, sender: Sender, record: Record, clock: Clock) -> None:
        self._mediatypeid = mediatypeid
        self._database = database
        self._sender = sender
        self._record = record
        self._clock = clock
        self._media_type: MediaType | UnusableMediaType = UnusableMediaType("not read yet")
        self._ready: deque[Alert] = deque()
        self._held: set[int] = set()  # claimed and not on record yet
        self._sessions: set[asyncio.Task[None]] = set()
        self._claims = asyncio.Lock()
        self._is_dry = False
        self._closing = False

    def wake(self) -> None:
        """There may be more that is due."""
        self._is_dry = False
        if not self._sessions and not self._closing:
            self._start_session()

    async def close(self, seconds: float) -> None:
        """Begins nothing more, lets what is under way come to its end, and stops it after `seconds`."""
        self._closing = True
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=seconds)
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def _start_session(self) -> None:
        session = asyncio.create_task(self._send_all())
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    def _start_sessions(self) -> None:
        """One more for each alert that is ready, as far as the media type allows."""
        for _ in range(min(len(self._ready), self._most_sessions() - len(self._sessions))):
            self._start_session()

    async def _send_all(self) -> None:
        """Sends one alert after the other; the record of each is written while the next one is on its way."""
        record: asyncio.Task[None] | None = None
        try:
            while (alert := await self._next()) is not None:
                written = await self._send(alert)
                if record is not None:
                    await record
                record = asyncio.create_task(self._keep(written))
        finally:
            if record is not None:
                await record

    async def _next(self) -> Alert | None:
        if self._closing or len(self._sessions) > self._most_sessions():
            return None
        if not self._ready:
            async with self._claims:
                while not self._ready and not self._is_dry and not self._closing:
                    await self._claim()
        return self._ready.popleft() if self._ready and not self._closing else None

    def _most_sessions(self) -> int:
        if isinstance(self._media_type, UnusableMediaType):
            return UNLIMITED_SESSIONS
        return self._media_type.max_sessions or UNLIMITED_SESSIONS

    async def _claim(self) -> None:
        self._is_dry = True  # until somebody wakes the lane meanwhile, or something is found
        most = min(MOST_CLAIMED, max(LEAST_CLAIMED, 4 * self._most_sessions()))
        now = int(self._clock() * 1000)
        try:
            row, alerts = await self._database.write(
                lambda connection: (
                    find_media_type(self._mediatypeid, connection),
                    claim_due(self._mediatypeid, now, most, self._held, connection),
                )
            )
        except AlertrpcError as error:
            log.error("alerts could not be taken from the queue: %s", error)
            await asyncio.sleep(_PAUSE)
            return
        try:
            self._media_type = usable_media_type(row)
        except UnusableMediaType as fault:
            self._media_type = fault
        if alerts:
            self._is_dry = False
            self._held.update([alert["alertid"] for alert in alerts])
            self._ready.extend(alerts)
            self._start_sessions()

    async def _send(self, alert: Alert) -> Recorded:
        media_type = self._media_type
        tried = await self._sender.send(alert, media_type)
        return recorded(alert, tried, media_type, int(self._clock() * 1000))

    async def _keep(self, written: Recorded) -> None:
        await self._record(written)
        self._held.discard(written.attempt.alertid)
