"""Alertmanager's webhook, version "4": the alerts of one group, each firing or resolved.

Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config.
"""

from functools import partial

from alertrpc.intake import checks
from alertrpc.intake.bodies import BodyFault, Parsed
from alertrpc.intake.labelled import ALERTNAME, MOST_ALERTS, alarm_of, present_labels, read
from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Json

ENDPOINT = "alertmanager"
VERSION = "4"
NO_ALERTNAME = "alert"

_status = checks.one_of({"firing": True, "resolved": False})


def parse(body: Json, now: int) -> Parsed:
    """The alarms of a body received at `now`, in milliseconds. Raises BodyFault if it is not a webhook's body.

    A bad alert does not affect the others: Alertmanager would not send them again.
    """
    given = checks.members(body)
    checks.required(given, "version", _version)
    group = checks.optional(given, "groupLabels", present_labels) or {}
    alarm = partial(_alarm, now, group.get(ALERTNAME, NO_ALERTNAME))
    alarms, faults, _ = checks.required(given, "alerts", checks.good_of(MOST_ALERTS, alarm))
    return Parsed(alarms, [fault.within("alerts") for fault in faults], _left_out(given.get("truncatedAlerts")))


def _left_out(value: Json) -> int:
    """How many alerts the sender's `max_alerts` left out; 0 if the value is not such a number."""
    return value if type(value) is int and value > 0 else 0


def _version(value: Json) -> None:
    if value != VERSION:
        raise BodyFault(f'"{VERSION}" is expected')


def _alarm(now: int, alertname: str, value: Json) -> Alarm:
    """The alarm of an alert. Its end counts only if it agrees with its status: past if resolved, ahead if firing."""
    alert = read(value)
    is_active = checks.required(checks.members(value), "status", _status)
    name = alert.labels.get(ALERTNAME, alertname)
    is_over = alert.ends_at is not None and alert.ends_at <= now
    if is_active:
        return alarm_of(alert, name, ENDPOINT, is_active=True, expires_at=None if is_over else alert.ends_at)
    return alarm_of(alert, name, ENDPOINT, is_active=False, resolved_at=alert.ends_at if is_over else None)
