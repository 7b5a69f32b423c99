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


def reported(reports: str, alarm: Alarm) -> dict[str, int | None]:
    """The reports, given as JSON, after a push of an active alarm."""
    return {**orjson.loads(reports), alarm.endpoint: alarm.expires_at}


def still_reported(reports: str, alarm: Alarm, now: int) -> dict[str, int | None]:
    """The reports that hold, given as JSON, after a push that says that the alarm is over; `now` is in milliseconds."""
    others = {name: end for name, end in orjson.loads(reports).items() if name != alarm.endpoint}
    return {name: end for name, end in others.items() if end is None or end > now}


def expiry(reports: Reports, resolve_after: int | None, now: int) -> int | None:
    """When the alarm ends unless it is pushed again, in milliseconds as `now` is; None: never.

    That is when the last of the reports ends that say when, as one that does not say may have lost its sender too; or
    sooner, `resolve_after` seconds from now.
    """
    last = max([end for end in reports.values() if end is not None], default=None)
    ends = [last, None if resolve_after is None else now + 1000 * resolve_after]
    return min([end for end in ends if end is not None], default=None)


def as_text(reports: Reports) -> str:
    return orjson.dumps(reports).decode()
