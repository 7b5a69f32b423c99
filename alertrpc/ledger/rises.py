"""Tells that alarms got worse: those whom no step alerted because of the severity, and those who asked for updates."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alertrpc.ledger.alerts import AlarmRow, Budget, DueStep, Made, Work, alert_receivers, alert_to, words_of
from alertrpc.ledger.levels import level_of
from alertrpc.records import Operation
from alertrpc.store import alerts as stored
from alertrpc.store import escalations
from alertrpc.store.bulk import update
from alertrpc.store.escalations import Escalation
from alertrpc.store.tables import EscalationRise, EscalationSeverity


class Rise(NamedTuple):
    """An escalation, and its alarm, whose severity may be higher than what the escalation told of."""

    escalation: Escalation
    alarm: AlarmRow

    @property
    def is_to_be_told(self) -> bool:
        """Whether it is higher; an escalation that has not started yet tells of the severity when it starts."""
        is_active = self.alarm["resolved_at"] is None and self.escalation.esc_step >= 0
        return is_active and self.alarm["severity"] > self.escalation.severity


def rises_of(alarms: Mapping[int, AlarmRow], work: Work) -> list[Rise]:
    """The escalations of alarms, given by their eventids."""
    found = escalations.of_problems(alarms, work.connection)
    return [Rise(escalation, alarms[escalation.eventid]) for escalation in found]


def tell_of_rises(work: Work, rises: Sequence[Rise]) -> set[int]:
    """Alerts those whose media did not take the severity before, and tells the others if the action has updates.

    Returns the escalationids of the rises that do not fit into the transaction wholly; they stay due.
    """
    rises = [rise for rise in rises if rise.is_to_be_told and rise.escalation.actionid in work.rules.actions]
    if not rises:
        return set()
    last_alertid = stored.last_alertid(work.connection)
    risen = {
        rise.escalation: last_alertid if rise.escalation.risen is None else rise.escalation.risen for rise in rises
    }
    budget = Budget()
    fitting = [rise for place, rise in enumerate(rises) if budget.takes(rise.alarm) or not place]
    left = {rise.escalation for rise in rises} - {rise.escalation for rise in fitting}
    left |= _tell_those_told(work, fitting, risen)
    left |= _alert_others(work, [rise for rise in fitting if rise.escalation not in left])
    told = [rise for rise in rises if rise.escalation not in left]
    update(work.connection, [_told(rise) for rise in told])
    seconds = work.now // 1000
    update(work.connection, [EscalationRise(each.escalationid, seconds, risen[each]) for each in left])
    work.later.extend(dict.fromkeys(each.eventid for each in left))
    return {each.escalationid for each in left}


def _told(rise: Rise) -> EscalationSeverity:
    return EscalationSeverity(rise.escalation.escalationid, rise.alarm["severity"])


def _tell_those_told(work: Work, rises: Sequence[Rise], risen: Mapping[Escalation, int]) -> set[Escalation]:
    """Creates the updates of actions that have them, for those alerted before; returns what is left."""
    telling = [rise for rise in rises if work.rules.actions[rise.escalation.actionid].updates]
    words = words_of(work, {rise.alarm["id"]: rise.alarm for rise in telling}, Operation.UPDATE)
    asked = [(rise.alarm["id"], rise.escalation.actionid) for rise in telling]
    since = [risen[rise.escalation] for rise in telling]
    made = Made(stored.updates_of(asked, since, work.connection))
    left: set[Escalation] = set()
    for involved in stored.find_involved(asked, work.connection, since):
        rise = telling[involved.place]
        said = words(rise.alarm["id"], involved.mediatypeid, level_of(rise.escalation.severity))
        alert = alert_to(involved, rise.escalation.actionid, said, work)._replace(eventid=rise.alarm["id"])
        if not made.takes((asked[involved.place], alert.userid, alert.mediatypeid, alert.sendto), alert):
            left = {rise.escalation for rise in telling[involved.place :]}
            break
    stored.add_alerts(made.alerts, work.now, work.connection)
    return left


def _alert_others(work: Work, rises: Sequence[Rise]) -> set[Escalation]:
    """Creates the alerts of steps that were done for media that did not take the severity; returns what is left."""
    steps = []
    for escalation, alarm in rises:
        done = min(escalation.esc_step, len(work.rules.actions[escalation.actionid].afters))
        numbers = range(1, done + 1)
        steps += [DueStep(alarm, escalation.actionid, number, number, escalation.severity) for number in numbers]
    left = {(step.actionid, step.alarm["id"]) for step in alert_receivers(work, steps, resumes=True)}
    return {escalation for escalation, _ in rises if (escalation.actionid, escalation.eventid) in left}
