"""The alerts of problems and recoveries: whom actions alert, the messages, and the escalations."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from alertrpc.ledger.periods import is_within
from alertrpc.ledger.rules import Rule, Rules
from alertrpc.ledger.steps import due_steps
from alertrpc.ledger.variables import Told, Variables
from alertrpc.records import AlertStatus, Operation, Recovery
from alertrpc.store import alerts as stored
from alertrpc.store import escalations
from alertrpc.store.actions import Receiving, find_receivers
from alertrpc.store.bulk import insert
from alertrpc.store.connection import SqlConnection
from alertrpc.store.tables import NewAlert, NewEscalation

MOST_TEXT = 256 * 1024  # characters of the alarms that one transaction alerts of
MOST_ALARMS = 1000
MOST_ALERTED = 2 * 2**20  # characters of alerts that one transaction creates
LEAST_ALERT = 1000  # characters that an alert counts for beside its message
AlarmRow = Mapping[str, Any]
NO_MEDIA = "No media defined for user."


class Work(NamedTuple):
    """What one transaction works with; `now` is in milliseconds.

    Alerts that do not fit into the transaction stay due; the eventids of their problems are added to `later`.
    """

    rules: Rules
    now: int
    connection: SqlConnection
    later: list[int]
    public_url: str = ""


class DueStep(NamedTuple):
    """A step of an action that is due for an alarm; `esc_step` counts repeats too, `step` is the number in the action."""

    alarm: AlarmRow
    actionid: int
    esc_step: int
    step: int
    told_severity: int | None = None  # media that take it were alerted before, if it is given


class Budget:
    """Bounds the alarms that one transaction alerts of, by number and by text, as all other writes wait for it."""

    def __init__(self) -> None:
        self._texts = MOST_TEXT
        self._alarms = MOST_ALARMS

    def takes(self, alarm: AlarmRow) -> bool:
        """Whether an alarm still fits in."""
        self._texts -= len(alarm["description"]) + sum(map(len, alarm["labels"].values()))
        self._alarms -= 1
        return self._texts >= 0 and self._alarms >= 0


def start_escalations(work: Work, taken: Sequence[tuple[AlarmRow, Rule]]) -> None:
    """Starts actions on alarms, and creates the alerts of the steps that are due at once."""
    seconds = work.now // 1000
    started: list[NewEscalation] = []
    steps: list[DueStep] = []
    budget = Budget()
    for alarm, rule in taken:
        if not budget.takes(alarm):
            put_off = (escalations.STARTS, seconds, seconds, alarm["severity"])
            started.append(NewEscalation(rule.actionid, alarm["id"], *put_off))
            continue
        due = due_steps(rule.afters, rule.repeat_every, done=0, started=seconds, now=seconds)
        started.append(NewEscalation(rule.actionid, alarm["id"], due.done, seconds, due.next, alarm["severity"]))
        steps += [DueStep(alarm, rule.actionid, esc_step, step) for esc_step, step in due.steps]
    left = alert_receivers(work, steps)
    unfinished = {(step.actionid, step.alarm["id"]) for step in left}
    started = [
        each._replace(esc_step=escalations.STARTS, nextcheck=seconds)
        if (each.actionid, each.eventid) in unfinished
        else each
        for each in started
    ]
    insert(work.connection, started)
    work.later.extend([each.eventid for each in started if each.esc_step == escalations.STARTS])


def start_recoveries(work: Work, ended: Mapping[int, AlarmRow]) -> None:
    """Sends recoveries of alarms, given by their eventids, to those whom actions alerted of them."""
    budget = Budget()
    at_work = escalations.of_problems(ended, work.connection)
    begun = {each.eventid for each in at_work} - {
        each.eventid for each in at_work if each.esc_step == escalations.STARTS
    }
    told = {eventid for eventid in sorted(begun) if budget.takes(ended[eventid])}
    done = tell_involved(work, [each for each in at_work if each.eventid in told], ended)
    escalations.drop([each.escalationid for each in done], work.connection)
    if len(done) < len(at_work):
        work.later.extend(escalations.put_off(ended, work.now // 1000, work.connection))


def alert_receivers(work: Work, steps: Sequence[DueStep], *, resumes: bool = False) -> Sequence[DueStep]:
    """Creates the alerts of steps, one for each receiver and medium that takes the alarm's severity at this time.

    A user without media is recorded as a failed alert, as in Zabbix. Returns the steps whose alerts are not all created,
    because the texts would exceed MOST_ALERTED characters. With `resumes`, alerts that exist are not created again.
    """
    if not steps:
        return []
    words = words_of(work, {step.alarm["id"]: step.alarm for step in steps}, Operation.PROBLEM)
    moment = datetime.fromtimestamp(work.now / 1000)  # of the server, as its users see it
    asked = [(step.alarm["id"], step.actionid, step.esc_step) for step in steps]
    made = Made(stored.alerts_of(asked, work.connection) if resumes else [])
    left: Sequence[DueStep] = []
    for receiving in find_receivers([(step.actionid, step.step) for step in steps], work.connection):
        step = steps[receiving.place]
        if receiving.mediatypeid is None:
            told: dict[str, Any] = {"status": AlertStatus.FAILED, "error": NO_MEDIA}
        elif _takes(receiving, step) and is_within(receiving.period, moment):
            subject, message = words(step.alarm["id"], receiving.mediatypeid)
            told = {"sendto": receiving.sendto, "subject": subject, "message": message}
        else:
            continue
        alert = NewAlert(
            actionid=step.actionid,
            eventid=step.alarm["id"],
            userid=receiving.userid,
            clock=work.now // 1000,
            mediatypeid=receiving.mediatypeid,
            esc_step=step.esc_step,
            **told,
        )
        if not made.takes((asked[receiving.place], alert.userid, alert.mediatypeid, alert.sendto), alert):
            left = steps[receiving.place :]
            break
    stored.add_alerts(made.alerts, work.now, work.connection)
    return left


class Made:
    """The alerts that a transaction creates: none that exists already, and within MOST_ALERTED but for the first."""

    def __init__(self, there: Iterable[Hashable]) -> None:
        self.alerts: list[NewAlert] = []
        self._there = Counter(there)
        self._left = MOST_ALERTED

    def takes(self, key: Hashable, alert: NewAlert) -> bool:
        """Takes an alert, or ignores one that exists; False if it does not fit."""
        if self._there[key]:
            self._there[key] -= 1
            return True
        if self.alerts and len(alert.message) > self._left:
            return False
        self._left -= len(alert.message) + LEAST_ALERT
        self.alerts.append(alert)
        return True


def tell_involved(
    work: Work, ended: Sequence[escalations.Escalation], alarms: Mapping[int, AlarmRow], *, resumes: bool = False
) -> Sequence[escalations.Escalation]:
    """Creates the recovery alerts of escalations; returns the escalations whose alerts are all created."""
    telling = [each for each in ended if (rule := work.rules.actions.get(each.actionid)) is not None and rule.recovery]
    if not telling:
        return ended
    words = words_of(work, alarms, Operation.RECOVERY)
    pairs = [(each.eventid, each.actionid) for each in telling]
    made = Made(stored.recoveries_of(pairs, work.connection) if resumes else [])
    left: set[escalations.Escalation] = set()
    for involved in stored.find_involved(pairs, work.connection):
        eventid, actionid = pairs[involved.place]
        alert = alert_to(involved, actionid, words(eventid, involved.mediatypeid), work)
        alert = alert._replace(eventid=alarms[eventid]["r_eventid"], p_eventid=eventid)
        if not made.takes((pairs[involved.place], alert.userid, alert.mediatypeid, alert.sendto), alert):
            left = set(telling[involved.place :])
            break
    only_if_told = {each.actionid for each in telling if work.rules.actions[each.actionid].recovery is Recovery.TOLD}
    stored.add_alerts(made.alerts, work.now, work.connection, only_if_told=only_if_told)
    return [each for each in ended if each not in left]


def alert_to(involved: stored.Involved, actionid: int, words: tuple[str, str], work: Work) -> NewAlert:
    """An alert to somebody whom the action alerted; the event is still to be named."""
    subject, message = words
    return NewAlert(
        actionid=actionid,
        eventid=0,
        userid=involved.userid,
        clock=work.now // 1000,
        mediatypeid=involved.mediatypeid,
        sendto=involved.sendto,
        subject=subject,
        message=message,
    )


def _takes(receiving: Receiving, step: DueStep) -> bool:
    """Whether a medium takes the alarm's severity, and did not take the one that was told of."""
    was_told = step.told_severity is not None and receiving.severities >> step.told_severity & 1
    return bool(receiving.severities >> step.alarm["severity"] & 1 and not was_told)


def words_of(work: Work, alarms: Mapping[int, AlarmRow], operation: Operation) -> Callable[..., tuple[str, str]]:
    """A function that gives subject and message, rendered once for all receivers.

    It takes the eventid, the mediatypeid, and of an update the level before.
    """

    @cache
    def words(eventid: int, mediatypeid: int, previous_level: int | None = None) -> tuple[str, str]:
        is_active = operation is not Operation.RECOVERY
        told = Told(
            alarms[eventid], is_active, work.now / 1000, previous_level=previous_level, public_url=work.public_url
        )
        return work.rules.templates_of(mediatypeid).rendered(Variables(told), operation)

    return words
