"""Which problems are open: `recovered` follows from event_recovery, whichever way and in whatever order they come in."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alertrpc.api.get import GET_METHODS
from alertrpc.errors import LoadError
from alertrpc.intake.bodies import identity_of
from alertrpc.ledger.alarm import Alarm
from alertrpc.ledger.ledger import Ledger
from alertrpc.records import Caller, UserType
from alertrpc.store.connection import SqliteConnection, connect, transaction
from alertrpc.store.database import create
from alertrpc.store.loading import load
from alertrpc.store.schema import APPLICATION_ID, SCHEMA_VERSION, migrate, schema_sql, schema_version
from tests.support import DATASET, DEFAULTS, Client, json_lines

ADMIN = Caller(1, UserType.SUPER_ADMIN)
START = 1_700_000_000  # seconds
PROBLEMS, RECOVERIES = (1, 2, 3, 4), (11, 12)
# 1 and 3 are recovered by 11 and 12; 2 and 4 are open.
EVENTS: list[dict[str, Any]] = [
    *[{"eventid": eventid, "value": 1, "clock": 1000 + eventid, "objectid": 5} for eventid in PROBLEMS],
    *[{"eventid": eventid, "value": 0, "clock": 2000 + eventid, "objectid": 5} for eventid in RECOVERIES],
]
LINKS: list[dict[str, Any]] = [{"eventid": 1, "r_eventid": 11}, {"eventid": 3, "r_eventid": 12}]


def of_events(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"table": "events", **row} for row in rows]


def of_links(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"table": "event_recovery", **row} for row in rows]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path / "alertrpc.db", create=True)) as connection:
        yield connection


def loaded(connection: sqlite3.Connection, lines: list[dict[str, Any]]) -> None:
    load(connection, [json.dumps(line).encode() for line in lines], str)


def recovered(connection: sqlite3.Connection) -> set[int]:
    return {eventid for (eventid,) in connection.execute("SELECT eventid FROM events WHERE recovered = 1")}


def answered(connection: sqlite3.Connection, method: str, params: dict[str, Any], now: int = START) -> set[int]:
    """The ids of the events that a method answers."""
    statement, args = GET_METHODS[method].statement({"output": ["eventid"], **params}, ADMIN, now)
    return {int(json.loads(row)["eventid"]) for (row,) in connection.execute(statement.sql, args)}


def open_problems(connection: sqlite3.Connection) -> set[int]:
    return answered(connection, "problem", {})


LOADS = {
    "events first": [of_events(EVENTS) + of_links(LINKS)],
    "recoveries first": [of_links(LINKS) + of_events(EVENTS)],
    "one by one": [of_links(LINKS[:1]) + of_events(EVENTS) + of_links(LINKS[1:])],
    "recoveries later": [of_events(EVENTS), of_links(LINKS)],
    "recoveries before": [of_links(LINKS), of_events(EVENTS)],
    "some of both later": [of_events(EVENTS[:2]) + of_links(LINKS[1:]), of_links(LINKS[:1]) + of_events(EVENTS[2:])],
    "each alone": [[row] for row in [*of_links(LINKS), *of_events(EVENTS)]],
}


@pytest.mark.parametrize("loads", LOADS.values(), ids=LOADS)
def test_loads_in_any_order(connection: sqlite3.Connection, loads: list[list[dict[str, Any]]]) -> None:
    for lines in loads:
        loaded(connection, lines)
    assert recovered(connection) == {1, 3}
    assert open_problems(connection) == {2, 4}


def test_each_load_ends_problems(connection: sqlite3.Connection) -> None:
    loaded(connection, of_events(EVENTS))
    assert open_problems(connection) == set(PROBLEMS)
    for link in LINKS:
        before = open_problems(connection)
        loaded(connection, of_links([link]))
        assert open_problems(connection) == before - {link["eventid"]}
    loaded(connection, [{"table": "role", "roleid": 9, "type": 1}])
    assert open_problems(connection) == {2, 4}


def test_a_load_that_fails_ends_nothing(connection: sqlite3.Connection) -> None:
    loaded(connection, of_events(EVENTS))
    with pytest.raises(LoadError, match="unknown table"):
        loaded(connection, [*of_links(LINKS), {"table": "nowhere", "x": 1}])
    assert recovered(connection) == set()
    assert open_problems(connection) == set(PROBLEMS)


@pytest.mark.parametrize("value", [0, 1, "1", None])
def test_recovered_is_no_column_of_a_file(connection: sqlite3.Connection, value: object) -> None:
    with pytest.raises(LoadError, match="line 1: table events has no column 'recovered'"):
        loaded(connection, of_events([{"eventid": 1, "value": 1, "recovered": value}]))


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_database_knows_its_open_problems(tmp_path: Path, version: int) -> None:
    older, mark, _ = schema_sql().partition(f"-- Version {version + 1}: ")
    assert mark
    with closing(connect(tmp_path / "older.db", create=True)) as connection:
        connection.executescript(older)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
        assert not {row[1] for row in connection.execute("PRAGMA table_info(events)")} & {"recovered"}
        for line in [*of_events(EVENTS), *of_links(LINKS)]:
            values = {name: value for name, value in line.items() if name != "table"}
            marks = ", ".join("?" * len(values))
            connection.execute(
                f"INSERT INTO {line['table']} ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
            )
        assert migrate(connection) == version
        assert schema_version(connection) == SCHEMA_VERSION
        assert recovered(connection) == {1, 3}
        assert open_problems(connection) == {2, 4}
        # and a load into it goes on from there
        loaded(connection, of_links([{"eventid": 4, "r_eventid": 12}]))
        assert open_problems(connection) == {2}


def test_a_load_migrates_first(tmp_path: Path) -> None:
    older, _, _ = schema_sql().partition("-- Version 3: ")
    with closing(connect(tmp_path / "older.db", create=True)) as connection:
        connection.executescript(older)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 2")
        connection.execute("INSERT INTO event_recovery (eventid, r_eventid) VALUES (1, 11)")
        loaded(connection, of_events(EVENTS))
        assert recovered(connection) == {1}
        assert open_problems(connection) == {2, 3, 4}


def an_alarm(target: str, **more: Any) -> Alarm:
    identity = identity_of("slow", target)
    return Alarm(identity=identity, alarm_type="slow", target=target, name="slow", level=1, labels={}, **more)


def test_the_ledger_ends_problems(tmp_path: Path) -> None:
    path = tmp_path / "alertrpc.db"
    create(path)
    ledger = Ledger(DEFAULTS)
    with closing(connect(path)) as connection:

        def record(*alarms: Alarm, seconds: int) -> list[int | None]:
            with transaction(connection):
                return ledger.record(alarms, (START + seconds) * 1000, connection)

        first, second = record(an_alarm("a"), an_alarm("b"), seconds=0)
        assert open_problems(connection) == {first, second}
        record(an_alarm("a", is_active=False), seconds=5)
        assert open_problems(connection) == {second}
        assert recovered(connection) == {first}
        (again,) = record(an_alarm("a"), seconds=9)
        assert again not in (first, None)
        assert open_problems(connection) == {second, again}
        # what has recovered of late is shown beside what is open
        assert answered(connection, "problem", {"recent": True}, START + 10) == {first, second, again}
        assert answered(connection, "problem", {"recent": True}, START + 10_000) == {second, again}
        by_index = connection.execute("SELECT eventid FROM events WHERE value = 1 AND recovered = 0")
        assert {eventid for (eventid,) in by_index} == {second, again}
        # a time at which it lasted, and one at which it did not any more
        for at, expected in ((START + 3, {first, second}), (START + 6, {second}), (START + 20, {second, again})):
            params = {"problem_time_from": at, "problem_time_till": at}
            assert answered(connection, "event", params) == expected


def test_alarms_whose_time_is_over(tmp_path: Path) -> None:
    create(tmp_path / "alertrpc.db")
    ledger = Ledger(DEFAULTS)
    with closing(connect(tmp_path / "alertrpc.db")) as connection:
        with transaction(connection):
            (eventid,) = ledger.record([an_alarm("a", expires_at=(START + 60) * 1000)], START * 1000, connection)
        for seconds, expected in ((59, {eventid}), (61, set())):
            with transaction(connection):
                ledger.advance((START + seconds) * 1000, connection)
            assert open_problems(connection) == expected


def test_the_data_set(loaded_database: Path, client: Client) -> None:
    """Loaded by the command, and read through the API."""
    rows = list(json_lines(DATASET))
    ended = {row["eventid"] for row in rows if row["table"] == "event_recovery"}
    with closing(sqlite3.connect(loaded_database, factory=SqliteConnection)) as connection:
        assert {str(eventid) for eventid in recovered(connection)} == ended
    for source, obj in (("0", "0"), ("3", "4"), ("4", "6")):
        wanted = {
            row["eventid"]
            for row in rows
            if row["table"] == "events" and (row["source"], row["object"], row["value"]) == (source, obj, "1")
        } - ended
        found = client.call("problem.get", {"output": ["eventid"], "source": source, "object": obj}, user="Admin")
        assert {row["eventid"] for row in found} == wanted
        assert wanted
