"""What users see, by their roles, user groups and rights."""

import sqlite3
from typing import NamedTuple

from alertrpc.records import Caller
from alertrpc.store.credentials import caller_of
from alertrpc.store.permissions import READ, host_permission
from alertrpc.store.statements import SQL
from alertrpc.store.users import user_id

_OPEN_HOSTS = f"SELECT COUNT(*) FROM hosts h WHERE h.status IN (0, 1) AND {host_permission('h.hostid')} >= {READ}"


class Group(NamedTuple):
    name: str
    is_disabled: bool


class Right(NamedTuple):
    """What a user group may do with the hosts of a host group."""

    host_group: str
    permission: int
    user_group: str


class Token(NamedTuple):
    """Times are in seconds; 0 is never."""

    name: str
    expires_at: int
    lastaccess: int
    is_disabled: bool


class Sight(NamedTuple):
    """A user and what the rights allow; `caller` is None if nobody may log in with the role.

    `hosts` and `host_groups` are the numbers of open ones; `colleagues` are the users who share a user group.
    """

    username: str
    userid: int
    role: str
    caller: Caller | None
    groups: list[Group]
    rights: list[Right]
    tokens: list[Token]
    host_groups: int
    hosts: int
    colleagues: list[str]

    @property
    def is_disabled(self) -> bool:
        return self.caller is None or any(group.is_disabled for group in self.groups)

    @property
    def may_call(self) -> bool:
        return self.caller is not None and self.caller.may_call

    @property
    def may_push(self) -> bool:
        return self.caller is not None and self.caller.may_push

    @property
    def sees_everything(self) -> bool:
        return self.caller is not None and self.caller.may_call and self.caller.is_super_admin

    @property
    def sees_nothing(self) -> bool:
        """Whether the user may call methods but has no rights."""
        return self.may_call and not self.sees_everything and not self.host_groups


def has_open_groups(userid: int, connection: sqlite3.Connection) -> bool:
    """Whether a user who is not a Super admin has rights to a host group."""
    return bool(connection.execute(SQL["groups.open_to_user"], (userid,)).fetchone()[0])


def sight_of(username: str, connection: sqlite3.Connection) -> Sight:
    """What a user sees; raises StoreError if there is no such user."""
    userid = user_id(connection, username)
    role, *of_caller = connection.execute(SQL["users.role"], (userid,)).fetchone()
    return Sight(
        username,
        userid,
        role,
        caller_of(*of_caller),
        [Group(name, bool(disabled)) for name, disabled in connection.execute(SQL["groups.of_user"], (userid,))],
        [Right(*row) for row in connection.execute(SQL["groups.rights_of_user"], (userid,))],
        _tokens(userid, connection),
        connection.execute(SQL["groups.open_to_user"], (userid,)).fetchone()[0],
        connection.execute(_OPEN_HOSTS, (userid,)).fetchone()[0],
        [name for (name,) in connection.execute(SQL["users.colleagues"], (userid,))],
    )


def _tokens(userid: int, connection: sqlite3.Connection) -> list[Token]:
    rows = connection.execute(SQL["credentials.tokens_of_user"], (userid,))
    return [Token(name, ends, used, bool(off)) for name, ends, used, off in rows]


def group_of_readers(connection: sqlite3.Connection) -> str | None:
    """The name of a user group that may read something, or None."""
    found = connection.execute(SQL["groups.first_that_reads"]).fetchone()
    return found[0] if found else None
