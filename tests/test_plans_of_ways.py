"""The plans of the ways to pages and counts: each statement names its index, and no statistics change how it is found."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from alertrpc.api.fields import members
from alertrpc.api.get import GET_METHODS
from alertrpc.errors import ApiError
from alertrpc.query.functions import FUNCTIONS
from alertrpc.records import Caller, Params, UserType
from alertrpc.store.connection import connect_reader
from alertrpc.store.rows import Search
from tests.support import EXCHANGES, READS, json_lines
from tests.test_query_plans import big  # noqa: F401 - a fixture

ALERTS = 20_000
LIMIT = 100
CALLERS = {"Admin": Caller(1, UserType.SUPER_ADMIN), "noc": Caller(2, UserType.USER)}
# Tables that are read in the order of their keys, or by an index that has the order.
WALKED = ("alert_index", "alerts", "events")
# What is small, or was found before.
SMALL = {
    "one", "member", "members", "looked", "listed", "counted", "page", "r", "ac", "mine", "theirs", "ug", "open_hosts", "w",
    "lasted", "CONSTANT", "none",
}  # fmt: skip
LONGEST = 1_500_000  # instructions of a page or a count; a look at each alert takes 300,000


def requests() -> Iterator[tuple[str, Params]]:
    """Every recorded request of a method that has ways, with a limit."""
    seen = set()
    for case in [*json_lines(EXCHANGES), *json_lines(READS)]:
        body = case.get("request")
        if not isinstance(body, dict) or body["method"].lower() not in ("alert.get", "event.get"):
            continue
        params = dict(members(body["params"]) or {})
        if not params.get("countOutput"):
            params["limit"] = params.get("limit") or LIMIT
        key = json.dumps([body["method"], params], sort_keys=True)
        if key not in seen:
            seen.add(key)
            yield body["method"].lower().removesuffix(".get"), params


def asked(caller: Caller) -> Iterator[tuple[str, Params, Search]]:
    for method, params in requests():
        try:
            search = GET_METHODS[method].ways(params, caller, 0)
        except ApiError:
            continue
        if search is not None:
            yield method, params, search


def steps_of(connection: sqlite3.Connection, search: Search) -> Iterator[tuple[str, Sequence[Any]]]:
    """The statements and their values, each run before the next is known."""
    steps, rows = search.steps(), None
    while True:
        try:
            statement = steps.send(rows) if rows is not None else next(steps)
        except StopIteration as end:
            yield end.value
            return
        yield statement
        rows = connection.execute(*statement).fetchall()


def unexpected(connection: sqlite3.Connection, sql: str, args: Sequence[Any]) -> list[str]:
    """Steps of a plan that read a whole table without saying so, or make an index of their own."""
    plan = [row[3].decode() for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", args)]
    is_walk = "@not_indexed" in sql or "@indexed_by" in sql or "SELECT COUNT(*) FROM" in sql
    return [
        step
        for step in plan
        if "AND (FALSE)" not in sql
        if "AUTOMATIC" in step
        or (
            step.startswith("SCAN ")
            and step.split()[1] not in SMALL
            and not (is_walk and step.split()[1] in ("a", "e", "texts"))
        )
    ]


@pytest.fixture(scope="module")
def reader(big: sqlite3.Connection) -> Iterator[sqlite3.Connection]:  # noqa: F811
    [(_, _, path)] = big.execute("PRAGMA database_list").fetchall()
    connection = connect_reader(Path(path), 2048, 64, FUNCTIONS)
    yield connection
    connection.close()


def test_there_are_many() -> None:
    assert len([*asked(CALLERS["Admin"])]) > 700


@pytest.mark.parametrize("caller", CALLERS)
def test_no_table_is_read_unnoticed(reader: sqlite3.Connection, caller: str) -> None:
    faults = []
    for method, params, search in asked(CALLERS[caller]):
        for sql, args in steps_of(reader, search):
            shows_rows = "(@rows(?, id BIGINT)) page" in sql
            if not shows_rows and (found := unexpected(reader, sql, args)):
                faults.append(f"{method} {params}: {found}: {sql}")
    assert not faults, "\n".join(faults[:5])


@pytest.mark.parametrize("caller", CALLERS)
def test_no_page_takes_long(reader: sqlite3.Connection, caller: str) -> None:
    instructions = 0

    def step() -> None:
        nonlocal instructions
        instructions += 100

    longest: list[tuple[int, str]] = []
    reader.set_progress_handler(step, 100)
    try:
        for method, params, search in asked(CALLERS[caller]):
            instructions = 0
            for _ in steps_of(reader, search):
                pass
            longest.append((instructions, f"{method} {params}"))
    finally:
        reader.set_progress_handler(None, 100)
    assert max(longest) < (LONGEST, ""), sorted(longest)[-3:]


@pytest.mark.parametrize("sort", ["clock", "eventid", "sendto"])
def test_ids_are_not_sought_through_an_order(reader: sqlite3.Connection, sort: str) -> None:
    """The last of many ids, in an order at whose end they stand: no step looks through the whole index."""
    params: Params = {
        "alertids": [str(alertid) for alertid in range(ALERTS - 1200, ALERTS)],
        "sortfield": sort,
        "search": {"subject": "nothing like it"},
        "limit": 1,
    }
    search = GET_METHODS["alert"].ways(params, CALLERS["Admin"])
    assert search is not None
    for sql, _ in steps_of(reader, search):
        assert " w " not in sql or "w.alertid IN" not in sql
