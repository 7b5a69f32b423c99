"""Prometheus's push to an Alertmanager, `POST /api/v2/alerts`: an array of alerts, each firing until its end.

Source: https://prometheus.io/docs/alerting/latest/alerts_api and Alertmanager's api/v2/openapi.yaml.
"""

from functools import partial

from alertrpc.intake import checks
from alertrpc.intake.bodies import BodyFault, Parsed
from alertrpc.intake.labelled import ALERTNAME, MOST_ALERTS, alarm_of, read
from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Json

ENDPOINT = "prometheus"


def parse(body: Json, now: int, resolve_timeout_ms: int) -> Parsed:
    """The alarms of a body received at `now`, in milliseconds. Raises BodyFault if it is not an array of alerts.

    A bad alert does not affect the others: Prometheus would not send them again. An alert without an end recovers after
    `resolve_timeout_ms`, unless it is sent again.
    """
    return checks.good_of(MOST_ALERTS, partial(_alarm, now, resolve_timeout_ms))(body)


def _alarm(now: int, resolve_timeout_ms: int, value: Json) -> Alarm:
    alert = read(value)
    if (alertname := alert.labels.get(ALERTNAME)) is None:
        raise BodyFault(checks.REQUIRED, "labels", ALERTNAME)
    ends_at = now + resolve_timeout_ms if alert.ends_at is None else alert.ends_at
    if alert.ends_at is not None and alert.starts_at is not None and alert.starts_at > alert.ends_at:
        raise BodyFault("a time not after endsAt is expected", "startsAt")
    if ends_at <= now:
        return alarm_of(alert, alertname, ENDPOINT, is_active=False, resolved_at=ends_at)
    return alarm_of(alert, alertname, ENDPOINT, is_active=True, expires_at=ends_at)
