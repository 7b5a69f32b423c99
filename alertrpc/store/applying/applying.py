"""Applies a configuration in one transaction."""

import sqlite3
from pathlib import Path

from alertrpc.errors import NameFaults
from alertrpc.records import Configuration
from alertrpc.store.applying.actions import bring_action
from alertrpc.store.applying.media_types import bring_media_type
from alertrpc.store.applying.name_faults import name_faults
from alertrpc.store.applying.objects import bring_all
from alertrpc.store.applying.receivers import bring_media, make_users, new_users, tell_who_sees_nothing
from alertrpc.store.applying.user_groups import bring_memberships, bring_rights, make_groups, remove_empty_groups
from alertrpc.store.connection import transaction
from alertrpc.store.database import opened, prepare
from alertrpc.store.schema import SCHEMA_VERSION, migrations, run_migrations, usable_version
from alertrpc.store.statements import SQL


def bring(path: Path, configuration: Configuration) -> list[str]:
    """Brings the database at `path` to the configuration in one transaction; returns the changes as lines."""
    prepare(path)
    with opened(path) as connection, transaction(connection):
        return apply_configuration(configuration, connection)


def rehearse(path: Path, configuration: Configuration) -> list[str]:
    """What `bring` would return or raise; changes nothing, not even an older schema."""
    with opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")  # never committed: closing rolls it back
        usable_version(connection)
        run_migrations(connection, migrations(), SCHEMA_VERSION)
        return apply_configuration(configuration, connection)


def apply_configuration(configuration: Configuration, connection: sqlite3.Connection) -> list[str]:
    """Brings the database to the configuration in the caller's transaction; returns the changes as lines without secrets.

    Media types and actions that are not declared any more are disabled, as alerts refer to them; media, memberships, rights
    and empty groups are deleted. Raises NameFaults, before any write, with all names that cannot be used.
    """
    if faults := list(name_faults(configuration, connection)):
        raise NameFaults(*faults)
    new = new_users(configuration.receivers, connection)
    lines = [
        *bring_all("media_type", configuration.media_types, bring_media_type, connection),
        *make_groups(configuration, connection),
        *make_users(new, connection),
        *bring_memberships(configuration, connection),
        *bring_rights(configuration, connection),
        *tell_who_sees_nothing(new, connection),
        *bring_media(configuration.receivers, connection),
        *bring_all("actions", configuration.actions, bring_action, connection),
        *remove_empty_groups(configuration, connection),
    ]
    if lines:
        connection.execute(SQL["actions.raise_revision"])
        connection.execute(SQL["escalations.check_all"])  # their steps may be due at other times now
    return lines
