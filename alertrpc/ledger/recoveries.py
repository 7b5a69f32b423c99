"""Ends problems: at once, or when they have settled."""

from collections.abc import Mapping
from typing import Any

from alertrpc.ledger.alerts import Work, start_recoveries
from alertrpc.ledger.ends import End
from alertrpc.records import Ended
from alertrpc.store import problems, tables
from alertrpc.store.bulk import insert, update

AlarmRow = dict[str, Any]


def end_problems(work: Work, ends: Mapping[int, End]) -> None:
    """Ends problems, given by their eventids; those that actions let settle stay active, and end later at the same time.

    One that has settled ends when it ended first.
    """
    if not ends:
        return
    recovered: dict[int, AlarmRow] = {}
    settling: list[tables.AlarmSettling] = []
    for eventid, alarm in problems.find_alarms(ends, work.connection).items():
        has_settled = alarm["ended_at"] is not None
        end = End(Ended(alarm["ended"]), alarm["ended_at"]) if has_settled else ends[eventid]
        at = max(alarm["active_at"], end.at)
        settle = 0 if has_settled else max([rule.settle for rule in work.rules.of(alarm)], default=0)
        if settle:
            settling.append(tables.AlarmSettling(eventid, end.ended, at, work.now + 1000 * settle))
        else:
            recovered[eventid] = {**alarm, "ended": end.ended, "resolved_at": at}
    update(work.connection, settling)
    _recover(work, recovered)


def _recover(work: Work, alarms: Mapping[int, AlarmRow]) -> None:
    """Adds the recoveries of alarms, given by their eventids, and starts to tell of them."""
    if not alarms:
        return
    for r_eventid, alarm in enumerate(alarms.values(), problems.last_ids(work.connection).eventid + 1):
        alarm["r_eventid"] = r_eventid
    told = alarms.values()
    events = [new_event(each["r_eventid"], each["triggerid"], each["resolved_at"], each["name"], None) for each in told]
    recoveries = [tables.NewRecovery(alarm["id"], alarm["r_eventid"]) for alarm in told]
    insert(work.connection, events)
    insert(work.connection, recoveries)
    problems.copy_tags(recoveries, work.connection)
    ended = [tables.AlarmEnd(alarm["id"], alarm["resolved_at"], work.now, alarm["ended"]) for alarm in told]
    update(work.connection, ended)
    calmed = [
        problems.Calmed(alarm["triggerid"], alarm["resolved_at"] // 1000, alarm["target"], alarm["alarm_type"])
        for alarm in told
    ]
    problems.calm_triggers({each.triggerid: each for each in calmed}.values(), work.connection)
    start_recoveries(work, alarms)


def new_event(eventid: int, triggerid: int, at: int, name: str, severity: int | None) -> tables.NewEvent:
    """A problem of a severity, or a recovery; `at` is in milliseconds."""
    clock, ns = at // 1000, at % 1000 * 1_000_000
    return tables.NewEvent(eventid, triggerid, clock, ns, int(severity is not None), name, severity or 0)
