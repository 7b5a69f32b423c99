"""Every way to a page, and to a count, gives the rows of the plain statement in the same order."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.api.get import GET_METHODS, GetMethod
from alertrpc.query import finding, walking, ways
from alertrpc.query.functions import FUNCTIONS
from alertrpc.query.resources import RESOURCES
from alertrpc.records import Caller, Params, UserType
from alertrpc.store.connection import connect_reader
from alertrpc.store.rows import begin_found, fetch_found, fetch_joined, found_statement
from tests import made_up_alerts as made_up

CALLERS = [
    Caller(made_up.SUPER_ADMIN, UserType.SUPER_ADMIN),
    Caller(made_up.READER, UserType.USER),
    Caller(made_up.STRANGER, UserType.USER),
]
WAYS = [
    "as it comes",
    "whatever ends, in small parts",
    "a walk",
    "a walk in small parts",
    "the whole table",
    *[f"the rows of condition {number}" for number in range(4)],
]


def ids(most: int) -> st.SearchStrategy[Any]:
    return st.lists(st.integers(0, most).map(str), max_size=4) | st.integers(1, most).map(str)


def sorts(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    order = st.sampled_from(["ASC", "DESC"])
    fields = st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)
    return st.fixed_dictionaries({"sortfield": fields, "sortorder": order | st.lists(order, max_size=3)}) | st.just({})


FILTER: dict[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from([0, 1, 2, 3, [0, 2], [1, 3]]),
    "mediatypeid": st.sampled_from([0, 1, 2, [1, 3], [0, 2]]),
    "acknowledgeid": st.sampled_from([0, 1, [1, 2]]),
    "actionid": st.integers(1, made_up.ACTIONS + 1),
    "userid": st.sampled_from([0, 2, [2, 3]]),
}
TEXT = st.sampled_from(["disk", "ü", "%", "cpu", "nothing like it"])
OF_ALERTS: dict[str, st.SearchStrategy[Any]] = {
    "alertids": ids(made_up.ALERTS),
    "eventids": ids(made_up.EVENTS),
    "actionids": ids(made_up.ACTIONS),
    "userids": ids(made_up.USERS),
    "mediatypeids": ids(3),
    "objectids": ids(made_up.OBJECTS),
    "hostids": ids(made_up.HOSTS),
    "groupids": ids(made_up.GROUPS),
    "time_from": st.integers(0, 9),
    "time_till": st.integers(1, 10),
    "editable": st.booleans(),
    "filter": st.fixed_dictionaries({}, optional=FILTER),
    "search": st.fixed_dictionaries({}, optional=dict.fromkeys(("sendto", "subject", "message", "error"), TEXT)),
    "searchByAny": st.booleans(),
    "excludeSearch": st.booleans(),
    "preservekeys": st.booleans(),
}
KIND = st.sampled_from([{}, {}, *[{"eventsource": source, "eventobject": kind} for source, kind in made_up.KINDS]])
OF_EVENTS: dict[str, st.SearchStrategy[Any]] = {
    "eventids": ids(made_up.EVENTS),
    "objectids": ids(made_up.OBJECTS),
    "hostids": ids(made_up.HOSTS),
    "groupids": ids(made_up.GROUPS),
    "eventid_from": st.integers(1, made_up.EVENTS).map(str),
    "eventid_till": st.integers(1, made_up.EVENTS).map(str),
    "time_from": st.integers(0, 9),
    "time_till": st.integers(1, 10),
    "value": st.sampled_from([0, 1, [0, 1]]),
    "trigger_severities": st.sampled_from([[0], [1, 2]]),
    "problem_time_from": st.integers(1, 9),
    "problem_time_till": st.integers(1, 9),
    "filter": st.fixed_dictionaries({}, optional={"value": st.sampled_from([0, 1]), "objectid": st.integers(1, 12)}),
    "search": st.fixed_dictionaries({"name": TEXT}),
}
EVENT_KIND = st.sampled_from([{}, {}, *[{"source": source, "object": kind} for source, kind in made_up.KINDS]])


def some(of: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """A few of the parameters."""
    return st.lists(st.sampled_from(sorted(of)), max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: of[name] for name in names})
    )


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = made_up.make(tmp_path_factory.mktemp("ways") / "alertrpc.db", seed=16)
    connection = connect_reader(path, 2048, 64, FUNCTIONS)
    yield connection
    connection.close()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes one way the only one that ends, if the request has it."""
    way: str = request.param
    if way == WAYS[0]:
        return way
    monkeypatch.setattr(ways, "FIRST_ROWS", 3 if way.endswith("small parts") else 10**6)
    monkeypatch.setattr(ways, "is_table_within", _answering(way == "the whole table"))
    if way == WAYS[1]:
        return way
    within = _WithinOnce(int(way[-1])) if way[-1].isdigit() else _answering(is_so=False)
    for module in (ways, walking):
        monkeypatch.setattr(module, "are_within", within)
    return way


def _answering(is_so: bool) -> Callable[..., finding.Steps[bool]]:
    def steps(*_: object) -> finding.Steps[bool]:
        return is_so
        yield  # a generator, as the real one

    return steps


class _WithinOnce:
    """The rows of every condition are too many, but for one of every few."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._asked = 0

    def __call__(self, *_: object) -> finding.Steps[bool]:
        self._asked += 1
        return self._asked % 4 == self._number
        yield


def both(connection: sqlite3.Connection, method: GetMethod, params: Params, caller: Caller) -> tuple[Any, Any]:
    """The answers of the ways and of the plain statement."""
    search = method.ways(params, caller)
    assert search is not None
    statement, args = method.statement(params, caller)
    return fetch_found(search, connection), fetch_joined(statement.sql, args, connection)


def compare(connection: sqlite3.Connection, name: str, params: Params, caller: Caller) -> None:
    """The page has the rows of the plain statement; short reads have no ways."""
    method = GetMethod(RESOURCES[name])
    if not method.statement(params, caller)[0].short:
        found, plain = both(connection, method, params, caller)
        assert found == plain


@given(
    asked=some(OF_ALERTS),
    kind=KIND,
    sort=sorts("alertid", "clock", "eventid", "status", "sendto", "mediatypeid"),
    limit=st.sampled_from([1, 2, 7, 40, 100]),
    caller=st.sampled_from(CALLERS),
)
def test_a_page_of_alerts(
    connection: sqlite3.Connection,
    way: str,
    asked: dict[str, Any],
    kind: dict[str, Any],
    sort: dict[str, Any],
    limit: int,
    caller: Caller,
) -> None:
    params: Params = {**asked, **kind, **sort, "limit": limit, "output": ["alertid", "status", "sendto"]}
    compare(connection, "alert", params, caller)


@given(asked=some(OF_ALERTS), kind=KIND, caller=st.sampled_from(CALLERS))
def test_a_count_of_alerts(
    connection: sqlite3.Connection, way: str, asked: dict[str, Any], kind: dict[str, Any], caller: Caller
) -> None:
    found, plain = both(connection, GetMethod(RESOURCES["alert"]), {**asked, **kind, "countOutput": True}, caller)
    assert found == plain


@given(
    asked=some(OF_EVENTS),
    kind=EVENT_KIND,
    sort=sorts("eventid", "objectid", "clock"),
    limit=st.sampled_from([1, 2, 7, 40]),
    caller=st.sampled_from(CALLERS),
)
def test_a_page_of_events(
    connection: sqlite3.Connection,
    way: str,
    asked: dict[str, Any],
    kind: dict[str, Any],
    sort: dict[str, Any],
    limit: int,
    caller: Caller,
) -> None:
    params: Params = {**asked, **kind, **sort, "limit": limit, "output": ["eventid", "clock", "r_eventid"]}
    compare(connection, "event", params, caller)


@pytest.mark.parametrize("most", [0, 1, 5])
@given(asked=some(OF_ALERTS), kind=KIND, caller=st.sampled_from(CALLERS))
def test_members_are_checked_if_they_are_many(
    connection: sqlite3.Connection, most: int, asked: dict[str, Any], kind: dict[str, Any], caller: Caller
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "MOST_MEMBERS", most)
        found, plain = both(connection, GetMethod(RESOURCES["alert"]), {**asked, **kind, "countOutput": True}, caller)
    assert found == plain


@pytest.mark.parametrize("most", [0, 1, 5])
@given(asked=some(OF_ALERTS), kind=KIND, caller=st.sampled_from(CALLERS), sort=sorts("clock", "status", "eventid"))
def test_a_page_with_many_members(
    connection: sqlite3.Connection,
    most: int,
    asked: dict[str, Any],
    kind: dict[str, Any],
    caller: Caller,
    sort: dict[str, Any],
) -> None:
    params: Params = {**asked, **kind, **sort, "limit": 20, "output": ["alertid", "status"]}
    method = GetMethod(RESOURCES["alert"])
    if method.statement(params, caller)[0].short:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "MOST_MEMBERS", most)
        found, plain = both(connection, method, params, caller)
    assert found == plain


@pytest.mark.parametrize("limit", [1, 101, 1000])
def test_rows_are_streamed_in_one_snapshot(connection: sqlite3.Connection, limit: int) -> None:
    params: Params = {"limit": limit, "sortfield": ["status", "clock"], "output": ["alertid"]}
    method = GetMethod(RESOURCES["alert"])
    search = method.ways(params, CALLERS[0])
    assert search is not None
    statement, args = method.statement(params, CALLERS[0])
    assert begin_found(search, connection).fetchall() == connection.execute(statement.sql, args).fetchall()
    assert not connection.in_transaction


def test_a_search_reads_one_snapshot(connection: sqlite3.Connection) -> None:
    search = GET_METHODS["alert"].ways({"limit": 5, "sortfield": "clock"}, CALLERS[0])
    assert search is not None
    assert not connection.in_transaction
    fetch_found(search, connection)
    assert not connection.in_transaction


def test_a_fault_ends_the_snapshot(tmp_path: Path) -> None:
    connection = connect_reader(made_up.make(tmp_path / "alertrpc.db", seed=1), 2048, 64, FUNCTIONS)
    search = GET_METHODS["alert"].ways({"limit": 5, "search": {"subject": "x" * 200}}, CALLERS[0])
    assert search is not None
    connection.set_progress_handler(lambda: 1, 1)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        fetch_found(search, connection)
    connection.set_progress_handler(None, 1)
    assert not connection.in_transaction
    assert found_statement(search, connection)[0]
    connection.close()
