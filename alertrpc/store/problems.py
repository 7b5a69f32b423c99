"""The rows of problems: hosts, triggers, events and their tags, and what senders told of them."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from alertrpc.store.bulk import fetch, run
from alertrpc.store.tables import NewRecovery

# Triggers of pushes are found by their alarms; of the others on a host so many are looked through, the oldest first.
LOADED_TRIGGERS = 1000
MOST_ALARMS = 16  # in one text; an alarm may hold some MiB

# What is known of alarms, given as [identity, target, alarm type]: the active problem, the last one, trigger and host.
_KNOWN = f"""
SELECT json_group_array(json_array(
    (SELECT al.eventid FROM alarms al
     WHERE al.identity = json_extract(q.value, '$[0]') AND al.resolved_at IS NULL),
    (SELECT MAX(al.eventid) FROM alarms al WHERE al.identity = json_extract(q.value, '$[0]')),
    COALESCE(
        (SELECT e.objectid FROM alarms al CROSS JOIN events e ON e.eventid = al.eventid
         WHERE al.target = json_extract(q.value, '$[1]') AND al.alarm_type = json_extract(q.value, '$[2]') LIMIT 1),
        (SELECT t.triggerid FROM (
            SELECT oh.objectid FROM hosts h CROSS JOIN object_hosts oh ON oh.hostid = h.hostid AND oh.object = 0
            WHERE h.host = json_extract(q.value, '$[1]') AND h.status IN (0, 1) LIMIT {LOADED_TRIGGERS}) o
         CROSS JOIN triggers t ON t.triggerid = o.objectid
         WHERE t.description = json_extract(q.value, '$[2]') LIMIT 1)),
    (SELECT MIN(h.hostid) FROM hosts h WHERE h.host = json_extract(q.value, '$[1]') AND h.status IN (0, 1))
)) FROM json_each(?) q"""

# The greatest ids that are taken, or named by what is left of rows that are gone.
_LAST_IDS = """
SELECT MAX((SELECT COALESCE(MAX(hostid), 0) FROM hosts), (SELECT COALESCE(MAX(hostid), 0) FROM hosts_groups),
           (SELECT COALESCE(MAX(hostid), 0) FROM object_hosts)),
       MAX((SELECT COALESCE(MAX(triggerid), 0) FROM triggers), (SELECT COALESCE(MAX(objectid), 0) FROM events),
           (SELECT COALESCE(MAX(objectid), 0) FROM object_hosts WHERE object = 0)),
       MAX((SELECT COALESCE(MAX(eventid), 0) FROM events), (SELECT COALESCE(MAX(eventid), 0) FROM event_tag),
           (SELECT COALESCE(MAX(eventid), 0) FROM event_recovery),
           (SELECT COALESCE(MAX(r_eventid), 0) FROM event_recovery),
           (SELECT COALESCE(MAX(eventid), 0) FROM alerts),
           (SELECT COALESCE(MAX(p_eventid), 0) FROM alerts WHERE p_eventid IS NOT NULL))"""

_ALARM_OBJECT = """json_object(
    'id', al.eventid, 'identity', al.identity, 'alarm_type', al.alarm_type, 'target', al.target, 'level', al.level,
    'name', al.name, 'summary', al.summary, 'description', al.description, 'url', al.url,
    'annotations', json(al.annotations), 'active_at', al.active_at, 'updated_at', al.updated_at,
    'resolved_at', al.resolved_at, 'expires_at', al.expires_at,
    'labels', json((SELECT json_group_object(et.tag, et.value) FROM event_tag et WHERE et.eventid = al.eventid)),
    'triggerid', e.objectid, 'severity', e.severity,
    'r_eventid', (SELECT er.r_eventid FROM event_recovery er WHERE er.eventid = al.eventid),
    'actionids', json((SELECT json_group_array(es.actionid) FROM escalations es WHERE es.eventid = al.eventid)))"""

_ALARMS = f"""
SELECT json_group_array({_ALARM_OBJECT})
FROM json_each(?) q CROSS JOIN alarms al ON al.eventid = q.value CROSS JOIN events e ON e.eventid = al.eventid"""

_EXPIRED = """
SELECT eventid FROM alarms WHERE resolved_at IS NULL AND expires_at IS NOT NULL AND expires_at <= ?
ORDER BY expires_at LIMIT ?"""

_NEXT_EXPIRY = "SELECT MIN(expires_at) FROM alarms WHERE resolved_at IS NULL AND expires_at IS NOT NULL"

_COPY_TAGS = """
INSERT INTO event_tag (eventid, tag, value)
SELECT json_extract(q.value, '$[1]'), et.tag, et.value
FROM json_each(?) q CROSS JOIN event_tag et ON et.eventid = json_extract(q.value, '$[0]')"""

_CALM_TRIGGERS = """
UPDATE triggers SET value = 0, lastchange = json_extract(q.value, '$[1]')
FROM json_each(?) q
WHERE triggers.triggerid = json_extract(q.value, '$[0]') AND NOT EXISTS (
    SELECT 1 FROM alarms al
    WHERE al.target = json_extract(q.value, '$[2]') AND al.alarm_type = json_extract(q.value, '$[3]')
      AND al.resolved_at IS NULL)"""


class Known(NamedTuple):
    """What is known of an alarm that comes in; None is nothing."""

    active_eventid: int | None
    last_eventid: int | None
    triggerid: int | None
    hostid: int | None


class Calmed(NamedTuple):
    """A trigger of an alarm that ended, at a time in seconds."""

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
    """What is known of each [identity, target, alarm type]."""
    return [Known(*row) for row in fetch(connection, _KNOWN, asked)]


def last_ids(connection: sqlite3.Connection) -> LastIds:
    return LastIds(*connection.execute(_LAST_IDS).fetchone())


def find_alarms(eventids: Iterable[int], connection: sqlite3.Connection) -> dict[int, dict[str, Any]]:
    """The alarms of problems by their eventids, with labels, severity, recovery and the actions at work on them."""
    listed = list(eventids)
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(listed), MOST_ALARMS):
        found |= {alarm["id"]: alarm for alarm in fetch(connection, _ALARMS, listed[start : start + MOST_ALARMS])}
    return found


def expired_alarms(now: int, most: int, connection: sqlite3.Connection) -> list[int]:
    """The eventids of alarms whose time is over at `now`, in milliseconds."""
    return [eventid for (eventid,) in connection.execute(_EXPIRED, (now, most))]


def next_expiry(connection: sqlite3.Connection) -> int | None:
    """When the next alarm's time is over, in milliseconds."""
    found: int | None = connection.execute(_NEXT_EXPIRY).fetchone()[0]
    return found


def host_group(name: str, connection: sqlite3.Connection) -> int:
    """The id of a host group, which is made where there is none."""
    row = connection.execute("SELECT MIN(groupid) FROM hstgrp WHERE name = ? AND type = 0", (name,)).fetchone()
    if row[0] is None:
        row = connection.execute("INSERT INTO hstgrp (name) VALUES (?) RETURNING groupid", (name,)).fetchone()
    groupid: int = row[0]
    return groupid


def drop_tags(eventids: Sequence[int], connection: sqlite3.Connection) -> None:
    if eventids:
        connection.execute(
            "DELETE FROM event_tag WHERE eventid IN (SELECT value FROM json_each(?))", (str(list(eventids)),)
        )


def copy_tags(recoveries: Iterable[NewRecovery], connection: sqlite3.Connection) -> None:
    """Gives the recoveries the tags of their problems, as Zabbix does."""
    run(connection, _COPY_TAGS, recoveries)


def calm_triggers(triggers: Iterable[Calmed], connection: sqlite3.Connection) -> None:
    """Sets triggers to OK that have no active alarm any more."""
    run(connection, _CALM_TRIGGERS, triggers)
