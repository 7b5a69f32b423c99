"""The plans of alert.get's statements: what is asked for by id, time or order is found through an index."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alertrpc.api.alert import get
from alertrpc.api.fields import members
from alertrpc.query.event_objects import HOST_OBJECTS, OBJECTS_WITH_IDS
from alertrpc.query.functions import FUNCTIONS
from alertrpc.records import Caller, Params, UserType
from alertrpc.store.connection import SqliteConnection
from benchmarks import data
from tests.support import EXCHANGES, json_lines, machine_steps, run_alertrpc

IDS = get.resource.ids
TIMES = ("time_from", "time_till")

ADMIN = Caller(1, UserType.SUPER_ADMIN)
READER = Caller(2, UserType.USER)
ALERTS = 20_000
FEW = 0.05  # what picks a smaller share of the alerts must find them through an index
ALERTID = "INTEGER PRIMARY KEY"
WHOLE_SORT = "USE TEMP B-TREE FOR ORDER BY"

# Parameters of alert.get and the index through which each is found among many alerts.
FOUND_BY = [
    ({"alertids": "5"}, ALERTID),
    ({"alertids": ["5", "6"]}, ALERTID),
    ({"actionids": "5"}, "alerts_actionid"),
    ({"eventids": "5"}, "alerts_eventid"),
    ({"eventids": ["5", "6"]}, "alerts_eventid"),
    ({"mediatypeids": "5"}, "alerts_mediatypeid"),
    ({"userids": "5"}, "alerts_userid"),
    ({"objectids": "5"}, "alerts_eventid"),
    ({"objectids": ["5", "6"]}, "alerts_eventid"),
    ({"hostids": "5"}, "alerts_eventid"),
    ({"hostids": ["5", "6"]}, "alerts_eventid"),
    ({"groupids": "5"}, "alerts_eventid"),
    ({"eventids": "5", "sortfield": "clock"}, "alerts_eventid"),
    ({"hostids": "5", "sortfield": "clock", "limit": 10}, "alerts_eventid"),
    ({"actionids": "5", "countOutput": True}, "alerts_actionid"),
    ({"eventids": "5", "countOutput": True, "groupCount": True}, "alerts_eventid"),
    ({"time_from": data.START + ALERTS // 2}, "alerts_clock"),
    ({"time_till": data.START + 100}, "alerts_clock"),
    ({"time_from": data.START + 100, "time_till": data.START + 200}, "alerts_clock"),
    ({"time_from": data.START + ALERTS // 2, "sortfield": "clock"}, "alerts_clock"),
    ({"time_from": data.START + ALERTS // 2, "countOutput": True}, "alerts_clock"),
    ({"sortfield": "clock"}, "alerts_clock"),
    ({"sortfield": ["clock", "alertid"], "sortorder": "DESC", "limit": 10}, "alerts_clock"),
    ({"sortfield": "eventid"}, "alerts_eventid"),
    ({"sortfield": "status"}, "alerts_status"),
    ({"sortfield": ["status", "clock"], "sortorder": "DESC"}, "alerts_status"),
    ({"sortfield": "sendto"}, "alerts_sendto"),
    ({"sortfield": "mediatypeid"}, "alerts_mediatypeid"),
    ({"sortfield": "mediatypeid", "sortorder": "DESC"}, "alerts_mediatypeid"),
    ({"filter": {"status": 2}}, "alerts_status"),
    ({"filter": {"acknowledgeid": 7}}, "alerts_acknowledgeid"),
]
IN_ORDER = [{"sortfield": name} for name in ("alertid", "clock", "eventid", "status", "sendto", "mediatypeid")]


@dataclass(frozen=True)
class Plan:
    """How SQLite goes about a statement."""

    steps: tuple[str, ...]

    @property
    def alerts(self) -> str:
        """How the alerts themselves are reached; a subquery's own look at them is named `t`."""
        return next(step for step in self.steps if step.split()[1] == "a")

    @property
    def indexes(self) -> str:
        """Every step that reads the table of alerts."""
        return "\n".join(step for step in self.steps if step.split()[1] in ("a", "t"))

    @property
    def is_scan(self) -> bool:
        """Every alert is read, in the order of the alertid, or every event for its alerts."""
        return self.alerts == "SCAN a" or any(step.startswith("SCAN e") for step in self.steps)

    @property
    def is_sorted(self) -> bool:
        """All that was found is sorted before the first row is there."""
        return WHOLE_SORT in self.steps


@dataclass(frozen=True)
class Request:
    """A recorded request for alerts."""

    params: Params
    caller: Caller

    @property
    def text(self) -> str:
        return f"{self.caller.type.name} {json.dumps(self.params)}"

    @property
    def ids(self) -> set[str]:
        return {name for name in IDS if self.params.get(name) is not None}

    @property
    def sort(self) -> list[Any]:
        sort = self.params.get("sortfield", [])
        return sort if isinstance(sort, list) else [sort]

    @property
    def is_count(self) -> bool:
        return self.params.get("countOutput") not in (None, False)

    @property
    def asks_for_ids_or_times(self) -> bool:
        """Ids of an object that an event of the kind asked for does not have ask for nothing."""
        kind, ids = int(str(self.params.get("eventobject", 0))), self.ids
        ids -= {"hostids", "groupids"} if kind not in HOST_OBJECTS else set()
        ids -= {"objectids"} if kind not in OBJECTS_WITH_IDS else set()
        return bool(ids) or any(self.params.get(name) is not None for name in TIMES)


def plan_of(connection: sqlite3.Connection, params: Params, caller: Caller) -> Plan:
    statement, args = get.statement(params, caller)
    return explained(connection, statement.sql, args)


def explained(connection: sqlite3.Connection, sql: str, args: tuple[Any, ...] = ()) -> Plan:
    return Plan(tuple(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", args)))


def picked(connection: sqlite3.Connection, request: Request) -> float:
    """The share of the alerts of the events' kind that the request's ids and times alone pick."""
    asked: Params = {
        name: value for name, value in request.params.items() if name in IDS or name in get.resource.parameters
    }
    every: Params = {name: value for name, value in asked.items() if name in ("eventsource", "eventobject")}
    return counted(connection, asked, request.caller) / (counted(connection, every, request.caller) or 1)


def counted(connection: sqlite3.Connection, params: Params, caller: Caller) -> int:
    statement, args = get.statement({**params, "countOutput": True}, caller)
    return int(json.loads(connection.execute(statement.sql, args).fetchone()[0]))


def steps_of(connection: sqlite3.Connection, params: Params, caller: Caller) -> int:
    """How many instructions SQLite's machine takes for a statement."""
    statement, args = get.statement(params, caller)
    return machine_steps(connection, statement.sql, args)


def connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, factory=SqliteConnection)
    for name, function in FUNCTIONS.items():
        connection.create_function(name, -1, function, deterministic=True)
    return connection


@pytest.fixture(scope="module")
def recorded(loaded_database: Path) -> Iterator[sqlite3.Connection]:
    connection = connected(loaded_database)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    folder = tmp_path_factory.mktemp("big")
    data.write(folder / "data.jsonl", ALERTS)
    done = run_alertrpc("load", str(folder / "data.jsonl"), "--database", f"sqlite:///{folder}/alertrpc.db")
    assert done.returncode == 0, done.stderr
    connection = connected(folder / "alertrpc.db")
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def requests(recorded: sqlite3.Connection) -> list[Request]:
    """Every recorded alert.get that was answered with a result, those in batches too."""
    users = recorded.execute("SELECT u.username, u.userid, r.type FROM users u JOIN role r ON r.roleid = u.roleid")
    callers = {username: Caller(userid, UserType(kind)) for username, userid, kind in users if kind}
    return [Request(dict(members(params) or {}), callers[user]) for user, params in answered()]


def answered() -> Iterator[tuple[str, Any]]:
    """The user and the parameters of each."""
    for case in json_lines(EXCHANGES):
        if not case["as"] or "request" not in case or not isinstance(case.get("response"), dict):
            continue
        if "result" in case["response"] and case["request"]["method"].lower() == "alert.get":
            yield case["as"], case["request"]["params"]


def test_there_are_many_requests(requests: list[Request]) -> None:
    assert len(requests) > 800
    assert sum(request.asks_for_ids_or_times for request in requests) > 300
    assert {request.caller.type for request in requests} == set(UserType)


def test_few_alerts_by_id_or_time_are_found_through_an_index(
    recorded: sqlite3.Connection, requests: list[Request]
) -> None:
    faults = []
    for request in requests:
        if not request.asks_for_ids_or_times or not plan_of(recorded, request.params, request.caller).is_scan:
            continue
        if all(request.params[name] != [] for name in request.ids) and picked(recorded, request) < FEW:
            faults.append(request.text)
    assert not faults, "every alert is read for few:\n" + "\n".join(faults)


def test_every_alert_is_read_only_in_the_order_asked_for(recorded: sqlite3.Connection, requests: list[Request]) -> None:
    faults = []
    for request in requests:
        is_asked = not request.is_count and (request.sort or ["alertid"])[0] == "alertid"
        if is_asked or not (request.asks_for_ids_or_times or request.sort):
            continue
        if plan_of(recorded, request.params, request.caller).is_scan:
            faults.append(request.text)
    assert not faults, "every alert is read, in an order that nobody asked for:\n" + "\n".join(faults)


@pytest.mark.parametrize("database", ["recorded", "big"])
def test_an_order_alone_is_an_indexes(request: pytest.FixtureRequest, database: str, requests: list[Request]) -> None:
    connection: sqlite3.Connection = request.getfixturevalue(database)
    asked = [one for one in requests if one.sort and not one.asks_for_ids_or_times and not one.params.get("filter")]
    sorted_whole = [one.text for one in asked if plan_of(connection, one.params, one.caller).is_sorted]
    assert len(asked) > 100
    assert not sorted_whole


@pytest.mark.parametrize("caller", [ADMIN, READER], ids=["super-admin", "user"])
@pytest.mark.parametrize(("params", "index"), FOUND_BY, ids=[json.dumps(params) for params, _ in FOUND_BY])
def test_a_parameter_is_found_by_its_index(
    big: sqlite3.Connection, params: dict[str, Any], index: str, caller: Caller
) -> None:
    plan = plan_of(big, params, caller)
    assert not plan.is_scan
    assert index in plan.indexes, plan.steps


@pytest.mark.parametrize("caller", [ADMIN, READER], ids=["super-admin", "user"])
@pytest.mark.parametrize("name", IDS)
def test_no_ids_read_no_alerts(big: sqlite3.Connection, name: str, caller: Caller) -> None:
    assert steps_of(big, {name: []}, caller) < ALERTS


@pytest.mark.parametrize("caller", [ADMIN, READER], ids=["super-admin", "user"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("params", IN_ORDER, ids=lambda params: params["sortfield"])
def test_the_first_rows_in_an_order_need_no_sort(
    big: sqlite3.Connection, params: dict[str, Any], direction: str, caller: Caller
) -> None:
    asked: Params = {**params, "sortorder": direction, "limit": 10}
    assert not plan_of(big, asked, caller).is_sorted


def test_a_scan_and_a_sort_are_told_from_an_index(big: sqlite3.Connection) -> None:
    plan = explained(big, "SELECT a.message FROM alerts a ORDER BY a.subject")
    assert plan.is_scan
    assert plan.is_sorted
