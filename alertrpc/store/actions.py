"""The rows of actions: their conditions, the receivers of their steps, and the templates."""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from alertrpc.store.bulk import fetch
from alertrpc.store.statements import SQL


class Receiving(NamedTuple):
    """A user whom a step alerts, with one of the user's media; mediatypeid None: the user has none that the step uses."""

    place: int
    userid: int
    mediatypeid: int | None
    sendto: str
    severities: int
    period: str


def revision(connection: sqlite3.Connection) -> int:
    found: int = connection.execute(SQL["actions.revision"]).fetchone()[0]
    return found


def fetch_rules(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """The enabled actions with their conditions, and the seconds after which their steps are due."""
    rules: list[dict[str, Any]] = orjson.loads(connection.execute(SQL["actions.rules"]).fetchone()[0])
    return rules


def fetch_templates(connection: sqlite3.Connection) -> list[tuple[int, int, str, str]]:
    """mediatypeid, recovery, subject and message."""
    return connection.execute(SQL["actions.templates"]).fetchall()


def find_receivers(steps: Sequence[tuple[int, int]], connection: sqlite3.Connection) -> list[Receiving]:
    """The receivers of pairs of actionid and step; `place` is the index of the pair."""
    return [Receiving(*row) for row in fetch(connection, SQL["actions.receivers"], steps)]
