"""The rows of user groups, of their members and of their rights, as the commands change them."""

import sqlite3
from typing import NamedTuple

from alertrpc.errors import StoreError
from alertrpc.store.permissions import DENY, READ, READ_WRITE
from alertrpc.store.problems import host_group
from alertrpc.store.statements import SQL
from alertrpc.store.users import group_id

LONGEST_USER_GROUP = 64  # characters of a name
LONGEST_HOST_GROUP = 255
PERMISSIONS = {"read": READ, "write": READ_WRITE, "deny": DENY}


class GroupRow(NamedTuple):
    """A user group as it is listed; the members, and the rights with the names of host groups, are joined by commas."""

    usrgrpid: int
    name: str
    is_disabled: bool
    members: str
    rights: str


def add_group(connection: sqlite3.Connection, name: str) -> int:
    """Returns the usrgrpid; raises StoreError when there is such a group already."""
    if connection.execute(SQL["groups.first_named"], (name,)).fetchone()[0] is not None:
        raise StoreError(f"there is a user group {name!r} already")
    usrgrpid: int = connection.execute(SQL["groups.add"], (name,)).fetchone()[0]
    return usrgrpid


def ensure_group(connection: sqlite3.Connection, name: str) -> int:
    """The usrgrpid of a name; the group is made where there is none."""
    try:
        return group_id(connection, name)
    except StoreError:
        return add_group(connection, name)


def leave_group(connection: sqlite3.Connection, userid: int, usrgrpid: int) -> bool:
    """False for a user who is no member."""
    return bool(connection.execute(SQL["groups.leave"], (usrgrpid, userid)).rowcount)


def set_right(connection: sqlite3.Connection, usrgrpid: int, name: str, permission: int | None) -> None:
    """Gives the group one right to the host group of the name, which is made where there is none; with None, no right.

    It is one by hand from then on, which no configuration file takes back.
    """
    groupid = host_group(name, connection)
    connection.execute(SQL["groups.drop_right"], (usrgrpid, groupid))
    if permission is not None:
        connection.execute(SQL["groups.add_right"], (usrgrpid, permission, groupid))


def require_host_group(connection: sqlite3.Connection, name: str) -> None:
    """Raises StoreError when there is no such host group."""
    if connection.execute(SQL["groups.first_host_group"], (name,)).fetchone()[0] is None:
        raise StoreError(f"there is no host group {name!r}")


def list_groups(connection: sqlite3.Connection) -> list[GroupRow]:
    return [
        GroupRow(usrgrpid, name, bool(is_disabled), members, rights)
        for usrgrpid, name, is_disabled, members, rights in connection.execute(SQL["groups.all"])
    ]


def delete_group(connection: sqlite3.Connection, name: str) -> None:
    """Deletes a group with its memberships and rights.

    Raises StoreError where an action names it, as its id may be another group's later, or where it keeps members disabled.
    """
    usrgrpid = group_id(connection, name)
    action = connection.execute(SQL["groups.action_that_alerts"], (usrgrpid,)).fetchone()
    if action is not None:
        raise StoreError(f"action {action[0]!r} alerts user group {name!r}")
    if connection.execute(SQL["groups.keeps_disabled"], (usrgrpid,)).fetchone():
        raise StoreError(f"the members of user group {name!r} are disabled; they would not be without it")
    for name in ("groups.drop_members", "groups.drop_rights", "groups.drop"):
        connection.execute(SQL[name], (usrgrpid,))
