"""The webhooks of Alertmanager, version "4", and of Grafana, version "1": the alerts of one group, firing or resolved.

Sources: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config and
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/.
"""

from collections.abc import Sequence
from functools import partial

from alertrpc.intake import checks
from alertrpc.intake.bodies import BodyFault, Parsed, Warnings
from alertrpc.intake.labelled import ALERTNAME, MOST_ALERTS, Origin, alarm_of, present_labels, read
from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Json

ENDPOINT = "alertmanager"
VERSIONS = ("4", "1")  # of Alertmanager, and of Grafana
NO_ALERTNAME = "alert"

_status = checks.state("firing", "resolved")


def parse(body: Json, now: int, target_labels: Sequence[str]) -> Parsed:
    """The alarms of a body received at `now`, in milliseconds. Raises BodyFault if it is not a webhook's body.

    A bad alert does not affect the others: the sender would not send them again. The first of the `target_labels` that an
    alert has names its target.
    """
    given, warnings = checks.members(body), Warnings()
    checks.required(given, "version", _version)
    group = checks.read_member(given, "groupLabels", present_labels, warnings) or {}
    alarm = partial(_alarm, now, Origin(ENDPOINT, target_labels), group.get(ALERTNAME, NO_ALERTNAME))
    parsed = checks.required(given, "alerts", checks.good_of(MOST_ALERTS, alarm, warnings.within("alerts")))
    faults = [fault.within("alerts") for fault in parsed.faults]
    return Parsed(parsed.alarms, faults, _left_out(given.get("truncatedAlerts")), warnings.texts)


def _left_out(value: Json) -> int:
    """How many alerts the sender's `max_alerts` left out; 0 if the value is not such a number."""
    return value if type(value) is int and value > 0 else 0


def _version(value: Json) -> None:
    if value not in VERSIONS:
        raise BodyFault('"4" is expected, or Grafana\'s "1"')


def _alarm(now: int, origin: Origin, alertname: str, value: Json, warnings: Warnings) -> Alarm:
    """The alarm of an alert. Its end counts only if it agrees with its status: past if resolved, ahead if firing."""
    alert = read(value, warnings)
    is_active = checks.required(checks.members(value), "status", _status)
    name = alert.labels.get(ALERTNAME, alertname)
    is_over = alert.ends_at is not None and alert.ends_at <= now
    if is_active:
        return alarm_of(alert, name, origin, warnings, is_active=True, expires_at=None if is_over else alert.ends_at)
    return alarm_of(alert, name, origin, warnings, is_active=False, resolved_at=alert.ends_at if is_over else None)
