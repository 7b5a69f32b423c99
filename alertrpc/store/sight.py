"""What users see, and why: their roles, user groups and rights."""

import sqlite3
from typing import NamedTuple

from alertrpc.records import Caller
from alertrpc.store.credentials import CALLER, caller_of
from alertrpc.store.permissions import DENY, HOST_PERMISSION, READ
from alertrpc.store.users import user_id

_ROLE = f"""
SELECT COALESCE(r.name, ''), {CALLER}
FROM users u LEFT JOIN role r ON r.roleid = u.roleid WHERE u.userid = ?"""
_GROUPS = """
SELECT g.name, g.users_status FROM users_groups ug JOIN usrgrp g ON g.usrgrpid = ug.usrgrpid WHERE ug.userid = ?
ORDER BY g.users_status, g.name"""
_RIGHTS = """
SELECT h.name, r.permission, g.name FROM users_groups ug JOIN usrgrp g ON g.usrgrpid = ug.usrgrpid
JOIN rights r ON r.groupid = g.usrgrpid JOIN hstgrp h ON h.groupid = r.id AND h.type = 0 WHERE ug.userid = ?
ORDER BY h.name, r.permission, g.name"""
_TOKENS = "SELECT name, expires_at, lastaccess, status FROM token WHERE userid = ? ORDER BY name"
_OPEN_GROUPS = f"""
SELECT COUNT(*) FROM (
    SELECT 1 FROM users_groups ug JOIN rights r ON r.groupid = ug.usrgrpid
    JOIN hstgrp h ON h.groupid = r.id AND h.type = 0
    WHERE ug.userid = ? GROUP BY r.id HAVING MIN(r.permission) <> {DENY} AND MAX(r.permission) >= {READ})"""
_OPEN_HOSTS = (
    f"SELECT COUNT(*) FROM hosts h WHERE h.status IN (0, 1) AND {HOST_PERMISSION.format('h.hostid')} >= {READ}"
)
_COLLEAGUES = """
SELECT DISTINCT u.username FROM users_groups mine JOIN users_groups theirs ON theirs.usrgrpid = mine.usrgrpid
JOIN users u ON u.userid = theirs.userid WHERE mine.userid = ? AND theirs.userid <> mine.userid ORDER BY u.username"""
_READERS = """
SELECT g.name FROM usrgrp g WHERE g.users_status = 0 AND EXISTS (
    SELECT 1 FROM rights r JOIN hstgrp h ON h.groupid = r.id AND h.type = 0
    WHERE r.groupid = g.usrgrpid AND r.permission >= 2)
ORDER BY g.name LIMIT 1"""


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
    """A user as the rights have it; `caller` is None where the role lets nobody in.

    `hosts` and `host_groups` are how many are open, `colleagues` who share a user group.
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
        """Whether that is for want of rights: the role lets the user call methods."""
        return self.may_call and not self.sees_everything and not self.host_groups


def has_open_groups(userid: int, connection: sqlite3.Connection) -> bool:
    """Whether a host group is open to a user who is not a Super admin."""
    return bool(connection.execute(_OPEN_GROUPS, (userid,)).fetchone()[0])


def sight_of(username: str, connection: sqlite3.Connection) -> Sight:
    """What the user of a name sees; raises StoreError when there is none."""
    userid = user_id(connection, username)
    role, *of_caller = connection.execute(_ROLE, (userid,)).fetchone()
    return Sight(
        username,
        userid,
        role,
        caller_of(*of_caller),
        [Group(name, bool(disabled)) for name, disabled in connection.execute(_GROUPS, (userid,))],
        [Right(*row) for row in connection.execute(_RIGHTS, (userid,))],
        [Token(name, ends, used, bool(off)) for name, ends, used, off in connection.execute(_TOKENS, (userid,))],
        connection.execute(_OPEN_GROUPS, (userid,)).fetchone()[0],
        connection.execute(_OPEN_HOSTS, (userid,)).fetchone()[0],
        [name for (name,) in connection.execute(_COLLEAGUES, (userid,))],
    )


def group_of_readers(connection: sqlite3.Connection) -> str | None:
    """The name of a user group that may read something, where there is one."""
    found = connection.execute(_READERS).fetchone()
    return found[0] if found else None
