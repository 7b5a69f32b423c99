"""Columns that are brought to the values of a record, and the texts of their changes."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


class Key(NamedTuple):
    """A row of a table: the column of the key, and its value."""

    table: str
    column: str
    objectid: int


class Column(NamedTuple):
    """A column, its value from a record, and the text of a change from an old to a new value."""

    name: str
    value: Callable[[Any], Any]
    told: Callable[[Any, Any], str]


def from_to(key: str, shown: Callable[[Any], str] = str) -> Callable[[Any, Any], str]:
    return lambda old, new: f"{key} {shown(old)} -> {shown(new)}"


def only(told: str) -> Callable[[Any, Any], str]:
    return lambda old, new: told


def one_of(values: Mapping[Any, int]) -> Callable[[int], str]:
    names = {value: str(key) for key, value in values.items()}
    return lambda value: names.get(value, str(value))


def yes_or_no(value: Any) -> str:
    return "true" if value else "false"


ENABLED = Column("status", lambda record: 0, only("enabled"))


def update(key: Key, columns: Sequence[Column], record: object, connection: sqlite3.Connection) -> list[str]:
    """Sets the columns of a row to the record's values; returns the texts of the changes."""
    listed = ", ".join(column.name for column in columns)
    where = f"WHERE {key.column} = ?"
    row = connection.execute(f"SELECT {listed} FROM {key.table} {where}", (key.objectid,)).fetchone()
    changes = [
        (column, old, new) for column, old in zip(columns, row, strict=True) if old != (new := column.value(record))
    ]
    if changes:
        assigned = ", ".join(f"{column.name} = ?" for column, _, _ in changes)
        values = [new for _, _, new in changes]
        connection.execute(f"UPDATE {key.table} SET {assigned} {where}", (*values, key.objectid))
    return [column.told(old, new) for column, old, new in changes]
