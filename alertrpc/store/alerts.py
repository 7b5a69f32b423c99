"""The rows of alerts: how they are added, and which there are."""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from alertrpc.records import AlertStatus
from alertrpc.store.bulk import as_json, fetch, insert
from alertrpc.store.statements import SQL
from alertrpc.store.tables import NewAlert, NewInQueue


class Involved(NamedTuple):
    """Who was alerted of a problem by an action."""

    place: int
    userid: int | None
    mediatypeid: int
    sendto: str


def find_involved(problems: Sequence[tuple[int, int]], connection: sqlite3.Connection) -> list[Involved]:
    """For pairs of eventid and actionid, by the pair's place: who was alerted."""
    return [Involved(*row) for row in fetch(connection, SQL["alerts.involved"], problems)]


def last_alertid(connection: sqlite3.Connection) -> int:
    """The greatest id that is taken, or named by what is left of rows that are gone."""
    last: int = connection.execute(SQL["alerts.last_id"]).fetchone()[0]
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


def alerts_of(steps: Sequence[tuple[int, int, int]], connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """The alerts that there are of steps: each with its step, userid, mediatypeid and sendto."""
    found = connection.execute(SQL["alerts.of_steps"], (as_json(steps),))
    return [(steps[place], *more) for place, *more in found]


def recoveries_of(problems: Sequence[tuple[int, int]], connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """The alerts that there are of the ends of problems: each with its problem, userid, mediatypeid and sendto."""
    found = connection.execute(SQL["alerts.of_recoveries"], (as_json(problems),))
    return [(problems[place], *more) for place, *more in found]
