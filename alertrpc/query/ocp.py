"""Statements for OCP's lists of alarms and notifications: a page and the total, with the rights of alert.get.

Source: OCP's "Query the alert event list" and "Query alert notifications"
(https://en.oceanbase.com/docs/common-ocp-10000000002170122).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from alertrpc.query.rights import objects_are_open, shares_user_group
from alertrpc.query.search import like
from alertrpc.query.sql import Condition, Expression, SqlValue, any_of, args_of
from alertrpc.records import AlertStatus, Caller

_LABELS = "(SELECT @json_object_of(et.tag, et.value) FROM event_tag et WHERE et.eventid = e.eventid)"
TYPE = "COALESCE(al.alarm_type, t.description, e.name)"
TARGET = """COALESCE(al.target, (
    SELECT h.host
    FROM object_hosts oh
    @ordered JOIN hosts h ON h.hostid = oh.hostid
    WHERE oh.object = 0 AND oh.objectid = e.objectid
    LIMIT 1), '')"""
LEVEL = "COALESCE(al.level, CASE e.severity WHEN 0 THEN 5 ELSE 6 - e.severity END)"
ACTIVE_AT = "COALESCE(al.active_at, e.clock * 1000)"
# The recovery event of a problem may have been deleted.
_RESOLVED_AT = "COALESCE(al.resolved_at, re.clock * 1000, CASE WHEN er.eventid IS NOT NULL THEN e.clock * 1000 END)"

_ALARM = f"""@json_object(
    'id', e.eventid,
    'alarm_type', {TYPE},
    'target', {TARGET},
    'name', e.name,
    'level', {LEVEL},
    'summary', COALESCE(al.summary, ''),
    'description', COALESCE(al.description, ''),
    'url', COALESCE(al.url, ''),
    'annotations', @json(COALESCE(al.annotations, '{{}}')),
    'active_at', {ACTIVE_AT},
    'updated_at', COALESCE(al.updated_at, re.clock * 1000, e.clock * 1000),
    'resolved_at', {_RESOLVED_AT},
    'ended', COALESCE(al.ended, ''),
    'labels', @json({_LABELS}))"""
_OF_ALARMS = {
    "e": "FROM events e",
    "al": "LEFT JOIN alarms al ON al.eventid = e.eventid",
    "t": "LEFT JOIN triggers t ON t.triggerid = e.objectid",
    "er": "LEFT JOIN event_recovery er ON er.eventid = e.eventid",
    "re": "LEFT JOIN events re ON re.eventid = er.r_eventid",
}

_ATTEMPT = """SELECT @json_object(
        'number', att.number,
        'ended_at', att.started + att.milliseconds,
        'code', att.code,
        'answer', att.answer,
        'stdout', att.stdout,
        'stderr', att.stderr)
    FROM attempts att
    WHERE att.alertid = a.alertid
    ORDER BY att.number DESC
    LIMIT 1"""
_DIGEST = """SELECT COALESCE(
        (SELECT q.digestid FROM alert_queue q WHERE q.alertid = a.alertid),
        (SELECT MAX(att.digestid) FROM attempts att WHERE att.alertid = a.alertid))"""
_NOTIFICATION = f"""@json_object(
    'id', a.alertid,
    'is_aggregated', CASE WHEN ({_DIGEST}) IS NULL THEN 0 ELSE 1 END,
    'userid', a.userid,
    'sendto', a.sendto,
    'mediatypeid', a.mediatypeid,
    'mediatype', COALESCE((SELECT mt.name FROM media_type mt WHERE mt.mediatypeid = a.mediatypeid), ''),
    'message', a.message,
    'subject', a.subject,
    'status', a.status,
    'error', a.error,
    'clock', a.clock,
    'alarm_id', COALESCE(er.eventid, a.eventid),
    'alarm_type', {TYPE},
    'level', {LEVEL},
    'labels', @json({_LABELS}),
    'attempt', ({_ATTEMPT}),
    'together', @json(({{together}})))"""
# The problems of the digest. Only Super admins may see the hosts of all.
_TOGETHER = f"SELECT dg.eventids FROM digests dg WHERE dg.digestid = ({_DIGEST})"
# An alert of a recovery is about the problem if both have the same object; then the rights are those of the problem.
_OF_NOTIFICATIONS = {
    "a": "FROM alerts a",
    "er": """LEFT JOIN event_recovery er ON er.eventid = a.p_eventid AND er.r_eventid = a.eventid AND EXISTS (
        SELECT 1
        FROM events pe
        @ordered JOIN events re ON re.eventid = er.r_eventid
        WHERE pe.eventid = er.eventid AND (pe.source, pe.object, pe.objectid) = (re.source, re.object, re.objectid))""",
    "e": "LEFT JOIN events e ON e.eventid = COALESCE(er.eventid, a.eventid)",
    "al": "LEFT JOIN alarms al ON al.eventid = e.eventid",
    "t": "LEFT JOIN triggers t ON e.object = 0 AND t.triggerid = e.objectid",
}
_IN_INDEX = {"a": "FROM alert_index a"}
_INDEXED = frozenset({"a.alertid", "a.alerttype", "a.status", "a.userid", "a.clock"})
_NAMED = re.compile(r"\b(a|e|al|t|er|re)\.([a-z_]+)")

NOTIFICATION_STATUSES: Mapping[str, str] = {
    "Pending": f"a.status = {AlertStatus.NEW:d}",
    "Sending": f"a.status = {AlertStatus.NOT_SENT:d}",
    "Success": f"a.status = {AlertStatus.SENT:d}",
    "Failed": f"a.status = {AlertStatus.FAILED:d}",
    "Limited": "FALSE",
}
_IS_RESOLVED = "EXISTS (SELECT 1 FROM alarms al WHERE al.eventid = e.eventid AND al.resolved_at IS NOT NULL)"
_ACTIVE = f"e.recovered = 0 AND NOT {_IS_RESOLVED}"
_INACTIVE = f"e.recovered = 1 OR {_IS_RESOLVED}"
ALARM_STATUSES: Mapping[str, str] = {
    "Active": _ACTIVE,
    "Inactive": _INACTIVE,
    "Silenced": "FALSE",
    "Inhibited": "FALSE",
}
_APP_TYPE = "COALESCE((SELECT et.value FROM event_tag et WHERE et.eventid = e.eventid AND et.tag = 'app_type'), '')"
CATEGORIES: Mapping[str, str] = {"OB": f"{_APP_TYPE} = 'OB'", "APP": f"{_APP_TYPE} <> 'OB'"}
# The alerts of a problem and of its recovery, found by the index of alerts.eventid.
_OF_ALARM = """a.eventid IN (SELECT ? UNION SELECT er.r_eventid FROM event_recovery er WHERE er.eventid = ?)
    AND COALESCE(er.eventid, a.eventid) = ?"""
_TOLD = "EXISTS (SELECT 1 FROM alerts a WHERE a.eventid = e.eventid AND @unindexed(a.userid) = ?)"
SUBSCRIBED: Mapping[str, str] = {"true": _TOLD, "false": f"NOT {_TOLD}"}
ALARM_WORDS = (TYPE, TARGET, "e.name", "COALESCE(al.summary, '')", "COALESCE(al.description, '')")
NOTIFICATION_WORDS = ("a.subject", "a.message", "a.sendto", TYPE)
ALARM_ID = "e.eventid"
RECIPIENT = "a.userid"
SENT_AT = "a.clock * 1000"

# A statement and its values; its one row is a JSON object of `total` and `contents`.
Query = tuple[str, tuple[SqlValue, ...]]
Asks = Callable[[Any, Caller], Condition]  # the condition for the value of a filter


class Page(NamedTuple):
    """A page of a list: its number, from 1, and its size in rows."""

    number: int
    size: int


class QueryOfPage(Protocol):
    """The statement of a page of a list. `is_indexed`: alert_index has all alerts."""

    def __call__(self, conditions: Sequence[Condition], page: Page, caller: Caller, *, is_indexed: bool) -> Query: ...


def alarms_query(
    conditions: Sequence[Condition],
    page: Page,
    caller: Caller,
    *,
    is_indexed: bool,
) -> Query:
    """The problems of triggers, the newest first."""
    all_of = [
        Condition("e.source = 0 AND e.object = 0 AND e.value = 1"),
        *conditions,
        *objects_are_open("e.objectid", "0", caller, few=False),
    ]
    keys = _found(_OF_ALARMS, all_of, "@not_indexed")
    return _page(_ALARM, _OF_ALARMS, keys, "e.eventid", page, _total_of_alarms(all_of))


def _total_of_alarms(conditions: Sequence[Condition]) -> Expression:
    """Those that are over are all but the open ones, which are few."""
    if all(condition.sql != _INACTIVE for condition in conditions):
        is_open = any(condition.sql == _ACTIVE for condition in conditions)
        index = f"@indexed_by({'events_open' if is_open else 'events_objectid'})"
        found = _found(_OF_ALARMS, conditions, index)
        return Expression(f"SELECT COUNT(*) {found.sql}", found.args)
    of_all = _total_of_alarms([condition for condition in conditions if condition.sql != _INACTIVE])
    active = [condition._replace(sql=_ACTIVE) if condition.sql == _INACTIVE else condition for condition in conditions]
    of_active = _total_of_alarms(active)
    return Expression(f"SELECT ({of_all.sql}) - ({of_active.sql})", (*of_all.args, *of_active.args))


def notifications_query(conditions: Sequence[Condition], page: Page, caller: Caller, *, is_indexed: bool) -> Query:
    """The alerts that are messages, the newest first. `is_indexed`: alert_index has them all."""
    row = _NOTIFICATION.format(together=_TOGETHER if caller.is_super_admin else "NULL")
    asked = [Condition("a.alerttype = 0"), *conditions, *shares_user_group("a.userid", caller)]
    if is_indexed and all(_named(condition) <= _INDEXED for condition in asked):
        # The problem of a recovery has the same object as the recovery.
        all_of = [*_rights("a", caller), *asked]
        keys = _found(_IN_INDEX, all_of, "@not_indexed")
        counted = _found(
            _IN_INDEX, all_of, "@not_indexed" if caller.is_super_admin else "@indexed_by(alert_index_object)"
        )
    else:
        all_of = [*asked, *_rights("e", caller)]
        keys = counted = _found(_OF_NOTIFICATIONS, all_of, "@not_indexed")
    total = Expression(f"SELECT COUNT(*) {counted.sql}", counted.args)
    return _page(row, _OF_NOTIFICATIONS, keys, "a.alertid", page, total)


def _rights(alias: str, caller: Caller) -> list[Condition]:
    """The rights on the events of triggers, in the table that has their objects."""
    if caller.is_super_admin:
        return []
    is_of_trigger = Condition(f"{alias}.source = 0 AND {alias}.object = 0")
    return [is_of_trigger, *objects_are_open(f"{alias}.objectid", "0", caller, few=False)]


def compared(expression: str, operator: str = "=") -> Asks:
    return lambda value, _: Condition(f"{expression} {operator} ?", (value,))


def chosen(conditions: Mapping[str, str]) -> Asks:
    return lambda word, _: Condition(conditions[word])


def labelled(*names: str) -> Asks:
    tags = ", ".join([f"'{name}'" for name in names])
    has = f"EXISTS (SELECT 1 FROM event_tag et WHERE et.eventid = e.eventid AND et.tag IN ({tags}) AND et.value = ?)"
    return lambda value, _: Condition(has, (value,))


def has_word(expressions: Sequence[str]) -> Asks:
    return lambda word, _: any_of([like(expression, word, whole=False, start=False) for expression in expressions])


def of_alarm(eventid: int, _: Caller) -> Condition:
    return Condition(_OF_ALARM, (eventid, eventid, eventid))


def subscribed(word: str, caller: Caller) -> Condition:
    return Condition(SUBSCRIBED[word], (caller.userid,))


def _named(condition: Condition) -> set[str]:
    """The columns of the list's tables that a condition names."""
    return {found[0] for found in _NAMED.finditer(condition.sql)}


def _found(tables: Mapping[str, str], conditions: Sequence[Condition], hint: str) -> Expression:
    """FROM and WHERE, with the tables that the conditions need: the engine would look into the others for each row."""
    named = {found[1] for condition in conditions for found in _NAMED.finditer(condition.sql)}
    first, *others = tables
    for alias in reversed(others):
        if alias in named:
            named |= {found[1] for found in _NAMED.finditer(tables[alias])}
    joined = "".join([f" {tables[alias]}" for alias in others if alias in named])
    where = " AND ".join([f"({condition.sql})" for condition in conditions])
    return Expression(f"{tables[first]} {hint}{joined} WHERE {where}", args_of(conditions))


def _page(row: str, tables: Mapping[str, str], found: Expression, key: str, page: Page, total: Expression) -> Query:
    """The keys of the page are found first, then their rows are read."""
    first, *others = tables.values()
    table = first.removeprefix("FROM ")
    sql = f"""SELECT @json_object(
        'total', ({total.sql}),
        'contents', (SELECT @json_array_of(@json(page.content)) FROM (
            SELECT {row} AS content
            FROM (SELECT {key} AS id {found.sql} ORDER BY {key} DESC LIMIT ? OFFSET ?) keys
            @ordered JOIN {table} ON {key} = keys.id
            {" ".join(others)}
            ORDER BY {key} DESC) page)) AS row"""
    return sql, (*total.values, *found.values, page.size, (page.number - 1) * page.size)
