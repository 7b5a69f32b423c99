"""Creates missing user groups and host groups, and brings memberships and rights to their declarations."""

import sqlite3
from collections.abc import Iterator

from alertrpc.records import Configuration
from alertrpc.store.applying.links import Ids, Links, bring_links
from alertrpc.store.applying.names import NAMED, as_json, ids_of, spoken
from alertrpc.store.applying.objects import make
from alertrpc.store.groups import PERMISSIONS
from alertrpc.store.permissions import DENY, READ, READ_WRITE

# The text of a right that is given, and of one that is taken back.
_TOLD = {
    READ: ("reads", "reads no more"),
    READ_WRITE: ("writes", "writes no more"),
    DENY: ("is denied", "is denied no more"),
}
_GONE = "removed, as the file does not declare it and nothing is in it"
# What keeps a group, whose id is {0}, from being deleted.
_USES = {
    "usrgrp": (
        "SELECT 1 FROM users_groups WHERE usrgrpid = {0}",
        "SELECT 1 FROM rights WHERE groupid = {0}",
        "SELECT 1 FROM action_steps st CROSS JOIN @numbers(st.usrgrpids) listed WHERE listed.value = {0}",
    ),
    "hstgrp": ("SELECT 1 FROM hosts_groups WHERE groupid = {0}", "SELECT 1 FROM rights WHERE id = {0}"),
}


def make_groups(configuration: Configuration, connection: sqlite3.Connection) -> Iterator[str]:
    """Creates the missing user groups and host groups; yields the changes."""
    for table, names in _groups(configuration).items():
        there = ids_of(table, names, connection)
        for name in names:
            if name not in there:
                make(table, name, connection)
                yield f"{spoken(table, name)}: made"


def bring_memberships(configuration: Configuration, connection: sqlite3.Connection) -> Iterator[str]:
    """Creates declared memberships and ends others of apply's; either the user or the group may declare one."""
    pairs = [
        *((group, receiver.username) for receiver in configuration.receivers for group in receiver.user_groups),
        *((group.name, member) for group in configuration.user_groups for member in group.members),
    ]
    groups = ids_of("usrgrp", [group for group, _ in pairs], connection)
    users = ids_of("users", [user for _, user in pairs], connection)
    return bring_links(_MEMBERSHIPS, [(groups[group], users[user]) for group, user in pairs], connection)


def bring_rights(configuration: Configuration, connection: sqlite3.Connection) -> Iterator[str]:
    """Gives user groups the declared rights to host groups, and takes back others that apply gave."""
    rights = [
        (group.name, host_group, permission)
        for group in configuration.user_groups
        for key, permission in PERMISSIONS.items()
        for host_group in getattr(group, key)
    ]
    groups = ids_of("usrgrp", [group for group, _, _ in rights], connection)
    host_groups = ids_of("hstgrp", [host_group for _, host_group, _ in rights], connection)
    declared = [(groups[group], host_groups[host_group], permission) for group, host_group, permission in rights]
    return bring_links(_RIGHTS, declared, connection)


def remove_empty_groups(configuration: Configuration, connection: sqlite3.Connection) -> Iterator[str]:
    """Deletes groups that apply created, that are not declared any more, and that nothing uses."""
    for table, names in _groups(configuration).items():
        key, name, _ = NAMED[table]
        unused = " AND ".join(f"NOT EXISTS ({use.format(f'{table}.{key}')})" for use in _USES[table])
        removed = connection.execute(
            f"DELETE FROM {table} WHERE {key} IN (SELECT objectid FROM applied WHERE object = ?)"
            f" AND {name} NOT IN (SELECT listed.value FROM @texts(?) listed) AND {unused} RETURNING {name}",
            (table, as_json(names)),
        ).fetchall()
        yield from (f"{spoken(table, name)}: {_GONE}" for (name,) in removed)


def _groups(configuration: Configuration) -> dict[str, list[str]]:
    """The names of user groups and host groups in the configuration, each once."""
    groups = configuration.user_groups
    of_users = [name for receiver in configuration.receivers for name in receiver.user_groups]
    of_hosts = [name for group in groups for name in (*group.read, *group.write, *group.deny)]
    named = {"usrgrp": [*of_users, *[group.name for group in groups]], "hstgrp": of_hosts}
    return {table: list(dict.fromkeys(names)) for table, names in named.items()}


def _named(table: str, objectid: int, connection: sqlite3.Connection) -> str:
    key, name, _ = NAMED[table]
    found = connection.execute(f"SELECT {name} FROM {table} WHERE {key} = ?", (objectid,)).fetchone()
    return spoken(table, found[0] if found else "")


def _told_membership(ids: Ids, is_new: bool, connection: sqlite3.Connection) -> str:
    group, user = _named("usrgrp", ids[0], connection), _named("users", ids[1], connection)
    return f"{user}: {'joins' if is_new else 'leaves'} {group}"


def _told_right(ids: Ids, is_new: bool, connection: sqlite3.Connection) -> str:
    group, host_group = _named("usrgrp", ids[0], connection), _named("hstgrp", ids[1], connection)
    comes, goes = _TOLD[ids[2]]
    return f"{group}: {comes if is_new else goes} {host_group}"


_MEMBERSHIPS = Links("users_groups", "id", ("usrgrpid", "userid"), _told_membership)
_RIGHTS = Links("rights", "rightid", ("groupid", "id", "permission"), _told_right)
