"""Makes alarms of alerts of Prometheus and Alertmanager, whose identity is their label set.

An alert is the same alarm whether Prometheus or Alertmanager sends it.
"""

from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

from alertrpc.intake import checks
from alertrpc.intake.bodies import identity_of
from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Json

MOST_ALERTS = 10_000
ALERTNAME = "alertname"
DEFAULT_LEVEL = 3
# Usual values of the label `severity`, by OCP's level.
_SEVERITIES = {
    1: ("disaster", "emergency", "fatal", "page"),
    2: ("critical", "crit", "error", "high"),
    3: ("warning", "warn", "average", "major"),
    4: ("notice", "minor", "low"),
    5: ("info", "information", "informational", "debug", "none"),
}
LEVELS = {word: level for level, words in _SEVERITIES.items() for word in words}
# The labels whose value may be the target, best first.
TARGETS = ("instance", "host", "hostname", "node", "job")
NO_TARGET = "prometheus"
# Go's zero time, which its programs send for "not known".
_ZERO_TIME = "0001-01-01T00:00:00"

_annotations = checks.texts_of(checks.LONGEST_DESCRIPTION)
_url = checks.text(0, checks.LONGEST_LABEL)  # generatorURL holds the rule's expression, which may be long


class Alert(NamedTuple):
    """The members that Prometheus and Alertmanager share, checked."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: int | None
    ends_at: int | None
    url: str


def read(value: Json) -> Alert:
    """The alert of an object. Other members are ignored: other versions of the senders have more."""
    given = checks.members(value)
    return Alert(
        labels=checks.optional(given, "labels", present_labels) or {},
        annotations=checks.optional(given, "annotations", _annotations) or {},
        starts_at=checks.optional(given, "startsAt", _time),
        ends_at=checks.optional(given, "endsAt", _time),
        url=checks.optional(given, "generatorURL", _url) or "",
    )


def present_labels(value: Json) -> dict[str, str]:
    """The labels without those that have no value, which Prometheus takes as absent."""
    labels = checks.labels(value)
    return labels if all(labels.values()) else {name: text for name, text in labels.items() if text}


def _time(value: Json) -> int | None:
    if isinstance(value, str) and value.startswith(_ZERO_TIME):
        return None
    return checks.time(value)


def alarm_of(
    alert: Alert,
    alertname: str,
    endpoint: str,
    *,
    is_active: bool,
    resolved_at: int | None = None,
    expires_at: int | None = None,
) -> Alarm:
    """The alarm. Long texts are cut, not refused: these senders never mend a body."""
    labels = alert.labels
    name = alertname[: checks.LONGEST_NAME]
    target = next((labels[label] for label in TARGETS if label in labels), NO_TARGET)
    return Alarm(
        identity=identity_of("labels", *chain.from_iterable(sorted(labels.items()))),
        alarm_type=name,
        target=target[: checks.LONGEST_NAME],
        name=name,
        level=LEVELS.get(labels.get("severity", "").lower(), DEFAULT_LEVEL),
        labels=labels,
        summary=alert.annotations.get("summary", "")[: checks.LONGEST_SUMMARY],
        description=alert.annotations.get("description", ""),
        url=alert.url,
        annotations=alert.annotations,
        endpoint=endpoint,
        is_active=is_active,
        active_at=alert.starts_at,
        resolved_at=resolved_at,
        expires_at=expires_at,
    )
