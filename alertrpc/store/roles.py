"""The roles that the commands give: Zabbix's own, and one that may push alarms and nothing else."""

import sqlite3
from typing import NamedTuple

from alertrpc.records import UserType

API_ACCESS = "api.access"  # Zabbix's rule; with value 0 it takes all methods away
PUSH = "alertrpc.push"  # ours; with value 1 it lets push alarms
# Whether the role of an id, {0}, has no rule that takes the methods away, and whether it is one of senders.
MAY_CALL = f"""NOT EXISTS (
    SELECT 1 FROM role_rule rr WHERE rr.roleid = {{0}} AND rr.name = '{API_ACCESS}' AND rr.value_int = 0)"""
IS_SENDER = f"""EXISTS (
    SELECT 1 FROM role_rule rr WHERE rr.roleid = {{0}} AND rr.name = '{PUSH}' AND rr.value_int = 1)"""


class Role(NamedTuple):
    """A role that the commands give; `roleid` is Zabbix's, where Zabbix has the role."""

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
    connection.executemany(
        "INSERT OR IGNORE INTO role (roleid, name, type) VALUES (?, ?, ?)",
        [(role.roleid, role.name, role.type) for role in ROLES.values() if role.roleid is not None],
    )


def role_id(connection: sqlite3.Connection, role: Role) -> int:
    """The id of the first role that allows what `role` does; one is made where there is none."""
    wanted = f"NOT {MAY_CALL} AND {IS_SENDER}" if role.is_sender else f"{MAY_CALL} AND NOT {IS_SENDER}"
    found = connection.execute(
        f"SELECT roleid FROM role WHERE type = ? AND {wanted.format('role.roleid')} ORDER BY roleid LIMIT 1",
        (role.type,),
    ).fetchone()
    if found is None:
        found = connection.execute(
            "INSERT INTO role (name, type) VALUES (?, ?) RETURNING roleid", (role.name, role.type)
        ).fetchone()
        if role.is_sender:
            connection.executemany(
                "INSERT INTO role_rule (roleid, name, value_int) VALUES (?, ?, ?)",
                [(found[0], API_ACCESS, 0), (found[0], PUSH, 1)],
            )
    roleid: int = found[0]
    return roleid
