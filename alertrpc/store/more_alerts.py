"""Alerts that no event makes: test messages, and alerts that are sent again."""

import sqlite3
from collections.abc import Sequence

import orjson

from alertrpc.store.alerts import last_alertid
from alertrpc.store.bulk import insert
from alertrpc.store.tables import NewResend

_TEST_ACTION = "test action"  # in `applied`, so that no declared action is taken for it
TEST_ACTION_NAME = "Test messages"

NEVER = 2**62  # when an alert is due that is to be sent again, and not made yet
MOST_MADE = 50  # of one transaction
MOST_BYTES = 2 * 2**20  # of their texts

_RESENT = """
SELECT a.alertid FROM json_each(?) q CROSS JOIN alerts a ON a.alertid = q.value
WHERE a.alerttype = 0 AND a.mediatypeid IS NOT NULL"""

_QUEUE_AGAIN = """
INSERT INTO alert_queue (alertid, mediatypeid, due)
SELECT json_extract(q.value, '$[0]'), a.mediatypeid, ?
FROM json_each(?) q CROSS JOIN alerts a ON a.alertid = json_extract(q.value, '$[1]')"""

_NOT_MADE = """
SELECT q.alertid, length(a.message) + length(a.subject)
FROM media_type mt CROSS JOIN alert_queue q ON q.mediatypeid = mt.mediatypeid AND q.due = ?
CROSS JOIN resends r ON r.alertid = q.alertid CROSS JOIN alerts a ON a.alertid = r.resent_alertid LIMIT ?"""

_MAKE = """
INSERT INTO alerts (
    alertid, actionid, eventid, userid, clock, mediatypeid, sendto, subject, message, status, esc_step, p_eventid)
SELECT r.alertid, a.actionid, a.eventid, a.userid, ?, a.mediatypeid, a.sendto, a.subject, a.message, 3, a.esc_step,
       a.p_eventid
FROM json_each(?) q CROSS JOIN resends r ON r.alertid = q.value CROSS JOIN alerts a ON a.alertid = r.resent_alertid"""


def media_type_ids(name: str, connection: sqlite3.Connection) -> list[int]:
    """The ids of the media types of a name, which need not be one alone in a database that was loaded."""
    return [row[0] for row in connection.execute("SELECT mediatypeid FROM media_type WHERE name = ?", (name,))]


def test_action(connection: sqlite3.Connection) -> int:
    """The id of the action that stands for tests; it is disabled, and made when it is not there."""
    row = connection.execute(
        "SELECT a.actionid FROM applied p JOIN actions a ON a.actionid = p.objectid WHERE p.object = ?", (_TEST_ACTION,)
    ).fetchone()
    if row is None:
        row = connection.execute(
            "INSERT INTO actions (name, status) VALUES (?, 1) RETURNING actionid", (TEST_ACTION_NAME,)
        ).fetchone()
        connection.execute("INSERT INTO applied (object, objectid) VALUES (?, ?)", (_TEST_ACTION, row[0]))
    actionid: int = row[0]
    return actionid


def end_interrupted_tests(before: int, connection: sqlite3.Connection) -> None:
    """Marks tests as failed that began before a time, in seconds, and of which nothing came."""
    connection.execute(
        """UPDATE alerts SET status = 2, error = 'The test was interrupted.'
           WHERE status = 0 AND clock < ? AND actionid IN (SELECT objectid FROM applied WHERE object = ?)""",
        (before, _TEST_ACTION),
    )


def add_again(alertids: Sequence[int], connection: sqlite3.Connection) -> dict[int, int]:
    """Puts alerts on record as to be sent again, as new ones that name the old ones; `make_again` then makes them.

    Returns the new ids by the old. An alert that is no message or has no media type is left out.
    """
    listed = str(list(alertids))
    found = {alertid for (alertid,) in connection.execute(_RESENT, (listed,))}
    last = last_alertid(connection)
    new = {old: again for again, old in enumerate([old for old in alertids if old in found], last + 1)}
    pairs = [NewResend(again, old) for old, again in new.items()]
    insert(connection, pairs)
    connection.execute(_QUEUE_AGAIN, (NEVER, orjson.dumps(list(map(tuple, pairs))).decode()))
    return new


def make_again(now: int, connection: sqlite3.Connection) -> bool:
    """Makes the first alerts that are on record as to be sent again; whether there are more. `now` is in milliseconds."""
    waiting = connection.execute(_NOT_MADE, (NEVER, MOST_MADE + 1)).fetchall()
    made: list[int] = []
    size = 0
    for alertid, length in waiting[:MOST_MADE]:
        size += length
        if made and size > MOST_BYTES:
            break
        made.append(alertid)
    connection.execute(_MAKE, (now // 1000, str(made)))
    connection.execute(
        "UPDATE alert_queue SET due = ? WHERE alertid IN (SELECT value FROM json_each(?))", (now, str(made))
    )
    return len(made) < len(waiting)
