"""The plans of event.get and problem.get, and of what else looks into events: an index finds what ids or times pick."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from alertrpc.api.fields import members
from alertrpc.api.get import GET_METHODS
from alertrpc.errors import ApiError
from alertrpc.query.functions import FUNCTIONS
from alertrpc.records import Caller, Params, UserType
from alertrpc.store.connection import SqliteConnection
from benchmarks import data
from tests.support import READS, json_lines, machine_steps, run_alertrpc

ALERTS = 20_000
START, PROBLEMS = data.START, ALERTS // 2
CALLERS = {"super-admin": Caller(1, UserType.SUPER_ADMIN), "user": Caller(2, UserType.USER)}
NOW = START + PROBLEMS
SHORT = 80_000  # instructions; a look at every event takes 150,000

# What may be read whole: JSON arrays of ids, single rows, and the few open problems.
SMALL = ("one VIRTUAL TABLE", "CONSTANT", "(subquery")
WALK = "SCAN e"  # the order asked for, or a table, whole

FOUND_BY_IDS: list[dict[str, Any]] = [
    {"eventids": "5"},
    {"eventids": ["5", "6"]},
    {"objectids": "5"},
    {"objectids": ["5", "6"]},
    {"hostids": "5"},
    {"hostids": ["5", "6"]},
    {"groupids": "3"},
    {"groupids": ["3", "4"]},
    {"hostids": "5", "objectids": ["204", "5"]},
    {"groupids": "3", "time_from": START + PROBLEMS + 900},
]
FOUND_BY_RANGES: list[dict[str, Any]] = [
    {"eventid_from": str(2 * PROBLEMS - 50)},
    {"eventid_till": "50"},
    {"eventid_from": "50", "eventid_till": "100"},
    {"time_from": START + PROBLEMS + 900},
    {"time_till": START + 50},
    {"time_from": START + 50, "time_till": START + 100},
    {"eventid_from": "50", "eventid_till": "100", "time_from": START + 50},
]
FOUND_BY_PROBLEM_TIMES: list[dict[str, Any]] = [
    {"problem_time_from": START + 50, "problem_time_till": START + 100, **more}
    for more in ({}, {"value": 1}, {"value": 0}, {"value": [0, 1]})
] + [{"problem_time_from": START + PROBLEMS + 900, "problem_time_till": START + PROBLEMS + 950, "value": [0, 1]}]
EVENT_CASES = FOUND_BY_IDS + FOUND_BY_RANGES + FOUND_BY_PROBLEM_TIMES
EVENT_FORMS: list[dict[str, Any]] = [
    {},
    {"countOutput": True},
    *[
        {"sortfield": field, "sortorder": order, **limit}
        for field in ("eventid", "clock", "objectid", ["clock", "eventid"])
        for order in ("ASC", "DESC")
        for limit in ({}, {"limit": 10})
    ],
]
PROBLEM_CASES: list[dict[str, Any]] = [
    {},
    *FOUND_BY_IDS,
    *FOUND_BY_RANGES,
    {"severities": [4, 5]},
    {"acknowledged": True},
    {"tags": [{"tag": "scope", "operator": 4}]},
    {"search": {"name": "disk"}},
]
PROBLEM_FORMS: list[dict[str, Any]] = [
    {},
    {"countOutput": True},
    {"limit": 10},
    {"sortfield": "eventid", "sortorder": "DESC"},
    {"sortfield": "eventid", "sortorder": "DESC", "limit": 10},
]
# What other methods show of events and alerts, or ask of them, and the index that finds it.
LOOKS: list[tuple[str, dict[str, Any], str]] = [
    ("event", {"eventids": ["5", "6"], "selectAlerts": "extend"}, "SEARCH a USING INDEX alerts_eventid"),
    ("event", {"eventids": ["5", "6"], "selectAcknowledges": "extend"}, "SEARCH ak USING INDEX acknowledges_eventid"),
    ("event", {"eventids": ["5", "6"], "selectTags": "extend"}, "SEARCH et USING INDEX event_tag_eventid"),
    ("event", {"eventids": ["5", "6"], "selectHosts": "extend"}, "SEARCH oh USING PRIMARY KEY"),
    ("event", {"eventids": ["5", "6"], "selectRelatedObject": "extend"}, "SEARCH t USING INTEGER PRIMARY KEY"),
    ("event", {"eventids": ["5", "6"], "output": ["r_eventid"]}, "SEARCH er USING INTEGER PRIMARY KEY"),
    ("problem", {"eventids": ["5", "6"], "output": ["r_clock"]}, "SEARCH re USING INTEGER PRIMARY KEY"),
    ("problem", {"eventids": ["5", "6"], "selectTags": "extend"}, "SEARCH et USING INDEX event_tag_eventid"),
    ("problem", {"eventids": "5", "selectAcknowledges": "extend"}, "SEARCH ak USING INDEX acknowledges_eventid"),
    ("trigger", {"selectLastEvent": "extend"}, "SEARCH e USING INDEX events_objectid"),
    ("trigger", {"withUnacknowledgedEvents": True}, "SEARCH e USING INDEX events_objectid"),
    ("trigger", {"withAcknowledgedEvents": True}, "SEARCH e USING INDEX events_objectid"),
    ("trigger", {"withLastEventUnacknowledged": True}, "SEARCH e USING COVERING INDEX events_objectid"),
    ("host", {"severities": [4, 5]}, "SEARCH e USING INDEX events_open_objectid"),
    ("host", {"withProblemsSuppressed": False}, "SEARCH e USING INDEX events_open_objectid"),
    ("alert", {"eventids": "5"}, "SEARCH a USING INDEX alerts_eventid"),
]


def case_id(case: Mapping[str, Any]) -> str:
    return json.dumps(case).replace(str(START)[:4], "")


def forms_of(case: dict[str, Any], forms: list[dict[str, Any]]) -> list[Params]:
    return [{**case, **form} for form in forms]


def connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, factory=SqliteConnection)
    for name, function in FUNCTIONS.items():
        connection.create_function(name, -1, function, deterministic=True)
    return connection


def plan_of(connection: sqlite3.Connection, name: str, params: Params, caller: Caller) -> list[str]:
    statement, args = GET_METHODS[name].statement(params, caller, NOW)
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", args)]


def scans(plan: list[str]) -> list[str]:
    """Tables that are read whole, in whatever order, and indexes that SQLite makes for once."""
    made = tuple([f"SCAN {step.split()[1]}" for step in plan if step.startswith(("CO-ROUTINE ", "MATERIALIZE "))])
    small = tuple([f"SCAN {name}" for name in SMALL])
    return [
        step
        for step in plan
        if "AUTOMATIC" in step
        or (
            step.startswith("SCAN ")
            and step not in made
            and not step.startswith(small)
            and "INDEX events_open" not in step
        )
    ]


def walks(plan: list[str]) -> int:
    return sum(step.startswith(WALK) and "INDEX events_open" not in step for step in plan)


def steps_of(connection: sqlite3.Connection, name: str, params: Params, caller: Caller) -> int:
    """How many instructions SQLite's machine takes."""
    statement, args = GET_METHODS[name].statement(params, caller, NOW)
    return machine_steps(connection, statement.sql, args)


@pytest.fixture(scope="module")
def big_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("big")
    data.write(folder / "data.jsonl", ALERTS)
    done = run_alertrpc("load", str(folder / "data.jsonl"), "--database", f"sqlite:///{folder}/alertrpc.db")
    assert done.returncode == 0, done.stderr
    return folder / "alertrpc.db"


@pytest.fixture(scope="module", params=["loaded", "grown"])
def big(request: pytest.FixtureRequest, big_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Many events; of a database that grew by pushes SQLite has no statistics."""
    with sqlite3.connect(big_path) as source:
        path = tmp_path_factory.mktemp("copy") / "alertrpc.db"
        with sqlite3.connect(path) as copy:
            source.backup(copy)
            if request.param == "grown":
                copy.execute("DELETE FROM sqlite_stat1")
        copy.close()
    source.close()
    connection = connected(path)
    yield connection
    connection.close()


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> Caller:
    return CALLERS[request.param]


@pytest.mark.parametrize("case", EVENT_CASES, ids=case_id)
def test_events_by_id_or_time_are_found_by_an_index(
    big: sqlite3.Connection, case: dict[str, Any], caller: Caller
) -> None:
    for params in forms_of(case, EVENT_FORMS):
        plan = plan_of(big, "event", params, caller)
        # The last way of a page walks the order; a LIMIT of 0 keeps it still where a leader lists few keys.
        pages = any(step.startswith("MATERIALIZE listed") for step in plan)
        assert walks(plan) <= pages, (params, plan)
        assert scans([step for step in plan if not step.startswith(WALK)]) == [], (params, plan)


@pytest.mark.parametrize(
    "case", [case for case in EVENT_CASES if "groupids" not in case or "time_from" in case], ids=case_id
)
def test_few_events_are_not_looked_for_among_all(big: sqlite3.Connection, case: dict[str, Any], caller: Caller) -> None:
    for params in forms_of({**case, "output": ["eventid"]}, EVENT_FORMS):
        assert steps_of(big, "event", params, caller) < SHORT, params


@pytest.mark.parametrize("case", PROBLEM_CASES, ids=case_id)
@pytest.mark.parametrize("recent", [False, True], ids=["open", "recent"])
def test_problems_are_found_by_an_index_of_the_open_ones(
    big: sqlite3.Connection, case: dict[str, Any], caller: Caller, recent: bool
) -> None:
    for params in forms_of({**case, "recent": recent}, PROBLEM_FORMS):
        plan = plan_of(big, "problem", params, caller)
        assert scans(plan) == [], (params, plan)
        found = next(step for step in plan if step.split()[1] == "e")
        by_key = recent or "eventids" in case or any(name.startswith("eventid_") for name in case)
        ways = ("INDEX events_open", "INTEGER PRIMARY KEY") if by_key else ("INDEX events_open",)
        assert any(way in found for way in ways), (params, found)


@pytest.mark.parametrize("name", ["trigger", "host", "event", "problem", "alert"])
def test_what_is_shown_of_a_row_is_found_by_an_index(big: sqlite3.Connection, name: str, caller: Caller) -> None:
    for method, params, step in LOOKS:
        if method == name:
            plan = plan_of(big, method, params, caller)
            assert any(one.startswith(step) for one in plan), (params, plan)
            small = [
                one
                for one in scans(plan)
                if not one.startswith(("SCAN t", "SCAN h")) or name not in ("trigger", "host")
            ]
            assert small == [], (params, plan)


def test_the_last_event_is_found_at_once(big: sqlite3.Connection) -> None:
    """However many events a trigger has."""
    params: Params = {"output": ["triggerid"], "selectLastEvent": "extend", "limit": 100}
    assert steps_of(big, "trigger", params, CALLERS["super-admin"]) < 300 * 100


def test_recorded_reads_scan_no_events(big: sqlite3.Connection, loaded_database: Path) -> None:
    """What was asked of Zabbix by id or time."""
    with sqlite3.connect(loaded_database, factory=SqliteConnection) as recorded:
        users = recorded.execute("SELECT u.username, u.userid, r.type FROM users u JOIN role r ON r.roleid = u.roleid")
        callers = {username: Caller(userid, UserType(kind)) for username, userid, kind in users if kind}
    recorded.close()
    asked = 0
    for user, name, params in recorded_reads():
        if {"eventids", "objectids", "hostids", "groupids", "time_from", "time_till"}.isdisjoint(params):
            continue
        try:
            plan = plan_of(big, name, params, callers[user])
        except ApiError:
            continue
        asked += 1
        pages = any(step.startswith("MATERIALIZE listed") for step in plan)
        assert walks([step for step in plan if "INDEX events_open" not in step]) <= pages, (user, name, params, plan)
    assert asked > 60


def recorded_reads() -> Iterator[tuple[str, str, Params]]:
    """The user, the method and the parameters of each that was answered."""
    for case in json_lines(READS):
        name = case["request"]["method"].lower().removesuffix(".get")
        params = members(case["request"]["params"])
        is_answered = name in ("event", "problem") and case["as"] and "result" in case["response"]
        if is_answered and params and all(value not in (None, []) for value in params.values()):
            yield case["as"], name, dict(params)


@pytest.mark.parametrize(
    ("index", "name", "params"),
    [
        ("events_objectid", "event", {"hostids": "5"}),
        ("events_clock", "event", {"time_from": START + PROBLEMS + 900}),
        ("alerts_eventid", "event", {"eventids": "5", "selectAlerts": "extend"}),
        ("event_tag_eventid", "event", {"eventids": "5", "selectTags": "extend"}),
        ("acknowledges_eventid", "event", {"eventids": "5", "selectAcknowledges": "extend"}),
        ("events_objectid", "trigger", {"selectLastEvent": "extend"}),
    ],
)
def test_a_missing_index_is_noticed(big: sqlite3.Connection, index: str, name: str, params: Params) -> None:
    caller = CALLERS["super-admin"]
    asked: Params = {**params, "limit": 10} if name == "trigger" else params
    kept = steps_of(big, name, asked, caller)
    big.execute("SAVEPOINT kept")
    try:
        big.execute(f"DROP INDEX {index}")
        steps = steps_of(big, name, asked, caller)
    finally:
        big.execute("ROLLBACK TO kept")
        big.execute("RELEASE kept")
    assert steps > 2 * kept
