"""A small database whose alerts have many equal values, of all kinds of events, some without an event."""

import random
import sqlite3
from pathlib import Path

from alertrpc.store.connection import connect, transaction
from alertrpc.store.database import create

ALERTS, EVENTS, OBJECTS, HOSTS, GROUPS, USERS, ACTIONS = 300, 60, 12, 8, 4, 6, 5
TEXTS = ("", "disk is full", "CPU", "Überlast", "50%", "a_b")
KINDS = ((0, 0), (0, 0), (0, 0), (1, 1), (1, 2), (2, 3), (3, 0), (3, 4), (3, 5), (4, 6))  # sources and objects
SUPER_ADMIN, READER, STRANGER = 1, 2, 3  # userids


def make(path: Path, seed: int) -> Path:
    """Makes the database at `path`."""
    create(path)
    draw = random.Random(seed)
    connection = connect(path)
    try:
        with transaction(connection):
            _configure(connection, draw)
            _add_events(connection, draw)
            _add_alerts(connection, draw)
    finally:
        connection.close()
    return path


def _configure(connection: sqlite3.Connection, draw: random.Random) -> None:
    for userid in range(1, USERS + 1):
        kind = 3 if userid == SUPER_ADMIN else 1
        connection.execute("INSERT OR IGNORE INTO role (roleid, name, type) VALUES (?, ?, ?)", (kind, f"r{kind}", kind))
        connection.execute(
            "INSERT INTO users (userid, username, roleid) VALUES (?, ?, ?)", (userid, f"user{userid}", kind)
        )
        if userid != STRANGER:
            connection.execute("INSERT INTO users_groups (usrgrpid, userid) VALUES (?, ?)", (userid % 2 + 1, userid))
    connection.execute("INSERT INTO users_groups (usrgrpid, userid) VALUES (2, ?)", (READER,))
    for groupid, permission in ((1, 2), (2, 3), (3, 0)):
        connection.execute("INSERT INTO rights (groupid, permission, id) VALUES (1, ?, ?)", (permission, groupid))
    for hostid in range(1, HOSTS + 1):
        connection.execute("INSERT INTO hosts (hostid, host, name) VALUES (?, ?, ?)", (hostid, f"h{hostid}", "Host"))
        for groupid in draw.sample(range(1, GROUPS + 1), draw.choice((0, 1, 1, 2))):
            connection.execute("INSERT INTO hosts_groups (hostid, groupid) VALUES (?, ?)", (hostid, groupid))
    for objectid in range(1, OBJECTS + 1):
        for kind in (0, 4, 5):
            for hostid in draw.sample(range(1, HOSTS + 1), draw.choice((1, 1, 2))):
                connection.execute("INSERT INTO object_hosts VALUES (?, ?, ?)", (kind, objectid, hostid))
        connection.execute("INSERT INTO triggers (triggerid, priority) VALUES (?, ?)", (objectid, objectid % 3))
    for actionid in range(1, ACTIONS + 1):
        source = draw.choice((0, 0, 1, 2, 3))
        connection.execute("INSERT INTO actions (actionid, eventsource) VALUES (?, ?)", (actionid, source))


def _add_events(connection: sqlite3.Connection, draw: random.Random) -> None:
    for eventid in range(1, EVENTS + 1):
        source, kind = draw.choice(KINDS)
        connection.execute(
            "INSERT INTO events (eventid, source, object, objectid, clock, value, name) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                eventid,
                source,
                kind,
                draw.randint(1, OBJECTS),
                draw.randint(1, 9),
                draw.choice((0, 1)),
                draw.choice(TEXTS),
            ),
        )


def _add_alerts(connection: sqlite3.Connection, draw: random.Random) -> None:
    for alertid in range(1, ALERTS + 1):
        connection.execute(
            "INSERT INTO alerts (alertid, actionid, eventid, userid, clock, mediatypeid, sendto, subject, message, status,"
            " error, acknowledgeid) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                alertid,
                draw.randint(1, ACTIONS + 1),  # the last one was deleted
                draw.randint(1, EVENTS + 3),  # so were the last events
                draw.choice((None, *range(1, USERS + 1))),
                draw.randint(1, 9),
                draw.choice((None, 1, 2, 3)),
                draw.choice(TEXTS),
                draw.choice(TEXTS),
                draw.choice(TEXTS),
                draw.choice((0, 1, 1, 1, 2, 3)),
                draw.choice(TEXTS),
                draw.choice((None, None, 1, 2)),
            ),
        )
