"""One try to send one alert: its variables, its channel, and the record of what came of it."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from alertrpc.delivery.media_types import UnusableMediaType
from alertrpc.delivery.message import Channel, Message
from alertrpc.delivery.outcome import Outcome, Reason, Verdict
from alertrpc.ledger.variables import alarm_variables, alert_variables
from alertrpc.records import Clock, Kind, MediaType
from alertrpc.store.deliveries import Attempt, Recorded

SENT, PENDING, FAILED = 1, 0, 2
_GRACE = 5  # seconds beyond its timeout that a channel may take to clean up

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
        self._instance = UUID(instance)
        self._clock = clock

    async def send(self, alert: Mapping[str, Any], media_type: MediaType | UnusableMediaType) -> Tried:
        """Tries to send an alert, given as its row with its `alarm`. Raises nothing but CancelledError."""
        started, at = self._clock(), time.perf_counter()
        if isinstance(media_type, UnusableMediaType):
            outcome = Outcome(verdict=Verdict.GIVE_UP, reason=Reason.UNUSABLE_MEDIA_TYPE, error=str(media_type))
        else:
            outcome = await self._try(alert, media_type)
        return Tried(outcome, started, round(1000 * (time.perf_counter() - at)))

    async def _try(self, alert: Mapping[str, Any], media_type: MediaType) -> Outcome:
        try:
            async with asyncio.timeout(media_type.timeout + _GRACE):
                return await self._channels[media_type.kind].send(media_type, self._message(alert))
        except TimeoutError:
            return Outcome(verdict=Verdict.TRY_AGAIN, reason=Reason.TIMEOUT, error="the channel did not end in time")
        except Exception:
            log.exception("alert %s could not be tried", alert["alertid"])
            return Outcome(
                verdict=Verdict.TRY_AGAIN, reason=Reason.INTERNAL, error="an internal fault; the log has more"
            )

    def _message(self, alert: Mapping[str, Any]) -> Message:
        delivery_id = str(uuid5(self._instance, str(alert["alertid"])))
        variables = alert_variables(alert, delivery_id)
        if alert["alarm"] is not None:
            variables |= alarm_variables(alert["alarm"], is_active=alert["p_eventid"] is None, now=self._clock())
        return Message(
            delivery_id=delivery_id,
            sendto=alert["sendto"],
            subject=alert["subject"],
            message=alert["message"],
            variables=variables,
        )


def recorded(alert: Mapping[str, Any], tried: Tried, media_type: MediaType | UnusableMediaType, now: int) -> Recorded:
    """What a try makes of its alert, which is tried again until as many have failed as the media type allows.

    `now` is in milliseconds.
    """
    outcome = tried.outcome
    retries = alert["retries"] + (outcome.verdict is not Verdict.SENT)
    status, due = SENT if outcome.verdict is Verdict.SENT else FAILED, None
    if outcome.verdict is Verdict.TRY_AGAIN and isinstance(media_type, MediaType) and retries < media_type.max_attempts:
        pause = max(media_type.attempt_interval, outcome.retry_after or 0)
        status, due = PENDING, now + round(1000 * pause)
    attempt = Attempt(
        alertid=alert["alertid"],
        number=alert["attempts"] + 1,
        started=int(tried.started * 1000),
        milliseconds=tried.milliseconds,
        outcome=outcome.verdict,
        reason=outcome.reason,
        code=outcome.code,
        error=outcome.error,
        answer=outcome.answer,
        stdout=outcome.stdout,
        stderr=outcome.stderr,
    )
    return Recorded(attempt, status, retries, outcome.error, due)
