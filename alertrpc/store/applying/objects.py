"""Creates, changes and disables objects by name, and records which ones apply created."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from alertrpc.store.applying.names import NAMED, spoken
from alertrpc.store.statements import SQL

_DISABLED = "disabled, as the file does not declare it"


def bring_all(
    table: str,
    records: Sequence[Any],
    bring_one: Callable[[int, Any, sqlite3.Connection], list[str]],
    connection: sqlite3.Connection,
) -> Iterator[str]:
    """Creates new objects, changes others, and disables those that are not declared any more; yields the changes."""
    made = _applied(table, connection)
    for record in records:
        is_new = record.name not in made
        objectid = make(table, record.name, connection) if is_new else made[record.name]
        changes = dict.fromkeys(bring_one(objectid, record, connection))
        if is_new:
            yield f"{spoken(table, record.name)}: made"
        elif changes:
            yield f"{spoken(table, record.name)}: {', '.join(changes)}"
    declared = {record.name for record in records}
    disable = f"UPDATE {table} SET status = 1 WHERE {NAMED[table][0]} = ? AND status = 0"
    for name, objectid in made.items():
        if name not in declared and connection.execute(disable, (objectid,)).rowcount:
            yield f"{spoken(table, name)}: {_DISABLED}"


def _applied(table: str, connection: sqlite3.Connection) -> dict[str, int]:
    """The ids of the table's objects that apply created, by name."""
    key, name, _ = NAMED[table]
    found = connection.execute(
        f"SELECT t.{name}, t.{key} FROM applied a JOIN {table} t ON t.{key} = a.objectid WHERE a.object = ?", (table,)
    )
    return dict(found.fetchall())


def make(table: str, name: str, connection: sqlite3.Connection) -> int:
    key, name_column, _ = NAMED[table]
    made = connection.execute(f"INSERT INTO {table} ({name_column}) VALUES (?) RETURNING {key}", (name,))
    objectid: int = made.fetchone()[0]
    put_on_record(table, objectid, connection)
    return objectid


def put_on_record(table: str, objectid: int, connection: sqlite3.Connection) -> None:
    connection.execute(SQL["applied.add"], (table, objectid))
