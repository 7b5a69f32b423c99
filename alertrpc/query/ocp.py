"""OCP's lists of alarms and notifications as statements: pages with their totals, with the rights of alert.get.

Source: OCP's "Query the alert event list" and "Query alert notifications"
(https://en.oceanbase.com/docs/common-ocp-10000000002170122).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from alertrpc.query.rights import objects_are_open, shares_user_group
from alertrpc.query.search import like
from alertrpc.query.sql import Condition, SqlValue, any_of
from alertrpc.records import Caller

_LABELS = "json((SELECT json_group_object(et.tag, et.value) FROM event_tag et WHERE et.eventid = e.eventid))"
_TYPE = "COALESCE(al.alarm_type, t.description, e.name)"
_TARGET = """COALESCE(al.target, (
    SELECT h.host FROM object_hosts oh CROSS JOIN hosts h ON h.hostid = oh.hostid
    WHERE oh.object = 0 AND oh.objectid = e.objectid LIMIT 1), '')"""
_LEVEL = "COALESCE(al.level, 6 - MAX(e.severity, 1))"
_ACTIVE_AT = "COALESCE(al.active_at, e.clock * 1000)"
# The event that ended a problem may be gone, as old events are.
_RESOLVED_AT = "COALESCE(al.resolved_at, re.clock * 1000, IIF(er.eventid IS NULL, NULL, e.clock * 1000))"

_ALARM = f"""json_object(
    'id', e.eventid, 'alarm_type', {_TYPE}, 'target', {_TARGET}, 'name', e.name, 'level', {_LEVEL},
    'summary', COALESCE(al.summary, ''), 'description', COALESCE(al.description, ''), 'url', COALESCE(al.url, ''),
    'annotations', json(COALESCE(al.annotations, '{{}}')), 'active_at', {_ACTIVE_AT},
    'updated_at', COALESCE(al.updated_at, re.clock * 1000, e.clock * 1000), 'resolved_at', {_RESOLVED_AT},
    'labels', {_LABELS})"""
_OF_ALARMS = """FROM events e
    LEFT JOIN alarms al ON al.eventid = e.eventid
    LEFT JOIN triggers t ON t.triggerid = e.objectid
    LEFT JOIN event_recovery er ON er.eventid = e.eventid
    LEFT JOIN events re ON re.eventid = er.r_eventid"""

_NOTIFICATION = f"""json_object(
    'id', a.alertid, 'userid', a.userid, 'sendto', a.sendto, 'mediatypeid', a.mediatypeid,
    'mediatype', COALESCE((SELECT mt.name FROM media_type mt WHERE mt.mediatypeid = a.mediatypeid), ''),
    'message', a.message, 'subject', a.subject, 'status', a.status, 'error', a.error, 'clock', a.clock,
    'alarm_id', COALESCE(er.eventid, a.eventid), 'alarm_type', {_TYPE}, 'level', {_LEVEL}, 'labels', {_LABELS},
    'attempt', (SELECT json_object('number', at.number, 'ended_at', at.started + at.milliseconds, 'code', at.code,
                                   'answer', at.answer, 'stdout', at.stdout, 'stderr', at.stderr)
                FROM attempts at WHERE at.alertid = a.alertid ORDER BY at.number DESC LIMIT 1))"""
# An alert of a recovery tells of the problem, where it was on the same object: whose rights are the alert's then.
_OF_NOTIFICATIONS = """FROM alerts a
    LEFT JOIN event_recovery er ON er.eventid = a.p_eventid AND er.r_eventid = a.eventid AND EXISTS (
        SELECT 1 FROM events pe CROSS JOIN events te ON te.eventid = er.r_eventid
        WHERE pe.eventid = er.eventid AND (pe.source, pe.object, pe.objectid) = (te.source, te.object, te.objectid))
    LEFT JOIN events e ON e.eventid = COALESCE(er.eventid, a.eventid)
    LEFT JOIN alarms al ON al.eventid = e.eventid
    LEFT JOIN triggers t ON e.object = 0 AND t.triggerid = e.objectid"""

NOTIFICATION_STATUSES: Mapping[str, str] = {
    "Pending": "a.status = 3",
    "Sending": "a.status = 0",
    "Success": "a.status = 1",
    "Failed": "a.status = 2",
    "Limited": "0",
}
ALARM_STATUSES: Mapping[str, str] = {
    "Active": f"{_RESOLVED_AT} IS NULL",
    "Inactive": f"{_RESOLVED_AT} IS NOT NULL",
    "Silenced": "0",
    "Inhibited": "0",
}
CATEGORIES: Mapping[str, str] = {"OB": "= 'OB'", "APP": "<> 'OB'"}


def _label(*names: str) -> str:
    tags = ", ".join([f"'{name}'" for name in names])
    return f"EXISTS (SELECT 1 FROM event_tag et WHERE et.eventid = e.eventid AND et.tag IN ({tags}) AND et.value = ?)"


# The alerts of a problem and of its recovery, found by the index of alerts.eventid.
_OF_ALARM = """a.eventid IN (SELECT ? UNION SELECT rr.r_eventid FROM event_recovery rr WHERE rr.eventid = ?)
    AND COALESCE(er.eventid, a.eventid) = ?"""

# What a filter of a list asks; a value that is text is bound, one that a closed table has is SQL already.
_SHARED: Mapping[str, str] = {
    "alarmType": f"{_TYPE} = ?",
    "level": f"{_LEVEL} = ?",
    "appType": _label("app_type"),
    "scope": _label("alarm_scope"),
}
ALARM_FILTERS: Mapping[str, str] = {
    **_SHARED,
    "target": f"{_TARGET} = ?",
    "obClusterGroup": _label("ob_cluster_group"),
    "obCluster": _label("ob_cluster"),
    "obTenant": _label("ob_tenant"),
    "hostName": _label("host_name"),
    "hostIp": _label("host_ip", "svr_ip"),
    "appCluster": _label("app_cluster"),
    "serviceName": _label("service"),
    "activeAtStart": f"{_ACTIVE_AT} >= ?",
    "activeAtEnd": f"{_ACTIVE_AT} <= ?",
}
NOTIFICATION_FILTERS: Mapping[str, str] = {
    **_SHARED,
    "recipientUid": "a.userid = ?",
    "sentAtStart": "a.clock * 1000 >= ?",
    "sentAtEnd": "a.clock * 1000 <= ?",
}
_ALARM_WORDS = (_TYPE, _TARGET, "e.name", "COALESCE(al.summary, '')", "COALESCE(al.description, '')")
_NOTIFICATION_WORDS = ("a.subject", "a.message", "a.sendto", _TYPE)


class Asked(NamedTuple):
    """What is asked of a list: filters by OCP's names, and the page, from 1, of `size` rows."""

    filters: Mapping[str, SqlValue]
    page: int
    size: int


class Query(NamedTuple):
    """A statement whose one row is a JSON object of `total` and `contents`."""

    sql: str
    args: tuple[SqlValue, ...]


def alarms_query(asked: Asked, caller: Caller) -> Query:
    """The problems of triggers, the newest first."""
    conditions = [Condition("e.source = 0 AND e.object = 0 AND e.value = 1")]
    special: Mapping[str, Callable[[SqlValue], Condition]] = {
        "id": lambda value: Condition("e.eventid = ?", (value,)),
        "status": lambda value: Condition(ALARM_STATUSES[str(value)]),
        "isSubscribedByMe": lambda value: _subscribed(caller, is_so=bool(value)),
        "category": _category,
        "keyword": lambda value: _has_word(_ALARM_WORDS, str(value)),
    }
    conditions += _filters(asked.filters, ALARM_FILTERS, special)
    conditions += objects_are_open("e.objectid", "0", caller, few=False)
    return _page(_ALARM, _OF_ALARMS, conditions, "e.eventid", asked)


def notifications_query(asked: Asked, caller: Caller) -> Query:
    """The alerts that are messages, the newest first; with `alarmId` the other filters do not count, as in OCP."""
    alarm_id = asked.filters.get("alarmId")
    filters = asked.filters if alarm_id is None else {"alarmId": alarm_id}
    conditions = [Condition("a.alerttype = 0")]
    special: Mapping[str, Callable[[SqlValue], Condition]] = {
        "alarmId": lambda value: Condition(_OF_ALARM, (value, value, value)),
        "status": lambda value: Condition(NOTIFICATION_STATUSES[str(value)]),
        "category": _category,
        "keyword": lambda value: _has_word(_NOTIFICATION_WORDS, str(value)),
    }
    conditions += _filters(filters, NOTIFICATION_FILTERS, special)
    if not caller.is_super_admin:
        conditions += [
            *shares_user_group("a.userid", caller),
            Condition("e.source = 0 AND e.object = 0"),
            *objects_are_open("e.objectid", "0", caller, few=False),
        ]
    return _page(_NOTIFICATION, _OF_NOTIFICATIONS, conditions, "a.alertid", asked)


def _filters(
    given: Mapping[str, SqlValue], templates: Mapping[str, str], special: Mapping[str, Callable[[SqlValue], Condition]]
) -> list[Condition]:
    return [
        special[name](value) if name in special else Condition(templates[name], (value,))
        for name, value in given.items()
    ]


def _category(value: SqlValue) -> Condition:
    app_type = "(SELECT et.value FROM event_tag et WHERE et.eventid = e.eventid AND et.tag = 'app_type')"
    return Condition(f"COALESCE({app_type}, '') {CATEGORIES[str(value)]}")


def _subscribed(caller: Caller, *, is_so: bool) -> Condition:
    mine = "EXISTS (SELECT 1 FROM alerts m WHERE m.eventid = e.eventid AND +m.userid = ?)"
    return Condition(mine if is_so else f"NOT {mine}", (caller.userid,))


def _has_word(expressions: Sequence[str], word: str) -> Condition:
    return any_of([like(expression, word, whole=False, start=False) for expression in expressions])


def _page(row: str, found: str, conditions: Sequence[Condition], key: str, asked: Asked) -> Query:
    where = " AND ".join([f"({condition.sql})" for condition in conditions])
    args = tuple([arg for condition in conditions for arg in condition.args])
    contents = f"SELECT {row} AS content {found} WHERE {where} ORDER BY {key} DESC LIMIT ? OFFSET ?"
    sql = (
        f"SELECT json_object('total', (SELECT COUNT(*) {found} WHERE {where}),"
        f" 'contents', (SELECT json_group_array(json(content)) FROM ({contents}))) AS row"
    )
    return Query(sql, (*args, *args, asked.size, (asked.page - 1) * asked.size))  # type: ignore[arg-type]
