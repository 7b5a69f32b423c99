"""The rows of escalations: actions at work on problems."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from alertrpc.store.bulk import as_json
from alertrpc.store.statements import SQL

# In place of the last step that was done, if the alerts did not fit into a transaction:
STARTS = -1  # the first steps are due
RECOVERS = -2  # the recovery is due
STARTS_AND_RECOVERS = -3


class Escalation(NamedTuple):
    """An action at work on a problem; `esc_step` is the last step that was done, `started` in seconds.

    `severity` is the highest that it told of; `risen` is the last alertid from before a rise that is not wholly told.
    """

    escalationid: int
    actionid: int
    eventid: int
    esc_step: int
    started: int
    severity: int
    risen: int | None


def due(now: int, most: int, connection: sqlite3.Connection) -> list[Escalation]:
    """The escalations whose next step is due at `now`, in seconds."""
    return [Escalation(*row) for row in connection.execute(SQL["escalations.due"], (now, most))]


def next_check(connection: sqlite3.Connection) -> int | None:
    """When the next step of any escalation is due, in seconds."""
    found: int | None = connection.execute(SQL["escalations.next"]).fetchone()[0]
    return found


def due_of_problems(eventids: Iterable[int], now: int, connection: sqlite3.Connection) -> list[Escalation]:
    """The escalations of problems whose next step is due at `now`, in seconds."""
    found = connection.execute(SQL["escalations.due_of_problems"], (as_json(eventids), now))
    return [Escalation(*row) for row in found]


def put_off(eventids: Iterable[int], now: int, connection: sqlite3.Connection) -> list[int]:
    """Marks the recoveries of the problems' escalations as due; returns the eventids that have escalations."""
    steps = (STARTS, STARTS_AND_RECOVERS, RECOVERS)
    found = connection.execute(SQL["escalations.put_off"], (now, *steps, as_json(eventids))).fetchall()
    return list(dict.fromkeys([eventid for (eventid,) in found]))


def drop(escalationids: Iterable[int], connection: sqlite3.Connection) -> None:
    connection.execute(SQL["escalations.drop"], (as_json(escalationids),))


def of_problems(eventids: Iterable[int], connection: sqlite3.Connection) -> list[Escalation]:
    return [Escalation(*row) for row in connection.execute(SQL["escalations.of_problems"], (as_json(eventids),))]
