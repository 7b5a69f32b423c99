"""What Prometheus sends to an Alertmanager, `POST /api/v2/alerts`: an array of alerts, firing until they say not.

Source: https://prometheus.io/docs/alerting/latest/alerts_api and Alertmanager's api/v2/openapi.yaml.
"""

from functools import partial

from alertrpc.intake import checks
from alertrpc.intake.alarm import BodyFault, Parsed
from alertrpc.intake.labelled import ALERTNAME, MOST_ALERTS, Alert, alarm_of, read
from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Json


def parse(body: Json, now: int, resolve_timeout_ms: int) -> Parsed:
    """The alarms of a body that came in at `now`, in milliseconds. Raises BodyFault when it is no array of them.

    A bad alert does not keep the others out: Prometheus does not send them again. One that does not say when it ends
    recovers after `resolve_timeout_ms`, unless it is sent again.
    """
    return checks.good_of(MOST_ALERTS, partial(_alarm, now, resolve_timeout_ms))(body)


def _alarm(now: int, resolve_timeout_ms: int, value: Json) -> Alarm:
    alert = read(value)
    alertname = _alertname(alert)
    ends_at = now + resolve_timeout_ms if alert.ends_at is None else alert.ends_at
    if alert.ends_at is not None and alert.starts_at is not None and alert.starts_at > alert.ends_at:
        raise BodyFault("a time not after endsAt is expected", "startsAt")
    if ends_at <= now:
        return alarm_of(alert, alertname, is_active=False, resolved_at=ends_at)
    return alarm_of(alert, alertname, is_active=True, expires_at=ends_at)


def _alertname(alert: Alert) -> str:
    if ALERTNAME not in alert.labels:
        raise BodyFault(checks.REQUIRED, "labels", ALERTNAME)
    return alert.labels[ALERTNAME]
