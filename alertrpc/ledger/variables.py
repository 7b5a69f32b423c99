"""The variables of templates and scripts: OCP's names, in lower case, and ours beside them.

Source of the names: OCP's "Alert template variables"
(https://github.com/oceanbase/ocp-doc/blob/V4.2.2/en-US/900.monitoring-and-alerts-functions/200.alert-management/900.ocp-alert-template-variables.md).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from alertrpc.ledger.templates import names

LABEL = "label_"
ANNOTATION = "annotation_"


class Level(NamedTuple):
    """OCP's name of an alarm level, and the colour of it."""

    name: str
    color: str


LEVELS = {
    1: Level("Stopped", "#722ED1"),
    2: Level("Critical", "#F5222D"),
    3: Level("Warning", "#FA8C16"),
    4: Level("Caution", "#1890FF"),
    5: Level("Reminder", "#52C41A"),
}
STATUSES = {True: "Active", False: "Inactive"}
STATUS_CODES = {True: "1", False: "0"}

# What an alarm tells; each with what docs/variables.rst says of it.
ALARM = {
    "alarm_id": "id of the alarm; the eventid of its problem",
    "alarm_type": "type of the alarm",
    "alarm_target": "what the alarm is about",
    "alarm_name": "name of the alarm; its type where the sender gives none",
    "alarm_level": "level as OCP names it: Stopped, Critical, Warning, Caution, Reminder",
    "alarm_level_number": "level as a number, 1 (worst) to 5, in every language",
    "alarm_level_color": "colour of the level",
    "alarm_status": "Active or Inactive",
    "alarm_status_code": "1 active, 0 recovered, in every language",
    "alarm_active_at": "when it began, ISO 8601",
    "alarm_updated_at": "when it was last pushed, ISO 8601",
    "alarm_resolved_at": "when it recovered, ISO 8601; empty while it is active",
    "alarm_duration": "how long it has lasted, in seconds",
    "alarm_last_interval": "how long it has lasted, as an ISO 8601 duration",
    "alarm_summary": "one line",
    "alarm_description": "details",
    "alarm_url": "link to the alarm, where the sender gives one",
    "alarm_count": "number of alarms in the message: 1",
}
# What OCP tells of an alarm beside that; the alarm's label of the same name.
OF_LABELS = (
    "app_type",
    "app_cluster",
    "alarm_scope",
    "alarm_group",
    "alarm_group_by",
    "alarm_evaluation_interval",
    "alarm_threshold",
    "value",
    "value_shown",
    "value_en_us",
    "value_zh_cn",
    "value_zh_tw",
    "service",
    "ob_cluster_group",
    "ob_cluster",
    "ob_cluster_id",
    "ob_tenant",
    "host_ip",
    "svr_ip",
    "operation_name",
    "operator",
    "operation_result",
    "failed_reason",
    "check_item",
)
SAME_LABELS = {"host_ip": "svr_ip", "svr_ip": "host_ip"}
# What an alert tells.
ALERT = {
    "alert_id": "alertid of the alert",
    "event_id": "eventid of the problem, or of its recovery",
    "action_name": "name of the action",
    "esc_step": "escalation step; 0 for a recovery",
    "sendto": "address of the receiver",
    "receiver": "name of the user",
    "recipients_uids": "userid of the user",
    "recipients_json_array": "the addresses as a JSON array",
    "at_recipients": "the address behind an @",
    "delivery_id": "the same at every try to send the alert, so that receivers can tell a repeat",
}
# What there is when the message is made; a message cannot speak of itself.
MESSAGE = {
    "subject": "subject of the message",
    "message": "text of the message",
}
OF_MESSAGES = frozenset({*ALARM, *OF_LABELS})
OF_CHANNELS = OF_MESSAGES | frozenset({*ALERT, *MESSAGE})


def unknown_variables(template: str, known: frozenset[str]) -> list[str]:
    """The variables of a template that are not among `known`; every label and annotation is."""
    return [name for name in names(template) if name not in known and not name.startswith((LABEL, ANNOTATION))]


def alarm_variables(alarm: Mapping[str, Any], *, is_active: bool, now: float) -> dict[str, str]:
    """The variables of an alarm, given as its row: times in milliseconds, `labels` and `annotations` as mappings.

    `is_active` says of which event the message is, the problem or its recovery; `now` is in seconds.
    """
    labels, annotations = alarm["labels"], alarm["annotations"]
    resolved_at = None if is_active else alarm["resolved_at"]
    lasted = max(0, ((int(now * 1000) if resolved_at is None else resolved_at) - alarm["active_at"]) // 1000)
    level = LEVELS[alarm["level"]]
    return {
        **{name: labels.get(name, labels.get(SAME_LABELS.get(name, ""), "")) for name in OF_LABELS},
        "alarm_id": str(alarm["id"]),
        "alarm_type": alarm["alarm_type"],
        "alarm_target": alarm["target"],
        "alarm_name": alarm["name"],
        "alarm_level": level.name,
        "alarm_level_number": str(alarm["level"]),
        "alarm_level_color": level.color,
        "alarm_status": STATUSES[is_active],
        "alarm_status_code": STATUS_CODES[is_active],
        "alarm_active_at": iso_time(alarm["active_at"]),
        "alarm_updated_at": iso_time(alarm["updated_at"]),
        "alarm_resolved_at": "" if resolved_at is None else iso_time(resolved_at),
        "alarm_duration": str(lasted),
        "alarm_last_interval": f"PT{lasted}S",
        "alarm_summary": alarm["summary"],
        "alarm_description": alarm["description"],
        "alarm_url": alarm["url"],
        "alarm_count": "1",
        **{LABEL + name: value for name, value in labels.items()},
        **{ANNOTATION + name: value for name, value in annotations.items()},
    }


def alert_variables(alert: Mapping[str, Any], delivery_id: str) -> dict[str, str]:
    """The variables of an alert, given as its row."""
    return {
        "alert_id": str(alert["alertid"]),
        "event_id": str(alert["eventid"]),
        "action_name": alert["action_name"],
        "esc_step": str(alert["esc_step"]),
        "sendto": alert["sendto"],
        "receiver": alert["username"],
        "recipients_uids": str(alert["userid"] or ""),
        "recipients_json_array": orjson.dumps([alert["sendto"]]).decode(),
        "at_recipients": f"@{alert['sendto']}",
        "delivery_id": delivery_id,
        "subject": alert["subject"],
        "message": alert["message"],
    }


def iso_time(milliseconds: int) -> str:
    """A time in UTC, such as 2020-12-03T09:44:04Z."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds").replace("+00:00", "Z")
