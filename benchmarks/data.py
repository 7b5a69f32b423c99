"""Makes data: JSON lines of any number of alerts, with users, hosts and rights around them, the same at every run.

What alerts do not need, such as recoveries, tags and the objects of long lists, draws nothing at random and has ids of its
own, so that the alerts stay the same whatever is added.
"""

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
LISTED = 100  # of each kind of object that a get method lists
OPEN_EVERY = 101  # problems have one that nothing recovered
ACKNOWLEDGED_EVERY = 20
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
    yield from _listed()
    events = max(alerts // 2, 1)
    for i in range(1, events + 1):
        yield from _problem(i, events, draw.choice(SUBJECTS))
    yield from (_alert(i, events, draw) for i in range(1, alerts + 1))


def _listed() -> Iterator[dict[str, Any]]:
    """Objects that make the lists of get methods long: they have no alerts, and the reader's rights are not about them."""
    yield {"table": "usrgrp", "usrgrpid": 2, "name": "Others"}
    for i in range(USERS + 1, LISTED + 1):
        yield {"table": "users", "userid": i, "username": f"user{i}", "roleid": 1}
        yield {"table": "users_groups", "usrgrpid": 2, "userid": i}
    for i in range(1, LISTED + 1):
        for mediatypeid, sendto in ((i % MEDIA_TYPES + 1, f"user{i}@example.com"), (i, f"+49 30 {i:06}")):
            yield {"table": "media", "userid": i, "mediatypeid": mediatypeid, "sendto": sendto}
    for i in range(11, LISTED + 1):
        yield {"table": "hstgrp", "groupid": i, "name": f"Group {i}"}
        for hostid in (HOSTS + 2 * i, HOSTS + 2 * i + 1):
            yield {"table": "hosts", "hostid": hostid, "host": f"host-{hostid}", "name": f"Host {hostid}"}
            yield {"table": "hosts_groups", "hostid": hostid, "groupid": i}
    for i in range(MEDIA_TYPES + 1, LISTED + 1):
        yield {"table": "media_type", "mediatypeid": i, "type": 1, "name": f"Media {i}", "status": 0}
    for i in range(ACTIONS + 1, LISTED + 1):
        yield {"table": "actions", "actionid": i, "name": f"Action {i}", "eventsource": 1}


def _problem(eventid: int, problems: int, name: str) -> Iterator[dict[str, Any]]:
    """A problem with its tags, and mostly its recovery, within the time until its trigger's next problem."""
    clock, is_acknowledged = START + eventid, eventid % ACKNOWLEDGED_EVERY == 0
    event = {"table": "events", "objectid": eventid % TRIGGERS + 1, "name": name}
    state = {"value": 1, "severity": eventid % 6, "acknowledged": int(is_acknowledged)}
    yield {**event, "eventid": eventid, "clock": clock, **state}
    tags = [("scope", "availability"), ("component", f"part-{eventid % 7}"), ("service", f"service-{eventid % 30}")]
    for tag, value in tags[: 2 + eventid % 2]:
        yield {"table": "event_tag", "eventid": eventid, "tag": tag, "value": value}
    if is_acknowledged:
        yield {
            "table": "acknowledges",
            "userid": eventid // ACKNOWLEDGED_EVERY % USERS + 1,
            "eventid": eventid,
            "clock": clock + 30,
            "message": "I look after it",
            "action": 6,
        }
    if eventid % OPEN_EVERY:
        ended = clock + 60 + eventid % 900
        yield {**event, "eventid": problems + eventid, "clock": ended, "value": 0, "severity": 0, "acknowledged": 0}
        yield {"table": "event_recovery", "eventid": eventid, "r_eventid": problems + eventid}


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
