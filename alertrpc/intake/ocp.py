"""OCP's push, `POST /api/v2/alarm/alarms`: an alarm, or an array of them, of which all or none are recorded.

alarmType, target and labels are OCP's ("Call an alert API",
https://github.com/oceanbase/ocp-doc/blob/V4.2.2/en-US/1900.reference-guide/200.api-reference/1000.alert/100.call-an-alert-api.md);
the other fields are ours, named as in its answers.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from alertrpc.intake import checks, kept
from alertrpc.intake.bodies import BodyFault, Parsed, Warnings, identity_of
from alertrpc.intake.checks import Check
from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Json

MOST_ALARMS = 1000
MOST_TIMES = 10  # for one alarm in an array
DEFAULT_LEVEL = 3
_DAY = 86_400_000  # how far the clock of a sender may be ahead, in milliseconds

Read = Callable[[Json, Warnings], Any]


def _checked_by(check: Check[Any]) -> Read:
    """The reader of a field of which nothing is kept if it is wrong."""
    return lambda value, _: check(value)


FIELDS: Mapping[str, Read] = {
    "alarmType": kept.whole_text,
    "target": kept.whole_text,
    "labels": kept.labels,
    "level": _checked_by(checks.level),
    "name": kept.or_left_out(kept.text(kept.LONGEST_NAME)),
    "summary": kept.or_left_out(kept.text(kept.LONGEST_SUMMARY)),
    "description": kept.or_left_out(kept.text(kept.LONGEST_DESCRIPTION)),
    "url": kept.or_left_out(kept.link(kept.LONGEST_SUMMARY)),
    "status": _checked_by(checks.state("Active", "Inactive")),
    "activeAt": _checked_by(checks.time),
    "resolvedAt": _checked_by(checks.time),
}
REQUIRED_FIELDS = ("alarmType", "target")


def parse(body: Json, now: int) -> Parsed:
    """The alarms of a body received at `now`, in milliseconds. Raises BodyFault for the first fault."""
    warnings = Warnings()
    if isinstance(body, dict):
        return Parsed([_alarm(now, body, warnings)], [], warnings=warnings.texts)
    if isinstance(body, list):
        alarms = checks.array_of(1, MOST_ALARMS, partial(_alarm, now), warnings)(body)
        _require_few_repeats(alarms)
        return Parsed(alarms, [], warnings=warnings.texts)
    raise BodyFault("an object or an array of objects is expected")


def _require_few_repeats(alarms: list[Alarm]) -> None:
    """Repeated alarms are recorded one after the other, which takes time."""
    times: Counter[str] = Counter()
    for place, alarm in enumerate(alarms):
        times[alarm.identity] += 1
        if times[alarm.identity] > MOST_TIMES:
            raise BodyFault(f"an alarm may come {MOST_TIMES} times in an array", place)


def _alarm(now: int, value: Json, warnings: Warnings) -> Alarm:
    """The alarm, whose identity is of the whole alarmType and target, while its names are cut."""
    fields = _read(checks.members(value), warnings)
    alarm_type, target = [kept.cut(fields[name], kept.LONGEST_NAME, warnings, name) for name in REQUIRED_FIELDS]
    return Alarm(
        identity=identity_of("alarm", fields["alarmType"], fields["target"]),
        alarm_type=alarm_type,
        target=target,
        name=fields.get("name") or alarm_type,
        level=fields.get("level", DEFAULT_LEVEL),
        labels=fields.get("labels", {}),
        summary=fields.get("summary", ""),
        description=fields.get("description", ""),
        url=fields.get("url", ""),
        **_state(fields, now),
    )


def _read(given: Mapping[str, Json], warnings: Warnings) -> dict[str, Any]:
    """The given fields as they are kept; null counts as absent."""
    fields = {}
    for name, value in given.items():
        if name not in FIELDS:
            warnings.within(name).add("unknown field, ignored")
        elif value is not None:
            fields[name] = checks.read_at(name, FIELDS[name], value, warnings)
    for name in REQUIRED_FIELDS:
        if not fields.get(name):
            raise BodyFault(checks.REQUIRED, name)
    return fields


def _state(fields: Mapping[str, Any], now: int) -> dict[str, Any]:
    """The fields of Alarm that say whether it is active, since when and until when."""
    active_at, resolved_at = fields.get("activeAt"), fields.get("resolvedAt")
    is_over = resolved_at is not None and resolved_at <= now
    is_active = fields.get("status", not is_over)
    ended_by_clock = "status" not in fields
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
    return {"is_active": False, "active_at": active_at, "resolved_at": resolved_at, "ended_by_clock": ended_by_clock}
