"""The rows of alerts as they are made: action rules, receivers, escalations, and the queue."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from alertrpc.records import AlertStatus
from alertrpc.store.bulk import fetch, insert
from alertrpc.store.tables import NewAlert, NewInQueue

# In place of the last step that was done, where a transaction had no room for alerts:
STARTS = -1  # no step was done, and those due at the start are
RECOVERS = -2  # the end of the problem is to be told
STARTS_AND_RECOVERS = -3

_RULES = """
SELECT json_group_array(json_object(
    'actionid', a.actionid, 'alarm_type', json(r.alarm_type), 'target', json(r.target),
    'labels', json(r.labels), 'min_severity', r.min_severity, 'recovery', r.recovery,
    'repeat_every', r.repeat_every, 'resolve_after', r.resolve_after,
    'afters', json((SELECT json_group_array(s.after) FROM
                    (SELECT after FROM action_steps WHERE actionid = a.actionid ORDER BY esc_step) s))))
FROM (SELECT actionid FROM actions WHERE status = 0 AND eventsource = 0 ORDER BY actionid) a
CROSS JOIN action_rules r ON r.actionid = a.actionid"""

_TEMPLATES = """
SELECT json_group_array(json_array(m.mediatypeid, m.recovery, m.subject, m.message))
FROM media_type_message m WHERE m.eventsource = 0"""

# Whom steps alert, given as [actionid, step]: each user who is enabled, with the media that the step uses, or NULL.
# CROSS JOIN holds the order: what is asked for, then whom it names, then their rows by id.
_RECEIVERS = """
WITH asked AS MATERIALIZED (
    SELECT q.key AS n, s.userids, s.usrgrpids, s.mediatypeids
    FROM json_each(?) q
    CROSS JOIN action_steps s ON s.actionid = json_extract(q.value, '$[0]') AND s.esc_step = json_extract(q.value, '$[1]')
), named AS (
    SELECT n, mediatypeids, j.value AS userid FROM asked CROSS JOIN json_each(asked.userids) j
    UNION
    SELECT n, mediatypeids, ug.userid
    FROM asked CROSS JOIN json_each(asked.usrgrpids) g CROSS JOIN users_groups ug ON ug.usrgrpid = g.value
)
SELECT json_group_array(json_array(n, userid, mediatypeid, sendto, severity, period)) FROM (
    SELECT named.n, u.userid, m.mediatypeid, m.sendto, m.severity, m.period
    FROM named
    CROSS JOIN users u ON u.userid = named.userid
    LEFT JOIN media m ON m.userid = u.userid AND m.active = 0
        AND (named.mediatypeids IS NULL OR m.mediatypeid IN (SELECT value FROM json_each(named.mediatypeids)))
        AND EXISTS (SELECT 1 FROM media_type mt WHERE mt.mediatypeid = m.mediatypeid AND mt.status = 0)
    WHERE NOT EXISTS (
        SELECT 1 FROM users_groups d CROSS JOIN usrgrp dg ON dg.usrgrpid = d.usrgrpid
        WHERE d.userid = u.userid AND dg.users_status = 1)
    ORDER BY named.n, u.userid, m.mediaid)"""

# Who was alerted of problems by actions, given as [problem's eventid, actionid], but for users who are disabled since.
_INVOLVED = """
SELECT json_group_array(json_array(n, userid, mediatypeid, sendto)) FROM (
    SELECT q.key AS n, a.userid, a.mediatypeid, a.sendto
    FROM json_each(?) q
    CROSS JOIN alerts a ON a.eventid = json_extract(q.value, '$[0]')
    WHERE +a.actionid = json_extract(q.value, '$[1]') AND a.alerttype = 0 AND a.mediatypeid IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM users_groups d CROSS JOIN usrgrp dg ON dg.usrgrpid = d.usrgrpid
            WHERE d.userid = a.userid AND dg.users_status = 1)
    GROUP BY n, a.userid, a.mediatypeid, a.sendto ORDER BY n, MIN(a.alertid))"""

_ESCALATIONS = "SELECT escalationid, actionid, eventid, esc_step, started FROM escalations"

_DUE_ESCALATIONS = f"""{_ESCALATIONS}
WHERE nextcheck IS NOT NULL AND nextcheck <= ? ORDER BY nextcheck, escalationid LIMIT ?"""

_DUE_OF = f"""{_ESCALATIONS}
WHERE eventid IN (SELECT value FROM json_each(?)) AND nextcheck IS NOT NULL AND nextcheck <= ? ORDER BY escalationid"""

_PUT_OFF = f"""
UPDATE escalations SET nextcheck = ?,
    esc_step = CASE esc_step WHEN {STARTS} THEN {STARTS_AND_RECOVERS} ELSE {RECOVERS} END
WHERE eventid IN (SELECT value FROM json_each(?)) RETURNING eventid"""

_ESCALATIONS_OF = f"""{_ESCALATIONS}
WHERE eventid IN (SELECT value FROM json_each(?)) ORDER BY escalationid"""

# The alerts that were made of steps, given as [eventid, actionid, esc_step], and of recoveries, as [eventid, actionid].
_ALERTS_OF = """
SELECT q.key, a.userid, a.mediatypeid, a.sendto
FROM json_each(?) q CROSS JOIN alerts a ON a.eventid = json_extract(q.value, '$[0]')
WHERE +a.actionid = json_extract(q.value, '$[1]') AND +a.esc_step = json_extract(q.value, '$[2]')
    AND a.p_eventid IS NULL"""

_RECOVERIES_OF = """
SELECT q.key, a.userid, a.mediatypeid, a.sendto
FROM json_each(?) q CROSS JOIN alerts a ON a.p_eventid = json_extract(q.value, '$[0]')
WHERE +a.actionid = json_extract(q.value, '$[1]')"""

_LAST_ALERTID = """
SELECT MAX((SELECT COALESCE(MAX(alertid), 0) FROM alerts), (SELECT COALESCE(MAX(alertid), 0) FROM attempts),
           (SELECT COALESCE(MAX(alertid), 0) FROM alert_queue), (SELECT COALESCE(MAX(alertid), 0) FROM resends))"""


class Receiving(NamedTuple):
    """A user whom a step alerts, and how; mediatypeid None is a user without a medium that the step uses."""

    place: int
    userid: int
    mediatypeid: int | None
    sendto: str
    severities: int
    period: str


class Involved(NamedTuple):
    """Who was alerted of a problem by an action."""

    place: int
    userid: int | None
    mediatypeid: int
    sendto: str


class Escalation(NamedTuple):
    """An action at work on a problem; `esc_step` is the last step that was done, `started` in seconds."""

    escalationid: int
    actionid: int
    eventid: int
    esc_step: int
    started: int


def revision(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("SELECT revision FROM instance").fetchone()[0]
    return found


def fetch_rules(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """The enabled actions with their conditions, and when their steps are due."""
    rules: list[dict[str, Any]] = orjson.loads(connection.execute(_RULES).fetchone()[0])
    return rules


def fetch_templates(connection: sqlite3.Connection) -> list[tuple[int, int, str, str]]:
    """mediatypeid, recovery, subject and message."""
    return [tuple(row) for row in orjson.loads(connection.execute(_TEMPLATES).fetchone()[0])]


def find_receivers(steps: Sequence[tuple[int, int]], connection: sqlite3.Connection) -> list[Receiving]:
    """For pairs of actionid and step, by the pair's place: the users with each of their media that the step uses."""
    return [Receiving(*row) for row in fetch(connection, _RECEIVERS, steps)]


def find_involved(problems: Sequence[tuple[int, int]], connection: sqlite3.Connection) -> list[Involved]:
    """For pairs of eventid and actionid, by the pair's place: who was alerted."""
    return [Involved(*row) for row in fetch(connection, _INVOLVED, problems)]


def last_alertid(connection: sqlite3.Connection) -> int:
    """The greatest id that is taken, or named by what is left of rows that are gone."""
    last: int = connection.execute(_LAST_ALERTID).fetchone()[0]
    return last


def add_alerts(alerts: Sequence[NewAlert], due: int, connection: sqlite3.Connection) -> list[int]:
    """Adds alerts, those that are new to the queue, due in milliseconds; returns their alertids."""
    if not alerts:
        return []
    numbered = [alert._replace(alertid=alertid) for alertid, alert in enumerate(alerts, last_alertid(connection) + 1)]
    insert(connection, numbered)
    new = [alert for alert in numbered if alert.status is AlertStatus.NEW]
    insert(connection, [NewInQueue(alert.alertid, alert.mediatypeid, due) for alert in new])
    return [alert.alertid for alert in numbered]


def due_escalations(now: int, most: int, connection: sqlite3.Connection) -> list[Escalation]:
    """The escalations whose next step is due at `now`, in seconds."""
    return [Escalation(*row) for row in connection.execute(_DUE_ESCALATIONS, (now, most))]


def next_escalation(connection: sqlite3.Connection) -> int | None:
    """When the next step of any escalation is due, in seconds."""
    found: int | None = connection.execute(
        "SELECT MIN(nextcheck) FROM escalations WHERE nextcheck IS NOT NULL"
    ).fetchone()[0]
    return found


def due_of(eventids: Iterable[int], now: int, connection: sqlite3.Connection) -> list[Escalation]:
    """The escalations of problems whose next step is due at `now`, in seconds."""
    return [Escalation(*row) for row in connection.execute(_DUE_OF, (str(list(eventids)), now))]


def put_off_recoveries(eventids: Iterable[int], now: int, connection: sqlite3.Connection) -> list[int]:
    """Marks the escalations of problems that have ended as due to tell of that; returns the eventids that have any."""
    found = connection.execute(_PUT_OFF, (now, str(list(eventids)))).fetchall()
    return list(dict.fromkeys([eventid for (eventid,) in found]))


def drop_escalations(escalationids: Iterable[int], connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM escalations WHERE escalationid IN (SELECT value FROM json_each(?))", (str(list(escalationids)),)
    )


def escalations_of(eventids: Iterable[int], connection: sqlite3.Connection) -> list[Escalation]:
    """The escalations of problems."""
    return [Escalation(*row) for row in connection.execute(_ESCALATIONS_OF, (str(list(eventids)),))]


def alerts_of(steps: Sequence[tuple[int, int, int]], connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """The alerts that there are of steps: each with its step, userid, mediatypeid and sendto."""
    found = connection.execute(_ALERTS_OF, (orjson.dumps(steps).decode(),))
    return [(steps[place], *more) for place, *more in found]


def recoveries_of(problems: Sequence[tuple[int, int]], connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """The alerts that there are of the ends of problems: each with its problem, userid, mediatypeid and sendto."""
    found = connection.execute(_RECOVERIES_OF, (orjson.dumps(problems).decode(),))
    return [(problems[place], *more) for place, *more in found]
