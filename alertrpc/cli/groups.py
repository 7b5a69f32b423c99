"""alertrpc group."""

import sqlite3
from collections.abc import Callable

import click
from rich.table import Table

from alertrpc.cli.options import HOST_GROUP_NAME, USER_GROUP_NAME, USER_NAME, in_database, several
from alertrpc.cli.output import CommandGroup, table
from alertrpc.store import groups as user_groups
from alertrpc.store import users

Change = Callable[[sqlite3.Connection, int, int], bool]

_NAME = click.argument("name", type=USER_GROUP_NAME)
_USERNAMES = click.argument("usernames", metavar="USERNAME...", type=USER_NAME, nargs=-1, required=True)
_PERMISSION = click.Choice([*user_groups.PERMISSIONS, "none"])
_WHAT_MEMBERS_MAY_DO = "What the members may do; deny hides the hosts whatever other groups may, none takes back."


@click.group(cls=CommandGroup)
def group() -> None:
    """Add, list and delete user groups, their members and their rights."""


@group.command("add")
@_NAME
@several("--member", "members", type=USER_NAME, metavar="USER", help="Who joins; may be repeated.")
@several("--read", "reads", type=HOST_GROUP_NAME, help="A host group to read; may be repeated.")
@in_database
def group_add(connection: sqlite3.Connection, name: str, members: tuple[str, ...], reads: tuple[str, ...]) -> str:
    """Add a user group."""
    usrgrpid = user_groups.add_group(connection, name)
    for member in members:
        users.join_group(connection, users.user_id(connection, member), usrgrpid)
    for host_group in reads:
        user_groups.set_right(connection, usrgrpid, host_group, user_groups.PERMISSIONS["read"])
    return f"added user group {name}"


def _changed(
    connection: sqlite3.Connection, name: str, usernames: tuple[str, ...], change: Change, told: dict[bool, str]
) -> str:
    """Changes the membership of each user, all or none; says for each whether it changed."""
    usrgrpid = users.group_id(connection, name)
    changed = [change(connection, users.user_id(connection, username), usrgrpid) for username in usernames]
    return "\n".join([f"{who} {told[is_other]} {name}" for who, is_other in zip(usernames, changed, strict=True)])


@group.command("join")
@_NAME
@_USERNAMES
@in_database
def group_join(connection: sqlite3.Connection, name: str, usernames: tuple[str, ...]) -> str:
    """Make users members of a user group; a configuration file does not end these memberships."""
    return _changed(connection, name, usernames, users.join_group, {True: "joins", False: "is in"})


@group.command("leave")
@_NAME
@_USERNAMES
@in_database
def group_leave(connection: sqlite3.Connection, name: str, usernames: tuple[str, ...]) -> str:
    """End memberships of a user group; one that a configuration file declares is created again when it is applied."""
    return _changed(connection, name, usernames, user_groups.leave_group, {True: "leaves", False: "is not in"})


@group.command("allow")
@_NAME
@click.argument("host_groups", metavar="HOST_GROUP...", type=HOST_GROUP_NAME, nargs=-1, required=True)
@click.option("--permission", type=_PERMISSION, default="read", show_default=True, help=_WHAT_MEMBERS_MAY_DO)
@in_database
def group_allow(connection: sqlite3.Connection, name: str, host_groups: tuple[str, ...], permission: str) -> str:
    """Give a user group a right to host groups, in place of its old one; missing host groups are created."""
    wanted = user_groups.PERMISSIONS.get(permission)
    usrgrpid = users.group_id(connection, name)
    for host_group in host_groups:
        if wanted is None:
            user_groups.require_host_group(connection, host_group)
        user_groups.set_right(connection, usrgrpid, host_group, wanted)
    return "\n".join([f"{name}: {permission} {host_group}" for host_group in host_groups])


@group.command("list")
@in_database
def group_list(connection: sqlite3.Connection) -> Table:
    """List the user groups with their members and rights."""
    groups = user_groups.list_groups(connection)
    rows = [(each.usrgrpid, each.name, each.members, each.rights, each.is_disabled) for each in groups]
    return table(["usrgrpid", "name", "members", "rights", "disabled"], rows)


@group.command("delete")
@_NAME
@in_database
def group_delete(connection: sqlite3.Connection, name: str) -> str:
    """Delete a user group with its memberships and rights; one that an action alerts is kept."""
    user_groups.delete_group(connection, name)
    return f"user group {name} is deleted"
