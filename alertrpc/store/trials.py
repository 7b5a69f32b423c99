"""Test messages: alerts of no event, and of an action that stands for them all."""

import sqlite3

from alertrpc.records import AlertStatus
from alertrpc.store.statements import SQL

_TEST_ACTION = "test action"  # in `applied`, so that no declared action is taken for it


def test_action(connection: sqlite3.Connection) -> int:
    """The id of the action that stands for tests; it is disabled, and made when it is not there."""
    row = connection.execute(SQL["actions.test"], (_TEST_ACTION,)).fetchone()
    if row is None:
        row = connection.execute(SQL["actions.add_test"]).fetchone()
        connection.execute(SQL["applied.add"], (_TEST_ACTION, row[0]))
    actionid: int = row[0]
    return actionid


def end_interrupted_tests(before: int, connection: sqlite3.Connection) -> None:
    """Marks tests as failed that began before a time, in seconds, and of which nothing came."""
    ended = (AlertStatus.FAILED, AlertStatus.NOT_SENT, before, _TEST_ACTION)
    connection.execute(SQL["alerts.end_tests"], ended)
