"""The queue of alerts, the attempts to send them, and what sending them needs."""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from alertrpc.records import AlertStatus
from alertrpc.store.bulk import as_json, insert, update
from alertrpc.store.problems import find_alarms
from alertrpc.store.statements import SQL
from alertrpc.store.tables import AlertResult, Attempt, DueTime

ROW_FAULTS = (sqlite3.IntegrityError, sqlite3.DataError)  # caused by a row, not by the database
MOST_BYTES = 8 * 2**20  # of the alerts claimed at one time


class Recorded(NamedTuple):
    """An attempt and the new state of its alert; `due` is when the next attempt is, in milliseconds; None is never."""

    attempt: Attempt
    alert: AlertResult
    due: int | None


def queue_heads(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """The media types that have alerts to send, and when the first is due, in milliseconds."""
    return connection.execute(SQL["queue.heads"]).fetchall()


def next_due(mediatypeid: int, now: int, connection: sqlite3.Connection) -> int | None:
    """When the first alert after `now` is due; both in milliseconds."""
    found: int | None = connection.execute(SQL["queue.next_due"], (mediatypeid, now)).fetchone()[0]
    return found


def claim_due(
    mediatypeid: int, now: int, most: int, held: Sequence[int], connection: sqlite3.Connection
) -> list[dict[str, Any]]:
    """The first alerts of a media type that are due at `now`, in milliseconds, except those held.

    Each has its `alarm`, or None. New alerts become NOT_SENT.
    """
    asked = (mediatypeid, now, most + len(held), as_json(held), MOST_BYTES)
    claimed: str = connection.execute(SQL["queue.due"], asked).fetchone()[0]
    if claimed == "[]":
        return []
    connection.execute(SQL["alerts.set_status"], (AlertStatus.NOT_SENT, claimed, AlertStatus.NEW))
    return _to_be_sent(claimed, connection)


def find_alerts(alertids: Sequence[int], connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Alerts by their ids, each with its `alarm`, or None."""
    return _to_be_sent(as_json(alertids), connection)


def _to_be_sent(alertids: str, connection: sqlite3.Connection) -> list[dict[str, Any]]:
    alerts: list[dict[str, Any]] = orjson.loads(connection.execute(SQL["alerts.to_be_sent"], (alertids,)).fetchone()[0])
    alarms = find_alarms({alert["p_eventid"] or alert["eventid"] for alert in alerts}, connection)
    for alert in alerts:
        alert["alarm"] = alarms.get(alert["p_eventid"] or alert["eventid"])
    return alerts


def find_media_type(mediatypeid: int, connection: sqlite3.Connection) -> dict[str, Any] | None:
    row = connection.execute(SQL["media_types.to_send_with"], (mediatypeid,)).fetchone()
    return None if row is None else orjson.loads(row[0])


def media_type_ids(name: str, connection: sqlite3.Connection) -> list[int]:
    """The ids of the media types with a name; a database that was loaded may have several."""
    return [row[0] for row in connection.execute(SQL["media_types.named"], (name,))]


def record_attempts(recorded: Sequence[Recorded], connection: sqlite3.Connection) -> None:
    """Stores attempts, the new states of their alerts, and when the next attempts are due."""
    insert(connection, [each.attempt for each in recorded])
    update(connection, [each.alert for each in recorded])
    update(connection, [DueTime(each.attempt.alertid, each.due) for each in recorded if each.due is not None])
    done = [each.attempt.alertid for each in recorded if each.due is None]
    connection.execute(SQL["queue.drop"], (as_json(done),))


def instance_uuid(connection: sqlite3.Connection) -> str:
    found: str = connection.execute("SELECT uuid FROM instance").fetchone()[0]
    return found
