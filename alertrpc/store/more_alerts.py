"""Alerts that no event makes: test messages, and alerts that are sent again."""

import sqlite3
from collections.abc import Sequence

from alertrpc.store.alerts import NewAlert, add_alerts
from alertrpc.store.bulk import insert

_TEST_ACTION = "test action"  # in `applied`, so that no declared action is taken for it
TEST_ACTION_NAME = "Test messages"

_AGAIN = """
SELECT a.alertid, a.actionid, a.eventid, a.userid, a.mediatypeid, a.sendto, a.subject, a.message, a.esc_step, a.p_eventid
FROM json_each(?) q CROSS JOIN alerts a ON a.alertid = q.value
WHERE a.alerttype = 0 AND a.mediatypeid IS NOT NULL ORDER BY q.key"""


def media_type_ids(name: str, connection: sqlite3.Connection) -> list[int]:
    """The ids of the media types of a name, which need not be one alone in a database that was loaded."""
    return [row[0] for row in connection.execute("SELECT mediatypeid FROM media_type WHERE name = ?", (name,))]


def add_test_alert(
    mediatypeid: int,
    userid: int | None,
    sendto: str,
    subject: str,
    message: str,
    now: int,
    connection: sqlite3.Connection,
) -> int:
    """Adds an alert that is of no event and not in the queue; returns its id. `now` is in seconds."""
    alert = NewAlert(_test_action(connection), 0, userid, now, mediatypeid, sendto, subject, message, status=0)
    return add_alerts([alert], 0, connection)[0]


def _test_action(connection: sqlite3.Connection) -> int:
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


def add_again(alertids: Sequence[int], now: int, connection: sqlite3.Connection) -> dict[int, int]:
    """Queues alerts again as new rows that name the old ones; `now` is in milliseconds.

    Returns the new ids by the old. An alert that is no message or has no media type is left out.
    """
    found = connection.execute(_AGAIN, (str(list(alertids)),)).fetchall()
    alerts = [
        NewAlert(
            actionid, eventid, userid, now // 1000, mediatypeid, sendto, subject, message,
            esc_step=esc_step, p_eventid=p_eventid,
        )
        for _, actionid, eventid, userid, mediatypeid, sendto, subject, message, esc_step, p_eventid in found
    ]  # fmt: skip
    new = dict(zip([row[0] for row in found], add_alerts(alerts, now, connection), strict=True))
    insert(connection, "resends", ("alertid", "resent_alertid"), [(again, old) for old, again in new.items()])
    return new
