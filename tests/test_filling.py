"""A database from before version 8 gets its alert_index while it is served: reads are right, and a kill loses nothing."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alertrpc.store.connection import connect, transaction
from alertrpc.store.filling import ALERT_INDEX, fill_piece, unfilled_tables
from alertrpc.store.schema import migrate
from tests import made_up_alerts as made_up
from tests.support import Server, serving
from tests.wire import PATIENCE, call, eventually, exchange, execute

ALERTS = 40_000
OWN = ("alertid", "actionid", "status", "clock", "userid", "mediatypeid", "alerttype", "eventid", "acknowledgeid")
OF_EVENT = ("source", "object", "objectid")
EXPECTED = f"""SELECT {", ".join([f"a.{name}" for name in OWN])}, {", ".join([f"e.{name}" for name in OF_EVENT])}
    FROM alerts a
    LEFT JOIN events e ON e.eventid = a.eventid"""
KEPT = f"SELECT {', '.join([*OWN, *OF_EVENT])} FROM alert_index"
OF_VERSION_8 = (
    "alert_index_add",
    "alert_index_status",
    "alert_index_change",
    "alert_index_delete",
    "alert_index_of_event",
)
READS: list[dict[str, Any]] = [
    {"countOutput": True},
    {"countOutput": True, "filter": {"status": 2}},
    {"output": ["alertid"], "sortfield": ["clock", "alertid"], "sortorder": "DESC", "limit": 20},
    {"output": ["alertid"], "filter": {"status": [0, 2]}, "sortfield": ["status", "alertid"], "limit": 20},
]


def as_version_7(path: Path) -> Path:
    """The database as it was before version 8."""
    with closing(sqlite3.connect(path)) as connection:
        for trigger in OF_VERSION_8:
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("DROP TABLE alert_index")
        connection.execute("DROP TABLE unfilled")
        connection.execute("PRAGMA user_version = 7")
    return path


def is_in_step(path: Path) -> bool:
    """Whether alert_index is what it should be."""
    missing, wrong = (
        f"SELECT COUNT(*) FROM ({EXPECTED} EXCEPT {KEPT})",
        f"SELECT COUNT(*) FROM ({KEPT} EXCEPT {EXPECTED})",
    )
    return execute(path, f"SELECT ({missing}), ({wrong})") == [(0, 0)]


@pytest.fixture
def old(database: Path) -> Path:
    with closing(sqlite3.connect(database)) as connection, connection:
        highest, number = connection.execute("SELECT MAX(alertid), COUNT(*) FROM alerts").fetchone()
        columns = [row[1] for row in connection.execute("PRAGMA table_info(alerts)") if row[1] != "alertid"]
        for copy in range(ALERTS // number):
            connection.execute(
                f"INSERT INTO alerts (alertid, {', '.join(columns)})"
                f" SELECT ROW_NUMBER() OVER () + {highest + copy * number}, {', '.join(columns)}"
                f" FROM (SELECT * FROM alerts ORDER BY alertid LIMIT {number})"
            )
    return as_version_7(database)


def ask(server: Server, auth: str, params: dict[str, Any]) -> Any:
    return exchange(server.port, call("alert.get", params, auth=auth, id=1))["result"]


def log_in(server: Server) -> str:
    auth: str = exchange(server.port, call("user.login", {"username": "Admin", "password": "zabbix"}, id=1))["result"]
    return auth


def is_filled(path: Path) -> bool:
    return execute(path, "SELECT COUNT(*) FROM unfilled") == [(0,)]


def test_an_older_database_is_served_while_it_is_filled(old: Path) -> None:
    with serving(old, "--deliver", "no") as server:
        auth = log_in(server)
        assert eventually(lambda: execute(old, "SELECT COUNT(*) FROM alert_index") > [(0,)])
        before = [ask(server, auth, params) for params in READS]
        began = time.monotonic()
        assert log_in(server) != auth, "a session is written"
        assert time.monotonic() - began < PATIENCE
        assert not is_filled(old), "it is filled too soon for this test"
        server.kill()
        server.process.wait()
    done = execute(old, "SELECT done_id FROM unfilled")
    assert done > execute(old, "SELECT MIN(alertid) FROM alerts")
    with serving(old, "--deliver", "no") as server:
        auth = log_in(server)
        assert [ask(server, auth, params) for params in READS] == before
        assert eventually(lambda: is_filled(old))
        assert [ask(server, auth, params) for params in READS] == before
        assert " WARNING " not in server.log.read_text()
        assert "all alerts are indexed" in server.log.read_text()
    assert is_in_step(old)


@pytest.mark.parametrize("change", [
    "UPDATE alerts SET status = 1 WHERE alertid % 3 = 0",
    "UPDATE alerts SET status = 2, retries = 1, error = 'no' WHERE status = 1",
    "UPDATE alerts SET clock = clock + 1, userid = NULL WHERE alertid % 5 = 0",
    "UPDATE alerts SET eventid = eventid + 1",
    "UPDATE alerts SET alertid = -alertid",
    "DELETE FROM alerts WHERE alertid % 2",
    "DELETE FROM events WHERE eventid % 2",
    "INSERT INTO alerts (alertid, actionid, eventid, clock, status) SELECT alertid + 1000, 1, eventid, 5, 1 FROM alerts",
    "REPLACE INTO alerts (alertid, actionid, eventid, clock, status) VALUES (7, 1, 2, 3, 2)",
])  # fmt: skip
def test_what_changes_in_alerts_changes_in_the_index(tmp_path: Path, change: str) -> None:
    path = made_up.make(tmp_path / "alertrpc.db", seed=8)
    assert is_in_step(path)
    before = execute(path, KEPT)
    execute(path, change)
    assert is_in_step(path)
    assert execute(path, KEPT) != before


def test_pieces_keep_what_triggers_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = as_version_7(made_up.make(tmp_path / "alertrpc.db", seed=9))
    monkeypatch.setattr("alertrpc.store.filling.ROWS_OF_PIECE", 50)
    with closing(connect(path)) as connection:
        migrate(connection)
        assert unfilled_tables(connection) == {ALERT_INDEX}
        pieces = 0
        while True:
            connection.execute("UPDATE alerts SET status = 3 - status WHERE alertid % 7 = ?", (pieces,))
            connection.execute("INSERT INTO alerts (alertid, actionid, eventid) VALUES (?, 1, 1)", (-pieces - 1,))
            connection.execute("INSERT INTO alerts (alertid, actionid, eventid) VALUES (?, 1, 1)", (pieces + 1000,))
            with transaction(connection):
                if not fill_piece(connection):
                    break
            pieces += 1
        assert pieces >= made_up.ALERTS // 50
        assert unfilled_tables(connection) == set()
        assert fill_piece(connection) == 0
    assert is_in_step(path)


def test_a_new_database_lacks_nothing(tmp_path: Path) -> None:
    path = made_up.make(tmp_path / "alertrpc.db", seed=10)
    assert is_filled(path)
    assert json.dumps(execute(path, "SELECT name FROM unfilled")) == "[]"
