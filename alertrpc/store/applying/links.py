"""Rows that say who belongs to what: apply makes those that there are not, and takes back what it made.

A row that somebody made by hand is as good as one of apply's, and stays when the file does not declare it any more.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from alertrpc.store.applying.objects import put_on_record

Ids = tuple[int, ...]


class Links(NamedTuple):
    """A table of links: its key, the columns that say what each row links, and how its rows come and go, in words."""

    table: str
    key: str
    columns: tuple[str, ...]
    told: Callable[[Ids, bool, sqlite3.Connection], str]


def bring_links(links: Links, declared: Iterable[Ids], connection: sqlite3.Connection) -> Iterator[str]:
    """Makes and takes back links; the changes."""
    wanted = dict.fromkeys(declared)
    for ids in wanted:
        if not _is_there(links, ids, connection):
            _make(links, ids, connection)
            yield links.told(ids, True, connection)
    for objectid, ids in _applied(links, connection):
        if ids not in wanted:
            connection.execute(f"DELETE FROM {links.table} WHERE {links.key} = ?", (objectid,))
            yield links.told(ids, False, connection)


def _is_there(links: Links, ids: Ids, connection: sqlite3.Connection) -> bool:
    same = " AND ".join(f"{column} = ?" for column in links.columns)
    return connection.execute(f"SELECT 1 FROM {links.table} WHERE {same}", ids).fetchone() is not None


def _make(links: Links, ids: Ids, connection: sqlite3.Connection) -> None:
    values = ", ".join("?" for _ in links.columns)
    made = connection.execute(
        f"INSERT INTO {links.table} ({', '.join(links.columns)}) VALUES ({values}) RETURNING {links.key}", ids
    )
    put_on_record(links.table, made.fetchone()[0], connection)


def _applied(links: Links, connection: sqlite3.Connection) -> list[tuple[int, Ids]]:
    """The links that apply made: their keys, and what they link."""
    found = connection.execute(
        f"SELECT l.{links.key}, {', '.join(f'l.{column}' for column in links.columns)}"
        f" FROM applied a JOIN {links.table} l ON l.{links.key} = a.objectid WHERE a.object = ? ORDER BY 1",
        (links.table,),
    )
    return [(row[0], tuple(row[1:])) for row in found]
