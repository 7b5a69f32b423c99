"""Makes alarms of alerts of Prometheus and Alertmanager, whose identity is their label set.

An alert is the same alarm whether Prometheus or Alertmanager sends it.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from alertrpc.intake import checks, kept
from alertrpc.intake.bodies import BodyFault, Warnings, identity_of
from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Json

MOST_ALERTS = 10_000
ALERTNAME, SUMMARY = "alertname", "summary"
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
NO_TARGET = "prometheus"
POD, NAMESPACE = "pod", "namespace"  # a pod has its name within a namespace

_url = kept.or_left_out(kept.link(kept.LONGEST_LABEL))  # generatorURL holds the rule's expression, which may be long


class Alert(NamedTuple):
    """The members that Prometheus and Alertmanager share, checked."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: int | None
    ends_at: int | None
    url: str


class Origin(NamedTuple):
    """Where alerts come from: the endpoint, and the labels that may name an alert's target, best first."""

    endpoint: str
    target_labels: Sequence[str]


def read(value: Json, warnings: Warnings) -> Alert:
    """The alert of an object. Other members are ignored: other versions of the senders have more."""
    given = checks.members(value)
    return Alert(
        labels=checks.read_member(given, "labels", present_labels, warnings) or {},
        annotations=checks.read_member(given, "annotations", _annotations, warnings) or {},
        starts_at=checks.optional(given, "startsAt", checks.time),
        ends_at=checks.optional(given, "endsAt", checks.time),
        url=checks.read_member(given, "generatorURL", _url, warnings) or "",
    )


def present_labels(value: Json, warnings: Warnings) -> dict[str, str]:
    """The labels without those that have no value, which Prometheus takes as absent."""
    labels = kept.labels(value, warnings)
    return labels if all(labels.values()) else {name: text for name, text in labels.items() if text}


def _annotations(value: Json, warnings: Warnings) -> dict[str, str]:
    try:
        return kept.annotations(value, warnings)
    except BodyFault as fault:
        warnings.add(f"left out: {fault.fault}")
        return {}


def target_of(labels: Mapping[str, str], names: Sequence[str]) -> str:
    """The value of the first of these labels that is there; a pod's with its namespace, without which it does not count."""
    for name in names:
        if name == POD:
            if POD in labels and NAMESPACE in labels:
                return f"{labels[NAMESPACE]}/{labels[POD]}"
        elif name in labels:
            return labels[name]
    return NO_TARGET


def alarm_of(
    alert: Alert,
    alertname: str,
    origin: Origin,
    warnings: Warnings,
    *,
    is_active: bool,
    ended_by_clock: bool = False,
    resolved_at: int | None = None,
    expires_at: int | None = None,
) -> Alarm:
    """The alarm. What is too long to be shown is cut; the labels and annotations have the whole."""
    labels = alert.labels
    name = kept.cut(alertname, kept.LONGEST_NAME, warnings, "labels", ALERTNAME)
    target = target_of(labels, origin.target_labels)
    summary = alert.annotations.get(SUMMARY, "")
    return Alarm(
        identity=identity_of("labels", *chain.from_iterable(sorted(labels.items()))),
        alarm_type=name,
        target=kept.cut(target, kept.LONGEST_NAME, warnings, "target"),
        name=name,
        level=LEVELS.get(labels.get("severity", "").lower(), DEFAULT_LEVEL),
        labels=labels,
        summary=kept.cut(summary, kept.LONGEST_SUMMARY, warnings, "annotations", SUMMARY),
        description=alert.annotations.get("description", ""),
        url=alert.url,
        annotations=alert.annotations,
        endpoint=origin.endpoint,
        is_active=is_active,
        ended_by_clock=ended_by_clock,
        active_at=alert.starts_at,
        resolved_at=resolved_at,
        expires_at=expires_at,
    )
