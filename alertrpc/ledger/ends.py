"""When alarms end: each endpoint that reports one has an end of its own."""

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Ended

Reports = Mapping[
    str, int | None
]  # the endpoints that report an alarm, and when each report ends; None: it does not say


class End(NamedTuple):
    """How an alarm ends, and when, in milliseconds."""

    ended: Ended
    at: int


def reported(reports: Reports, alarm: Alarm) -> Reports:
    """The reports after a push of an active alarm."""
    return {**reports, alarm.endpoint: alarm.expires_at}


def still_reported(reports: Reports, alarm: Alarm, now: int) -> Reports:
    """The reports that hold after a push that says that the alarm is over; `now` is in milliseconds."""
    others = {name: end for name, end in reports.items() if name != alarm.endpoint}
    return {name: end for name, end in others.items() if end is None or end > now}


def expiry(reports: Reports, resolve_after: int | None, now: int) -> int | None:
    """When the alarm ends unless it is pushed again, in milliseconds as `now` is; None: never.

    That is when the last of the reports ends that say when, as one that does not say may have lost its sender too; or
    sooner, `resolve_after` seconds from now.
    """
    last = max([end for end in reports.values() if end is not None], default=None)
    if resolve_after is None:
        return last
    sooner = now + 1000 * resolve_after
    return sooner if last is None else min(last, sooner)


def as_text(reports: Reports) -> str:
    return orjson.dumps(reports).decode()
