"""alertrpc token."""

import secrets
import sqlite3
import time

import click
from rich.table import Table

from alertrpc.api.credentials import hash_token
from alertrpc.cli.options import an_id, in_database, settings_options
from alertrpc.cli.output import CommandGroup, table, tell_hints
from alertrpc.errors import SettingsError
from alertrpc.people import local_time
from alertrpc.settings import Settings
from alertrpc.store import users
from alertrpc.store.database import administered
from alertrpc.values import at_least_one, duration


@click.group(cls=CommandGroup)
def token() -> None:
    """Add, list and delete API tokens."""


@token.command("add")
@click.argument("username")
@click.argument("name")
@click.option("--expires", metavar="TIME", help="The token ends after this time, such as 30d; without it never.")
@settings_options("database")
def token_add(settings: Settings, username: str, name: str, expires: str | None) -> None:
    """Make an API token for a user and show it this once."""
    now = int(time.time())
    try:
        expires_at = now + at_least_one(duration)(expires) if expires else 0
    except ValueError as error:
        raise SettingsError(f"--expires: {error}, not {expires!r}") from error
    value = secrets.token_hex(32)
    with administered(settings.database_path) as connection:
        users.add_token(connection, username, name, hash_token(value), now, expires_at)
        tell_hints(username, settings.push_group, connection)
    click.echo(value)


@token.command("list")
@in_database
def token_list(connection: sqlite3.Connection) -> Table:
    """List the API tokens, not their values, which are stored nowhere."""
    rows = [
        (*about, local_time(expires_at, "never"), local_time(lastaccess, "never"))
        for *about, expires_at, lastaccess in users.list_tokens(connection)
    ]
    return table(["tokenid", "username", "name", "expires", "last used"], rows)


@token.command("delete")
@click.argument("tokenid", type=an_id)
@in_database
def token_delete(connection: sqlite3.Connection, tokenid: int) -> str:
    """Delete an API token by its tokenid; it ends at once."""
    users.delete_token(connection, tokenid)
    return f"token {tokenid} is deleted"
