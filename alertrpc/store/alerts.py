"""The rows of alerts: adds and finds them."""

import sqlite3
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from alertrpc.records import AlertStatus
from alertrpc.store.bulk import as_json, fetch, insert
from alertrpc.store.statements import SQL
from alertrpc.store.tables import NewAlert
from alertrpc.values import INT64_MAX


class Involved(NamedTuple):
    """A user whom an action alerted of a problem."""

    place: int
    userid: int | None
    mediatypeid: int
    sendto: str


def find_involved(
    problems: Sequence[tuple[int, int]], connection: sqlite3.Connection, until: Sequence[int] | None = None
) -> list[Involved]:
    """Who was alerted, for pairs of eventid and actionid; `place` is the index of the pair.

    Later alerts than `until`, which has an alertid for each pair, do not count.
    """
    asked = _with_alertids(problems, [INT64_MAX] * len(problems) if until is None else until)
    return [Involved(*row) for row in fetch(connection, SQL["alerts.involved"], asked)]


def _with_alertids(problems: Sequence[tuple[int, int]], alertids: Sequence[int]) -> list[tuple[int, int, int]]:
    return [(*problem, alertid) for problem, alertid in zip(problems, alertids, strict=True)]


def last_alertid(connection: sqlite3.Connection) -> int:
    """The greatest id that an alert has, or that other rows still name."""
    last: int = connection.execute(SQL["alerts.last_id"]).fetchone()[0]
    return last


def add_alerts(
    alerts: Sequence[NewAlert], now: int, connection: sqlite3.Connection, *, only_if_told: Collection[int] = ()
) -> list[int]:
    """Adds alerts, and queues the new ones at `now`, in milliseconds; returns the alertids.

    Recoveries of the actions in `only_if_told` are not sent to an address that got no alert of the problem.
    """
    if not alerts:
        return []
    numbered = [alert._replace(alertid=alertid) for alertid, alert in enumerate(alerts, last_alertid(connection) + 1)]
    insert(connection, numbered)
    new = [
        (alert.alertid, int(alert.p_eventid is not None and alert.actionid in only_if_told))
        for alert in numbered
        if alert.status is AlertStatus.NEW
    ]
    queue(new, now, connection)
    return [alert.alertid for alert in numbered]


def queue(new: Sequence[tuple[int, int]], now: int, connection: sqlite3.Connection) -> None:
    """Queues alerts, given as pairs of alertid and `only_if_told`; each behind the others of its line.

    A line is what an address is told of a problem through a media type.
    """
    if not new:
        return
    connection.execute(SQL["queue.add"], (as_json(new), now, now))
    listed = as_json([alertid for alertid, _ in new])
    lined_up = connection.execute(SQL["queue.line_up"], (listed,)).fetchall()
    if lined_up:
        connection.execute(SQL["queue.raise_line"], (as_json([alertid for (alertid,) in lined_up]),))


def alerts_of(steps: Sequence[tuple[int, int, int]], connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """The existing alerts of steps: step, userid, mediatypeid and sendto of each."""
    found = connection.execute(SQL["alerts.of_steps"], (as_json(steps),))
    return [(steps[place], *more) for place, *more in found]


def recoveries_of(problems: Sequence[tuple[int, int]], connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """The existing recovery alerts of problems: problem, userid, mediatypeid and sendto of each."""
    found = connection.execute(SQL["alerts.of_recoveries"], (as_json(problems),))
    return [(problems[place], *more) for place, *more in found]


def updates_of(
    problems: Sequence[tuple[int, int]], since: Sequence[int], connection: sqlite3.Connection
) -> list[tuple[Any, ...]]:
    """The existing updates of problems after the alertid for each: problem, userid, mediatypeid and sendto of each."""
    found = connection.execute(SQL["alerts.of_updates"], (as_json(_with_alertids(problems, since)),))
    return [(problems[place], *more) for place, *more in found]
