"""The variables of templates and scripts: OCP's names in lower case, and some of our own.

Source of the names: OCP's "Alert template variables"
(https://github.com/oceanbase/ocp-doc/blob/V4.2.2/en-US/900.monitoring-and-alerts-functions/200.alert-management/900.ocp-alert-template-variables.md).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

LATEST = 253_402_300_799_000  # milliseconds until the end of the year 9999
LABEL = "label_"
ANNOTATION = "annotation_"


class Level(NamedTuple):
    """OCP's name of an alarm level, and its colour."""

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


class Digest(NamedTuple):
    """How many alarms a digest tells of, and the lines of its alerts."""

    alarm_count: int
    alarms: str


class Told(NamedTuple):
    """What a message is about: the rows of an alarm, with times in milliseconds, and of an alert.

    `is_active` is True in messages of the problem, False in those of its recovery; `now` is in seconds. An alert may have
    no alarm, and a message is rendered before its alert exists. What is told of a `digest` is that of its severest alert.
    The message of an update has the `previous_level` of the alarm. Without a `public_url` there are no links.
    """

    alarm: Mapping[str, Any] | None
    is_active: bool
    now: float
    alert: Mapping[str, Any] | None = None
    delivery_id: str = ""
    digest: Digest | None = None
    previous_level: int | None = None
    public_url: str = ""


class Variable(NamedTuple):
    """The description in docs/configuration.rst, and the value; it is empty if the row is missing."""

    meaning: str
    value: Callable[[Told], str]


def _of_alarm(meaning: str, value: Callable[[Mapping[str, Any]], object]) -> Variable:
    return Variable(meaning, lambda told: "" if told.alarm is None else str(value(told.alarm)))


def _of_alert(meaning: str, value: Callable[[Mapping[str, Any]], object]) -> Variable:
    return Variable(meaning, lambda told: "" if told.alert is None else str(value(told.alert)))


def _alarms(told: Told) -> str:
    if told.digest is not None:
        return told.digest.alarms
    return "" if told.alert is None else str(told.alert["subject"])


def _resolved_at(told: Told) -> int | None:
    """When the alarm ended; None in messages of the problem."""
    return None if told.alarm is None or told.is_active else told.alarm["resolved_at"]


def _lasted(told: Told) -> int:
    """How long the alarm has lasted, in seconds."""
    if told.alarm is None:
        return 0
    ended = _resolved_at(told)
    return int(max(0, ((int(told.now * 1000) if ended is None else ended) - told.alarm["active_at"]) // 1000))


ALARM = {
    "alarm_id": _of_alarm("id of the alarm; the eventid of its problem", lambda alarm: alarm["id"]),
    "alarm_type": _of_alarm("type of the alarm", lambda alarm: alarm["alarm_type"]),
    "alarm_target": _of_alarm("what the alarm is about", lambda alarm: alarm["target"]),
    "alarm_name": _of_alarm("name of the alarm; by default its type", lambda alarm: alarm["name"]),
    "alarm_level": _of_alarm(
        "level as OCP names it: Stopped, Critical, Warning, Caution, Reminder",
        lambda alarm: LEVELS[alarm["level"]].name,
    ),
    "alarm_level_number": _of_alarm("level, 1 (worst) to 5, independent of language", lambda alarm: alarm["level"]),
    "alarm_level_color": _of_alarm("colour of the level", lambda alarm: LEVELS[alarm["level"]].color),
    "alarm_status": Variable("Active or Inactive", lambda told: STATUSES[told.is_active]),
    "alarm_status_code": Variable(
        "1 active, 0 recovered, independent of language", lambda told: STATUS_CODES[told.is_active]
    ),
    "alarm_active_at": _of_alarm("when it began, ISO 8601", lambda alarm: iso_time(alarm["active_at"])),
    "alarm_updated_at": _of_alarm("when it was last pushed, ISO 8601", lambda alarm: iso_time(alarm["updated_at"])),
    "alarm_resolved_at": Variable(
        "when it recovered, ISO 8601; empty while it is active",
        lambda told: "" if (ended := _resolved_at(told)) is None else iso_time(ended),
    ),
    "alarm_ended": Variable(
        "resolved, or expired if it was not reported any more; empty while it is active",
        lambda told: "" if told.alarm is None or told.is_active else str(told.alarm["ended"]),
    ),
    "alarm_duration": Variable("how long it has lasted, in seconds", lambda told: str(_lasted(told))),
    "alarm_last_interval": Variable(
        "how long it has lasted, as an ISO 8601 duration", lambda told: f"PT{_lasted(told)}S"
    ),
    "alarm_summary": _of_alarm("one line", lambda alarm: alarm["summary"]),
    "alarm_description": _of_alarm("details", lambda alarm: alarm["description"]),
    "alarm_url": _of_alarm("link to the alarm, if the sender gave one", lambda alarm: alarm["url"]),
    "labels": _of_alarm(
        "all labels, a line each",
        lambda alarm: "\n".join([f"{name}: {value}" for name, value in alarm["labels"].items()]),
    ),
    "labels_json": _of_alarm("all labels as a JSON object", lambda alarm: orjson.dumps(alarm["labels"]).decode()),
    "problem_link": Variable(
        "link to the problem; empty without the setting public_url",
        lambda told: f"{told.public_url}/problem/{told.alarm['id']}" if told.public_url and told.alarm else "",
    ),
    "alarm_count": Variable(
        "number of alarms in the message: 1 unless it is a digest",
        lambda told: str(told.digest.alarm_count if told.digest else 1),
    ),
}
# OCP's other variables of an alarm: the labels of the same name.
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
ALERT = {
    "alert_id": _of_alert("alertid of the alert", lambda alert: alert["alertid"]),
    "event_id": _of_alert("eventid of the problem, or of its recovery", lambda alert: alert["eventid"]),
    "action_name": _of_alert("name of the action", lambda alert: alert["action_name"]),
    "esc_step": _of_alert("escalation step; 0 for a recovery", lambda alert: alert["esc_step"]),
    "alert_link": Variable(
        "link to the alert; empty without the setting public_url",
        lambda told: f"{told.public_url}/alert/{told.alert['alertid']}" if told.public_url and told.alert else "",
    ),
    "sendto": _of_alert("address of the receiver", lambda alert: alert["sendto"]),
    "receiver": _of_alert("name of the user", lambda alert: alert["username"]),
    "recipients_uids": _of_alert("userid of the user", lambda alert: alert["userid"] or ""),
    "recipients_json_array": _of_alert(
        "the addresses as a JSON array", lambda alert: orjson.dumps([alert["sendto"]]).decode()
    ),
    "at_recipients": _of_alert("the address prefixed with @", lambda alert: f"@{alert['sendto']}"),
    "delivery_id": Variable(
        "the same at every attempt, so that receivers recognize a repeat", lambda told: told.delivery_id
    ),
}
# Only channels and digests know these: a template of a message cannot refer to the message itself.
MESSAGE = {
    "subject": _of_alert("subject of the message", lambda alert: alert["subject"]),
    "message": _of_alert("text of the message", lambda alert: alert["message"]),
    "alarms": Variable("subjects of the alerts of a digest, a line each; or the one subject", _alarms),
}
# Only the templates of updates know these.
UPDATE = {
    "alarm_previous_level": Variable(
        "level before it rose, as OCP names it",
        lambda told: LEVELS[told.previous_level].name if told.previous_level else "",
    ),
    "alarm_previous_level_number": Variable(
        "level before it rose, 1 (worst) to 5", lambda told: str(told.previous_level or "")
    ),
}
_TABLE = {**ALARM, **ALERT, **MESSAGE}
_OF_UPDATES = {**_TABLE, **UPDATE}
_LABEL_NAMES = frozenset(OF_LABELS)
OF_MESSAGES = frozenset({*ALARM, *OF_LABELS})
OF_UPDATES = OF_MESSAGES | frozenset(UPDATE)
OF_DIGESTS = OF_MESSAGES | frozenset(MESSAGE)
OF_CHANNELS = OF_DIGESTS | frozenset(ALERT)


def is_known(name: str, known: frozenset[str]) -> bool:
    """Whether a template may have a name, with or without `_json`; those of labels and annotations are always known."""
    return name in known or name.removesuffix("_json") in known or name.startswith((LABEL, ANNOTATION))


class Variables(Mapping[str, str]):
    """The variables of a message, each computed on access, as most messages use few."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._table = _TABLE if told.previous_level is None else _OF_UPDATES
        alarm = told.alarm or {"labels": {}, "annotations": {}}
        self._of_prefix = {LABEL: alarm["labels"], ANNOTATION: alarm["annotations"]}

    def __getitem__(self, name: str) -> str:
        if (variable := self._table.get(name)) is not None:
            return variable.value(self._told)
        labels = self._of_prefix[LABEL]
        if name in _LABEL_NAMES:
            return str(labels.get(name, labels.get(SAME_LABELS.get(name, ""), "")))
        for prefix, texts in self._of_prefix.items():
            if name.startswith(prefix):
                return str(texts[name.removeprefix(prefix)])
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        if name in self._table or name in _LABEL_NAMES:
            return True
        return any(
            str(name).startswith(prefix) and str(name).removeprefix(prefix) in texts
            for prefix, texts in self._of_prefix.items()
        )

    def __iter__(self) -> Iterator[str]:
        yield from self._table
        yield from OF_LABELS
        for prefix, texts in self._of_prefix.items():
            yield from (prefix + name for name in texts)

    def __len__(self) -> int:
        return len(self._table) + len(OF_LABELS) + sum(len(texts) for texts in self._of_prefix.values())


def iso_time(milliseconds: int) -> str:
    """A time in UTC, such as 2020-12-03T09:44:04Z; a time out of range becomes the nearest possible one."""
    moment = datetime.fromtimestamp(min(max(milliseconds, 0), LATEST) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds").replace("+00:00", "Z")
