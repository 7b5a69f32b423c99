"""The queue of alerts, the attempts to send them, and what sending them needs."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from alertrpc.records import AlertStatus, Queued
from alertrpc.store.bulk import as_json, insert, update
from alertrpc.store.digests import DigestResult, record_digest
from alertrpc.store.limits import Hold, Turn, end_turns, hold
from alertrpc.store.problems import find_alarms
from alertrpc.store.statements import SQL
from alertrpc.store.tables import AlertResult, Attempt, QueueState

ROW_FAULTS = (sqlite3.IntegrityError, sqlite3.DataError)  # caused by a row, not by the database
MOST_BYTES = 8 * 2**20  # of the alerts claimed at one time
MOST_RELEASED = 1000  # alerts that become due in one transaction


class Recorded(NamedTuple):
    """An attempt and the new state of its alert; `due` is when the next attempt is, in milliseconds; None is never.

    `hold` and `turn` are given if the attempt holds its media type, or counts for its rates; `digest` is given if the alert
    stands for one. The next attempt
    is only for the `remaining` addresses, if there are any; it `is_taken` if some of the others took the message.
    """

    attempt: Attempt
    alert: AlertResult
    due: int | None
    mediatypeid: int = 0
    hold: Hold | None = None
    turn: Turn | None = None
    digest: DigestResult | None = None
    remaining: str = ""
    is_taken: bool = False


class Ready(NamedTuple):
    """An alert that may be sent; the lowest rank goes first. `untold`: the address got no alert of its problem.

    With a `digestid`, it stands for the alerts of a digest.
    """

    alertid: int
    rank: int
    sendto: str
    untold: bool
    digestid: int | None = None


def ready_heads(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """The media types that have alerts to send now, and the rank of the first."""
    return connection.execute(SQL["queue.ready"]).fetchall()


def waiting_heads(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """The media types that have alerts to send at a time, and when the first is due, in milliseconds."""
    return connection.execute(SQL["queue.waiting"]).fetchall()


def next_due(mediatypeid: int, now: int, connection: sqlite3.Connection) -> int | None:
    """When the first alert after `now` is due; both in milliseconds."""
    found: int | None = connection.execute(SQL["queue.next_due"], (mediatypeid, now)).fetchone()[0]
    return found


def release_due(mediatypeid: int, now: int, connection: sqlite3.Connection) -> None:
    """Alerts whose time has come may be sent; `now` is in milliseconds."""
    connection.execute(SQL["queue.release_due"], (mediatypeid, now, MOST_RELEASED))


def first_ready(mediatypeid: int, most: int, but: Iterable[str], connection: sqlite3.Connection) -> list[Ready]:
    """The first alerts of a media type that may be sent, except those to some addresses."""
    asked = (mediatypeid, as_json(but), most, MOST_BYTES)
    return [Ready(*row) for row in orjson.loads(connection.execute(SQL["queue.first"], asked).fetchone()[0])]


def begin(ready: Sequence[Ready], connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Marks alerts as being sent; returns them with their `alarm`, or None, their `rank`, and whether they are `untold`.

    New alerts become NOT_SENT.
    """
    if not ready:
        return []
    listed = as_json([each.alertid for each in ready])
    connection.execute(SQL["queue.begin"], (listed,))
    connection.execute(SQL["alerts.set_status"], (AlertStatus.NOT_SENT, listed, AlertStatus.NEW))
    more = {each.alertid: {"rank": each.rank, "untold": bool(each.untold)} for each in ready}
    return [alert | more[alert["alertid"]] for alert in _to_be_sent(listed, connection)]


def give_back(alertids: Sequence[int], now: int, connection: sqlite3.Connection) -> None:
    """Alerts that were marked as being sent are not sent yet; `now` is in milliseconds."""
    listed = as_json(alertids)
    connection.execute(SQL["queue.give_back"], (listed,))
    connection.execute(SQL["limits.give_back"], (listed, now))


def begin_again(connection: sqlite3.Connection) -> None:
    """The alerts that a process was sending when it ended may be sent again."""
    connection.execute(SQL["queue.begin_again"])


def find_alerts(alertids: Sequence[int], connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Alerts by their ids, each with its `alarm`, or None."""
    return _to_be_sent(as_json(alertids), connection)


def _to_be_sent(alertids: str, connection: sqlite3.Connection) -> list[dict[str, Any]]:
    alerts: list[dict[str, Any]] = orjson.loads(connection.execute(SQL["alerts.to_be_sent"], (alertids,)).fetchone()[0])
    problems = {alert["p_eventid"] or alert["eventid"] for alert in alerts}
    alarms = find_alarms(problems, connection, together=len(problems) or 1)  # claims are bounded in bytes
    for alert in alerts:
        alert["alarm"] = alarms.get(alert["p_eventid"] or alert["eventid"])
    return alerts


def find_media_type(mediatypeid: int, connection: sqlite3.Connection) -> dict[str, Any] | None:
    row = connection.execute(SQL["media_types.to_send_with"], (mediatypeid,)).fetchone()
    return None if row is None else orjson.loads(row[0])


def media_type_ids(name: str, connection: sqlite3.Connection) -> list[int]:
    """The ids of the media types with a name; a database that was loaded may have several."""
    return [row[0] for row in connection.execute(SQL["media_types.named"], (name,))]


def record_attempts(recorded: Sequence[Recorded], connection: sqlite3.Connection) -> Mapping[int, int]:
    """Stores attempts, the new states of their alerts, and when the next attempts are due.

    The attempt of a digest is one of each of its alerts.
    Returns the media types of which alerts may be sent that waited behind these, and the rank of each one's first.
    """
    insert(connection, [each.attempt for each in recorded])
    update(connection, [each.alert for each in recorded])
    done = [alertid for each in recorded for alertid in _recorded_for(each, connection) if each.due is None]
    again = [_again(each, each.due) for each in recorded if each.due is not None]
    update(connection, again)
    hold([each.hold for each in recorded if each.hold is not None], connection)
    end_turns([each.turn for each in recorded if each.turn is not None], connection)
    listed = as_json(done)
    following = connection.execute(SQL["queue.follow"], (listed,)).fetchall()
    connection.execute(SQL["queue.drop"], (listed,))
    return dict(sorted(following, reverse=True))


def _recorded_for(recorded: Recorded, connection: sqlite3.Connection) -> list[int]:
    """The alerts that an attempt is recorded for: its own, and those of the digest."""
    alertid = recorded.attempt.alertid
    if recorded.digest is None:
        return [alertid]
    return [alertid, *record_digest(recorded.attempt, recorded.alert, recorded.digest, connection)]


def _again(recorded: Recorded, due: int) -> QueueState:
    """The place in the queue of an alert that is not sent yet; a hold keeps it back, if there is one."""
    state = Queued.LATER if recorded.hold is None else Queued.READY
    return QueueState(recorded.alert.alertid, state, due, recorded.remaining, int(recorded.is_taken))


def instance_uuid(connection: sqlite3.Connection) -> str:
    found: str = connection.execute("SELECT uuid FROM instance").fetchone()[0]
    return found
