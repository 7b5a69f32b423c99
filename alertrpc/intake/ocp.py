"""OCP's push, `POST /api/v2/alarm/alarms`: an alarm, or an array of them, of which all or none are recorded.

alarmType, target and labels are OCP's ("Call an alert API",
https://github.com/oceanbase/ocp-doc/blob/V4.2.2/en-US/1900.reference-guide/200.api-reference/1000.alert/100.call-an-alert-api.md);
the other fields are ours, named as in its answers.
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from alertrpc.intake import checks
from alertrpc.intake.bodies import BodyFault, identity_of
from alertrpc.intake.checks import Check
from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Json

MOST_ALARMS = 1000
MOST_TIMES = 10  # for one alarm in an array
DEFAULT_LEVEL = 3
_DAY = 86_400_000  # how far the clock of a sender may be ahead, in milliseconds

_name = checks.text(1, checks.LONGEST_NAME)
_line = checks.text(0, checks.LONGEST_SUMMARY)
FIELDS: Mapping[str, Check[Any]] = {
    "alarmType": _name,
    "target": _name,
    "labels": checks.labels,
    "level": checks.whole(1, 5),
    "name": _name,
    "summary": _line,
    "description": checks.text(0, checks.LONGEST_DESCRIPTION),
    "url": _line,
    "status": checks.one_of({"Active": True, "Inactive": False}),
    "activeAt": checks.time,
    "resolvedAt": checks.time,
}
REQUIRED_FIELDS = ("alarmType", "target")


def parse(body: Json, now: int) -> list[Alarm]:
    """The alarms of a body received at `now`, in milliseconds. Raises BodyFault for the first fault."""
    if isinstance(body, dict):
        return [_alarm(now, body)]
    if isinstance(body, list):
        alarms = checks.array_of(1, MOST_ALARMS, partial(_alarm, now))(body)
        _require_few_repeats(alarms)
        return alarms
    raise BodyFault("an object or an array of objects is expected")


def _require_few_repeats(alarms: list[Alarm]) -> None:
    """Repeated alarms are recorded one after the other, which takes time."""
    times: Counter[str] = Counter()
    for place, alarm in enumerate(alarms):
        times[alarm.identity] += 1
        if times[alarm.identity] > MOST_TIMES:
            raise BodyFault(f"an alarm may come {MOST_TIMES} times in an array", place)


def _alarm(now: int, value: Json) -> Alarm:
    fields = _checked(checks.members(value))
    alarm_type, target = fields["alarmType"], fields["target"]
    return Alarm(
        identity=identity_of("alarm", alarm_type, target),
        alarm_type=alarm_type,
        target=target,
        name=fields.get("name", alarm_type),
        level=fields.get("level", DEFAULT_LEVEL),
        labels=fields.get("labels", {}),
        summary=fields.get("summary", ""),
        description=fields.get("description", ""),
        url=fields.get("url", ""),
        **_state(fields, now),
    )


def _checked(given: Mapping[str, Json]) -> dict[str, Any]:
    """The given fields, checked; null counts as absent."""
    fields = {}
    for name, value in given.items():
        if name not in FIELDS:
            raise BodyFault("unknown field", name)
        if value is not None:
            fields[name] = checks.at(name, FIELDS[name], value)
    for name in REQUIRED_FIELDS:
        if name not in fields:
            raise BodyFault(checks.REQUIRED, name)
    return fields


def _state(fields: Mapping[str, Any], now: int) -> dict[str, Any]:
    """The fields of Alarm that say whether it is active, since when and until when."""
    active_at, resolved_at = fields.get("activeAt"), fields.get("resolvedAt")
    is_over = resolved_at is not None and resolved_at <= now
    is_active = fields.get("status", not is_over)
    if active_at is not None and active_at > now + _DAY:
        raise BodyFault("a time at most a day ahead is expected", "activeAt")
    if active_at is not None and resolved_at is not None and active_at > resolved_at:
        raise BodyFault("a time not after resolvedAt is expected", "activeAt")
    if is_active and is_over:
        raise BodyFault("a time in the future is expected, because the alarm is Active", "resolvedAt")
    if is_active:
        return {"active_at": active_at, "expires_at": resolved_at}
    if resolved_at is not None and resolved_at > now + _DAY:
        raise BodyFault("a time at most a day ahead is expected, as the alarm is Inactive", "resolvedAt")
    return {"is_active": False, "active_at": active_at, "resolved_at": resolved_at}
