"""The rows of problems: hosts, triggers, events, tags and alarms."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from alertrpc.store.bulk import as_json, fetch, run
from alertrpc.store.statements import SQL
from alertrpc.store.tables import NewRecovery

# The alarms lead to the triggers of pushes; of the other triggers on a host, only the oldest are looked through.
LOADED_TRIGGERS = 1000
MOST_ALARMS = 16  # in one text; an alarm may hold some MiB


class Known(NamedTuple):
    """The rows that exist for a pushed alarm; None: no such row, or the alarm is active.

    `digest` and `resolve_after` are those of the active alarm's last push. `reports` are the ends that endpoints gave,
    and `ended_at` is when the alarm ended, in milliseconds, if it is active because it settles.
    """

    active_eventid: int | None
    digest: str | None
    resolve_after: int | None
    reports: dict[str, int | None]
    ended_at: int | None
    last_eventid: int | None
    triggerid: int | None
    hostid: int | None

    @property
    def eventid(self) -> int:
        """Of the active alarm."""
        assert self.active_eventid is not None
        return self.active_eventid


class Calmed(NamedTuple):
    """The trigger of an alarm that ended; `clock` in seconds."""

    triggerid: int
    clock: int
    target: str
    alarm_type: str


class LastIds(NamedTuple):
    """The greatest ids that are taken."""

    hostid: int
    triggerid: int
    eventid: int


def find_known(asked: Iterable[Sequence[str]], connection: sqlite3.Connection) -> list[Known]:
    """The rows that exist for each [identity, target, alarm type]."""
    return [Known(*row) for row in fetch(connection, SQL["alarms.known"], asked, LOADED_TRIGGERS)]


def last_ids(connection: sqlite3.Connection) -> LastIds:
    return LastIds(*connection.execute(SQL["alarms.last_ids"]).fetchone())


def find_alarms(
    eventids: Iterable[int], connection: sqlite3.Connection, together: int = MOST_ALARMS
) -> dict[int, dict[str, Any]]:
    """The alarms of problems by their eventids, with labels, severity, recovery and active actions.

    So many `together` are in one text.
    """
    listed = list(eventids)
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(listed), together):
        some = fetch(connection, SQL["alarms.of_problems"], listed[start : start + together])
        found |= {alarm["id"]: alarm for alarm in some}
    return found


def find_times(eventids: Iterable[int], connection: sqlite3.Connection) -> dict[int, dict[str, Any]]:
    """The ids and times of alarms by their eventids."""
    found = fetch(connection, SQL["alarms.times"], eventids)
    return {alarm["id"]: alarm for alarm in found}


def expired_alarms(now: int, most: int, connection: sqlite3.Connection) -> list[int]:
    """The eventids of alarms that have expired at `now`, in milliseconds."""
    return [eventid for (eventid,) in connection.execute(SQL["alarms.expired"], (now, most))]


def next_expiry(connection: sqlite3.Connection) -> int | None:
    """When the next alarm expires, in milliseconds."""
    found: int | None = connection.execute(SQL["alarms.next_expiry"]).fetchone()[0]
    return found


def host_group(name: str, connection: sqlite3.Connection) -> int:
    """The id of a host group, which is created if missing."""
    row = connection.execute(SQL["groups.first_host_group"], (name,)).fetchone()
    if row[0] is None:
        row = connection.execute(SQL["groups.add_host_group"], (name,)).fetchone()
    groupid: int = row[0]
    return groupid


def drop_tags(eventids: Sequence[int], connection: sqlite3.Connection) -> None:
    if eventids:
        connection.execute(SQL["alarms.drop_tags"], (as_json(eventids),))


def copy_tags(recoveries: Iterable[NewRecovery], connection: sqlite3.Connection) -> None:
    """Gives the recoveries the tags of their problems, as Zabbix does."""
    run(connection, SQL["alarms.copy_tags"], recoveries)


def calm_triggers(triggers: Iterable[Calmed], connection: sqlite3.Connection) -> None:
    """Sets triggers without an active alarm to OK."""
    run(connection, SQL["alarms.calm_triggers"], triggers)
