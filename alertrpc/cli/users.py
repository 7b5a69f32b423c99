"""alertrpc user."""

import sqlite3

import click
from rich.table import Table

from alertrpc.api.passwords import hash_password
from alertrpc.cli.options import USER_NAME, in_database, name_of, settings_options, several
from alertrpc.cli.output import CommandGroup, table, tell_hints
from alertrpc.cli.passwords import USER_VARIABLE, new_password, password_option
from alertrpc.errors import SettingsError
from alertrpc.people import described
from alertrpc.settings import Settings
from alertrpc.store import users
from alertrpc.store.database import administered
from alertrpc.store.groups import LONGEST_USER_GROUP, PERMISSIONS, ensure_group, set_right
from alertrpc.store.roles import ROLES
from alertrpc.store.sight import group_of_readers, sight_of

READERS = "Readers of "  # a host group: the user group that `user add --read` joins
_WHAT_A_USER_MAY_DO = "What the user may do; push is to push alarms and nothing else."
_WHAT_A_USER_READS = (
    f'A host group to read, by joining the user group "{READERS}NAME"; both are made where there are none.'
)


@click.group(cls=CommandGroup)
def user() -> None:
    """Add, show, list and disable users, and set their passwords."""


@user.command("add")
@click.argument("username")
@click.option("--role", type=click.Choice(list(ROLES)), default="user", show_default=True, help=_WHAT_A_USER_MAY_DO)
@several("--group", "groups", help="A user group to join; may be repeated.")
@several("--read", "reads", type=name_of(LONGEST_USER_GROUP - len(READERS)), help=_WHAT_A_USER_READS)
@password_option
@settings_options("database")
def user_add(settings: Settings, username: str, role: str, groups: tuple[str, ...], reads: tuple[str, ...]) -> None:
    """Add a user; the password is asked for, taken from ALERTRPC_PASSWORD or --password-stdin, or made up and shown."""
    if not 1 <= len(username) <= 100:
        raise SettingsError("a user name of 1 to 100 characters is expected")
    if reads and ROLES[role].is_sender:
        raise SettingsError(f"--read: a user of the role {role} reads nothing")
    with administered(settings.database_path) as connection:
        users.require_new(connection, username)
    password = new_password(USER_VARIABLE, f"Password for {username}")
    with administered(settings.database_path) as connection:
        for name in reads:
            set_right(connection, ensure_group(connection, READERS + name), name, PERMISSIONS["read"])
        groups = (*groups, *(READERS + name for name in reads))
        users.add_user(connection, username, hash_password(password.text), role, groups)
    click.echo(f"added {username}")
    password.tell(username)
    with administered(settings.database_path) as connection:
        tell_hints(username, settings.push_group, connection)


@user.command("show")
@click.argument("username", type=USER_NAME)
@settings_options("database")
def user_show(settings: Settings, username: str) -> None:
    """Show a user's role, groups, rights and tokens, what the user can see, and why."""
    with administered(settings.database_path) as connection:
        sight, readers = sight_of(username, connection), group_of_readers(connection)
    for line in described(sight, readers, settings.push_group):
        click.echo(line)


@user.command("list")
@in_database
def user_list(connection: sqlite3.Connection) -> Table:
    """List the users with their roles and groups."""
    return table(["userid", "username", "role", "groups", "disabled"], users.list_users(connection))


@user.command("passwd")
@click.argument("username")
@password_option
@settings_options("database")
def user_passwd(settings: Settings, username: str) -> None:
    """Set a user's password, end the user's sessions, and lift a block after failed logins."""
    with administered(settings.database_path) as connection:
        users.user_id(connection, username)
    password = new_password(USER_VARIABLE, f"New password for {username}")
    with administered(settings.database_path) as connection:
        users.set_password(connection, username, hash_password(password.text))
    click.echo(f"the password of {username} is set")
    password.tell(username)


@user.command("disable")
@click.argument("username")
@in_database
def user_disable(connection: sqlite3.Connection, username: str) -> str:
    """Disable a user and end the user's sessions at once."""
    users.disable_user(connection, username)
    return f"{username} is disabled"


@user.command("enable")
@click.argument("username")
@in_database
def user_enable(connection: sqlite3.Connection, username: str) -> str:
    """Let a disabled user in again."""
    users.enable_user(connection, username)
    return f"{username} is enabled"
