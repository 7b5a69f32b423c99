"""The roles that the commands give: Zabbix's own, and one that may only push alarms."""

import sqlite3
from typing import NamedTuple

from alertrpc.records import UserType
from alertrpc.store.statements import SQL


class Role(NamedTuple):
    """A role that the commands give; `roleid` is Zabbix's, None for a role of our own."""

    name: str
    type: UserType
    roleid: int | None = None
    is_sender: bool = False


ROLES = {
    "user": Role("User role", UserType.USER, 1),
    "admin": Role("Admin role", UserType.ADMIN, 2),
    "super-admin": Role("Super admin role", UserType.SUPER_ADMIN, 3),
    "push": Role("Push role", UserType.USER, is_sender=True),
}


def add_default_roles(connection: sqlite3.Connection) -> None:
    """The roles that Zabbix starts with."""
    defaults = [(role.roleid, role.name, role.type) for role in ROLES.values() if role.roleid is not None]
    connection.executemany(SQL["roles.add_default"], defaults)


def role_id(connection: sqlite3.Connection, role: Role) -> int:
    """The id of the first role that allows the same as `role`; it is created if missing."""
    allowed = (role.type, not role.is_sender, role.is_sender)
    roleid: int | None = connection.execute(SQL["roles.first_like"], allowed).fetchone()[0]
    if roleid is None:
        roleid = connection.execute(SQL["roles.add"], (role.name, role.type)).fetchone()[0]
        if role.is_sender:
            connection.execute(SQL["roles.make_sender"], (roleid, roleid))
    assert roleid is not None
    return roleid
