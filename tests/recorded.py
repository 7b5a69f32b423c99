"""The data set as tables, and who may see what of it: what tests hold the answers to clients against."""

import functools
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.support import DATASET, json_lines

SUPER_ADMIN = "3"
TRIGGERS = "0"  # the source and the object of events of triggers


@functools.cache
def _tables() -> dict[str, list[dict[str, Any]]]:
    tables = defaultdict(list)
    for row in json_lines(DATASET):
        tables[row["table"]].append({name: value for name, value in row.items() if name != "table"})
    return dict(tables)


def rows(table: str, **columns: str) -> list[dict[str, Any]]:
    """The rows of a table in which the columns have these values."""
    return [row for row in _tables()[table] if all(row[name] == value for name, value in columns.items())]


def row(table: str, **columns: str) -> dict[str, Any]:
    [found] = rows(table, **columns)
    return found


def select(found: Iterable[dict[str, Any]], *columns: str) -> list[dict[str, Any]]:
    """Some columns of rows, as `output` asks for them."""
    return [{name: one[name] for name in columns} for one in found]


def newest_first(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: (int(event["clock"]), int(event["eventid"])), reverse=True)


# --- hosts and groups


def groups_of(hostid: str) -> set[str]:
    return {link["groupid"] for link in rows("hosts_groups", hostid=hostid)}


def hosts_in(groupid: str) -> list[str]:
    return sorted(link["hostid"] for link in rows("hosts_groups", groupid=groupid))


def _user_groups(username: str) -> set[str]:
    return {link["usrgrpid"] for link in rows("users_groups", userid=row("users", username=username)["userid"])}


def _is_super_admin(username: str) -> bool:
    return bool(row("role", roleid=row("users", username=username)["roleid"])["type"] == SUPER_ADMIN)


def _permissions(username: str) -> dict[str, list[int]]:
    """What each group allows the user."""
    rights: dict[str, list[int]] = defaultdict(list)
    for right in rows("rights"):
        if right["groupid"] in _user_groups(username):
            rights[right["id"]].append(int(right["permission"]))
    return rights


def readable_groups(username: str) -> list[dict[str, Any]]:
    if _is_super_admin(username):
        return rows("hstgrp")
    rights = _permissions(username)
    return [group for group in rows("hstgrp") if min(rights[group["groupid"]], default=0) > 0]


def readable_hosts(username: str) -> list[dict[str, Any]]:
    """A group that is denied hides its hosts, whatever other groups allow."""
    if _is_super_admin(username):
        return rows("hosts")
    rights = _permissions(username)

    def is_readable(hostid: str) -> bool:
        permissions = [permission for groupid in groups_of(hostid) for permission in rights[groupid]]
        return min(permissions, default=0) > 0

    return [host for host in rows("hosts") if is_readable(host["hostid"])]


def members_of_own_groups(username: str) -> list[dict[str, Any]]:
    """The users whom a user may see."""
    if _is_super_admin(username):
        return rows("users")
    groups = _user_groups(username)
    members = {link["userid"] for link in rows("users_groups") if link["usrgrpid"] in groups}
    return [user for user in rows("users") if user["userid"] in members]


# --- triggers, their events and problems


def hosts_of(triggerid: str) -> set[str]:
    return {link["hostid"] for link in rows("object_hosts", object=TRIGGERS, objectid=triggerid)}


def readable_triggers(username: str) -> list[dict[str, Any]]:
    """Those of whose hosts the user may read all."""
    readable = {host["hostid"] for host in readable_hosts(username)}
    return [trigger for trigger in rows("triggers") if hosts_of(trigger["triggerid"]) <= readable]


def is_monitored(trigger: dict[str, Any]) -> bool:
    hosts = [row("hosts", hostid=hostid) for hostid in hosts_of(trigger["triggerid"])]
    return bool(trigger["status"] == "0") and all(host["status"] == "0" for host in hosts)


def trigger_events(triggerids: Iterable[str]) -> list[dict[str, Any]]:
    wanted = set(triggerids)
    return [event for event in rows("events", source=TRIGGERS, object=TRIGGERS) if event["objectid"] in wanted]


def open_problems(username: str) -> list[dict[str, Any]]:
    """The events of triggers that nothing recovered, as far as the user may see them."""
    recovered = {recovery["eventid"] for recovery in rows("event_recovery")}
    events = trigger_events(trigger["triggerid"] for trigger in readable_triggers(username))
    return [event for event in events if event["value"] == "1" and event["eventid"] not in recovered]


def is_unacknowledged(trigger: dict[str, Any]) -> bool:
    """Whether the trigger's last problem is not acknowledged."""
    problems = [event for event in trigger_events([trigger["triggerid"]]) if event["value"] == "1"]
    return bool(problems) and newest_first(problems)[0]["acknowledged"] == "0"
