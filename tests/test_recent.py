"""What is recent: problems that ended, and triggers that changed, less than five minutes ago."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from alertrpc.query.functions import FUNCTIONS
from alertrpc.store.connection import connect, connect_reader
from tests.receivers import new_database
from tests.relations import Question, answer, callers

CHANGED = 1_700_000_000
ROWS = """
INSERT INTO triggers (triggerid, description, value, lastchange) VALUES (1, 'calm', 0, {changed}), (2, 'wrong', 1, 0);
INSERT INTO events (eventid, source, object, objectid, clock, value) VALUES
    (1, 0, 0, 1, 0, 1), (2, 0, 0, 1, {changed}, 0), (3, 0, 0, 2, 0, 1);
INSERT INTO event_recovery (eventid, r_eventid) VALUES (1, 2);"""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A trigger that changed at CHANGED, and its problem that ended then; another that is open."""
    path = new_database(Path(tmp_path_factory.mktemp("recent")) / "alertrpc.db")
    with closing(connect(path)) as writer:
        writer.executescript(ROWS.format(changed=CHANGED))
    with closing(connect_reader(path, 1024, 16, FUNCTIONS)) as reader:
        yield reader


@pytest.mark.parametrize(("later", "is_recent"), [(0, True), (299, True), (300, False), (301, False)])
def test_the_edge_of_recent(connection: sqlite3.Connection, later: int, is_recent: bool) -> None:
    now, admin = CHANGED + later, callers()["Admin"]
    problems = Question("problem", {"recent": True, "output": ["eventid"]})
    expected = [{"eventid": "1"}, {"eventid": "3"}] if is_recent else [{"eventid": "3"}]
    assert answer(connection, problems, admin, now) == expected
    triggers = Question("trigger", {"only_true": True, "output": ["triggerid"]})
    expected = [{"triggerid": "1"}, {"triggerid": "2"}] if is_recent else [{"triggerid": "2"}]
    assert answer(connection, triggers, admin, now) == expected
