"""The rows of alerts as they are made: action rules, receivers, escalations, and the queue."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from alertrpc.records import AlertStatus
from alertrpc.store.bulk import as_json, fetch, insert
from alertrpc.store.statements import SQL
from alertrpc.store.tables import NewAlert, NewInQueue

# In place of the last step that was done, where a transaction had no room for alerts:
STARTS = -1  # no step was done, and those due at the start are
RECOVERS = -2  # the end of the problem is to be told
STARTS_AND_RECOVERS = -3


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
    found: int = connection.execute(SQL["actions.revision"]).fetchone()[0]
    return found


def fetch_rules(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """The enabled actions with their conditions, and when their steps are due."""
    rules: list[dict[str, Any]] = orjson.loads(connection.execute(SQL["actions.rules"]).fetchone()[0])
    return rules


def fetch_templates(connection: sqlite3.Connection) -> list[tuple[int, int, str, str]]:
    """mediatypeid, recovery, subject and message."""
    return connection.execute(SQL["actions.templates"]).fetchall()


def find_receivers(steps: Sequence[tuple[int, int]], connection: sqlite3.Connection) -> list[Receiving]:
    """For pairs of actionid and step, by the pair's place: the users with each of their media that the step uses."""
    return [Receiving(*row) for row in fetch(connection, SQL["actions.receivers"], steps)]


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


def due_escalations(now: int, most: int, connection: sqlite3.Connection) -> list[Escalation]:
    """The escalations whose next step is due at `now`, in seconds."""
    return [Escalation(*row) for row in connection.execute(SQL["escalations.due"], (now, most))]


def next_escalation(connection: sqlite3.Connection) -> int | None:
    """When the next step of any escalation is due, in seconds."""
    found: int | None = connection.execute(SQL["escalations.next"]).fetchone()[0]
    return found


def due_of(eventids: Iterable[int], now: int, connection: sqlite3.Connection) -> list[Escalation]:
    """The escalations of problems whose next step is due at `now`, in seconds."""
    return [
        Escalation(*row) for row in connection.execute(SQL["escalations.due_of_problems"], (as_json(eventids), now))
    ]


def put_off_recoveries(eventids: Iterable[int], now: int, connection: sqlite3.Connection) -> list[int]:
    """Marks the escalations of problems that have ended as due to tell of that; returns the eventids that have any."""
    steps = (STARTS, STARTS_AND_RECOVERS, RECOVERS)
    found = connection.execute(SQL["escalations.put_off"], (now, *steps, as_json(eventids))).fetchall()
    return list(dict.fromkeys([eventid for (eventid,) in found]))


def drop_escalations(escalationids: Iterable[int], connection: sqlite3.Connection) -> None:
    connection.execute(SQL["escalations.drop"], (as_json(escalationids),))


def escalations_of(eventids: Iterable[int], connection: sqlite3.Connection) -> list[Escalation]:
    """The escalations of problems."""
    return [Escalation(*row) for row in connection.execute(SQL["escalations.of_problems"], (as_json(eventids),))]


def alerts_of(steps: Sequence[tuple[int, int, int]], connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """The alerts that there are of steps: each with its step, userid, mediatypeid and sendto."""
    found = connection.execute(SQL["alerts.of_steps"], (as_json(steps),))
    return [(steps[place], *more) for place, *more in found]


def recoveries_of(problems: Sequence[tuple[int, int]], connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """The alerts that there are of the ends of problems: each with its problem, userid, mediatypeid and sendto."""
    found = connection.execute(SQL["alerts.of_recoveries"], (as_json(problems),))
    return [(problems[place], *more) for place, *more in found]
