"""Creates the schema, migrates an older one and refuses a newer one."""

import logging
import re
import sqlite3
from collections.abc import Mapping
from importlib.resources import files

from alertrpc.errors import StoreError
from alertrpc.store.connection import transaction

SCHEMA_VERSION = 8
APPLICATION_ID = 0x616C7270  # "alrp", in the file's header: distinguishes our databases from other SQLite files

log = logging.getLogger(__name__)

_VERSION_MARK = re.compile(r"^-- Version [0-9]+: .*$", re.MULTILINE)


def schema_sql() -> str:
    return (files("alertrpc") / "schema.sql").read_text("utf-8")


def migrations() -> dict[int, tuple[str, ...]]:
    """By version: the statements that bring the schema to the next version, from the parts of schema.sql."""
    parts = _VERSION_MARK.split(schema_sql())[1:]
    return {version: tuple(_statements(part)) for version, part in enumerate(parts, 1)}


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def schema_version(connection: sqlite3.Connection) -> int:
    """The version of the schema in a database, 0 for an empty file.

    Raises StoreError if the file is not a database of alertrpc.
    """
    try:
        application, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    except sqlite3.DatabaseError as error:
        raise StoreError(f"not a database: {error}") from error
    if empty:
        return 0
    if application != APPLICATION_ID:
        raise StoreError("this is a database of another program")
    return version


def create_schema(connection: sqlite3.Connection) -> bool:
    """Creates the schema in an empty database, in the caller's transaction; False if it exists."""
    if schema_version(connection):
        return False
    for statement in _statements(schema_sql()):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return True


def migrate(
    connection: sqlite3.Connection, *, steps: Mapping[int, tuple[str, ...]] | None = None, newest: int = SCHEMA_VERSION
) -> int:
    """Brings the schema to `newest`, in one transaction; returns its version before.

    Raises StoreError if there is no schema or a newer one.
    """
    found = usable_version(connection, newest)
    if found < newest:
        with transaction(connection):
            begun = schema_version(connection)  # another process may have migrated it meanwhile
            run_migrations(connection, migrations() if steps is None else steps, newest)
        if begun < newest:
            about = {"from": begun, "to": newest}
            log.info("the schema is brought from version %d to version %d", begun, newest, extra=about)
    return found


def run_migrations(connection: sqlite3.Connection, steps: Mapping[int, tuple[str, ...]], newest: int) -> None:
    """Runs the missing migrations in the caller's transaction."""
    for version in range(schema_version(connection), newest):
        for statement in steps[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version + 1}")


def usable_version(connection: sqlite3.Connection, newest: int = SCHEMA_VERSION) -> int:
    """The version of the schema; raises StoreError if there is none or a newer one."""
    found = schema_version(connection)
    if found == 0:
        raise StoreError("there is no schema in it; `alertrpc init` makes it")
    if found > newest:
        raise StoreError(f"its schema has version {found}, this alertrpc knows up to {newest}; a newer one is needed")
    return found


def _statements(script: str) -> list[str]:
    """The statements of a script, because `executescript` would commit the transaction."""
    statements, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
