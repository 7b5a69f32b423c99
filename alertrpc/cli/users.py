"""alertrpc user, alertrpc token."""

import secrets
import sqlite3
import time

import click
from rich.table import Table

from alertrpc.api.credentials import hash_token
from alertrpc.api.passwords import hash_password
from alertrpc.cli.options import USER_NAME, an_id, in_database, name_of, settings_options, several
from alertrpc.cli.output import CommandGroup, table
from alertrpc.cli.passwords import USER_VARIABLE, new_password, password_option
from alertrpc.errors import SettingsError
from alertrpc.people import described, hints, local_time
from alertrpc.settings import Settings
from alertrpc.store import users
from alertrpc.store.database import administered
from alertrpc.store.groups import LONGEST_USER_GROUP, PERMISSIONS, ensure_group, set_right
from alertrpc.store.roles import ROLES
from alertrpc.store.sight import group_of_readers, sight_of
from alertrpc.values import at_least_one, duration

READERS = "Readers of "  # a host group: the user group that `user add --read` joins
_WHAT_A_USER_MAY_DO = "What the user may do; push is to push alarms and nothing else."
_WHAT_A_USER_READS = f'A host group to read, by joining the user group "{READERS}NAME"; both are created if missing.'


@click.group(cls=CommandGroup)
def user() -> None:
    """Add, show, list and disable users, and set their passwords."""


@user.command("add")
@click.argument("username", type=USER_NAME)
@click.option("--role", type=click.Choice(list(ROLES)), default="user", show_default=True, help=_WHAT_A_USER_MAY_DO)
@several("--group", "groups", help="A user group to join; may be repeated.")
@several("--read", "reads", type=name_of(LONGEST_USER_GROUP - len(READERS)), help=_WHAT_A_USER_READS)
@password_option
@settings_options("database")
def user_add(settings: Settings, username: str, role: str, groups: tuple[str, ...], reads: tuple[str, ...]) -> None:
    """Add a user; the password is asked for, taken from ALERTRPC_PASSWORD or --password-stdin, or made up and shown."""
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
        _tell_hints(username, settings.push_group, connection)


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


def _tell_hints(username: str, push_group: str, connection: sqlite3.Connection) -> None:
    """Says on standard error what the user cannot see for lack of rights, and which command changes it."""
    for hint in hints(sight_of(username, connection), group_of_readers(connection), push_group):
        click.echo(f"alertrpc: {hint}", err=True)


@click.group(cls=CommandGroup)
def token() -> None:
    """Add, list and delete API tokens."""


@token.command("add")
@click.argument("username")
@click.argument("name")
@click.option("--expires", metavar="TIME", help="The token ends after this time, such as 30d; without it never.")
@settings_options("database")
def token_add(settings: Settings, username: str, name: str, expires: str | None) -> None:
    """Create an API token for a user and show it once."""
    now = int(time.time())
    try:
        expires_at = now + at_least_one(duration)(expires) if expires else 0
    except ValueError as error:
        raise SettingsError(f"--expires: {error}, not {expires!r}") from error
    value = secrets.token_hex(32)
    with administered(settings.database_path) as connection:
        users.add_token(connection, username, users.NewToken(name, hash_token(value), now, expires_at))
        _tell_hints(username, settings.push_group, connection)
    click.echo(value)


@token.command("list")
@in_database
def token_list(connection: sqlite3.Connection) -> Table:
    """List the API tokens without their values, which are not stored."""
    found = users.list_tokens(connection)
    rows = [(*about, local_time(ends, "never"), local_time(used, "never")) for *about, ends, used in found]
    return table(["tokenid", "username", "name", "expires", "last used"], rows)


@token.command("delete")
@click.argument("tokenid", type=an_id)
@in_database
def token_delete(connection: sqlite3.Connection, tokenid: int) -> str:
    """Delete an API token by its tokenid; it ends at once."""
    users.delete_token(connection, tokenid)
    return f"token {tokenid} is deleted"
