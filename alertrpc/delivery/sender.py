"""Makes one attempt to send one alert: its variables, its channel, and the record of its outcome."""

import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields
from hashlib import blake2b
from typing import Any

from alertrpc.delivery.channels import KINDS
from alertrpc.delivery.media_types import UnusableMediaType
from alertrpc.delivery.protocol import Channel, Message, Outcome, Reason, Verdict
from alertrpc.ledger.variables import Told, Variables
from alertrpc.records import AlertStatus, Clock, MediaType
from alertrpc.settings import Settings
from alertrpc.store.database import Database
from alertrpc.store.deliveries import Recorded, instance_uuid
from alertrpc.store.tables import AlertResult, Attempt

_SAID = [field.name for field in fields(Outcome) if field.name in Attempt._fields]  # what a channel says of an attempt

log = logging.getLogger(__name__)


class Sender:
    """Makes attempts. `instance` distinguishes the alerts of this database from those of others."""

    def __init__(self, channels: Mapping[str, Channel], instance: str, clock: Clock) -> None:
        self._channels = channels
        self._instance = instance.encode()
        self.clock = clock

    async def send(self, alert: Mapping[str, Any], media_type: MediaType | UnusableMediaType) -> Recorded:
        """Attempts to send an alert, given as its row with its `alarm`. Raises nothing but CancelledError."""
        started, at = self.clock(), time.perf_counter()
        outcome = await self._outcome(alert, media_type)
        milliseconds = round(1000 * (time.perf_counter() - at))
        attempt = Attempt(
            alertid=alert["alertid"],
            number=alert["attempts"] + 1,
            started=int(started * 1000),
            outcome=outcome.verdict,
            milliseconds=milliseconds,
            **{name: getattr(outcome, name) for name in _SAID},
        )
        return _recorded(attempt, outcome, alert["retries"], media_type, int(self.clock() * 1000))

    async def _outcome(self, alert: Mapping[str, Any], media_type: MediaType | UnusableMediaType) -> Outcome:
        if isinstance(media_type, UnusableMediaType):
            return Outcome(verdict=Verdict.GIVE_UP, reason=Reason.UNUSABLE_MEDIA_TYPE, error=media_type.fault)
        try:
            return await self._channels[media_type.kind].send(media_type, self._message(alert))
        except Exception:
            log.exception("alert %s could not be sent", alert["alertid"])
            fault = "an internal fault; the log has more"
            return Outcome(verdict=Verdict.TRY_AGAIN, reason=Reason.INTERNAL, error=fault)

    def _message(self, alert: Mapping[str, Any]) -> Message:
        alertid = str(alert["alertid"]).encode()
        delivery_id = blake2b(alertid, key=self._instance, digest_size=16).hexdigest()
        variables = Variables(Told(alert["alarm"], alert["p_eventid"] is None, self.clock(), alert, delivery_id))
        texts = {name: alert[name] for name in ("sendto", "subject", "message")}
        return Message(delivery_id=delivery_id, variables=variables, **texts)


def _recorded(
    attempt: Attempt, outcome: Outcome, failed: int, media_type: MediaType | UnusableMediaType, now: int
) -> Recorded:
    """The attempt and the new state of its alert, which `failed` so often before; `now` is in milliseconds.

    Attempts are made until as many have failed as the media type allows.
    """
    if outcome.verdict is Verdict.SENT:
        return Recorded(attempt, AlertResult(attempt.alertid, AlertStatus.SENT, failed, outcome.error), None)
    status, due, failed = AlertStatus.FAILED, None, failed + 1
    if outcome.verdict is Verdict.TRY_AGAIN and isinstance(media_type, MediaType) and failed < media_type.max_attempts:
        pause = max(media_type.attempt_interval, outcome.retry_after or 0)
        status, due = AlertStatus.NOT_SENT, now + round(1000 * pause)
    return Recorded(attempt, AlertResult(attempt.alertid, status, failed, outcome.error), due)


@asynccontextmanager
async def open_sender(database: Database, settings: Settings, clock: Clock) -> AsyncIterator[Sender]:
    """The sender of the database's alerts, with the channels of all kinds."""
    instance = await database.write(instance_uuid)
    async with AsyncExitStack() as stack:
        opening = {name: kind.channel(settings, clock) for name, kind in KINDS.items()}
        yield Sender({name: await stack.enter_async_context(each) for name, each in opening.items()}, instance, clock)
