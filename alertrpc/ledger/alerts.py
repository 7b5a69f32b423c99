"""The alerts of problems and recoveries: whom actions alert, with which words, and what escalates."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
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

MOST_TEXT = 256 * 1024  # characters that alarms hold
MOST_ALARMS = 200
MOST_ALERTED = 2 * 2**20  # characters of alerts that one transaction makes
LEAST_ALERT = 1000  # characters that an alert counts for beside its message
AlarmRow = Mapping[str, Any]
FAILED = 2
_PUT_OFF = (rows.RECOVERS, rows.STARTS_AND_RECOVERS)  # of problems that have ended
NO_MEDIA = "No media defined for user."


class DueStep(NamedTuple):
    """A step of an action that is to be done about an alarm; `esc_step` counts repeats, `step` is the action's."""

    alarm: AlarmRow
    actionid: int
    esc_step: int
    step: int


class Budget:
    """How many alarms one transaction alerts of, for which all other writes wait: as their own texts say."""

    def __init__(self) -> None:
        self._texts = MOST_TEXT
        self._alarms = MOST_ALARMS

    def takes(self, alarm: AlarmRow) -> bool:
        """Whether an alarm still fits in."""
        self._texts -= len(alarm["description"]) + sum(map(len, alarm["labels"].values()))
        self._alarms -= 1
        return self._texts >= 0 and self._alarms >= 0


def start_escalations(
    rules: Rules,
    taken: Sequence[tuple[AlarmRow, Rule]],
    now: int,
    connection: SqlConnection,
    later: list[int],
) -> None:
    """Puts actions to work on alarms, and makes the alerts of the steps that are due at once; `now` in milliseconds.

    Alerts for which the transaction has no room are on record as due, and the eventids added to `later`.
    """
    seconds = now // 1000
    escalations: list[tuple[int, int, int, int, int | None]] = []
    steps: list[DueStep] = []
    budget = Budget()
    for alarm, rule in taken:
        if not budget.takes(alarm):
            escalations.append((rule.actionid, alarm["id"], rows.STARTS, seconds, seconds))
            continue
        due = due_steps(rule.afters, rule.repeat_every, done=0, started=seconds, now=seconds)
        escalations.append((rule.actionid, alarm["id"], due.done, seconds, due.next))
        steps += [DueStep(alarm, rule.actionid, esc_step, step) for esc_step, step in due.steps]
    left = alert_receivers(rules, steps, now, connection)
    unfinished = {(step.actionid, step.alarm["id"]) for step in left}
    escalations = [
        (*escalation[:2], rows.STARTS, seconds, seconds) if escalation[:2] in unfinished else escalation
        for escalation in escalations
    ]
    insert(connection, "escalations", ("actionid", "eventid", "esc_step", "started", "nextcheck"), escalations)
    later += [eventid for _, eventid, esc_step, _, _ in escalations if esc_step == rows.STARTS]


def start_recoveries(
    rules: Rules, ended: Mapping[int, AlarmRow], now: int, connection: SqlConnection, later: list[int]
) -> None:
    """Tells of the ends of alarms, given by their eventids, whom actions alerted of them; `later` as above."""
    budget = Budget()
    at_work = rows.escalations_of(ended, connection)
    begun = {each.eventid for each in at_work} - {each.eventid for each in at_work if each.esc_step == rows.STARTS}
    told = {eventid for eventid in sorted(begun) if budget.takes(ended[eventid])}
    recovering = [each for each in at_work if each.eventid in told]
    done = _tell_involved(rules, recovering, ended, now, connection)
    rows.drop_escalations([each.escalationid for each in done], connection)
    if len(done) < len(at_work):
        later += rows.put_off_recoveries(ended, now // 1000, connection)


def advance_escalations(
    rules: Rules,
    due: Sequence[rows.Escalation],
    alarms: Mapping[int, AlarmRow],
    now: int,
    connection: SqlConnection,
) -> None:
    """Does the steps that are due, and sets when the next ones are; an escalation without action or active alarm stops.

    What was put off is done too, also of alarms that ended since. What the transaction has no room for stays due.
    """
    seconds = now // 1000
    changes: list[tuple[int, int, int | None]] = []
    steps: list[DueStep] = []
    for escalation in due:
        alarm, rule = alarms.get(escalation.eventid), rules.actions.get(escalation.actionid)
        is_put_off = escalation.esc_step in _PUT_OFF
        if alarm is None or rule is None or (alarm["resolved_at"] is not None and not is_put_off):
            changes.append((escalation.escalationid, escalation.esc_step, None))
        elif escalation.esc_step != rows.RECOVERS:
            done = max(0, escalation.esc_step)
            found = due_steps(rule.afters, rule.repeat_every, done=done, started=escalation.started, now=seconds)
            changes.append((escalation.escalationid, found.done, found.next))
            steps += [DueStep(alarm, rule.actionid, esc_step, step) for esc_step, step in found.steps]
    left = alert_receivers(rules, steps, now, connection, resumes=True)
    unfinished = {(step.actionid, step.alarm["id"]) for step in left}
    finished = [each for each in due if (each.actionid, each.eventid) not in unfinished]
    finished_ids = {each.escalationid for each in finished}
    update(
        connection,
        "escalations",
        ("escalationid", "esc_step", "nextcheck"),
        [change for change in changes if change[0] in finished_ids],
    )
    recovering = [each for each in finished if each.esc_step in _PUT_OFF and each.eventid in alarms]
    told = _tell_involved(rules, recovering, alarms, now, connection, resumes=True)
    rows.drop_escalations([each.escalationid for each in told], connection)
    waiting = [(each.escalationid, rows.RECOVERS, seconds) for each in recovering if each not in told]
    update(connection, "escalations", ("escalationid", "esc_step", "nextcheck"), waiting)


def alert_receivers(
    rules: Rules,
    steps: Sequence[DueStep],
    now: int,
    connection: SqlConnection,
    *,
    resumes: bool = False,
) -> Sequence[DueStep]:
    """Makes the alerts of steps, one for each receiver and medium that takes the alarm's severity at this time.

    A user who cannot be reached at all is an alert that failed, as in Zabbix. Returns the steps of which not all alerts are
    made, as their texts would have more than MOST_ALERTED characters in all. With `resumes`, alerts that are there are not
    made again.
    """
    if not steps:
        return []
    words = _Words(rules, now, is_recovery=False)
    moment = datetime.fromtimestamp(now / 1000)  # of the server, as its users see it
    asked = [(step.alarm["id"], step.actionid, step.esc_step) for step in steps]
    made = Made(rows.alerts_of(asked, connection) if resumes else [])
    for receiving in rows.find_receivers([(step.actionid, step.step) for step in steps], connection):
        step, userid, mediatypeid = steps[receiving.place], receiving.userid, receiving.mediatypeid
        key = (asked[receiving.place], userid, mediatypeid, receiving.sendto if mediatypeid else "")
        if mediatypeid is None:
            alert = _alert(step, userid, now, None, "", "", "", FAILED, NO_MEDIA)
        elif receiving.severities >> step.alarm["severity"] & 1 and is_within(receiving.period, moment):
            subject, message = words(step.alarm, mediatypeid)
            alert = _alert(step, userid, now, mediatypeid, receiving.sendto, subject, message)
        else:
            continue
        if not made.takes(key, alert):
            rows.add_alerts(made.alerts, now, connection)
            return steps[receiving.place :]
    rows.add_alerts(made.alerts, now, connection)
    return []


class Made:
    """The alerts that a transaction makes: none that is there, and but for the first no more text than it has room for."""

    def __init__(self, there: Iterable[Hashable]) -> None:
        self.alerts: list[NewAlert] = []
        self._there = Counter(there)
        self._left = MOST_ALERTED

    def takes(self, key: Hashable, alert: NewAlert) -> bool:
        """Takes an alert, or leaves one that is there; False where there is no room."""
        if self._there[key]:
            self._there[key] -= 1
            return True
        if self.alerts and len(alert.message) > self._left:
            return False
        self._left -= len(alert.message) + LEAST_ALERT
        self.alerts.append(alert)
        return True


def _alert(step: DueStep, userid: int, now: int, *more: Any) -> NewAlert:
    alert = NewAlert(step.actionid, step.alarm["id"], userid, now // 1000, *more)
    return alert._replace(esc_step=step.esc_step)


def _tell_involved(
    rules: Rules,
    ended: Sequence[rows.Escalation],
    alarms: Mapping[int, AlarmRow],
    now: int,
    connection: SqlConnection,
    *,
    resumes: bool = False,
) -> Sequence[rows.Escalation]:
    """Tells of the ends of problems whom the actions alerted of them; returns those escalations of which all are told."""
    telling = [each for each in ended if (rule := rules.actions.get(each.actionid)) is not None and rule.recovery]
    if not telling:
        return ended
    words = _Words(rules, now, is_recovery=True)
    pairs = [(each.eventid, each.actionid) for each in telling]
    made = Made(rows.recoveries_of(pairs, connection) if resumes else [])
    left: set[rows.Escalation] = set()
    for place, userid, mediatypeid, sendto in rows.find_involved(pairs, connection):
        eventid, actionid = pairs[place]
        alarm = alarms[eventid]
        subject, message = words(alarm, mediatypeid)
        alert = NewAlert(
            actionid, alarm["r_eventid"], userid, now // 1000, mediatypeid, sendto, subject, message, p_eventid=eventid
        )
        if not made.takes((pairs[place], userid, mediatypeid, sendto), alert):
            left = set(telling[place:])
            break
    rows.add_alerts(made.alerts, now, connection)
    return [each for each in ended if each not in left]


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
