"""Fragments of SQL that two engines say in different words."""

import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest

import alertrpc.query
from alertrpc.dialect import FRAGMENTS, Engine, filled, rendered
from alertrpc.query.resources import RESOURCES
from alertrpc.store import statements
from alertrpc.store.statements import SQL
from tests.test_architecture import FILES, named, texts

LIST = "SELECT @json_array_of(@json_object('id', q.value, 'at', '@json (')) FROM @numbers(?) q"


def test_a_fragment_is_said_in_the_words_of_each_engine() -> None:
    assert rendered(LIST, Engine.SQLITE) == (
        "SELECT json_group_array(json_object('id', q.value, 'at', '@json (')) FROM json_each(?) q"
    )
    assert rendered(LIST, Engine.POSTGRESQL) == (
        "SELECT COALESCE(json_agg(json_build_object('id', q.value, 'at', '@json (')), CAST('[]' AS json)) FROM LATERAL"
        " (SELECT CAST(value AS bigint) AS value FROM json_array_elements_text(CAST(? AS json))) q"
    )


@pytest.mark.parametrize("sql", ["SELECT a, (b), 'it''s (', f(c, g(d)) -- it's (\nFROM t", "SELECT '@json'", "", "a b"])
def test_what_is_no_fragment_stands_as_it_is(sql: str) -> None:
    assert rendered(sql, Engine.SQLITE) == rendered(sql, Engine.POSTGRESQL) == sql


def test_a_fragment_without_arguments() -> None:
    sql = "FROM a @ordered JOIN b ON b.id = a.id"
    assert rendered(sql, Engine.SQLITE) == "FROM a CROSS JOIN b ON b.id = a.id"
    assert rendered(sql, Engine.POSTGRESQL).split() == ["FROM", "a", "JOIN", "b", "ON", "b.id", "=", "a.id"]


def test_expressions_in_place_of_placeholders() -> None:
    assert filled("SELECT '?', @f(?, (?)) -- ?", ["a", "b(1)"]) == "SELECT '?', @f(a, (b(1))) -- ?"


def test_an_unknown_fragment() -> None:
    with pytest.raises(KeyError):
        rendered("SELECT @jsonn(1)", Engine.SQLITE)


@pytest.mark.parametrize("sql", ["SELECT @rows(?, a TEXT", "SELECT @rows((?, a TEXT)"])
def test_a_fragment_is_closed(sql: str) -> None:
    with pytest.raises(ValueError, match="not closed"):
        rendered(sql, Engine.SQLITE)


def test_rows_are_named_and_numbered() -> None:
    sql = "WITH given AS (@rows(?, identity TEXT, level BIGINT)) SELECT place, identity, level FROM given"
    found = sqlite3.connect(":memory:").execute(rendered(sql, Engine.SQLITE), ('[["a", 1], ["b", null]]',))
    assert found.fetchall() == [(0, "a", 1), (1, "b", None)]
    assert "CAST(r.value ->> 1 AS BIGINT) AS level" in rendered(sql, Engine.POSTGRESQL)


def test_rows_cost_no_table_of_their_own() -> None:
    sql = "WITH given AS (@rows(?, a TEXT, b TEXT)) SELECT t.id FROM given @ordered JOIN t ON t.id = given.b"
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    plan = connection.execute(f"EXPLAIN QUERY PLAN {rendered(sql, Engine.SQLITE)}", ("[]",)).fetchall()
    assert [step[3].split(" USING")[0] for step in plan] == ["SCAN r VIRTUAL TABLE INDEX 1:", "SEARCH t"]


@pytest.mark.parametrize("name", FRAGMENTS)
def test_the_table_is_of_two_engines(name: str) -> None:
    assert len(FRAGMENTS[name]) == len(Engine)


# What PostgreSQL does not have, or means otherwise; a fragment says it.
SQLITES_WORDS = re.compile(
    r"(?<![@\w])(json(_\w+)?\(|INDEXED BY|IIF\(|GLOB|group_concat|INSERT OR|LIMIT -1|(WHERE|AND|OR) [01]\b)"
    r"|AS BLOB|PRAGMA|\+[a-z]+\.[a-z]"
)
# How SQLite is opened, set up, loaded and read.
SQLITES_FILES = {
    f"store/{name}.py" for name in ("analysis", "connection", "database", "loading", "rows", "schema", "writes")
}
TABLE = re.compile(r"\b(?:FROM|JOIN) ([a-z_]+)(?: ([a-z]+))?")
ALIASES = {
    (table, alias)
    for room in (alertrpc.query, statements)
    for line in str(room.__doc__).splitlines()
    if line.startswith("    ")
    for table, alias in re.findall(r"([a-z_]+) {2,}([a-z]+)", line)
}
ROOMS = [path for path in FILES if named(path).startswith(("query/", "store/")) and named(path) not in SQLITES_FILES]


@pytest.mark.parametrize("path", ROOMS, ids=named)
def test_sql_has_no_words_of_sqlites_own(path: Path) -> None:
    assert [found[0] for text in texts(path) for found in SQLITES_WORDS.finditer(text)] == []


@pytest.mark.parametrize("name", SQL)
def test_statements_have_no_words_of_sqlites_own(name: str) -> None:
    assert [found[0] for found in SQLITES_WORDS.finditer(SQL[name])] == []


@pytest.mark.parametrize("path", [path for path in ROOMS if named(path).startswith("query/")], ids=named)
def test_a_table_has_one_alias(path: Path) -> None:
    assert not others(pair for text in texts(path) for pair in TABLE.findall(text))


@pytest.mark.parametrize("name", SQL)
def test_a_table_has_one_alias_in_statements(name: str) -> None:
    assert not others(pair for pair in TABLE.findall(SQL[name]) if pair[1])


def others(pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The tables that are named otherwise."""
    tables = {table for table, _ in ALIASES}
    return {(table, alias) for table, alias in pairs if table in tables} - ALIASES


def test_a_get_method_uses_the_alias_of_its_table() -> None:
    used = {(resource.table, resource.alias) for resource in RESOURCES.values() if not resource.table.startswith("(")}
    assert used <= ALIASES
