"""A push that says what the last one of its alarm said: it changes times, and whatever has changed meanwhile is seen."""

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from alertrpc.ledger.alarm import Alarm
from alertrpc.ledger.ledger import Timer, put_aside
from alertrpc.store.connection import connect, transaction
from alertrpc.store.database import create
from alertrpc.store.tables import AlarmTimes
from tests.receivers import new_database, post
from tests.support import serving
from tests.test_ledger import DBA_STEP, MINUTE, START, WAKE, Book, an_alarm
from tests.wire import execute

ALARM = an_alarm(
    summary="full", description="99 %", url="http://a/", annotations={"a": "b"}, expires_at=START + 5 * MINUTE
)
TIMES: dict[str, Any] = {"active_at": START + 1, "resolved_at": START + 2, "expires_at": START + 3}
# What a push may say otherwise, and where it is on record.
CHANGES: dict[str, tuple[Any, str]] = {
    "level": (1, "SELECT level FROM alarms"),
    "name": ("other", "SELECT name FROM alarms"),
    "labels": ({"cluster": "prod-2"}, "SELECT json_group_object(tag, value) FROM event_tag"),
    "summary": ("fuller", "SELECT summary FROM alarms"),
    "description": ("100 %", "SELECT description FROM alarms"),
    "url": ("http://b/", "SELECT url FROM alarms"),
    "annotations": ({"a": "c"}, "SELECT annotations FROM alarms"),
}
IDENTITY: dict[str, Any] = {"alarm_type": "other", "target": "other"}


def opened(path: Path) -> Iterator[Book]:
    with closing(connect(path)) as connection:
        yield Book(connection)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create(tmp_path / "alertrpc.db")
    return tmp_path / "alertrpc.db"


@pytest.fixture
def book(path: Path) -> Iterator[Book]:
    yield from opened(path)


@pytest.fixture
def other(path: Path) -> Iterator[Book]:
    """The ledger of another process."""
    yield from opened(path)


def content(book: Book) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, but for the times and ends of alarms."""
    tables = [row["name"] for row in book.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    found = {table: book.rows(f"SELECT * FROM {table}") for table in tables}
    for alarm in found["alarms"]:
        del alarm["updated_at"], alarm["expires_at"], alarm["reports"]
    return found


def times(book: Book) -> tuple[int, int | None]:
    [row] = book.rows("SELECT updated_at, expires_at FROM alarms")
    return row["updated_at"] - START, row["expires_at"] and row["expires_at"] - START


def test_the_same_push_again_changes_times_alone(book: Book) -> None:
    book.apply(WAKE)
    first = book.record(ALARM)
    before = content(book)
    statements: list[str] = []
    book.connection.set_trace_callback(statements.append)
    assert book.record(replace(ALARM, expires_at=START + 9 * MINUTE), at=MINUTE) == first
    book.connection.set_trace_callback(None)
    assert times(book) == (MINUTE, 9 * MINUTE)
    assert content(book) == before
    [written] = [sql for sql in statements if "UPDATE" in sql or "INSERT" in sql or "DELETE" in sql]
    assert all(name in written for name in AlarmTimes._fields)
    assert not [sql for sql in statements if "description" in sql.replace("t.description", "")], "no alarm is read"


def test_every_field_of_an_alarm_is_among_these() -> None:
    assert {field.name for field in fields(Alarm)} == {
        *CHANGES,
        *IDENTITY,
        *TIMES,
        "identity",
        "is_active",
        "endpoint",
        "ended_by_clock",
    }


@pytest.mark.parametrize("name", [*CHANGES, *IDENTITY])
def test_a_digest_is_of_all_that_a_push_says(name: str) -> None:
    value = IDENTITY[name] if name in IDENTITY else CHANGES[name][0]
    assert replace(ALARM, **{name: value}).digest(1) != ALARM.digest(1)


def test_a_digest_is_not_of_times() -> None:
    assert replace(ALARM, **TIMES).digest(1) == ALARM.digest(1) != ALARM.digest(2)


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_push_says_otherwise_is_on_record(book: Book, name: str) -> None:
    value, sql = CHANGES[name]
    book.record(ALARM)
    before = book.one(sql)
    for push, said in ((replace(ALARM, **{name: value}), True), (ALARM, False)):
        for minute in (1, 2):
            book.record(push, at=minute * MINUTE)
            assert (book.one(sql) != before) is said
            assert times(book)[0] == minute * MINUTE


def test_pushes_in_one_batch_count_one_after_the_other(book: Book) -> None:
    book.record(ALARM)
    book.record(ALARM, replace(ALARM, summary="fuller"), ALARM, replace(ALARM, summary="fullest"), at=MINUTE)
    assert book.one("SELECT summary FROM alarms") == "fullest"
    book.record(ALARM, replace(ALARM, is_active=False), ALARM, at=2 * MINUTE)
    assert book.one("SELECT COUNT(*) FROM alarms") == 2
    assert book.one("SELECT summary FROM alarms WHERE resolved_at IS NULL") == "full"


def test_a_rule_that_is_new_takes_the_same_push(book: Book) -> None:
    book.record(ALARM)
    book.record(ALARM, at=MINUTE)
    assert book.alerts() == []
    book.apply(WAKE)
    for minute in (2, 3):
        book.record(ALARM, at=minute * MINUTE)
        assert len(book.alerts()) == 1
    book.apply(WAKE, replace(WAKE, name="Second", steps=(DBA_STEP,)))
    for minute in (4, 5):
        book.record(ALARM, at=minute * MINUTE)
        assert len(book.alerts()) == 2


def test_a_rule_that_changes_sets_the_end_of_the_same_push(book: Book) -> None:
    alarm = replace(ALARM, expires_at=None)
    book.record(alarm)
    assert times(book) == (0, None)
    for minute, after in ((1, 60), (3, 120), (5, None)):
        book.apply(replace(WAKE, resolve_after=after))
        for at in (minute * MINUTE, (minute + 1) * MINUTE):
            book.record(alarm, at=at)
            assert times(book) == (at, after and at + after * 1000)


@pytest.mark.parametrize(("sender", "expected"), [(None, 2 * MINUTE), (MINUTE, MINUTE), (9 * MINUTE, 2 * MINUTE)])
def test_the_same_push_ends_at_the_earliest_time(book: Book, sender: int | None, expected: int) -> None:
    book.apply(replace(WAKE, resolve_after=3600), replace(WAKE, name="Short", resolve_after=120))
    for at in (0, MINUTE, 2 * MINUTE):
        expires_at = None if sender is None else START + at + sender
        book.record(replace(ALARM, expires_at=expires_at), at=at)
        assert times(book) == (at, at + expected)
    assert book.advance(2 * MINUTE + expected - 1) == 2 * MINUTE + expected
    assert book.one("SELECT resolved_at FROM alarms") is None
    book.advance(2 * MINUTE + expected)
    assert book.one("SELECT resolved_at FROM alarms") == START + 2 * MINUTE + expected


def test_the_same_push_after_the_end_is_a_new_alarm(book: Book) -> None:
    [first] = book.record(ALARM)
    book.advance(5 * MINUTE)
    [second] = book.record(replace(ALARM, expires_at=None), at=6 * MINUTE)
    assert second != first


def test_the_same_push_sets_a_time_that_was_put_aside(book: Book) -> None:
    [eventid] = book.record(ALARM)
    assert eventid is not None
    put_aside(Timer(eventid), book.connection)
    assert times(book) == (0, None)
    book.record(ALARM, at=MINUTE)
    assert times(book) == (MINUTE, 5 * MINUTE)


def test_processes_see_what_each_other_record(book: Book, other: Book) -> None:
    changed = replace(ALARM, summary="fuller")
    book.record(ALARM)
    other.record(ALARM, at=MINUTE)
    assert times(book)[0] == MINUTE
    other.record(changed, at=2 * MINUTE)
    book.record(ALARM, at=3 * MINUTE)
    assert other.one("SELECT summary FROM alarms") == "full"
    other.apply(WAKE)
    book.record(ALARM, at=4 * MINUTE)
    other.record(ALARM, at=5 * MINUTE)
    assert len(book.alerts()) == 1


def test_two_servers_of_one_database(tmp_path: Path) -> None:
    database = new_database(tmp_path / "servers.db")
    with serving(database) as one, serving(database) as two:
        for server, text in (
            (one, "full"),
            (two, "full"),
            (two, "fuller"),
            (one, "fuller"),
            (one, "full"),
            (two, "full"),
        ):
            body = [{"labels": {"alertname": "Full"}, "annotations": {"summary": text}}]
            status, answer = post(server.port, "/api/v2/alerts", body)
            assert (status, len(answer["data"])) == (200, 1)
            assert execute(database, "SELECT summary FROM alarms") == [(text,)]


def test_what_is_rolled_back_was_not_said(book: Book) -> None:
    changed = replace(ALARM, summary="fuller")
    book.record(ALARM)
    for alarm in (changed, ALARM):
        with suppress(ZeroDivisionError), transaction(book.connection):
            book.ledger.record([changed], START + MINUTE, book.connection)
            raise ZeroDivisionError
        assert times(book)[0] < MINUTE
        book.record(alarm, at=1)
        assert book.one("SELECT summary FROM alarms") == alarm.summary


def test_an_alarm_of_an_older_schema_is_read_once(book: Book) -> None:
    book.apply(WAKE)
    [eventid] = book.record(ALARM)
    book.execute("UPDATE alarms SET digest = ''")
    assert book.record(ALARM, at=MINUTE) == [eventid]
    assert book.one("SELECT digest FROM alarms") != ""
    assert len(book.alerts()) == 1
