"""Rows that link objects: apply creates missing ones, and deletes those of its own that are not declared any more.

A row that was created by hand counts as well as one of apply's, and is never deleted.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from alertrpc.store.applying.objects import put_on_record

Ids = tuple[int, ...]


class Links(NamedTuple):
    """A table of links: its key, the columns with the linked ids, and the text of a new or a deleted link."""

    table: str
    key: str
    columns: tuple[str, ...]
    told: Callable[[Ids, bool, sqlite3.Connection], str]


def bring_links(links: Links, declared: Iterable[Ids], connection: sqlite3.Connection) -> Iterator[str]:
    """Creates and deletes links; yields the texts of the changes."""
    wanted = dict.fromkeys(declared)
    for ids in wanted:
        if _make(links, ids, connection):
            yield links.told(ids, True, connection)
    for objectid, ids in _applied(links, connection):
        if ids not in wanted:
            connection.execute(f"DELETE FROM {links.table} WHERE {links.key} = ?", (objectid,))
            yield links.told(ids, False, connection)


def _make(links: Links, ids: Ids, connection: sqlite3.Connection) -> bool:
    """Creates a link; False if there is one already."""
    columns, values = ", ".join(links.columns), ", ".join("?" * len(ids))
    if connection.execute(f"SELECT 1 FROM {links.table} WHERE ({columns}) = ({values})", ids).fetchone():
        return False
    insert = f"INSERT INTO {links.table} ({columns}) VALUES ({values}) RETURNING {links.key}"
    put_on_record(links.table, connection.execute(insert, ids).fetchone()[0], connection)
    return True


def _applied(links: Links, connection: sqlite3.Connection) -> list[tuple[int, Ids]]:
    """The links that apply created: their keys and the linked ids."""
    found = connection.execute(
        f"SELECT l.{links.key}, {', '.join(f'l.{column}' for column in links.columns)}"
        f" FROM applied a JOIN {links.table} l ON l.{links.key} = a.objectid WHERE a.object = ? ORDER BY 1",
        (links.table,),
    )
    return [(row[0], tuple(row[1:])) for row in found]
