"""Prometheus's push to an Alertmanager, `POST /api/v2/alerts`: an array of alerts, each firing until its end.

Source: https://prometheus.io/docs/alerting/latest/alerts_api and Alertmanager's api/v2/openapi.yaml.
"""

from collections.abc import Sequence
from functools import partial

from alertrpc.intake import checks
from alertrpc.intake.bodies import BodyFault, Parsed, Warnings
from alertrpc.intake.labelled import ALERTNAME, MOST_ALERTS, Origin, alarm_of, read
from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Json

ENDPOINT = "prometheus"


def parse(body: Json, now: int, target_labels: Sequence[str], resolve_timeout_ms: int) -> Parsed:
    """The alarms of a body received at `now`, in milliseconds. Raises BodyFault if it is not an array of alerts.

    A bad alert does not affect the others: Prometheus would not send them again. An alert without an end recovers after
    `resolve_timeout_ms`, unless it is sent again. The first of the `target_labels` that an alert has names its target.
    """
    warnings = Warnings()
    alarm = partial(_alarm, now, Origin(ENDPOINT, target_labels), resolve_timeout_ms)
    return checks.good_of(MOST_ALERTS, alarm, warnings)(body)._replace(warnings=warnings.texts)


def _alarm(now: int, origin: Origin, resolve_timeout_ms: int, value: Json, warnings: Warnings) -> Alarm:
    alert = read(value, warnings)
    if (alertname := alert.labels.get(ALERTNAME)) is None:
        raise BodyFault(checks.REQUIRED, "labels", ALERTNAME)
    ends_at = now + resolve_timeout_ms if alert.ends_at is None else alert.ends_at
    if alert.ends_at is not None and alert.starts_at is not None and alert.starts_at > alert.ends_at:
        raise BodyFault("a time not after endsAt is expected", "startsAt")
    if ends_at <= now:
        return alarm_of(alert, alertname, origin, warnings, is_active=False, ended_by_clock=True, resolved_at=ends_at)
    return alarm_of(alert, alertname, origin, warnings, is_active=True, expires_at=ends_at)
