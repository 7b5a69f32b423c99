"""Puts alarms on record: new problems, updates, recoveries, and the alerts that follow, in the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from alertrpc.ledger.alarm import Alarm
from alertrpc.ledger.alerts import AlarmRow, Budget, advance_escalations, start_escalations, start_recoveries
from alertrpc.ledger.rules import Rule, RuleBook, Rules
from alertrpc.settings import Settings
from alertrpc.store import alerts as alert_rows
from alertrpc.store import problems as rows
from alertrpc.store.bulk import insert, update
from alertrpc.store.connection import SqlConnection

WORST_LEVEL_SEVERITY = 6  # OCP's level 1 is Zabbix's severity 5, level 5 severity 1
MOST_AT_ONCE = 500  # escalations of one transaction
LOADED_TOGETHER = 4  # alarms, of which each may hold some MiB
MOST_ENDED = 200  # alarms whose time is over, of one transaction

_EVENTS = ("eventid", "source", "object", "objectid", "clock", "ns", "value", "name", "severity")
_TAGS = ("eventid", "tag", "value")
_ALARMS = (
    "eventid", "identity", "alarm_type", "target", "level", "name", "summary", "description", "url", "annotations",
    "active_at", "updated_at", "expires_at",
)  # fmt: skip
_UPDATED = (
    "eventid", "level", "name", "summary", "description", "url", "annotations", "updated_at", "expires_at",
)  # fmt: skip


def severity_of(level: int) -> int:
    return WORST_LEVEL_SEVERITY - level


class Timer(NamedTuple):
    """What is due by time about a problem: its end, or steps of an action."""

    eventid: int
    escalation: alert_rows.Escalation | None = None


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
        later = [] if later is None else later
        rules = self._book.current(connection)
        found: list[int | None] = [None] * len(alarms)
        for turn in _turns(alarms):
            recorded = self._record_turn(rules, [alarms[place] for place in turn], now, connection, later)
            for place, eventid in zip(turn, recorded, strict=True):
                found[place] = eventid
        return found

    def _record_turn(
        self, rules: Rules, alarms: Sequence[Alarm], now: int, connection: SqlConnection, later: list[int]
    ) -> list[int | None]:
        known = rows.find_known([(alarm.identity, alarm.target, alarm.alarm_type) for alarm in alarms], connection)
        told = list(zip(alarms, known, strict=True))
        new = [(alarm, place) for alarm, place in told if alarm.is_active and place.active_eventid is None]
        lasting = {
            place.active_eventid: alarm for alarm, place in told if alarm.is_active and place.active_eventid is not None
        }
        ended = {
            place.active_eventid: alarm.resolved_at
            for alarm, place in told
            if not alarm.is_active and place.active_eventid is not None
        }
        made = self._add_problems(rules, new, now, connection)
        _update_problems(rules, lasting, now, connection)
        _alert(rules, [*made.values(), *lasting], now, connection, later)
        recover(rules, ended, now, connection, later)
        return [made.get(alarm.identity, place.active_eventid or place.last_eventid) for alarm, place in told]

    def _add_problems(
        self, rules: Rules, new: Sequence[tuple[Alarm, rows.Known]], now: int, connection: SqlConnection
    ) -> dict[str, int]:
        """Adds problems, with the hosts and triggers that they need; returns their eventids by identity."""
        if not new:
            return {}
        places = _Places(rows.last_ids(connection))
        events, tags, alarms = [], [], []
        made: dict[str, int] = {}
        for eventid, (alarm, known) in enumerate(new, places.last.eventid + 1):
            made[alarm.identity] = eventid
            active_at = now if alarm.active_at is None else alarm.active_at
            severity = severity_of(alarm.level)
            triggerid = places.trigger(alarm, known, now)
            events.append((eventid, 0, 0, triggerid, *_clock(active_at), 1, alarm.name, severity))
            tags += [(eventid, name, value) for name, value in alarm.labels.items()]
            alarms.append((
                eventid, alarm.identity, alarm.alarm_type, alarm.target, alarm.level, alarm.name, alarm.summary,
                alarm.description, alarm.url, _text(alarm.annotations), active_at, now, _expiry(rules, alarm, now),
            ))  # fmt: skip
        places.add(self._settings.push_group, connection)
        insert(connection, "events", _EVENTS, events)
        insert(connection, "event_tag", _TAGS, tags)
        insert(connection, "alarms", _ALARMS, alarms)
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
        self._advance(alert_rows.due_of(some, now // 1000, connection), now, connection)
        left = {escalation.eventid for escalation in alert_rows.due_of(some, now // 1000, connection)}
        return [eventid for eventid in some if eventid in left] + list(eventids[MOST_AT_ONCE:])

    def _advance(self, due: Sequence[alert_rows.Escalation], now: int, connection: SqlConnection) -> None:
        """Does the steps of the first escalations, as many as one transaction has room for; the others stay due."""
        rules = self._book.current(connection)
        alarms: dict[int, AlarmRow] = {}
        budget, taken = Budget(), 0
        while taken < len(due):
            some = due[taken : taken + LOADED_TOGETHER]
            found = rows.find_alarms({each.eventid for each in some} - alarms.keys(), connection)
            room = next((place for place, each in enumerate(some) if not _has_room(budget, each, found)), len(some))
            alarms |= found
            taken += room
            if room < len(some):
                break
        advance_escalations(rules, due[: max(taken, 1)], alarms, now, connection)

    def do(self, timers: Sequence[Timer], now: int, connection: SqlConnection) -> None:
        """Ends the alarms of timers, and does the steps of those that are of escalations."""
        rules = self._book.current(connection)
        ended = [timer.eventid for timer in timers if timer.escalation is None]
        recover(rules, dict.fromkeys(ended, now), now, connection, later=[])
        self._advance([timer.escalation for timer in timers if timer.escalation is not None], now, connection)


def due_timers(now: int, connection: SqlConnection) -> list[Timer]:
    """The alarms whose time is over, and the escalations whose steps are due."""
    expired = rows.expired_alarms(now, MOST_ENDED, connection)
    due = alert_rows.due_escalations(now // 1000, MOST_AT_ONCE, connection)
    return [*[Timer(eventid) for eventid in expired], *[Timer(each.eventid, each) for each in due]]


def put_aside(timer: Timer, connection: SqlConnection) -> None:
    """Looks no more at a timer by itself; a push of its alarm, or another configuration, sets it again."""
    if timer.escalation is None:
        update(connection, "alarms", ("eventid", "expires_at"), [(timer.eventid, None)])
    else:
        update(connection, "escalations", ("escalationid", "nextcheck"), [(timer.escalation.escalationid, None)])


def next_timer(connection: SqlConnection) -> int | None:
    """When the next alarm's time is over, or the next step is due, in milliseconds; None is when something changes."""
    expiry, step = rows.next_expiry(connection), alert_rows.next_escalation(connection)
    return min([time for time in (expiry, None if step is None else step * 1000) if time is not None], default=None)


def recover(
    rules: Rules,
    ended: Mapping[int, int | None],
    now: int,
    connection: SqlConnection,
    later: list[int],
) -> None:
    """Ends problems, given as eventids with when they ended; tells whom the actions alerted of them."""
    if not ended:
        return
    alarms = rows.find_alarms(ended, connection)
    recoveries = []
    for r_eventid, (eventid, alarm) in enumerate(alarms.items(), rows.last_ids(connection).eventid + 1):
        alarm["r_eventid"] = r_eventid
        alarm["resolved_at"] = max(alarm["active_at"], now if ended[eventid] is None else ended[eventid] or 0)
        recoveries.append((eventid, r_eventid))
    insert(connection, "events", _EVENTS, [
        (alarm["r_eventid"], 0, 0, alarm["triggerid"], *_clock(alarm["resolved_at"]), 0, alarm["name"], 0)
        for alarm in alarms.values()
    ])  # fmt: skip
    insert(connection, "event_recovery", ("eventid", "r_eventid"), recoveries)
    rows.copy_tags(recoveries, connection)
    resolved = [(alarm["id"], alarm["resolved_at"], now) for alarm in alarms.values()]
    update(connection, "alarms", ("eventid", "resolved_at", "updated_at"), resolved)
    calmed = {
        alarm["triggerid"]: (alarm["triggerid"], alarm["resolved_at"] // 1000, alarm["target"], alarm["alarm_type"])
        for alarm in alarms.values()
    }
    rows.calm_triggers(calmed.values(), connection)
    start_recoveries(rules, alarms, now, connection, later)


def _update_problems(rules: Rules, lasting: Mapping[int, Alarm], now: int, connection: SqlConnection) -> None:
    """Brings problems to what their alarms say now."""
    if not lasting:
        return
    before = rows.find_alarms(lasting, connection)
    update(connection, "alarms", _UPDATED, [
        (
            eventid, alarm.level, alarm.name, alarm.summary, alarm.description, alarm.url, _text(alarm.annotations), now,
            _expiry(rules, alarm, now),
        )
        for eventid, alarm in lasting.items()
    ])  # fmt: skip
    severities = [
        (eventid, alarm.name, severity_of(alarm.level))
        for eventid, alarm in lasting.items()
        if (alarm.level, alarm.name) != (before[eventid]["level"], before[eventid]["name"])
    ]
    update(connection, "events", ("eventid", "name", "severity"), severities)
    priorities = [(before[eventid]["triggerid"], severity) for eventid, _, severity in severities]
    update(connection, "triggers", ("triggerid", "priority"), priorities)
    relabelled = [eventid for eventid, alarm in lasting.items() if alarm.labels != before[eventid]["labels"]]
    rows.drop_tags(relabelled, connection)
    tags = [(eventid, name, value) for eventid in relabelled for name, value in lasting[eventid].labels.items()]
    insert(connection, "event_tag", _TAGS, tags)


def _alert(rules: Rules, eventids: Iterable[int], now: int, connection: SqlConnection, later: list[int]) -> None:
    """Puts the actions to work that take the alarms and are not at work on them yet."""
    if not rules.actions:
        return
    alarms = rows.find_alarms(eventids, connection)
    taken: list[tuple[AlarmRow, Rule]] = [
        (alarm, rule)
        for alarm in alarms.values()
        for rule in rules.of(alarm)
        if rule.actionid not in alarm["actionids"]
    ]
    start_escalations(rules, taken, now, connection, later)


def _expiry(rules: Rules, alarm: Alarm, now: int) -> int | None:
    """When the alarm ends unless it is pushed again: the sooner of what its sender and the actions say."""
    as_row: dict[str, Any] = {
        "alarm_type": alarm.alarm_type,
        "target": alarm.target,
        "labels": alarm.labels,
        "severity": severity_of(alarm.level),
    }
    ends = [now + rule.resolve_after * 1000 for rule in rules.of(as_row) if rule.resolve_after is not None]
    return min([*ends, *([] if alarm.expires_at is None else [alarm.expires_at])], default=None)


class _Places:
    """The hosts and triggers that new problems need, each made once."""

    def __init__(self, last: rows.LastIds) -> None:
        self.last = last
        self._hosts: dict[str, int] = {}
        self._triggers: dict[tuple[str, str], int] = {}
        self._new_hosts: list[tuple[int, str, str]] = []
        self._new_triggers: list[tuple[int, str, int, int, int, int]] = []
        self._on_hosts: list[tuple[int, int, int]] = []
        self._raised: list[tuple[int, int, int, int]] = []

    def trigger(self, alarm: Alarm, known: rows.Known, now: int) -> int:
        """The trigger of the alarm's type on its target, which is in a problem now."""
        severity = severity_of(alarm.level)
        triggerid = known.triggerid or self._triggers.get((alarm.target, alarm.alarm_type))
        if triggerid is not None:
            self._raised.append((triggerid, 1, severity, now // 1000))
            return triggerid
        triggerid = self.last.triggerid + len(self._new_triggers) + 1
        self._triggers[alarm.target, alarm.alarm_type] = triggerid
        self._new_triggers.append((triggerid, alarm.alarm_type, 1, severity, now // 1000, 1))
        self._on_hosts.append((0, triggerid, self._host(alarm.target, known)))
        return triggerid

    def _host(self, target: str, known: rows.Known) -> int:
        hostid = known.hostid or self._hosts.get(target)
        if hostid is None:
            hostid = self._hosts[target] = self.last.hostid + len(self._new_hosts) + 1
            self._new_hosts.append((hostid, target, target))
        return hostid

    def add(self, push_group: str, connection: SqlConnection) -> None:
        """Adds what is new."""
        if self._new_hosts:
            groupid = rows.host_group(push_group, connection)
            insert(connection, "hosts", ("hostid", "host", "name"), self._new_hosts)
            in_group = [(hostid, groupid) for hostid, _, _ in self._new_hosts]
            insert(connection, "hosts_groups", ("hostid", "groupid"), in_group)
        columns = ("triggerid", "description", "value", "priority", "lastchange", "manual_close")
        insert(connection, "triggers", columns, self._new_triggers)
        insert(connection, "object_hosts", ("object", "objectid", "hostid"), self._on_hosts)
        update(connection, "triggers", ("triggerid", "value", "priority", "lastchange"), self._raised)


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


def _clock(milliseconds: int) -> tuple[int, int]:
    """Seconds and nanoseconds."""
    return milliseconds // 1000, milliseconds % 1000 * 1_000_000


def _has_room(budget: Budget, escalation: alert_rows.Escalation, found: dict[int, dict[str, Any]]) -> bool:
    """Whether a transaction takes an escalation too; its alarm counts once."""
    alarm = found.get(escalation.eventid)
    return alarm is None or budget.takes(alarm)


def _text(texts: Mapping[str, str]) -> str:
    return orjson.dumps(dict(texts)).decode()
