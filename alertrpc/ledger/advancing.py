"""Does the steps of escalations that are due, and what was put off of them."""

from collections.abc import Mapping, Sequence

from alertrpc.ledger.alerts import AlarmRow, DueStep, Work, alert_receivers, tell_involved
from alertrpc.ledger.rises import Rise, tell_of_rises
from alertrpc.ledger.steps import due_steps
from alertrpc.store import escalations
from alertrpc.store.bulk import update
from alertrpc.store.escalations import Escalation
from alertrpc.store.tables import EscalationStep

_PUT_OFF = (escalations.RECOVERS, escalations.STARTS_AND_RECOVERS)  # of problems that have ended


def advance_escalations(work: Work, due: Sequence[Escalation], alarms: Mapping[int, AlarmRow]) -> None:
    """Does the steps that are due, and schedules the next ones; an escalation without action or active alarm stops.

    Before its next steps, an escalation tells of a rise that was put off. Steps that were put off are done too, even if the
    alarm has ended. What does not fit into the transaction stays due.
    """
    rising = tell_of_rises(work, [Rise(each, alarms[each.eventid]) for each in due if each.eventid in alarms])
    due = [each for each in due if each.escalationid not in rising]
    seconds = work.now // 1000
    changes: list[EscalationStep] = []
    steps: list[DueStep] = []
    for escalation in due:
        alarm, rule = alarms.get(escalation.eventid), work.rules.actions.get(escalation.actionid)
        is_put_off = escalation.esc_step in _PUT_OFF
        if alarm is None or rule is None or (alarm["resolved_at"] is not None and not is_put_off):
            changes.append(_step(escalation, escalation.esc_step, None))
        elif escalation.esc_step != escalations.RECOVERS:
            done = max(0, escalation.esc_step)
            found = due_steps(rule.afters, rule.repeat_every, done=done, started=escalation.started, now=seconds)
            changes.append(_step(escalation, found.done, found.next, alarm["severity"]))
            steps += [DueStep(alarm, rule.actionid, esc_step, step) for esc_step, step in found.steps]
    left = alert_receivers(work, steps, resumes=True)
    unfinished = {(step.actionid, step.alarm["id"]) for step in left}
    finished = [each for each in due if (each.actionid, each.eventid) not in unfinished]
    finished_ids = {each.escalationid for each in finished}
    update(work.connection, [change for change in changes if change.escalationid in finished_ids])
    recovering = [each for each in finished if each.esc_step in _PUT_OFF and each.eventid in alarms]
    told = tell_involved(work, recovering, alarms, resumes=True)
    escalations.drop([each.escalationid for each in told], work.connection)
    update(work.connection, [_step(each, escalations.RECOVERS, seconds) for each in recovering if each not in told])


def _step(escalation: Escalation, esc_step: int, nextcheck: int | None, severity: int = 0) -> EscalationStep:
    return EscalationStep(escalation.escalationid, esc_step, nextcheck, max(escalation.severity, severity))
