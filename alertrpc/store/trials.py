"""Test messages: alerts without an event, all of one disabled action."""

import sqlite3

from alertrpc.records import AlertStatus
from alertrpc.store.statements import SQL

_TEST_ACTION = "test action"  # in `applied`, so that it is never taken for a declared action


def test_action(connection: sqlite3.Connection) -> int:
    """The id of the disabled action of all tests; it is created if missing."""
    row = connection.execute(SQL["actions.test"], (_TEST_ACTION,)).fetchone()
    if row is None:
        row = connection.execute(SQL["actions.add_test"]).fetchone()
        connection.execute(SQL["applied.add"], (_TEST_ACTION, row[0]))
    actionid: int = row[0]
    return actionid


def end_interrupted_tests(before: int, connection: sqlite3.Connection) -> None:
    """Marks tests as failed that began before a time, in seconds, and have no result."""
    ended = (AlertStatus.FAILED, AlertStatus.NOT_SENT, before, _TEST_ACTION)
    connection.execute(SQL["alerts.end_tests"], ended)
