"""Makes data: JSON lines of any number of alerts, with users, hosts and rights around them, the same at every run."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

START = 1_700_000_000  # seconds since 1970 of the first event
HOSTS = 200
TRIGGERS = 1000
USERS = 20
ACTIONS = 10
MEDIA_TYPES = 6
READER = "reader"
PASSWORDS = {"Admin": "zabbix", READER: "reader-secret"}
SUBJECTS = (
    "Disk space is low",
    "High CPU utilisation",
    "Host is unreachable",
    "Too many processes",
    "Prüfung: Überlast",
)


def rows(alerts: int) -> Iterator[dict[str, Any]]:
    """Every row of a data set with so many alerts; the reader may see the hosts of every second host group."""
    draw = random.Random(alerts)
    yield from ({"table": "role", "roleid": i, "name": f"role {i}", "type": i} for i in (1, 2, 3))
    yield {"table": "usrgrp", "usrgrpid": 1, "name": "Operators"}
    yield {"table": "users", "userid": 1, "username": "Admin", "roleid": 3, "password": PASSWORDS["Admin"]}
    yield {"table": "users", "userid": 2, "username": READER, "roleid": 1, "password": PASSWORDS[READER]}
    yield from ({"table": "users", "userid": i, "username": f"user{i}", "roleid": 1} for i in range(3, USERS + 1))
    yield from ({"table": "users_groups", "usrgrpid": 1, "userid": i} for i in range(1, USERS + 1))
    yield from ({"table": "hstgrp", "groupid": i, "name": f"Group {i}"} for i in range(1, 11))
    yield from ({"table": "rights", "groupid": 1, "permission": 2, "id": i} for i in range(1, 11, 2))
    yield from ({"table": "hosts", "hostid": i, "host": f"host-{i}", "name": f"Host {i}"} for i in range(1, HOSTS + 1))
    yield from ({"table": "hosts_groups", "hostid": i, "groupid": i % 10 + 1} for i in range(1, HOSTS + 1))
    yield from ({"table": "triggers", "triggerid": i, "description": f"Trigger {i}"} for i in range(1, TRIGGERS + 1))
    yield from (
        {"table": "object_hosts", "object": 0, "objectid": i, "hostid": i % HOSTS + 1} for i in range(1, TRIGGERS + 1)
    )
    yield from (
        {"table": "media_type", "mediatypeid": i, "type": 1, "name": f"Media {i}", "status": 0}
        for i in range(1, MEDIA_TYPES + 1)
    )
    yield from (
        {"table": "actions", "actionid": i, "name": f"Action {i}", "eventsource": 0} for i in range(1, ACTIONS + 1)
    )
    events = max(alerts // 2, 1)
    yield from (
        {
            "table": "events",
            "eventid": i,
            "objectid": i % TRIGGERS + 1,
            "clock": START + i,
            "value": 1,
            "name": draw.choice(SUBJECTS),
            "severity": i % 6,
        }
        for i in range(1, events + 1)
    )
    yield from (_alert(i, events, draw) for i in range(1, alerts + 1))


def _alert(alertid: int, events: int, draw: random.Random) -> dict[str, Any]:
    """An alert as Zabbix keeps it: ids and integers as strings, as in a data file written by a JSON-RPC client."""
    eventid = (alertid + 1) // 2 if alertid <= 2 * events else events
    subject, host = draw.choice(SUBJECTS), eventid % TRIGGERS % HOSTS + 1
    status = draw.choice("1111123")
    return {
        "table": "alerts",
        "alertid": str(alertid),
        "actionid": str(draw.randint(1, ACTIONS)),
        "eventid": str(eventid),
        "userid": str(draw.randint(1, USERS)),
        "clock": str(START + eventid + draw.randint(0, 600)),
        "mediatypeid": str(draw.randint(1, MEDIA_TYPES)),
        "sendto": f"user{alertid % 500}@example.com",
        "subject": f"PROBLEM: {subject} on host-{host}",
        "message": f"Problem started at {START + eventid}\nProblem name: {subject}\nHost: host-{host}\n"
        f"Severity: Average\nOriginal problem ID: {eventid}\n",
        "status": status,
        "retries": "3" if status == "2" else "0",
        "error": "Connection refused" if status == "2" else "",
        "esc_step": str(draw.randint(1, 3)),
        "alerttype": "0",
        "p_eventid": None,
        "acknowledgeid": None,
    }


def write(path: Path, alerts: int) -> None:
    with path.open("wb") as file:
        for row in rows(alerts):
            file.write(orjson.dumps(row) + b"\n")
