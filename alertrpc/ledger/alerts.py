"""The alerts of problems and recoveries: whom actions alert, with which words, and what escalates."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from alertrpc.ledger.periods import is_within
from alertrpc.ledger.rules import Rule, Rules
from alertrpc.ledger.steps import due_steps
from alertrpc.ledger.variables import Told, Variables
from alertrpc.store import alerts as rows
from alertrpc.store.alerts import NewAlert
from alertrpc.store.bulk import insert, update
from alertrpc.store.connection import SqlConnection

AlarmRow = Mapping[str, Any]
FAILED = 2
NO_MEDIA = "No media defined for user."


class DueStep(NamedTuple):
    """A step of an action that is to be done about an alarm; `esc_step` counts repeats, `step` is the action's."""

    alarm: AlarmRow
    actionid: int
    esc_step: int
    step: int


def start_escalations(
    rules: Rules, taken: Sequence[tuple[AlarmRow, Rule]], now: int, connection: SqlConnection
) -> None:
    """Puts actions to work on alarms, and makes the alerts of the steps that are due at once; `now` in milliseconds."""
    seconds = now // 1000
    escalations: list[tuple[int, int, int, int, int | None]] = []
    steps: list[DueStep] = []
    for alarm, rule in taken:
        due = due_steps(rule.afters, rule.repeat_every, done=0, started=seconds, now=seconds)
        escalations.append((rule.actionid, alarm["id"], due.done, seconds, due.next))
        steps += [DueStep(alarm, rule.actionid, esc_step, step) for esc_step, step in due.steps]
    insert(connection, "escalations", ("actionid", "eventid", "esc_step", "started", "nextcheck"), escalations)
    alert_receivers(rules, steps, now, connection)


def advance_escalations(
    rules: Rules,
    due: Sequence[rows.Escalation],
    alarms: Mapping[int, AlarmRow],
    now: int,
    connection: SqlConnection,
) -> None:
    """Does the steps that are due, and sets when the next ones are; an escalation without action or active alarm stops."""
    seconds = now // 1000
    changes: list[tuple[int, int, int | None]] = []
    steps: list[DueStep] = []
    for escalation in due:
        alarm, rule = alarms.get(escalation.eventid), rules.actions.get(escalation.actionid)
        if alarm is None or alarm["resolved_at"] is not None or rule is None:
            changes.append((escalation.escalationid, escalation.esc_step, None))
            continue
        found = due_steps(
            rule.afters, rule.repeat_every, done=escalation.esc_step, started=escalation.started, now=seconds
        )
        changes.append((escalation.escalationid, found.done, found.next))
        steps += [DueStep(alarm, rule.actionid, esc_step, step) for esc_step, step in found.steps]
    update(connection, "escalations", ("escalationid", "esc_step", "nextcheck"), changes)
    alert_receivers(rules, steps, now, connection)


def alert_receivers(rules: Rules, steps: Sequence[DueStep], now: int, connection: SqlConnection) -> None:
    """Makes the alerts of steps, one for each receiver and medium that takes the alarm's severity at this time.

    A user who cannot be reached at all is an alert that failed, as in Zabbix.
    """
    if not steps:
        return
    words = _Words(rules, now, is_recovery=False)
    moment = datetime.fromtimestamp(now / 1000)  # of the server, as its users see it
    alerts = []
    for receiving in rows.find_receivers([(step.actionid, step.step) for step in steps], connection):
        step, userid, mediatypeid = steps[receiving.place], receiving.userid, receiving.mediatypeid
        if mediatypeid is None:
            alerts.append(_alert(step, userid, now, None, "", "", "", FAILED, NO_MEDIA))
        elif receiving.severities >> step.alarm["severity"] & 1 and is_within(receiving.period, moment):
            subject, message = words(step.alarm, mediatypeid)
            alerts.append(_alert(step, userid, now, mediatypeid, receiving.sendto, subject, message))
    rows.add_alerts(alerts, now, connection)


def _alert(step: DueStep, userid: int, now: int, *more: Any) -> NewAlert:
    alert = NewAlert(step.actionid, step.alarm["id"], userid, now // 1000, *more)
    return alert._replace(esc_step=step.esc_step)


def alert_involved(
    rules: Rules,
    ended: Iterable[tuple[int, int]],
    alarms: Mapping[int, AlarmRow],
    now: int,
    connection: SqlConnection,
) -> None:
    """Tells of recoveries whom the actions alerted of the problems; `ended` are pairs of eventid and actionid."""
    told = [
        (eventid, actionid)
        for eventid, actionid in ended
        if (rule := rules.actions.get(actionid)) is not None and rule.recovery
    ]
    if not told:
        return
    words = _Words(rules, now, is_recovery=True)
    alerts = []
    for place, userid, mediatypeid, sendto in rows.find_involved(told, connection):
        eventid, actionid = told[place]
        alarm = alarms[eventid]
        subject, message = words(alarm, mediatypeid)
        alert = NewAlert(
            actionid, alarm["r_eventid"], userid, now // 1000, mediatypeid, sendto, subject, message, p_eventid=eventid
        )
        alerts.append(alert)
    rows.add_alerts(alerts, now, connection)


class _Words:
    """Subject and message about an alarm for a media type, made once for all its receivers."""

    def __init__(self, rules: Rules, now: int, *, is_recovery: bool) -> None:
        self._rules = rules
        self._now = now
        self._is_recovery = is_recovery
        self._alarms: dict[int, AlarmRow] = {}
        self._rendered = cache(self._render)

    def __call__(self, alarm: AlarmRow, mediatypeid: int) -> tuple[str, str]:
        self._alarms[alarm["id"]] = alarm
        return self._rendered(alarm["id"], mediatypeid)

    def _render(self, eventid: int, mediatypeid: int) -> tuple[str, str]:
        variables = Variables(Told(self._alarms[eventid], not self._is_recovery, self._now / 1000))
        return self._rules.templates_of(mediatypeid).rendered(variables, is_recovery=self._is_recovery)
