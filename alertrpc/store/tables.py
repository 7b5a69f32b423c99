"""The rows that are written: a class for each set of columns of a table, whose fields are the columns.

Where a row is changed, the first field is its key.
"""
# ruff: noqa: UP014 - a short row is a line

from collections.abc import Mapping
from typing import NamedTuple

from alertrpc.records import AlertStatus, Queued

NewHost = NamedTuple("NewHost", [("hostid", int), ("host", str), ("name", str)])
NewHostInGroup = NamedTuple("NewHostInGroup", [("hostid", int), ("groupid", int)])
NewHostOfObject = NamedTuple("NewHostOfObject", [("object", int), ("objectid", int), ("hostid", int)])


class NewTrigger(NamedTuple):
    triggerid: int
    description: str
    value: int
    priority: int
    lastchange: int
    manual_close: int = 1


TriggerState = NamedTuple("TriggerState", [("triggerid", int), ("value", int), ("priority", int), ("lastchange", int)])
TriggerPriority = NamedTuple("TriggerPriority", [("triggerid", int), ("priority", int)])


class NewEvent(NamedTuple):
    """An event of a trigger; `value` 1 is a problem, 0 its recovery."""

    eventid: int
    objectid: int
    clock: int
    ns: int
    value: int
    name: str
    severity: int


EventNaming = NamedTuple("EventNaming", [("eventid", int), ("name", str), ("severity", int)])
NewTag = NamedTuple("NewTag", [("eventid", int), ("tag", str), ("value", str)])
NewRecovery = NamedTuple("NewRecovery", [("eventid", int), ("r_eventid", int)])


class NewAlarm(NamedTuple):
    """What a sender says of a problem; times in milliseconds, `annotations` a JSON object.

    `digest` is of all that it says, and `resolve_after` of the rules at that time, in seconds. `reports` is a JSON object of
    the endpoints that report it, and when each report ends.
    """

    eventid: int
    identity: str
    alarm_type: str
    target: str
    level: int
    name: str
    summary: str
    description: str
    url: str
    annotations: str
    active_at: int
    updated_at: int
    expires_at: int | None
    reports: str
    resolve_after: int | None
    digest: str


class AlarmUpdate(NamedTuple):
    eventid: int
    level: int
    name: str
    summary: str
    description: str
    url: str
    annotations: str
    updated_at: int
    expires_at: int | None
    reports: str
    resolve_after: int | None
    digest: str


class AlarmTimes(NamedTuple):
    eventid: int
    updated_at: int
    expires_at: int | None
    reports: str


class AlarmEnd(NamedTuple):
    eventid: int
    resolved_at: int
    updated_at: int
    ended: str
    ended_at: None = None


class AlarmSettling(NamedTuple):
    """An alarm that ended, and recovers when it expires unless it is pushed again; times in milliseconds."""

    eventid: int
    ended: str
    ended_at: int
    expires_at: int
    reports: str = "{}"


class AlarmLasting(NamedTuple):
    """An alarm that has not ended after all."""

    eventid: int
    ended: str = ""
    ended_at: None = None


AlarmExpiry = NamedTuple("AlarmExpiry", [("eventid", int), ("expires_at", int | None)])


class NewStep(NamedTuple):
    """A step of an action; the ids are JSON arrays."""

    actionid: int
    esc_step: int
    after: int
    userids: str
    usrgrpids: str
    mediatypeids: str | None


class NewEscalation(NamedTuple):
    """An action at work on a problem; times in seconds."""

    actionid: int
    eventid: int
    esc_step: int
    started: int
    nextcheck: int | None
    severity: int


class EscalationStep(NamedTuple):
    """A state between rises."""

    escalationid: int
    esc_step: int
    nextcheck: int | None
    severity: int
    risen: None = None


class EscalationRise(NamedTuple):
    """A rise whose alerts are not all made."""

    escalationid: int
    nextcheck: int
    risen: int


class EscalationSeverity(NamedTuple):
    """A rise that is wholly told."""

    escalationid: int
    severity: int
    risen: None = None


EscalationCheck = NamedTuple("EscalationCheck", [("escalationid", int), ("nextcheck", int | None)])


class NewAlert(NamedTuple):
    """An alert; times in seconds. `add_alerts` gives it its id, and queues it where its status is NEW."""

    actionid: int
    eventid: int
    userid: int | None
    clock: int
    mediatypeid: int | None = None
    sendto: str = ""
    subject: str = ""
    message: str = ""
    status: AlertStatus = AlertStatus.NEW
    error: str = ""
    esc_step: int = 0
    p_eventid: int | None = None
    alertid: int = 0


AlertResult = NamedTuple("AlertResult", [("alertid", int), ("status", AlertStatus), ("retries", int), ("error", str)])


class QueueState(NamedTuple):
    """When an alert is sent again, in milliseconds; to the `remaining` addresses alone, if there are any."""

    alertid: int
    state: Queued
    due: int
    remaining: str
    is_taken: int


NewResend = NamedTuple("NewResend", [("alertid", int), ("resent_alertid", int)])


class Attempt(NamedTuple):
    """One attempt to send; `started` is in milliseconds."""

    alertid: int
    number: int
    started: int
    outcome: str
    reason: str
    code: int | None
    error: str
    answer: str
    stdout: str
    stderr: str
    milliseconds: int
    request: str = ""
    request_cut: int = 0
    digestid: int | None = None


class NewDigest(NamedTuple):
    """Alerts of one address that go as one message; `clock` in seconds, `eventids` a JSON array of their problems."""

    digestid: int
    clock: int
    alarm_count: int
    eventids: str
    alarms: str
    subject: str
    message: str


DigestTried = NamedTuple("DigestTried", [("digestid", int), ("retries", int), ("request", str)])
QueueDigest = NamedTuple("QueueDigest", [("alertid", int), ("digestid", int), ("state", Queued)])


class NewTurn(NamedTuple):
    """An attempt that counts for the rates of its media type; `ended` is in milliseconds."""

    mediatypeid: int
    sendto: str
    alertid: int
    ended: int


_ROWS: Mapping[str, tuple[type[tuple[object, ...]], ...]] = {
    "hosts": (NewHost,),
    "hosts_groups": (NewHostInGroup,),
    "object_hosts": (NewHostOfObject,),
    "triggers": (NewTrigger, TriggerState, TriggerPriority),
    "events": (NewEvent, EventNaming),
    "event_tag": (NewTag,),
    "event_recovery": (NewRecovery,),
    "alarms": (NewAlarm, AlarmUpdate, AlarmTimes, AlarmSettling, AlarmLasting, AlarmEnd, AlarmExpiry),
    "action_steps": (NewStep,),
    "escalations": (NewEscalation, EscalationStep, EscalationSeverity, EscalationRise, EscalationCheck),
    "alerts": (NewAlert, AlertResult),
    "alert_queue": (QueueState, QueueDigest),
    "digests": (NewDigest, DigestTried),
    "turns": (NewTurn,),
    "resends": (NewResend,),
    "attempts": (Attempt,),
}
TABLES = {row: table for table, rows in _ROWS.items() for row in rows}
