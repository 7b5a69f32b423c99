"""The statements in files: each is used, and each that is used is there."""

import re
import sqlite3
from collections import Counter

import pytest

from alertrpc.store.connection import SqliteConnection
from alertrpc.store.schema import schema_sql
from alertrpc.store.statements import SQL
from alertrpc.store.tables import TABLES
from tests.support import ROOT

STORE = ROOT / "alertrpc" / "store"


@pytest.fixture(scope="module")
def connection() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", factory=SqliteConnection)
    connection.executescript(schema_sql())
    return connection


def test_each_statement_is_used() -> None:
    code = "".join([path.read_text("utf-8") for path in STORE.rglob("*.*") if path.suffix in (".py", ".sql")])
    assert SQL.keys() - set(re.findall(r'["@](\w+\.\w+)', code)) == set()


def test_each_statement_that_is_used_is_there() -> None:
    code = "".join([path.read_text("utf-8") for path in STORE.rglob("*.py")])
    assert set(re.findall(r'SQL\["([^"]*)"\]', code)) <= SQL.keys()


def test_each_name_is_given_once() -> None:
    for path in STORE.rglob("*.sql"):
        names = Counter(re.findall(r"^-- name: (.*)$", path.read_text("utf-8"), re.MULTILINE))
        assert set(names.values()) == {1}, path.name


@pytest.mark.parametrize("name", SQL)
def test_a_statement_is_of_this_schema(name: str, connection: sqlite3.Connection) -> None:
    sql = SQL[name]
    connection.execute(f"EXPLAIN {sql}", [None] * sql.count("?"))


@pytest.mark.parametrize("row", TABLES)
def test_the_fields_of_a_row_are_columns_of_its_table(
    row: type[tuple[object, ...]], connection: sqlite3.Connection
) -> None:
    columns = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({TABLES[row]})")}
    assert set(row.__annotations__) <= columns
