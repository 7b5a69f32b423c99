"""Rows as they are written: a class for each set of columns of a table, whose fields are the columns.

Where a row is changed, the first field is its key.
"""

from collections.abc import Mapping
from typing import NamedTuple

from alertrpc.records import AlertStatus


class NewHost(NamedTuple):
    hostid: int
    host: str
    name: str


class NewHostInGroup(NamedTuple):
    hostid: int
    groupid: int


class NewTrigger(NamedTuple):
    triggerid: int
    description: str
    value: int
    priority: int
    lastchange: int
    manual_close: int = 1


class NewHostOfObject(NamedTuple):
    object: int
    objectid: int
    hostid: int


class TriggerState(NamedTuple):
    triggerid: int
    value: int
    priority: int
    lastchange: int


class TriggerPriority(NamedTuple):
    triggerid: int
    priority: int


class NewEvent(NamedTuple):
    """An event of a trigger; `value` 1 is a problem, 0 its recovery."""

    eventid: int
    objectid: int
    clock: int
    ns: int
    value: int
    name: str
    severity: int


class EventNaming(NamedTuple):
    eventid: int
    name: str
    severity: int


class NewTag(NamedTuple):
    eventid: int
    tag: str
    value: str


class NewRecovery(NamedTuple):
    eventid: int
    r_eventid: int


class NewAlarm(NamedTuple):
    """What a sender tells of a problem; times in milliseconds, `annotations` a JSON object."""

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


class AlarmEnd(NamedTuple):
    eventid: int
    resolved_at: int
    updated_at: int


class AlarmExpiry(NamedTuple):
    eventid: int
    expires_at: int | None


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


class EscalationStep(NamedTuple):
    escalationid: int
    esc_step: int
    nextcheck: int | None


class EscalationCheck(NamedTuple):
    escalationid: int
    nextcheck: int | None


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


class AlertResult(NamedTuple):
    alertid: int
    status: AlertStatus
    retries: int
    error: str


class NewInQueue(NamedTuple):
    """`due` is in milliseconds."""

    alertid: int
    mediatypeid: int | None
    due: int


class DueTime(NamedTuple):
    alertid: int
    due: int


class NewResend(NamedTuple):
    alertid: int
    resent_alertid: int


class Attempt(NamedTuple):
    """One try; `started` is in milliseconds."""

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


TABLES: Mapping[type[tuple[object, ...]], str] = {
    NewHost: "hosts",
    NewHostInGroup: "hosts_groups",
    NewTrigger: "triggers",
    NewHostOfObject: "object_hosts",
    TriggerState: "triggers",
    TriggerPriority: "triggers",
    NewEvent: "events",
    EventNaming: "events",
    NewTag: "event_tag",
    NewRecovery: "event_recovery",
    NewAlarm: "alarms",
    AlarmUpdate: "alarms",
    AlarmEnd: "alarms",
    AlarmExpiry: "alarms",
    NewStep: "action_steps",
    NewEscalation: "escalations",
    EscalationStep: "escalations",
    EscalationCheck: "escalations",
    NewAlert: "alerts",
    AlertResult: "alerts",
    NewInQueue: "alert_queue",
    DueTime: "alert_queue",
    NewResend: "resends",
    Attempt: "attempts",
}
