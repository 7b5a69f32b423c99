"""The schema and its migrations: made, brought up to date, or refused with nothing changed."""

import logging
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from alertrpc.errors import StoreError
from alertrpc.store.connection import connect, transaction
from alertrpc.store.database import create
from alertrpc.store.loading import load_file
from alertrpc.store.schema import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    create_schema,
    migrate,
    migrations,
    schema_sql,
    schema_version,
    usable_version,
)
from tests.receivers import older_database
from tests.support import ROOT

LINES = schema_sql().splitlines()
TABLES = [line.split()[2] for line in LINES if line.startswith("CREATE TABLE")]
# What two later versions might do to the schema of this one.
LATER: Mapping[int, tuple[str, ...]] = {
    SCHEMA_VERSION: ("ALTER TABLE alerts ADD COLUMN note TEXT NOT NULL DEFAULT ''",),
    SCHEMA_VERSION + 1: ("CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT", "UPDATE role SET name = 'migrated'"),
}
NEWEST = SCHEMA_VERSION + len(LATER)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(tmp_path / "alertrpc.db", create=True)
    yield connection
    connection.close()


@pytest.fixture
def connection(empty: sqlite3.Connection) -> sqlite3.Connection:
    """A connection to a database with the schema and one role."""
    with transaction(empty):
        create_schema(empty)
    empty.execute("INSERT INTO role (roleid, name, type) VALUES (1, 'User role', 1)")
    return empty


@pytest.fixture
def connection_of_newest(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(tmp_path / "newest.db", create=True)
    with transaction(connection):
        create_schema(connection)
    yield connection
    connection.close()


def content(connection: sqlite3.Connection) -> list[str]:
    return list(connection.iterdump())


def test_the_schema_is_made_as_it_stands_in_the_file(connection: sqlite3.Connection) -> None:
    made = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert made == TABLES
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert schema_version(connection) == SCHEMA_VERSION


def test_the_schema_is_made_once(connection: sqlite3.Connection) -> None:
    before = content(connection)
    with transaction(connection):
        assert not create_schema(connection)
    assert content(connection) == before


def test_the_whole_file_is_run(tmp_path: Path, connection: sqlite3.Connection) -> None:
    script = sqlite3.connect(tmp_path / "script.db")
    script.executescript((ROOT / "schema.sql").read_text("utf-8"))
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    wanted = [(*row[:3], row[3].strip().rstrip(";")) for row in script.execute(query)]
    script.close()
    assert [(*row[:3], row[3].strip().rstrip(";")) for row in connection.execute(query)] == wanted


def test_a_schema_is_made_whole_or_not_at_all(empty: sqlite3.Connection) -> None:
    empty.set_authorizer(
        lambda action, name, *_: (
            sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_CREATE_TABLE and name == TABLES[-1] else sqlite3.SQLITE_OK
        )
    )
    with pytest.raises(sqlite3.DatabaseError), transaction(empty):
        create_schema(empty)
    empty.set_authorizer(None)
    assert content(empty) == ["BEGIN TRANSACTION;", "COMMIT;"]
    assert schema_version(empty) == 0


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_strict_and_explained(table: str) -> None:
    start = LINES.index(f"CREATE TABLE {table} (")
    assert re.match(r"-- \S", LINES[start - 1])
    end = next(line for line in LINES[start:] if line.startswith(")"))
    assert "STRICT" in end


def test_there_is_a_migration_from_every_older_version() -> None:
    assert sorted(migrations()) == list(range(1, SCHEMA_VERSION))


def test_a_schema_of_version_1_becomes_the_newest(
    empty: sqlite3.Connection, connection_of_newest: sqlite3.Connection
) -> None:
    first, _, _ = schema_sql().partition("-- Version 2: ")
    empty.executescript(first)
    empty.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    empty.execute("PRAGMA user_version = 1")
    assert migrate(empty) == 1
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
    assert list(empty.execute(query)) == list(connection_of_newest.execute(query))


def test_a_new_database_can_give_back_space(tmp_path: Path) -> None:
    """And an older one works as it is."""
    create(tmp_path / "new.db")
    older_database(tmp_path / "old.db", 5)
    create(tmp_path / "old.db")
    load_file(tmp_path / "loaded.db", [], str)
    modes = []
    for name in ("new.db", "loaded.db", "old.db"):
        with closing(connect(tmp_path / name)) as connection:
            modes.append(connection.execute("PRAGMA auto_vacuum").fetchone())
            assert schema_version(connection) == SCHEMA_VERSION
    assert modes == [(2,), (2,), (0,)]


def test_a_schema_up_to_date_stays(connection: sqlite3.Connection) -> None:
    before = content(connection)
    assert migrate(connection) == SCHEMA_VERSION
    assert content(connection) == before


def test_an_older_schema_is_migrated(connection: sqlite3.Connection, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert migrate(connection, steps=LATER, newest=NEWEST) == SCHEMA_VERSION
    assert schema_version(connection) == NEWEST
    assert connection.execute("SELECT name FROM role WHERE roleid = 1").fetchone() == ("migrated",)
    assert connection.execute("SELECT note FROM alerts").fetchall() == []
    assert migrate(connection, steps=LATER, newest=NEWEST) == NEWEST
    assert caplog.messages == [f"the schema is brought from version {SCHEMA_VERSION} to version {NEWEST}"]


@pytest.mark.parametrize("step", range(len(LATER)))
def test_a_migration_that_fails_changes_nothing(connection: sqlite3.Connection, step: int) -> None:
    broken = {**LATER, SCHEMA_VERSION + step: (*LATER[SCHEMA_VERSION + step], "DELETE FROM nowhere")}
    before = content(connection)
    with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
        migrate(connection, steps=broken, newest=NEWEST)
    assert content(connection) == before
    assert schema_version(connection) == SCHEMA_VERSION
    assert not connection.in_transaction


def test_a_schema_migrated_meanwhile_is_not_migrated_again(
    connection: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process may have been quicker between the look at the version and the transaction."""
    caplog.set_level(logging.INFO)
    other = connect(Path(connection.execute("PRAGMA database_list").fetchone()[2]))

    def migrate_first(action: int, *_: object) -> int:
        if action == sqlite3.SQLITE_TRANSACTION:
            connection.set_authorizer(None)
            migrate(other, steps=LATER, newest=NEWEST)
        return sqlite3.SQLITE_OK

    connection.set_authorizer(migrate_first)
    migrate(connection, steps=LATER, newest=NEWEST)
    other.close()
    assert schema_version(connection) == NEWEST
    assert len(caplog.messages) == 1


def test_a_newer_schema_is_refused(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = content(connection)
    for refused in (migrate, usable_version):
        with pytest.raises(StoreError, match=f"version {SCHEMA_VERSION + 1}, this alertrpc knows up to"):
            refused(connection)
    assert content(connection) == before


def test_an_empty_file_has_no_schema(empty: sqlite3.Connection) -> None:
    assert schema_version(empty) == 0
    for refused in (migrate, usable_version):
        with pytest.raises(StoreError, match="there is no schema in it; `alertrpc init` makes it"):
            refused(empty)


def test_a_database_of_another_program_is_refused(empty: sqlite3.Connection) -> None:
    empty.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)")
    before = content(empty)
    with pytest.raises(StoreError, match="a database of another program"), transaction(empty):
        create_schema(empty)
    with pytest.raises(StoreError, match="a database of another program"):
        migrate(empty)
    assert content(empty) == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam,\n" * 100)
    connection = sqlite3.connect(path)
    try:
        with pytest.raises(StoreError, match="not a database"):
            schema_version(connection)
    finally:
        connection.close()
    assert path.read_text().startswith("Dear Sir")
