"""The rows of users, user groups and API tokens, for the commands."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from alertrpc.errors import StoreError
from alertrpc.store.roles import ROLES, add_default_roles, role_id
from alertrpc.store.statements import SQL

ADMINISTRATORS = (7, "Zabbix administrators", 0)
DISABLED = (9, "Disabled", 1)
ADMIN = "Admin"


def add_defaults(connection: sqlite3.Connection) -> None:
    """The roles and user groups that Zabbix starts with and that the commands need."""
    add_default_roles(connection)
    connection.executemany(SQL["groups.add_default"], (ADMINISTRATORS, DISABLED))


def user_exists(connection: sqlite3.Connection, username: str) -> bool:
    return connection.execute(SQL["users.id"], (username,)).fetchone() is not None


def require_new(connection: sqlite3.Connection, username: str) -> None:
    """Raises StoreError if the user exists."""
    if user_exists(connection, username):
        raise StoreError(f"there is a user {username!r} already")


def add_user(connection: sqlite3.Connection, username: str, passwd: str, role: str, groups: Sequence[str] = ()) -> int:
    """Adds a user with a hashed password, with a role of ROLES, to user groups, by name; returns the userid.

    Raises StoreError if the user exists, or a group does not.
    """
    add_defaults(connection)
    require_new(connection, username)
    roleid = role_id(connection, ROLES[role])
    userid: int = connection.execute(SQL["users.add"], (username, passwd, roleid)).fetchone()[0]
    for group in groups:
        join_group(connection, userid, group_id(connection, group))
    return userid


def set_password(connection: sqlite3.Connection, username: str, passwd: str) -> None:
    """Sets a hashed password, ends the user's sessions and lifts a block."""
    userid = user_id(connection, username)
    connection.execute(SQL["users.set_password"], (passwd, userid))
    connection.execute(SQL["credentials.end_sessions"], (userid,))


def disable_user(connection: sqlite3.Connection, username: str) -> None:
    """Puts the user into the group of disabled users, as Zabbix does, and ends the sessions."""
    add_defaults(connection)
    userid = user_id(connection, username)
    join_group(connection, userid, DISABLED[0])
    connection.execute(SQL["credentials.end_sessions"], (userid,))


def enable_user(connection: sqlite3.Connection, username: str) -> None:
    """Takes the user out of the group of disabled users."""
    userid = user_id(connection, username)
    connection.execute(SQL["groups.leave"], (DISABLED[0], userid))


def list_users(connection: sqlite3.Connection) -> list[tuple[int, str, str, str, bool]]:
    """userid, username, name of the role, names of the groups, and whether disabled."""
    rows = connection.execute(SQL["users.all"])
    return [(userid, username, role, groups, bool(disabled)) for userid, username, role, groups, disabled in rows]


class NewToken(NamedTuple):
    """An API token, given as its hash; `expires_at` 0 is never."""

    name: str
    token: str
    created_at: int = 0
    expires_at: int = 0


def add_token(connection: sqlite3.Connection, username: str, token: NewToken) -> None:
    userid = user_id(connection, username)
    if connection.execute(SQL["credentials.token_named"], (userid, token.name)).fetchone():
        raise StoreError(f"user {username!r} has a token {token.name!r} already")
    connection.execute(SQL["credentials.add_token"], (*token, userid, userid))


def list_tokens(connection: sqlite3.Connection) -> list[tuple[int, str, str, int, int]]:
    """tokenid, username, name, expires_at and lastaccess."""
    return connection.execute(SQL["credentials.tokens"]).fetchall()


def delete_token(connection: sqlite3.Connection, tokenid: int) -> None:
    if not connection.execute(SQL["credentials.delete_token"], (tokenid,)).rowcount:
        raise StoreError(f"there is no token {tokenid}")


def user_id(connection: sqlite3.Connection, username: str) -> int:
    """The userid of a username; raises StoreError if there is none."""
    row = connection.execute(SQL["users.id"], (username,)).fetchone()
    if row is None:
        raise StoreError(f"there is no user {username!r}")
    userid: int = row[0]
    return userid


def group_id(connection: sqlite3.Connection, name: str) -> int:
    """The lowest usrgrpid of a name; raises StoreError if there is none."""
    row = connection.execute(SQL["groups.first_named"], (name,)).fetchone()
    if row[0] is None:
        raise StoreError(f"there is no user group {name!r}")
    usrgrpid: int = row[0]
    return usrgrpid


def join_group(connection: sqlite3.Connection, userid: int, usrgrpid: int) -> bool:
    """Adds a member by hand, whom no configuration file removes; False if the user was a member already."""
    is_new = connection.execute(SQL["groups.join"], (usrgrpid, userid)).rowcount
    connection.execute(SQL["groups.membership_by_hand"], (usrgrpid, userid))
    return bool(is_new)
