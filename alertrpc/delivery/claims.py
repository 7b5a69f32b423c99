"""Takes alerts from the queue: the first ones that may be sent, within the limits of their media type."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from alertrpc.delivery.digests import Digests
from alertrpc.delivery.limits import SLACK, Limits, has_limits, has_rates, limits_of
from alertrpc.delivery.media_types import UnusableMediaType, media_type_of
from alertrpc.records import Clock, MediaType
from alertrpc.store.connection import SqlConnection
from alertrpc.store.deliveries import Ready, begin, find_media_type, first_ready, release_due
from alertrpc.store.limits import take_turns
from alertrpc.store.tables import NewTurn

UNLIMITED_SESSIONS = 100  # the most that Zabbix allows
LEAST_CLAIMED, MOST_CLAIMED = 16, 512
MOST_ROUNDS = 8  # of looks past addresses that may get nothing now

Alert = dict[str, Any]


class Claimed(NamedTuple):
    """Alerts to be sent now. If it `is_full`, there may be more.

    `opens` is when anything may be sent again, None if now; `again` is when alerts to some address may be. Alerts that count
    for a rate are to be sent before `lapses`, or to be claimed again. All in milliseconds.
    """

    media_type: MediaType | UnusableMediaType
    alerts: list[Alert]
    is_full: bool = False
    opens: int | None = None
    again: int | None = None
    lapses: int | None = None


def sessions_of(media_type: MediaType | UnusableMediaType) -> int:
    return (isinstance(media_type, MediaType) and media_type.max_sessions) or UNLIMITED_SESSIONS


class Claim(NamedTuple):
    """What a claim needs to know: the media type, the clock, and how many alerts are taken and not sent yet.

    `holds` are addresses that are held, and until when, as the database may not know it yet.
    """

    mediatypeid: int
    clock: Clock
    taken: int = 0
    public_url: str = ""
    holds: Mapping[str, int] = MappingProxyType({})

    def take(self, connection: SqlConnection) -> Claimed:
        """Takes the first alerts.

        Where limits may make an alert wait, only as many are taken as are sent at once; else some more, ahead of time.
        """
        now = int(self.clock() * 1000)  # when it is done: it may have waited for other writes
        media_type = media_type_of(find_media_type(self.mediatypeid, connection))
        release_due(self.mediatypeid, now, connection)
        sessions = sessions_of(media_type)
        most = min(MOST_CLAIMED, max(LEAST_CLAIMED, 16 * sessions))
        if isinstance(media_type, UnusableMediaType):
            return _taken(media_type, first_ready(self.mediatypeid, most, (), connection), most, connection)
        limits = limits_of(self.mediatypeid, media_type, now, connection)
        limits.closed |= {sendto: until for sendto, until in self.holds.items() if until > now}
        if limits.opens is not None:
            return Claimed(media_type, [], opens=limits.opens)
        if not has_limits(media_type):
            found = first_ready(self.mediatypeid, most, limits.closed, connection)
            return _taken(media_type, found, most, connection)
        claimed = _within_limits(self, media_type, limits, max(1, sessions - self.taken), connection)
        return claimed._replace(lapses=now + SLACK)


def _taken(
    media_type: MediaType | UnusableMediaType, found: Sequence[Ready], most: int, connection: SqlConnection
) -> Claimed:
    return Claimed(media_type, begin(found, connection), is_full=len(found) == most)


def _within_limits(
    claim: Claim, media_type: MediaType, limits: Limits, most: int, connection: SqlConnection
) -> Claimed:
    """Takes at most so many alerts or digests; an alert whose address may get nothing now is passed over."""
    mediatypeid = claim.mediatypeid
    digests = Digests(mediatypeid, media_type, limits.now, claim.public_url, connection)
    alerts: list[Alert] = []
    may_be_more = True
    for _ in range(MOST_ROUNDS):
        found = first_ready(mediatypeid, most - len(alerts), limits.closed, connection)
        taken: list[Ready] = []
        turns: list[NewTurn] = []
        for ready in found:
            if digests.have(ready) or (ends := _turn(limits, ready)) is None:
                continue
            first = digests.put_together(ready)
            taken.append(first)
            if not ready.untold:
                turns.append(NewTurn(mediatypeid, ready.sendto, first.alertid, ends))
        if has_rates(media_type):
            take_turns(turns, connection)
        alerts += begin(taken, connection)
        may_be_more = len(taken) < len(found)
        if not may_be_more or limits.opens is not None:
            break
    is_full = may_be_more or len(alerts) == most
    return Claimed(media_type, alerts, is_full, limits.opens, min(limits.closed.values(), default=None))


def _turn(limits: Limits, ready: Ready) -> int | None:
    """When an attempt ends at the latest that may begin now; None: none may. What is not sent needs no turn."""
    return limits.now if ready.untold else limits.takes(ready.sendto)
