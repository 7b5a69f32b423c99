"""The rows of user groups, their members and their rights, for the commands."""

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
    """A user group in the list; its members, and its rights with the names of host groups, are joined by commas."""

    usrgrpid: int
    name: str
    is_disabled: bool
    members: str
    rights: str


def add_group(connection: sqlite3.Connection, name: str) -> int:
    """Returns the usrgrpid; raises StoreError if the group exists."""
    if connection.execute(SQL["groups.first_named"], (name,)).fetchone()[0] is not None:
        raise StoreError(f"there is a user group {name!r} already")
    usrgrpid: int = connection.execute(SQL["groups.add"], (name,)).fetchone()[0]
    return usrgrpid


def ensure_group(connection: sqlite3.Connection, name: str) -> int:
    """The usrgrpid of a name; a missing group is created."""
    try:
        return group_id(connection, name)
    except StoreError:
        return add_group(connection, name)


def leave_group(connection: sqlite3.Connection, userid: int, usrgrpid: int) -> bool:
    """False for a user who is not a member."""
    return bool(connection.execute(SQL["groups.leave"], (usrgrpid, userid)).rowcount)


def set_right(connection: sqlite3.Connection, usrgrpid: int, name: str, permission: int | None) -> None:
    """Gives the group one right to the host group of the name, which is created if missing; with None, no right.

    The right counts as set by hand: no configuration file takes it back.
    """
    groupid = host_group(name, connection)
    connection.execute(SQL["groups.drop_right"], (usrgrpid, groupid))
    if permission is not None:
        connection.execute(SQL["groups.add_right"], (usrgrpid, permission, groupid))


def require_host_group(connection: sqlite3.Connection, name: str) -> None:
    """Raises StoreError if there is no such host group."""
    if connection.execute(SQL["groups.first_host_group"], (name,)).fetchone()[0] is None:
        raise StoreError(f"there is no host group {name!r}")


def list_groups(connection: sqlite3.Connection) -> list[GroupRow]:
    return [
        GroupRow(usrgrpid, name, bool(is_disabled), members, rights)
        for usrgrpid, name, is_disabled, members, rights in connection.execute(SQL["groups.all"])
    ]


def delete_group(connection: sqlite3.Connection, name: str) -> None:
    """Deletes a group with its memberships and rights.

    Raises StoreError if an action names it, as another group may get its id later, or if it keeps members disabled.
    """
    usrgrpid = group_id(connection, name)
    if action := connection.execute(SQL["groups.action_that_alerts"], (usrgrpid,)).fetchone():
        raise StoreError(f"action {action[0]!r} alerts user group {name!r}")
    if connection.execute(SQL["groups.keeps_disabled"], (usrgrpid,)).fetchone():
        raise StoreError(f"the members of user group {name!r} are disabled; they would not be without it")
    for name in ("groups.drop_members", "groups.drop_rights", "groups.drop"):
        connection.execute(SQL[name], (usrgrpid,))
