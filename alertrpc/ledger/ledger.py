"""Puts alarms on record: new problems, updates, recoveries, and the alerts that follow, in the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from alertrpc.ledger.alarm import Alarm
from alertrpc.ledger.alerts import AlarmRow, Budget, Work, advance_escalations, start_escalations, start_recoveries
from alertrpc.ledger.rules import Rule, RuleBook
from alertrpc.settings import Settings
from alertrpc.store import escalations, problems, tables
from alertrpc.store.bulk import insert, update
from alertrpc.store.connection import SqlConnection

WORST_LEVEL_SEVERITY = 6  # OCP's level 1 is Zabbix's severity 5, level 5 severity 1
MOST_AT_ONCE = 500  # escalations of one transaction
LOADED_TOGETHER = 4  # alarms, of which each may hold some MiB
MOST_ENDED = 200  # alarms whose time is over, of one transaction


def severity_of(level: int) -> int:
    return WORST_LEVEL_SEVERITY - level


class Timer(NamedTuple):
    """What is due by time about a problem: its end, or steps of an action."""

    eventid: int
    escalation: escalations.Escalation | None = None


class Ledger:
    """What is known of rules is kept between transactions; all else is in the database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._book = RuleBook()

    def record(
        self, alarms: Sequence[Alarm], now: int, connection: SqlConnection, later: list[int] | None = None
    ) -> list[int | None]:
        """Records alarms in their order; returns the eventid of each one's problem, None where there never was one.

        `now` is in milliseconds, as all times of alarms. Alerts for which one transaction has no room are on record as due;
        the eventids of their problems are added to `later`, for `alert_some`.
        """
        work = self._work(now, connection, later)
        found: list[int | None] = [None] * len(alarms)
        for turn in _turns(alarms):
            recorded = self._record_turn(work, [alarms[place] for place in turn])
            for place, eventid in zip(turn, recorded, strict=True):
                found[place] = eventid
        return found

    def _work(self, now: int, connection: SqlConnection, later: list[int] | None = None) -> Work:
        return Work(self._book.current(connection), now, connection, [] if later is None else later)

    def _record_turn(self, work: Work, alarms: Sequence[Alarm]) -> list[int | None]:
        asked = [(alarm.identity, alarm.target, alarm.alarm_type) for alarm in alarms]
        pushes = list(zip(alarms, problems.find_known(asked, work.connection), strict=True))
        new = [(alarm, known) for alarm, known in pushes if alarm.is_active and known.active_eventid is None]
        lasting = {
            known.active_eventid: alarm
            for alarm, known in pushes
            if alarm.is_active and known.active_eventid is not None
        }
        ended = {
            known.active_eventid: alarm.resolved_at
            for alarm, known in pushes
            if not alarm.is_active and known.active_eventid is not None
        }
        made = self._add_problems(work, new)
        _update_problems(work, lasting)
        _alert(work, [*made.values(), *lasting])
        recover(work, ended)
        return [made.get(alarm.identity, known.active_eventid or known.last_eventid) for alarm, known in pushes]

    def _add_problems(self, work: Work, new: Sequence[tuple[Alarm, problems.Known]]) -> dict[str, int]:
        """Adds problems, with the hosts and triggers that they need; returns their eventids by identity."""
        if not new:
            return {}
        places = _Places(problems.last_ids(work.connection), work.now)
        made = {alarm.identity: eventid for eventid, (alarm, _) in enumerate(new, places.last.eventid + 1)}
        events, tags, alarms = [], [], []
        for alarm, known in new:
            eventid = made[alarm.identity]
            active_at = work.now if alarm.active_at is None else alarm.active_at
            triggerid = places.trigger(alarm, known)
            events.append(_event(eventid, triggerid, active_at, alarm.name, severity_of(alarm.level)))
            tags += _tags(eventid, alarm)
            alarms.append(
                tables.NewAlarm(
                    eventid=eventid,
                    identity=alarm.identity,
                    alarm_type=alarm.alarm_type,
                    target=alarm.target,
                    active_at=active_at,
                    **_told(work, alarm),
                )
            )
        places.add(self._settings.push_group, work.connection)
        insert(work.connection, events)
        insert(work.connection, tags)
        insert(work.connection, alarms)
        return made

    def advance(self, now: int, connection: SqlConnection) -> int | None:
        """Ends the alarms whose time is over and does the steps that are due.

        Returns when to look again, in milliseconds as `now` is; None is when something changes.
        """
        self.do(due_timers(now, connection), now, connection)
        return next_timer(connection)

    def alert_some(self, eventids: Sequence[int], now: int, connection: SqlConnection) -> list[int]:
        """Makes the alerts that are due of the first of these problems, as many as one transaction has room for.

        Returns the eventids that are left. What is on record as due is made by who delivers if nobody calls this.
        """
        some = eventids[:MOST_AT_ONCE]
        self._advance(escalations.due_of_problems(some, now // 1000, connection), now, connection)
        left = {escalation.eventid for escalation in escalations.due_of_problems(some, now // 1000, connection)}
        return [eventid for eventid in some if eventid in left] + list(eventids[MOST_AT_ONCE:])

    def _advance(self, due: Sequence[escalations.Escalation], now: int, connection: SqlConnection) -> None:
        """Does the steps of the first escalations, as many as one transaction has room for; the others stay due."""
        alarms: dict[int, AlarmRow] = {}
        budget, taken = Budget(), 0
        while taken < len(due):
            some = due[taken : taken + LOADED_TOGETHER]
            found = problems.find_alarms({each.eventid for each in some} - alarms.keys(), connection)
            room = next((place for place, each in enumerate(some) if not _has_room(budget, each, found)), len(some))
            alarms |= found
            taken += room
            if room < len(some):
                break
        advance_escalations(self._work(now, connection), due[: max(taken, 1)], alarms)

    def do(self, timers: Sequence[Timer], now: int, connection: SqlConnection) -> None:
        """Ends the alarms of timers, and does the steps of those that are of escalations."""
        ended = [timer.eventid for timer in timers if timer.escalation is None]
        recover(self._work(now, connection), dict.fromkeys(ended, now))
        self._advance([timer.escalation for timer in timers if timer.escalation is not None], now, connection)


def due_timers(now: int, connection: SqlConnection) -> list[Timer]:
    """The alarms whose time is over, and the escalations whose steps are due."""
    expired = problems.expired_alarms(now, MOST_ENDED, connection)
    due = escalations.due(now // 1000, MOST_AT_ONCE, connection)
    return [*[Timer(eventid) for eventid in expired], *[Timer(each.eventid, each) for each in due]]


def put_aside(timer: Timer, connection: SqlConnection) -> None:
    """Looks no more at a timer by itself; a push of its alarm, or another configuration, sets it again."""
    if timer.escalation is None:
        update(connection, [tables.AlarmExpiry(timer.eventid, None)])
    else:
        update(connection, [tables.EscalationCheck(timer.escalation.escalationid, None)])


def next_timer(connection: SqlConnection) -> int | None:
    """When the next alarm's time is over, or the next step is due, in milliseconds; None is when something changes."""
    expiry, step = problems.next_expiry(connection), escalations.next_check(connection)
    return min([time for time in (expiry, None if step is None else step * 1000) if time is not None], default=None)


def recover(work: Work, ended: Mapping[int, int | None]) -> None:
    """Ends problems, given as eventids with when they ended; tells whom the actions alerted of them."""
    if not ended:
        return
    alarms = problems.find_alarms(ended, work.connection)
    for r_eventid, (eventid, alarm) in enumerate(alarms.items(), problems.last_ids(work.connection).eventid + 1):
        at = ended[eventid]
        alarm["r_eventid"] = r_eventid
        alarm["resolved_at"] = max(alarm["active_at"], work.now if at is None else at)
    told = alarms.values()
    recoveries = [tables.NewRecovery(alarm["id"], alarm["r_eventid"]) for alarm in told]
    insert(
        work.connection,
        [_event(alarm["r_eventid"], alarm["triggerid"], alarm["resolved_at"], alarm["name"], None) for alarm in told],
    )
    insert(work.connection, recoveries)
    problems.copy_tags(recoveries, work.connection)
    update(work.connection, [tables.AlarmEnd(alarm["id"], alarm["resolved_at"], work.now) for alarm in told])
    calmed = {
        alarm["triggerid"]: problems.Calmed(
            alarm["triggerid"], alarm["resolved_at"] // 1000, alarm["target"], alarm["alarm_type"]
        )
        for alarm in told
    }
    problems.calm_triggers(calmed.values(), work.connection)
    start_recoveries(work, alarms)


def _update_problems(work: Work, lasting: Mapping[int, Alarm]) -> None:
    """Brings problems to what their alarms say now."""
    if not lasting:
        return
    before = problems.find_alarms(lasting, work.connection)
    update(work.connection, [tables.AlarmUpdate(eventid, **_told(work, alarm)) for eventid, alarm in lasting.items()])
    named = [
        tables.EventNaming(eventid, alarm.name, severity_of(alarm.level))
        for eventid, alarm in lasting.items()
        if (alarm.level, alarm.name) != (before[eventid]["level"], before[eventid]["name"])
    ]
    update(work.connection, named)
    update(
        work.connection, [tables.TriggerPriority(before[each.eventid]["triggerid"], each.severity) for each in named]
    )
    relabelled = [eventid for eventid, alarm in lasting.items() if alarm.labels != before[eventid]["labels"]]
    problems.drop_tags(relabelled, work.connection)
    insert(work.connection, [tag for eventid in relabelled for tag in _tags(eventid, lasting[eventid])])


def _alert(work: Work, eventids: Iterable[int]) -> None:
    """Puts the actions to work that take the alarms and are not at work on them yet."""
    if not work.rules.actions:
        return
    alarms = problems.find_alarms(eventids, work.connection)
    taken: list[tuple[AlarmRow, Rule]] = [
        (alarm, rule)
        for alarm in alarms.values()
        for rule in work.rules.of(alarm)
        if rule.actionid not in alarm["actionids"]
    ]
    start_escalations(work, taken)


def _told(work: Work, alarm: Alarm) -> dict[str, Any]:
    """What a push tells of a problem, a new one or one that lasts, as columns."""
    return {
        "level": alarm.level,
        "name": alarm.name,
        "summary": alarm.summary,
        "description": alarm.description,
        "url": alarm.url,
        "annotations": orjson.dumps(dict(alarm.annotations)).decode(),
        "updated_at": work.now,
        "expires_at": _expiry(work, alarm),
    }


def _expiry(work: Work, alarm: Alarm) -> int | None:
    """When the alarm ends unless it is pushed again: the sooner of what its sender and the actions say."""
    as_row: dict[str, Any] = {
        "alarm_type": alarm.alarm_type,
        "target": alarm.target,
        "labels": alarm.labels,
        "severity": severity_of(alarm.level),
    }
    ends = [work.now + rule.resolve_after * 1000 for rule in work.rules.of(as_row) if rule.resolve_after is not None]
    return min([*ends, *([] if alarm.expires_at is None else [alarm.expires_at])], default=None)


def _event(eventid: int, triggerid: int, at: int, name: str, severity: int | None) -> tables.NewEvent:
    """A problem of a severity, or a recovery; `at` is in milliseconds."""
    return tables.NewEvent(
        eventid=eventid,
        objectid=triggerid,
        clock=at // 1000,
        ns=at % 1000 * 1_000_000,
        value=int(severity is not None),
        name=name,
        severity=severity or 0,
    )


def _tags(eventid: int, alarm: Alarm) -> list[tables.NewTag]:
    return [tables.NewTag(eventid, name, value) for name, value in alarm.labels.items()]


class _Places:
    """The hosts and triggers that new problems need, each made once; `now` is in milliseconds."""

    def __init__(self, last: problems.LastIds, now: int) -> None:
        self.last = last
        self._now = now // 1000
        self._hosts: dict[str, tables.NewHost] = {}
        self._triggers: dict[tuple[str, str], tables.NewTrigger] = {}
        self._on_hosts: list[tables.NewHostOfObject] = []
        self._raised: list[tables.TriggerState] = []

    def trigger(self, alarm: Alarm, known: problems.Known) -> int:
        """The trigger of the alarm's type on its target, which is in a problem now."""
        severity, key = severity_of(alarm.level), (alarm.target, alarm.alarm_type)
        if known.triggerid or key in self._triggers:
            triggerid = known.triggerid or self._triggers[key].triggerid
            self._raised.append(tables.TriggerState(triggerid, 1, severity, self._now))
            return triggerid
        triggerid = self.last.triggerid + len(self._triggers) + 1
        self._triggers[key] = tables.NewTrigger(triggerid, alarm.alarm_type, 1, severity, self._now)
        self._on_hosts.append(tables.NewHostOfObject(0, triggerid, known.hostid or self._new_host(alarm.target)))
        return triggerid

    def _new_host(self, target: str) -> int:
        hostid = self.last.hostid + len(self._hosts) + 1
        return self._hosts.setdefault(target, tables.NewHost(hostid, target, target)).hostid

    def add(self, push_group: str, connection: SqlConnection) -> None:
        """Adds what is new."""
        if self._hosts:
            groupid = problems.host_group(push_group, connection)
            insert(connection, list(self._hosts.values()))
            insert(connection, [tables.NewHostInGroup(host.hostid, groupid) for host in self._hosts.values()])
        insert(connection, list(self._triggers.values()))
        insert(connection, self._on_hosts)
        update(connection, self._raised)


def _turns(alarms: Sequence[Alarm]) -> list[list[int]]:
    """The places of the alarms in as few turns as may be, so that none has two pushes of one alarm."""
    turns: list[list[int]] = []
    seen: dict[str, int] = {}
    for place, alarm in enumerate(alarms):
        turn = seen[alarm.identity] = seen.get(alarm.identity, -1) + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(place)
    return turns


def _has_room(budget: Budget, escalation: escalations.Escalation, found: dict[int, dict[str, Any]]) -> bool:
    """Whether a transaction takes an escalation too; its alarm counts once."""
    alarm = found.get(escalation.eventid)
    return alarm is None or budget.takes(alarm)
