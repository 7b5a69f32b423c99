"""Alerts that are sent again, as new alerts that refer to the old ones."""

import sqlite3
from collections.abc import Sequence

from alertrpc.records import AlertStatus
from alertrpc.store.alerts import last_alertid, queue
from alertrpc.store.bulk import as_json, insert
from alertrpc.store.statements import SQL
from alertrpc.store.tables import NewResend

NEVER = 2**62  # the due time of an alert whose row is not created yet
MOST_MADE = 50  # alerts of one transaction
MOST_BYTES = 2 * 2**20  # of their texts


def add_again(alertids: Sequence[int], connection: sqlite3.Connection) -> dict[int, int]:
    """Queues alerts to be sent again; `make_again` then creates their rows.

    Returns the new ids by the old. Alerts that are not messages or have no media type are ignored.
    """
    found = {alertid for (alertid,) in connection.execute(SQL["alerts.messages"], (as_json(alertids),))}
    last = last_alertid(connection)
    new = {old: again for again, old in enumerate([old for old in alertids if old in found], last + 1)}
    pairs = [NewResend(again, old) for old, again in new.items()]
    insert(connection, pairs)
    connection.execute(SQL["queue.add_again"], (as_json(map(tuple, pairs)), NEVER))
    return new


def make_again(now: int, connection: sqlite3.Connection) -> bool:
    """Creates the first alerts that `add_again` queued; True if there are more. `now` is in milliseconds."""
    waiting = connection.execute(SQL["queue.not_made"], (NEVER, MOST_MADE + 1)).fetchall()
    made: list[int] = []
    size = 0
    for alertid, length in waiting[:MOST_MADE]:
        size += length
        if made and size > MOST_BYTES:
            break
        made.append(alertid)
    connection.execute(SQL["alerts.make_again"], (now // 1000, AlertStatus.NEW, as_json(made)))
    connection.execute(SQL["queue.drop"], (as_json(made),))
    queue([(alertid, 0) for alertid in made], now, connection)
    connection.execute(SQL["queue.step_back"], (as_json(made),))
    return len(made) < len(waiting)
