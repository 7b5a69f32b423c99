"""Records alarms in the caller's transaction: new problems, updates, recoveries, and the alerts that follow."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from alertrpc.ledger.advancing import advance_escalations
from alertrpc.ledger.alarm import Alarm
from alertrpc.ledger.alerts import AlarmRow, Budget, Work, start_escalations
from alertrpc.ledger.ends import End, as_text, expiry, reported, still_reported
from alertrpc.ledger.levels import severity_of
from alertrpc.ledger.recoveries import end_problems, new_event
from alertrpc.ledger.rises import rises_of, tell_of_rises
from alertrpc.ledger.rules import Rule, RuleBook, Rules
from alertrpc.records import Ended
from alertrpc.settings import Settings
from alertrpc.store import escalations, problems, tables
from alertrpc.store.bulk import insert, update
from alertrpc.store.connection import SqlConnection

MOST_AT_ONCE = 500  # escalations of one transaction
LOADED_TOGETHER = 4  # alarms, of which each may hold some MiB
MOST_ENDED = 200  # expired alarms of one transaction
# Of a new alarm.
_UNTOLD: Mapping[str, Any] = {"resolved_at": None, "ended": "", "ended_at": None, "r_eventid": None, "actionids": ()}


class Timer(NamedTuple):
    """What is due for a problem: the next steps of an escalation, or else its expiry."""

    eventid: int
    escalation: escalations.Escalation | None = None


class Pushed(NamedTuple):
    """A push of an alarm, what is known of the alarm, and the actions that take it if the push says something new."""

    alarm: Alarm
    known: problems.Known
    digest: str
    rules: Sequence[Rule] = ()

    @property
    def is_same(self) -> bool:
        """Whether the last push of the active alarm said the same, and the rules have not changed since."""
        return self.alarm.is_active and self.known.digest == self.digest

    @property
    def is_new(self) -> bool:
        return self.alarm.is_active and self.known.active_eventid is None

    @property
    def severity(self) -> int:
        return severity_of(self.alarm.level)

    def taken(self, rules: Rules) -> "Pushed":
        """The push with the actions that take its alarm."""
        alarm = self.alarm
        names = {"alarm_type": alarm.alarm_type, "target": alarm.target, "labels": alarm.labels}
        return Pushed(alarm, self.known, self.digest, rules.of({**names, "severity": self.severity}))


class Told(NamedTuple):
    """An alarm as it is on record after a push, and the actions that take it."""

    row: AlarmRow
    rules: Sequence[Rule]


class Ledger:
    """Keeps the rules between transactions; everything else is in the database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._book = RuleBook()

    def record(
        self, alarms: Sequence[Alarm], now: int, connection: SqlConnection, later: list[int] | None = None
    ) -> list[int | None]:
        """Records alarms in their order; returns the eventid of each one's problem, None where there never was one.

        `now` is in milliseconds, as all times of alarms. Alerts that do not fit into one transaction stay due; the eventids
        of their problems are added to `later`, for `alert_some`.
        """
        work = self._work(now, connection, later)
        eventids: list[int | None] = [None] * len(alarms)
        for indexes in _rounds(alarms):
            recorded = self._record_round(work, [alarms[index] for index in indexes])
            for index, eventid in zip(indexes, recorded, strict=True):
                eventids[index] = eventid
        return eventids

    def _work(self, now: int, connection: SqlConnection, later: list[int] | None = None) -> Work:
        rules = self._book.current(connection)
        return Work(rules, now, connection, [] if later is None else later, self._settings.public_url)

    def _record_round(self, work: Work, alarms: Sequence[Alarm]) -> list[int | None]:
        pushes = _looked_up(work, alarms)
        _prolong(work, [pushed for pushed in pushes if pushed.is_same])
        says = [pushed.taken(work.rules) for pushed in pushes if pushed.alarm.is_active and not pushed.is_same]
        made = self._add_problems(work, [pushed for pushed in says if pushed.is_new])
        changed = _update_problems(work, [pushed for pushed in says if not pushed.is_new])
        _alert(work, [*made.values(), *changed])
        _end(work, [pushed for pushed in pushes if not pushed.alarm.is_active])
        return [
            made[alarm.identity].row["id"] if alarm.identity in made else known.active_eventid or known.last_eventid
            for alarm, known, *_ in pushes
        ]

    def _add_problems(self, work: Work, new: Sequence[Pushed]) -> dict[str, Told]:
        """Adds problems, with the hosts and triggers that they need; returns their alarms by identity."""
        if not new:
            return {}
        places = _Places(problems.last_ids(work.connection), work.now)
        made: dict[str, Told] = {}
        events, tags, alarms = [], [], []
        for eventid, pushed in enumerate(new, places.last.eventid + 1):
            alarm, columns = pushed.alarm, _columns(work, pushed)
            active_at = work.now if alarm.active_at is None else alarm.active_at
            named: dict[str, Any] = {"identity": alarm.identity, "alarm_type": alarm.alarm_type, "target": alarm.target}
            triggerid = places.trigger(alarm, pushed.known)
            events.append(new_event(eventid, triggerid, active_at, alarm.name, pushed.severity))
            tags += _tags(eventid, alarm)
            alarms.append(tables.NewAlarm(eventid, **named, active_at=active_at, **columns))
            row = {"id": eventid, "triggerid": triggerid, "active_at": active_at, **named, **_UNTOLD}
            made[alarm.identity] = _told(row, columns, pushed)
        places.add(self._settings.push_group, work.connection)
        insert(work.connection, events)
        insert(work.connection, tags)
        insert(work.connection, alarms)
        return made

    def advance(self, now: int, connection: SqlConnection) -> int | None:
        """Ends expired alarms and does the steps that are due.

        Returns when to look again, in milliseconds as `now` is; None: not until something changes.
        """
        self.do(due_timers(now, connection), now, connection)
        return next_timer(connection)

    def alert_some(self, eventids: Sequence[int], now: int, connection: SqlConnection) -> list[int]:
        """Creates the due alerts of the first of these problems, as many as fit into one transaction.

        Returns the eventids that are left. If nobody calls this, the delivering process creates the alerts.
        """
        some = eventids[:MOST_AT_ONCE]
        self._advance(escalations.due_of_problems(some, now // 1000, connection), now, connection)
        left = {each.eventid for each in escalations.due_of_problems(some, now // 1000, connection)}
        return [eventid for eventid in some if eventid in left] + list(eventids[MOST_AT_ONCE:])

    def _advance(self, due: Sequence[escalations.Escalation], now: int, connection: SqlConnection) -> None:
        """Does the steps of the first escalations, as many as fit into one transaction; the others stay due."""
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
        """Ends the alarms whose timers are expiries, and does the steps of the other timers' escalations."""
        ended = [timer.eventid for timer in timers if timer.escalation is None]
        end_problems(self._work(now, connection), dict.fromkeys(ended, End(Ended.EXPIRED, now)))
        self._advance([timer.escalation for timer in timers if timer.escalation is not None], now, connection)


def due_timers(now: int, connection: SqlConnection) -> list[Timer]:
    """The expired alarms, and the escalations whose steps are due."""
    expired = problems.expired_alarms(now, MOST_ENDED, connection)
    due = escalations.due(now // 1000, MOST_AT_ONCE, connection)
    return [*[Timer(eventid) for eventid in expired], *[Timer(each.eventid, each) for each in due]]


def put_aside(timer: Timer, connection: SqlConnection) -> None:
    """Takes a timer off the schedule; a new push of its alarm or a new configuration sets it again."""
    if timer.escalation is None:
        update(connection, [tables.AlarmExpiry(timer.eventid, None)])
    else:
        update(connection, [tables.EscalationCheck(timer.escalation.escalationid, None)])


def next_timer(connection: SqlConnection) -> int | None:
    """When the next alarm expires or the next step is due, in milliseconds; None: not until something changes."""
    expiry, step = problems.next_expiry(connection), escalations.next_check(connection)
    return min([time for time in (expiry, None if step is None else step * 1000) if time is not None], default=None)


def _looked_up(work: Work, alarms: Sequence[Alarm]) -> list[Pushed]:
    """The pushes with what is known of their alarms."""
    asked = [(alarm.identity, alarm.target, alarm.alarm_type) for alarm in alarms]
    digests = [alarm.digest(work.rules.revision) for alarm in alarms]
    return list(map(Pushed, alarms, problems.find_known(asked, work.connection), digests))


def _prolong(work: Work, same: Sequence[Pushed]) -> None:
    """Sets the times of alarms whose pushes say nothing new."""
    times = []
    for alarm, known, *_ in same:
        reports = reported(known.reports, alarm)
        expires_at = expiry(reports, known.resolve_after, work.now)
        times.append(tables.AlarmTimes(known.eventid, work.now, expires_at, as_text(reports)))
    update(work.connection, times)
    _unsettle(work, same)


def _unsettle(work: Work, active: Sequence[Pushed]) -> None:
    """What is pushed again while it settles has never ended."""
    update(
        work.connection, [tables.AlarmLasting(known.eventid) for _, known, *_ in active if known.ended_at is not None]
    )


def _end(work: Work, over: Sequence[Pushed]) -> None:
    """Ends problems unless other endpoints report them still; one that settles has ended already."""
    ends: dict[int, End] = {}
    lasting: list[tables.AlarmTimes] = []
    for alarm, known, *_ in over:
        if known.active_eventid is None or known.ended_at is not None:
            continue
        if reports := still_reported(known.reports, alarm, work.now):
            expires_at = expiry(reports, known.resolve_after, work.now)
            lasting.append(tables.AlarmTimes(known.eventid, work.now, expires_at, as_text(reports)))
        else:
            at = work.now if alarm.resolved_at is None else alarm.resolved_at
            ends[known.eventid] = End(Ended.RESOLVED, at)
    update(work.connection, lasting)
    end_problems(work, ends)


def _update_problems(work: Work, changed: Sequence[Pushed]) -> list[Told]:
    """Updates problems from the latest pushes of their alarms; returns their alarms."""
    lasting = {pushed.known.active_eventid: pushed for pushed in changed if pushed.known.active_eventid is not None}
    if not lasting:
        return []
    before = problems.find_alarms(lasting, work.connection)
    columns = {eventid: _columns(work, pushed) for eventid, pushed in lasting.items()}
    update(work.connection, [tables.AlarmUpdate(eventid, **columns[eventid]) for eventid in lasting])
    named = [
        tables.EventNaming(eventid, pushed.alarm.name, pushed.severity)
        for eventid, pushed in lasting.items()
        if (pushed.alarm.level, pushed.alarm.name) != (before[eventid]["level"], before[eventid]["name"])
    ]
    update(work.connection, named)
    priorities = [tables.TriggerPriority(before[each.eventid]["triggerid"], each.severity) for each in named]
    update(work.connection, priorities)
    _unsettle(work, list(lasting.values()))
    relabelled = [eventid for eventid, pushed in lasting.items() if pushed.alarm.labels != before[eventid]["labels"]]
    problems.drop_tags(relabelled, work.connection)
    insert(work.connection, [tag for eventid in relabelled for tag in _tags(eventid, lasting[eventid].alarm)])
    told = {eventid: _told(before[eventid], columns[eventid], pushed) for eventid, pushed in lasting.items()}
    worse = {eventid: each.row for eventid, each in told.items() if each.row["severity"] > before[eventid]["severity"]}
    if worse:
        tell_of_rises(work, rises_of(worse, work))
    return list(told.values())


def _alert(work: Work, told: Sequence[Told]) -> None:
    """Starts the actions that take the alarms and are not at work on them yet."""
    start_escalations(
        work,
        [(row, rule) for row, rules in told for rule in rules if rule.actionid not in row["actionids"]],
    )


def _columns(work: Work, pushed: Pushed) -> dict[str, Any]:
    """The columns that every push of a problem sets which says something new."""
    alarm, reports = pushed.alarm, reported(pushed.known.reports, pushed.alarm)
    afters = [rule.resolve_after for rule in pushed.rules if rule.resolve_after is not None]
    resolve_after = min(afters, default=None)
    return {
        "level": alarm.level,
        "name": alarm.name,
        "summary": alarm.summary,
        "description": alarm.description,
        "url": alarm.url,
        "annotations": orjson.dumps(dict(alarm.annotations)).decode(),
        "updated_at": work.now,
        "expires_at": expiry(reports, resolve_after, work.now),
        "reports": as_text(reports),
        "resolve_after": resolve_after,
        "digest": pushed.digest,
    }


def _told(row: AlarmRow, columns: Mapping[str, Any], pushed: Pushed) -> Told:
    """The alarm as `problems.find_alarms` would find it now, given as it was before."""
    alarm = pushed.alarm
    texts = {"annotations": alarm.annotations, "labels": alarm.labels}
    return Told({**row, **columns, **texts, "severity": pushed.severity}, pushed.rules)


def _tags(eventid: int, alarm: Alarm) -> list[tables.NewTag]:
    return [tables.NewTag(eventid, name, value) for name, value in alarm.labels.items()]


class _Places:
    """The hosts and triggers that new problems need, each created once; `now` is in milliseconds."""

    def __init__(self, last: problems.LastIds, now: int) -> None:
        self.last = last
        self._now = now // 1000
        self._hosts: dict[str, tables.NewHost] = {}
        self._triggers: dict[tuple[str, str], tables.NewTrigger] = {}
        self._on_hosts: list[tables.NewHostOfObject] = []
        self._raised: list[tables.TriggerState] = []

    def trigger(self, alarm: Alarm, known: problems.Known) -> int:
        """The id of the trigger of the alarm's type on its target; its state becomes problem."""
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
        if self._hosts:
            groupid = problems.host_group(push_group, connection)
            insert(connection, list(self._hosts.values()))
            insert(connection, [tables.NewHostInGroup(host.hostid, groupid) for host in self._hosts.values()])
        insert(connection, list(self._triggers.values()))
        insert(connection, self._on_hosts)
        update(connection, self._raised)


def _rounds(alarms: Sequence[Alarm]) -> Iterable[list[int]]:
    """The alarms' indexes in as few rounds as possible, none with two pushes of one alarm."""
    rounds: defaultdict[int, list[int]] = defaultdict(list)
    pushes: Counter[str] = Counter()
    for index, alarm in enumerate(alarms):
        rounds[pushes[alarm.identity]].append(index)
        pushes[alarm.identity] += 1
    return rounds.values()


def _has_room(budget: Budget, escalation: escalations.Escalation, found: dict[int, dict[str, Any]]) -> bool:
    """Whether an escalation still fits; an alarm that was found before does not count again."""
    alarm = found.get(escalation.eventid)
    return alarm is None or budget.takes(alarm)
