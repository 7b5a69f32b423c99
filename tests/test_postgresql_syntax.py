"""Every statement as PostgreSQL's own parser reads it, with PostgreSQL's fragments in it."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pglast import Error
from pglast.parser import parse_sql_json

from alertrpc.api.get import GET_METHODS
from alertrpc.dialect import Engine, filled, rendered
from alertrpc.errors import ApiError
from alertrpc.ocp.envelope import OcpFault
from alertrpc.ocp.lists import ALARMS, NOTIFICATIONS, OcpList, asked
from alertrpc.query.functions import FUNCTIONS
from alertrpc.query.logged_in import LOGGED_IN
from alertrpc.query.resources import RESOURCES
from alertrpc.records import Caller, Configuration, Params, Recovery, UserGroup, UserType
from alertrpc.store import connection
from alertrpc.store.applying.applying import bring
from alertrpc.store.bulk import TOGETHER, Row, insert_statement, update_statement
from alertrpc.store.connection import connect_reader
from alertrpc.store.database import administered, create
from alertrpc.store.sight import sight_of
from alertrpc.store.statements import SQL
from alertrpc.store.tables import TABLES
from tests import made_up_alerts as made_up
from tests.relations import Question, questions
from tests.support import EXCHANGES, READS, json_lines
from tests.test_apply import WAKE, WHOLE

CALLERS = [Caller(1, UserType.SUPER_ADMIN), Caller(2, UserType.USER)]


def fault(sql: str) -> str:
    """What PostgreSQL finds wrong; nothing, where it takes the statement."""
    text = filled(rendered(sql, Engine.POSTGRESQL), (f"${number}" for number in count(1)))
    try:
        json.loads(parse_sql_json(text), object_hook=named)
    except Error as error:
        return f"{error.args[0]}: {text}"
    return ""


def named(node: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL before 16 wants an alias of each subselect in FROM."""
    if "alias" not in node.get("RangeSubselect", {"alias": ""}):
        raise Error("a subselect without an alias")
    return node


def recorded() -> Iterator[Question]:
    """The get requests of the recorded exchanges."""
    for case in [*json_lines(EXCHANGES), *json_lines(READS)]:
        try:
            request: Any = json.loads(case["body"]) if "body" in case else case["request"]
        except ValueError:
            continue
        for call in request if isinstance(request, list) else [request]:
            name = str(call.get("method", "")).removesuffix(".get") if isinstance(call, dict) else ""
            if name in GET_METHODS and isinstance(call.get("params", {}), dict):
                yield Question(name, call.get("params", {}))


ASKED = [*questions(), *recorded()]
VALUES = ("1", "true", "OB", "Active", "Inactive", "Silenced", "Sending", "Limited", "2026-01-01T00:00:00Z")


def test_the_row_of_a_login() -> None:
    assert fault(LOGGED_IN) == ""


@pytest.mark.parametrize("method", RESOURCES)
def test_get_methods(method: str) -> None:
    statements: set[str] = set()
    for name, params in ASKED:
        if name != method:
            continue
        for caller in CALLERS:
            try:
                statement, _ = GET_METHODS[method].statement(params, caller)
            except ApiError:
                continue
            statements.add(statement.sql)
    assert statements
    assert [found for sql in sorted(statements) if (found := fault(sql))] == []


@pytest.mark.parametrize("of", [ALARMS, NOTIFICATIONS], ids=["alarms", "notifications"])
@pytest.mark.parametrize("caller", CALLERS)
def test_lists_of_ocp(of: OcpList, caller: Caller) -> None:
    for name in of.filters:
        statements = set()
        for value in VALUES:
            with suppress(OcpFault):
                conditions, page = asked(of, [(name, value)], caller)
                for is_indexed in (False, True):
                    statements.add(of.query(conditions, page, caller, is_indexed=is_indexed)[0])
        assert statements, name
        assert [found for sql in statements if (found := fault(sql))] == [], name


@pytest.mark.parametrize("name", SQL)
def test_statements_of_the_store(name: str) -> None:
    assert fault(SQL[name]) == ""


@pytest.mark.parametrize("statement", [insert_statement, update_statement])
@pytest.mark.parametrize("row", TABLES)
def test_rows_that_are_written(row: type[Row], statement: Callable[[type[Row], int], str]) -> None:
    assert [fault(statement(row, count)) for count in TOGETHER] == [""] * len(TOGETHER)


def test_statements_of_commands(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are put together of names of tables and columns, as a configuration comes and goes."""
    run: set[str] = set()

    def noted(sql: str) -> str:
        run.add(sql)
        return rendered(sql, Engine.SQLITE)

    create(path)
    monkeypatch.setattr(connection, "for_sqlite", noted)
    group = UserGroup(name="Night shift", members=("dba",), read=("Routers",), deny=("Secret",))
    bring(path, replace(WHOLE, user_groups=(group,)))
    bring(path, replace(WHOLE, actions=(replace(WAKE, recovery=Recovery.NEVER),)))
    bring(path, Configuration())
    with administered(path) as administering:
        sight_of("dba", administering)
    found = [sql for sql in run if not sql.startswith(("PRAGMA", "BEGIN")) and "sqlite_master" not in sql]
    assert len(found) > 50
    assert [told for sql in found if (told := fault(sql))] == []


WAYS: list[tuple[str, dict[str, Any]]] = [
    ("alert", {"groupids": ["1", "2"], "sortfield": ["clock", "alertid"], "sortorder": "DESC", "limit": 5}),
    ("alert", {"filter": {"status": [0, 2]}, "sortfield": ["mediatypeid", "status", "eventid"], "limit": 100}),
    ("alert", {"search": {"subject": "ü", "sendto": "disk"}, "sortfield": "sendto", "time_from": 2, "limit": 100}),
    ("alert", {"objectids": ["1", "2"], "editable": True, "time_till": 5, "limit": 100}),
    ("alert", {"countOutput": True, "hostids": ["1", "2"], "filter": {"status": 1}}),
    ("alert", {"countOutput": True, "groupCount": True}),
    ("event", {"groupids": "1", "eventid_from": "2", "time_from": 1, "sortfield": ["clock", "objectid"], "limit": 100}),
    ("event", {"problem_time_from": 1, "problem_time_till": 5, "value": [0, 1], "limit": 100}),
]


@pytest.mark.parametrize(("method", "params"), WAYS, ids=lambda given: str(given)[:60])
@pytest.mark.parametrize("kind", UserType)
def test_steps_of_ways(tmp_path: Path, method: str, params: Params, kind: UserType) -> None:
    path = made_up.make(tmp_path / "alertrpc.db", seed=3)
    search = GET_METHODS[method].ways(params, Caller(made_up.READER, kind))
    assert search is not None
    connection = connect_reader(path, 2048, 64, FUNCTIONS)
    steps, statements = search.steps(), []
    asked = next(steps)
    with suppress(StopIteration):
        while True:
            statements.append(asked[0])
            asked = steps.send(connection.execute(*asked).fetchall())
    connection.close()
    assert statements
    assert [found for sql in statements if (found := fault(sql))] == []
