"""One try to send one alert: its variables, its channel, and the record of what came of it."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any

from alertrpc.delivery.media_types import UnusableMediaType
from alertrpc.delivery.message import Channel, Message
from alertrpc.delivery.outcome import Outcome, Reason, Verdict
from alertrpc.ledger.variables import Told, Variables
from alertrpc.records import AlertStatus, Clock, Kind, MediaType
from alertrpc.store.deliveries import Recorded
from alertrpc.store.tables import AlertResult, Attempt

_SAID = tuple(
    [field.name for field in fields(Outcome) if field.name in Attempt._fields]
)  # what a channel said of a try

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tried:
    """A try: what came of it, when it began in seconds, and how long it took."""

    outcome: Outcome
    started: float
    milliseconds: int


class Sender:
    """Tries once. `instance` tells this database's alerts from those of any other."""

    def __init__(self, channels: Mapping[Kind, Channel], instance: str, clock: Clock) -> None:
        self._channels = channels
        self._instance = instance.encode()
        self.clock = clock

    async def send(self, alert: Mapping[str, Any], media_type: MediaType | UnusableMediaType) -> Tried:
        """Tries to send an alert, given as its row with its `alarm`. Raises nothing but CancelledError."""
        started, at = self.clock(), time.perf_counter()
        if isinstance(media_type, UnusableMediaType):
            outcome = Outcome(verdict=Verdict.GIVE_UP, reason=Reason.UNUSABLE_MEDIA_TYPE, error=str(media_type))
        else:
            outcome = await self._try(alert, media_type)
        return Tried(outcome, started, round(1000 * (time.perf_counter() - at)))

    async def _try(self, alert: Mapping[str, Any], media_type: MediaType) -> Outcome:
        try:
            return await self._channels[media_type.kind].send(media_type, self._message(alert))
        except Exception:
            log.exception("alert %s could not be tried", alert["alertid"])
            return Outcome(
                verdict=Verdict.TRY_AGAIN, reason=Reason.INTERNAL, error="an internal fault; the log has more"
            )

    def _message(self, alert: Mapping[str, Any]) -> Message:
        alertid = str(alert["alertid"]).encode()
        delivery_id = blake2b(alertid, key=self._instance, digest_size=16).hexdigest()
        told = Told(alert["alarm"], alert["p_eventid"] is None, self.clock(), alert, delivery_id)
        return Message(
            delivery_id=delivery_id,
            sendto=alert["sendto"],
            subject=alert["subject"],
            message=alert["message"],
            variables=Variables(told),
        )


def recorded(alert: Mapping[str, Any], tried: Tried, media_type: MediaType | UnusableMediaType, now: int) -> Recorded:
    """What a try makes of its alert, which is tried again until as many have failed as the media type allows.

    `now` is in milliseconds.
    """
    outcome = tried.outcome
    retries = alert["retries"] + (outcome.verdict is not Verdict.SENT)
    status, due = AlertStatus.SENT if outcome.verdict is Verdict.SENT else AlertStatus.FAILED, None
    if outcome.verdict is Verdict.TRY_AGAIN and isinstance(media_type, MediaType) and retries < media_type.max_attempts:
        pause = max(media_type.attempt_interval, outcome.retry_after or 0)
        status, due = AlertStatus.NOT_SENT, now + round(1000 * pause)
    attempt = Attempt(
        alertid=alert["alertid"],
        number=alert["attempts"] + 1,
        started=int(tried.started * 1000),
        outcome=outcome.verdict,
        milliseconds=tried.milliseconds,
        **{name: getattr(outcome, name) for name in _SAID},
    )
    return Recorded(attempt, AlertResult(alert["alertid"], status, retries, outcome.error), due)
