"""The pushes with an Idempotency-Key, kept for a day."""

import sqlite3
from typing import NamedTuple

import orjson

from alertrpc.store.bulk import as_json
from alertrpc.store.statements import SQL

KEPT = 24 * 3600  # seconds


class Key(NamedTuple):
    """The user, the key and the body of a push; the latter two as SHA-256."""

    userid: int
    key: str
    body: str


def find_push(key: Key, connection: sqlite3.Connection) -> tuple[str, list[int | None]] | None:
    """The body and the eventids of an earlier push with the key."""
    row = connection.execute(SQL["pushes.find"], (key.userid, key.key)).fetchone()
    return None if row is None else (row[0], orjson.loads(row[1]))


def keep_push(key: Key, eventids: list[int | None], now: int, connection: sqlite3.Connection) -> None:
    """Stores a push, and deletes those older than a day; `now` is in seconds."""
    connection.execute(SQL["pushes.forget_old"], (now - KEPT,))
    connection.execute(SQL["pushes.keep"], (*key, as_json(eventids), now))
