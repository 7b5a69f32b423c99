"""Statements for OCP's lists of alarms and notifications: a page and the total, with the rights of alert.get.

Source: OCP's "Query the alert event list" and "Query alert notifications"
(https://en.oceanbase.com/docs/common-ocp-10000000002170122).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from alertrpc.query.rights import objects_are_open, shares_user_group
from alertrpc.query.search import like
from alertrpc.query.sql import Condition, SqlValue, any_of, args_of
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
_OF_ALARMS = """FROM events e
    LEFT JOIN alarms al ON al.eventid = e.eventid
    LEFT JOIN triggers t ON t.triggerid = e.objectid
    LEFT JOIN event_recovery er ON er.eventid = e.eventid
    LEFT JOIN events re ON re.eventid = er.r_eventid"""

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
_OF_NOTIFICATIONS = """FROM alerts a
    LEFT JOIN event_recovery er ON er.eventid = a.p_eventid AND er.r_eventid = a.eventid AND EXISTS (
        SELECT 1
        FROM events pe
        @ordered JOIN events re ON re.eventid = er.r_eventid
        WHERE pe.eventid = er.eventid AND (pe.source, pe.object, pe.objectid) = (re.source, re.object, re.objectid))
    LEFT JOIN events e ON e.eventid = COALESCE(er.eventid, a.eventid)
    LEFT JOIN alarms al ON al.eventid = e.eventid
    LEFT JOIN triggers t ON e.object = 0 AND t.triggerid = e.objectid"""

NOTIFICATION_STATUSES: Mapping[str, str] = {
    "Pending": f"a.status = {AlertStatus.NEW:d}",
    "Sending": f"a.status = {AlertStatus.NOT_SENT:d}",
    "Success": f"a.status = {AlertStatus.SENT:d}",
    "Failed": f"a.status = {AlertStatus.FAILED:d}",
    "Limited": "FALSE",
}
ALARM_STATUSES: Mapping[str, str] = {
    "Active": f"{_RESOLVED_AT} IS NULL",
    "Inactive": f"{_RESOLVED_AT} IS NOT NULL",
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


def alarms_query(conditions: Sequence[Condition], page: Page, caller: Caller) -> Query:
    """The problems of triggers, the newest first."""
    all_of = [
        Condition("e.source = 0 AND e.object = 0 AND e.value = 1"),
        *conditions,
        *objects_are_open("e.objectid", "0", caller, few=False),
    ]
    return _page(_ALARM, _OF_ALARMS, all_of, "e.eventid", page)


def notifications_query(conditions: Sequence[Condition], page: Page, caller: Caller) -> Query:
    """The alerts that are messages, the newest first."""
    row = _NOTIFICATION.format(together=_TOGETHER if caller.is_super_admin else "NULL")
    all_of = [Condition("a.alerttype = 0"), *conditions]
    if not caller.is_super_admin:
        all_of += [
            *shares_user_group("a.userid", caller),
            Condition("e.source = 0 AND e.object = 0"),
            *objects_are_open("e.objectid", "0", caller, few=False),
        ]
    return _page(row, _OF_NOTIFICATIONS, all_of, "a.alertid", page)


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


def _page(row: str, found: str, conditions: Sequence[Condition], key: str, page: Page) -> Query:
    where = " AND ".join([f"({condition.sql})" for condition in conditions])
    args = args_of(conditions)
    sql = f"""SELECT @json_object(
        'total', (SELECT COUNT(*) {found} WHERE {where}),
        'contents', (SELECT @json_array_of(@json(page.content)) FROM (
            SELECT {row} AS content
            {found}
            WHERE {where}
            ORDER BY {key} DESC
            LIMIT ? OFFSET ?) page)) AS row"""
    return sql, (*args, *args, page.size, (page.number - 1) * page.size)  # type: ignore[arg-type]
