"""The queue of alerts, the tries to send them, and what they need to be sent."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from alertrpc.store.bulk import insert, update
from alertrpc.store.problems import find_alarms
from alertrpc.store.tables import AlertResult, Attempt, DueTime

ROW_FAULTS = (sqlite3.IntegrityError, sqlite3.DataError)  # of a row, and not of the database
MOST_BYTES = 8 * 2**20  # of what is claimed at one time

# One look at the index for each media type, however long the queue is.
_HEADS = """
WITH RECURSIVE head (mediatypeid) AS (
    SELECT MIN(mediatypeid) FROM alert_queue
    UNION ALL
    SELECT (SELECT MIN(q.mediatypeid) FROM alert_queue q WHERE q.mediatypeid > head.mediatypeid)
    FROM head WHERE head.mediatypeid IS NOT NULL)
SELECT mediatypeid, (SELECT MIN(q.due) FROM alert_queue q WHERE q.mediatypeid = head.mediatypeid)
FROM head WHERE mediatypeid IS NOT NULL"""

_NEXT_DUE = "SELECT MIN(due) FROM alert_queue WHERE mediatypeid = ? AND due > ?"

_ALERT_OBJECT = """json_object(
    'alertid', a.alertid, 'actionid', a.actionid, 'eventid', a.eventid, 'userid', a.userid, 'sendto', a.sendto,
    'subject', a.subject, 'message', a.message, 'retries', a.retries, 'esc_step', a.esc_step,
    'p_eventid', a.p_eventid, 'mediatypeid', a.mediatypeid,
    'action_name', COALESCE((SELECT ac.name FROM actions ac WHERE ac.actionid = a.actionid), ''),
    'username', COALESCE((SELECT u.username FROM users u WHERE u.userid = a.userid), ''),
    'attempts', COALESCE((SELECT MAX(at.number) FROM attempts at WHERE at.alertid = a.alertid), 0))"""

# What an alert and its alarm take in memory, nearly.
_BYTES = """length(t.message) + COALESCE(
    (SELECT length(al.description) + length(al.annotations) FROM alarms al
     WHERE al.eventid = COALESCE(t.p_eventid, t.eventid)), 0) + COALESCE(
    (SELECT SUM(length(et.tag) + length(et.value)) FROM event_tag et
     WHERE et.eventid = COALESCE(t.p_eventid, t.eventid)), 0)"""

# The first due alerts whose texts together are not too long, and the very first in any case.
_DUE = f"""
SELECT json_group_array({_ALERT_OBJECT}) FROM (
    SELECT alertid FROM (
        SELECT q.alertid, SUM({_BYTES}) OVER (ORDER BY q.due, q.alertid) AS bytes, row_number() OVER () AS place
        FROM (SELECT alertid, due FROM alert_queue WHERE mediatypeid = ? AND due <= ?
              ORDER BY due, alertid LIMIT ?) q
        CROSS JOIN alerts t ON t.alertid = q.alertid
        WHERE q.alertid NOT IN (SELECT value FROM json_each(?)))
    WHERE bytes <= {MOST_BYTES} OR place = 1 ORDER BY place) due
CROSS JOIN alerts a ON a.alertid = due.alertid"""

_ALERTS = f"""
SELECT json_group_array({_ALERT_OBJECT}) FROM json_each(?) q CROSS JOIN alerts a ON a.alertid = q.value"""

_MEDIA_TYPE = """
SELECT json_object(
    'mediatypeid', mt.mediatypeid, 'type', mt.type, 'name', mt.name, 'status', mt.status, 'exec_path', mt.exec_path,
    'smtp_server', mt.smtp_server, 'smtp_port', mt.smtp_port, 'smtp_helo', mt.smtp_helo, 'smtp_email', mt.smtp_email,
    'smtp_security', mt.smtp_security, 'smtp_verify_peer', mt.smtp_verify_peer, 'username', mt.username,
    'passwd', mt.passwd, 'smtp_authentication', mt.smtp_authentication, 'maxsessions', mt.maxsessions,
    'maxattempts', mt.maxattempts, 'attempt_interval', mt.attempt_interval, 'timeout', mt.timeout, 'script', mt.script,
    'parameters', json((SELECT json_group_object(p.name, p.value) FROM media_type_param p
                        WHERE p.mediatypeid = mt.mediatypeid)))
FROM media_type mt WHERE mt.mediatypeid = ?"""


class Recorded(NamedTuple):
    """A try and what becomes of its alert: `due` is when it is tried again, in milliseconds; None is never."""

    attempt: Attempt
    alert: AlertResult
    due: int | None


def queue_heads(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """The media types that have alerts to send, and when the first is due, in milliseconds."""
    return connection.execute(_HEADS).fetchall()


def next_due(mediatypeid: int, now: int, connection: sqlite3.Connection) -> int | None:
    """When the first alert is due that is not due at `now`; both in milliseconds."""
    found: int | None = connection.execute(_NEXT_DUE, (mediatypeid, now)).fetchone()[0]
    return found


def claim_due(
    mediatypeid: int, now: int, most: int, held: Iterable[int], connection: sqlite3.Connection
) -> list[dict[str, Any]]:
    """The first alerts of a media type that are due at `now`, but for those held, each with its `alarm`, None if none.

    They are no more new then: status 0. `now` is in milliseconds.
    """
    kept = list(held)
    found = connection.execute(_DUE, (mediatypeid, now, most + len(kept), str(kept))).fetchone()[0]
    alerts = _with_alarms(orjson.loads(found), connection)
    if alerts:
        claimed = str([alert["alertid"] for alert in alerts])
        connection.execute(
            "UPDATE alerts SET status = 0 WHERE alertid IN (SELECT value FROM json_each(?)) AND status = 3", (claimed,)
        )
    return alerts


def find_alerts(alertids: Sequence[int], connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Alerts by their ids, each with its `alarm`."""
    return _with_alarms(orjson.loads(connection.execute(_ALERTS, (str(list(alertids)),)).fetchone()[0]), connection)


def _with_alarms(alerts: list[dict[str, Any]], connection: sqlite3.Connection) -> list[dict[str, Any]]:
    alarms = find_alarms({alert["p_eventid"] or alert["eventid"] for alert in alerts}, connection)
    for alert in alerts:
        alert["alarm"] = alarms.get(alert["p_eventid"] or alert["eventid"])
    return alerts


def find_media_type(mediatypeid: int, connection: sqlite3.Connection) -> dict[str, Any] | None:
    row = connection.execute(_MEDIA_TYPE, (mediatypeid,)).fetchone()
    return None if row is None else orjson.loads(row[0])


def record_attempts(recorded: Sequence[Recorded], connection: sqlite3.Connection) -> None:
    """Keeps tries, what they make of their alerts, and when those are tried again."""
    insert(connection, [each.attempt for each in recorded])
    update(connection, [each.alert for each in recorded])
    update(connection, [DueTime(each.attempt.alertid, each.due) for each in recorded if each.due is not None])
    done = [each.attempt.alertid for each in recorded if each.due is None]
    connection.execute("DELETE FROM alert_queue WHERE alertid IN (SELECT value FROM json_each(?))", (str(done),))


def instance_uuid(connection: sqlite3.Connection) -> str:
    found: str = connection.execute("SELECT uuid FROM instance").fetchone()[0]
    return found
