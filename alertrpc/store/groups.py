"""The rows of user groups, of their members and of their rights, as the commands change them."""

import sqlite3
from typing import NamedTuple

from alertrpc.errors import StoreError
from alertrpc.store.permissions import DENY, READ, READ_WRITE
from alertrpc.store.problems import host_group
from alertrpc.store.users import group_id

LONGEST_USER_GROUP = 64  # characters of a name
LONGEST_HOST_GROUP = 255
PERMISSIONS = {"read": READ, "write": READ_WRITE, "deny": DENY}

_LIST = """
SELECT g.usrgrpid, g.name, g.users_status,
    (SELECT COALESCE(group_concat(username, ', '), '') FROM (
        SELECT u.username FROM users_groups ug JOIN users u ON u.userid = ug.userid
        WHERE ug.usrgrpid = g.usrgrpid ORDER BY u.username)),
    (SELECT COALESCE(group_concat(right, ', '), '') FROM (
        SELECT CASE r.permission WHEN 0 THEN 'deny' WHEN 2 THEN 'read' ELSE 'write' END || ' ' || h.name AS right
        FROM rights r JOIN hstgrp h ON h.groupid = r.id WHERE r.groupid = g.usrgrpid ORDER BY h.name))
FROM usrgrp g ORDER BY g.name, g.usrgrpid"""


class GroupRow(NamedTuple):
    """A user group as it is listed; the members, and the rights with the names of host groups, are joined by commas."""

    usrgrpid: int
    name: str
    is_disabled: bool
    members: str
    rights: str


def add_group(connection: sqlite3.Connection, name: str) -> int:
    """Returns the usrgrpid; raises StoreError when there is such a group already."""
    if connection.execute("SELECT 1 FROM usrgrp WHERE name = ?", (name,)).fetchone():
        raise StoreError(f"there is a user group {name!r} already")
    usrgrpid: int = connection.execute("INSERT INTO usrgrp (name) VALUES (?) RETURNING usrgrpid", (name,)).fetchone()[0]
    return usrgrpid


def ensure_group(connection: sqlite3.Connection, name: str) -> int:
    """The usrgrpid of a name; the group is made where there is none."""
    try:
        return group_id(connection, name)
    except StoreError:
        return add_group(connection, name)


def leave_group(connection: sqlite3.Connection, userid: int, usrgrpid: int) -> bool:
    """False for a user who is no member."""
    left = connection.execute("DELETE FROM users_groups WHERE usrgrpid = ? AND userid = ?", (usrgrpid, userid))
    return bool(left.rowcount)


def set_right(connection: sqlite3.Connection, usrgrpid: int, name: str, permission: int | None) -> None:
    """Gives the group one right to the host group of the name, which is made where there is none; with None, no right.

    It is one by hand from then on, which no configuration file takes back.
    """
    groupid = host_group(name, connection)
    connection.execute("DELETE FROM rights WHERE groupid = ? AND id = ?", (usrgrpid, groupid))
    if permission is not None:
        connection.execute(
            "INSERT INTO rights (groupid, permission, id) VALUES (?, ?, ?)", (usrgrpid, permission, groupid)
        )


def require_host_group(connection: sqlite3.Connection, name: str) -> None:
    """Raises StoreError when there is no such host group."""
    if not connection.execute("SELECT 1 FROM hstgrp WHERE name = ? AND type = 0", (name,)).fetchone():
        raise StoreError(f"there is no host group {name!r}")


def list_groups(connection: sqlite3.Connection) -> list[GroupRow]:
    return [
        GroupRow(usrgrpid, name, bool(is_disabled), members, rights)
        for usrgrpid, name, is_disabled, members, rights in connection.execute(_LIST)
    ]


def delete_group(connection: sqlite3.Connection, name: str) -> None:
    """Deletes a group with its memberships and rights.

    Raises StoreError where an action names it, as its id may be another group's later, or where it keeps members disabled.
    """
    usrgrpid = group_id(connection, name)
    action = connection.execute(
        "SELECT a.name FROM action_steps s JOIN actions a ON a.actionid = s.actionid, json_each(s.usrgrpids) g"
        " WHERE g.value = ? LIMIT 1",
        (usrgrpid,),
    ).fetchone()
    if action is not None:
        raise StoreError(f"action {action[0]!r} alerts user group {name!r}")
    disabled = connection.execute(
        "SELECT 1 FROM usrgrp g JOIN users_groups ug ON ug.usrgrpid = g.usrgrpid"
        " WHERE g.usrgrpid = ? AND g.users_status = 1",
        (usrgrpid,),
    ).fetchone()
    if disabled is not None:
        raise StoreError(f"the members of user group {name!r} are disabled; they would not be without it")
    for table, column in (("users_groups", "usrgrpid"), ("rights", "groupid"), ("usrgrp", "usrgrpid")):
        connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (usrgrpid,))
