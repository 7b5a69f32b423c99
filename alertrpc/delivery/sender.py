"""Makes one attempt to send one alert: its variables, its channel, and the record of its outcome."""

import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import blake2b
from typing import Any, NamedTuple

from alertrpc.delivery.channels import KINDS
from alertrpc.delivery.limits import has_rates
from alertrpc.delivery.media_types import UnusableMediaType
from alertrpc.delivery.pauses import is_too_late, pause_after
from alertrpc.delivery.protocol import Channel, Message, Outcome, Reason, Verdict
from alertrpc.delivery.references import given
from alertrpc.ledger.variables import Digest, Told, Variables
from alertrpc.loglines import rfc_3339
from alertrpc.records import HOLDS_ADDRESS, AlertStatus, Clock, MediaType
from alertrpc.references import MissingReference
from alertrpc.settings import Settings
from alertrpc.store.database import Database
from alertrpc.store.deliveries import Recorded, instance_uuid
from alertrpc.store.digests import DigestResult
from alertrpc.store.limits import Hold, Turn
from alertrpc.store.tables import AlertResult, Attempt

FAILURES = frozenset({Verdict.TRY_AGAIN, Verdict.GIVE_UP})
LEAST_HOLD = 1.0  # seconds; a receiver that asks for less would be asked again and again
UNTOLD = "the address got no alert of the problem, because all failed"

log = logging.getLogger(__name__)


class Sender:
    """Makes attempts. `instance` distinguishes the alerts of this database from those of others."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        instance: str,
        settings: Settings,
        clock: Clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._channels = channels
        self._instance = instance.encode()
        self._chance = chance
        self.settings = settings
        self.clock = clock

    async def send(self, alert: Mapping[str, Any], media_type: MediaType | UnusableMediaType) -> Recorded:
        """Attempts to send an alert, given as its row with its `alarm`. Raises nothing but CancelledError."""
        started, at = self.clock(), time.perf_counter()
        outcome = await self._outcome(alert, media_type)
        tried = Tried(alert, media_type, outcome, started, time.perf_counter() - at)
        return _recorded(tried, int(self.clock() * 1000), self._chance())

    def hold_back(self, alert: Mapping[str, Any], media_type: MediaType | UnusableMediaType, opens: int) -> Recorded:
        """An attempt that sends nothing, as nothing may be sent before `opens`, in milliseconds."""
        error = (
            f"the rate is used up, or the receiver asked to wait: nothing may be sent before {rfc_3339(opens / 1000)}"
        )
        now = self.clock()
        tried = Tried(alert, media_type, Outcome(verdict=Verdict.WAIT, reason=Reason.HELD, error=error), now, 0.0)
        return _recorded(tried, int(now * 1000), 0.0)._replace(hold=None)

    async def _outcome(self, alert: Mapping[str, Any], media_type: MediaType | UnusableMediaType) -> Outcome:
        if isinstance(media_type, UnusableMediaType):
            return Outcome(verdict=Verdict.GIVE_UP, reason=Reason.UNUSABLE_MEDIA_TYPE, error=media_type.fault)
        if alert.get("untold"):
            return Outcome(verdict=Verdict.GIVE_UP, reason=Reason.PROBLEM_FAILED, error=UNTOLD)
        try:
            found = await given(media_type)
            message = self._message(alert, found.values, found.secrets)
            return await self._channels[media_type.kind].send(found.media_type, message)
        except MissingReference as error:
            return Outcome(verdict=Verdict.TRY_AGAIN, reason=Reason.MISSING_REFERENCE, error=str(error))
        except Exception:
            log.exception("alert %s could not be sent", alert["alertid"])
            fault = "an internal fault; the log has more"
            return Outcome(verdict=Verdict.TRY_AGAIN, reason=Reason.INTERNAL, error=fault)

    def _message(self, alert: Mapping[str, Any], references: Mapping[str, str], secrets: tuple[str, ...]) -> Message:
        digest = alert["digest"]
        name = f"digest {digest['digestid']}" if digest else str(alert["alertid"])
        delivery_id = blake2b(name.encode(), key=self._instance, digest_size=16).hexdigest()
        said = {name: (digest or alert)[name] for name in ("subject", "message")}
        told = Told(
            alert["alarm"],
            is_active=alert["p_eventid"] is None,
            now=self.clock(),
            alert={**alert, **said},
            delivery_id=delivery_id,
            digest=digest and Digest(digest["alarm_count"], digest["alarms"]),
            public_url=self.settings.public_url,
        )
        return Message(
            delivery_id=delivery_id,
            sendto=alert["remaining"] or alert["sendto"],
            variables=Variables(told),
            references=references,
            is_remainder=bool(alert["remaining"]),
            secrets=secrets,
            **said,
        )


class Tried(NamedTuple):
    """An attempt with its alert and its media type; when it started and how long it took, in seconds."""

    alert: Mapping[str, Any]
    media_type: MediaType | UnusableMediaType
    outcome: Outcome
    started: float
    took: float

    @property
    def counted(self) -> Mapping[str, Any]:
        """What has the `clock` and the `retries`: the digest or else the alert."""
        return self.alert["digest"] or self.alert

    @property
    def attempt(self) -> Attempt:
        said = self.outcome
        return Attempt(
            alertid=self.alert["alertid"],
            number=self.alert["attempts"] + 1,
            started=int(self.started * 1000),
            outcome=said.verdict.value,
            reason=said.reason.value,
            code=said.code,
            error=said.error,
            answer=said.answer,
            stdout=said.stdout,
            stderr=said.stderr,
            milliseconds=round(1000 * self.took),
            request=said.request,
            request_cut=int(said.request_cut),
            digestid=self.alert["digest"] and self.alert["digest"]["digestid"],
        )


def _recorded(tried: Tried, now: int, chance: float) -> Recorded:
    """The attempt, which ended at `now`, in milliseconds, and the new state of its alert.

    Attempts are made until as many have failed as the media type allows, or until `give_up_after` is over. A digest has a
    count and a time of its own.
    """
    alert, media_type, outcome = tried.alert, tried.media_type, tried.outcome
    failures = int(outcome.verdict in FAILURES)
    failed = tried.counted["retries"] + failures
    if outcome.verdict is Verdict.SENT:
        status, due = AlertStatus.SENT, None
    else:
        due = _next_attempt(tried, failed, now, chance)
        is_taken = alert["is_taken"] or outcome.is_taken
        status = AlertStatus.NOT_SENT if due is not None else AlertStatus.SENT if is_taken else AlertStatus.FAILED
    return Recorded(
        tried.attempt,
        AlertResult(alert["alertid"], status, alert["retries"] + failures, outcome.error),
        due,
        alert["mediatypeid"],
        _hold(tried, now),
        Turn(alert["alertid"], now) if isinstance(media_type, MediaType) and has_rates(media_type) else None,
        DigestResult(alert["digest"]["digestid"], failed, failures) if alert["digest"] else None,
        outcome.remaining or alert["remaining"],
        bool(alert["is_taken"] or outcome.is_taken),
    )


def _next_attempt(tried: Tried, failed: int, now: int, chance: float) -> int | None:
    """When the next attempt is due, in milliseconds; None: there is none."""
    media_type = tried.media_type
    if not isinstance(media_type, MediaType) or tried.outcome.verdict is Verdict.GIVE_UP:
        return None
    if tried.outcome.verdict is Verdict.WAIT:
        due = now + _wait(tried.outcome, media_type)
    elif failed < media_type.max_attempts:
        pause = pause_after(media_type, failed, chance) if tried.outcome.after is None else tried.outcome.after
        due = now + round(1000 * pause)
    else:
        return None
    return None if is_too_late(media_type, due / 1000 - tried.counted["clock"]) else due


def _wait(outcome: Outcome, media_type: MediaType) -> int:
    """The milliseconds for which a receiver asked to wait."""
    return round(1000 * max(LEAST_HOLD, media_type.attempt_interval if outcome.after is None else outcome.after))


def _hold(tried: Tried, now: int) -> Hold | None:
    """What a receiver that asked to wait holds: its media type or the address."""
    if tried.outcome.verdict is not Verdict.WAIT or not isinstance(tried.media_type, MediaType):
        return None
    is_whole = tried.media_type.hold != HOLDS_ADDRESS
    sendto, until = "" if is_whole else tried.alert["sendto"], now + _wait(tried.outcome, tried.media_type)
    return Hold(tried.alert["mediatypeid"], is_whole, sendto, until)


@asynccontextmanager
async def open_sender(database: Database, settings: Settings, clock: Clock) -> AsyncIterator[Sender]:
    """The sender of the database's alerts, with the channels of all kinds."""
    instance = await database.write(instance_uuid)
    async with AsyncExitStack() as stack:
        opening = {name: kind.channel(settings, clock) for name, kind in KINDS.items()}
        yield Sender(
            {name: await stack.enter_async_context(each) for name, each in opening.items()}, instance, settings, clock
        )
