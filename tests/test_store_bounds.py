"""What the store keeps within bounds: times of queries, sizes of claims, kept keys, ids of rows that are gone."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from alertrpc.api.credentials import Credentials, hash_session
from alertrpc.delivery.claims import Claim
from alertrpc.errors import QueryTimeout
from alertrpc.store import credentials as credential_rows
from alertrpc.store.alerts import add_alerts
from alertrpc.store.connection import TimeLimit, connect
from alertrpc.store.deliveries import MOST_BYTES, begin_again
from alertrpc.store.idempotency import KEPT, Key, find_push, keep_push
from alertrpc.store.problems import last_ids
from alertrpc.store.tables import NewAlert
from tests.delivering import NOW, opened, queue
from tests.support import settings_of
from tests.wire import execute

ENDLESS = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT MAX(i) AS row FROM n"
)


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path)) as connection:
        yield connection


# --- times


@pytest.mark.parametrize(("spent", "checks"), [(0.0, 10), (7.0, 3)])
def test_the_time_of_earlier_chunks_counts(connection: sqlite3.Connection, spent: float, checks: int) -> None:
    """The clock goes on by a second at each look."""
    ticks = count()
    limit = TimeLimit(connection, lambda: 10, lambda: float(next(ticks)))
    with pytest.raises(QueryTimeout, match="Query time limit of 10 seconds exceeded"):
        limit.spend(lambda connection: connection.execute(ENDLESS).fetchone(), connection, spent)
    assert next(ticks) == checks + 2  # and those of its beginning and its end


def test_the_time_that_was_spent_is_told(connection: sqlite3.Connection) -> None:
    ticks = count(100, 3)
    limit = TimeLimit(connection, lambda: 10, lambda: float(next(ticks)))
    assert limit.spend(lambda connection: "found", connection, 4.0) == ("found", 7.0)


def test_no_limit_outlasts_its_job(connection: sqlite3.Connection) -> None:
    ticks = count()
    limit = TimeLimit(connection, lambda: 10, lambda: float(next(ticks)))
    limit.spend(lambda connection: None, connection)
    long = ENDLESS.replace("100000000", "100000")
    assert connection.execute(long).fetchone() == (100000,)


# --- claims


def claimed(connection: sqlite3.Connection, now: int = 1) -> list[int]:
    return [alert["alertid"] for alert in Claim(1, lambda: now / 1000).take(connection).alerts]


def test_what_is_being_sent_is_not_taken_again(path: Path, connection: sqlite3.Connection) -> None:
    queue(path, 1, 3)
    assert [claimed(connection), claimed(connection)] == [[1, 2, 3], []]
    begin_again(connection)
    assert claimed(connection) == [1, 2, 3]


def test_a_claim_holds_no_more_than_it_may(path: Path, connection: sqlite3.Connection) -> None:
    """But the first alert, however large it is."""
    queue(path, 1, 3, message="x" * (MOST_BYTES * 2 // 5))
    queue(path, 1, 1, message="x" * (MOST_BYTES + 1))
    assert [claimed(connection) for _ in range(4)] == [[1, 2], [3], [4], []]


def test_a_claim_takes_what_is_due(path: Path, connection: sqlite3.Connection) -> None:
    queue(path, 1, 1, due=5)
    queue(path, 2, 1, due=1)
    queue(path, 1, 1, due=6)
    assert claimed(connection, 5) == [1]


# --- keys


def test_a_key_is_kept_for_a_day(connection: sqlite3.Connection) -> None:
    first, second, third = (Key(1, name, "body") for name in ("first", "second", "third"))
    keep_push(first, [1], 1000, connection)
    keep_push(second, [2], 1000 + KEPT, connection)
    assert find_push(first, connection) == ("body", [1])
    keep_push(third, [3], 1001 + KEPT, connection)
    assert find_push(first, connection) is None
    assert find_push(second, connection) == ("body", [2])


# --- ids


@pytest.mark.parametrize(
    ("member", "leftover"),
    [
        ("hostid", "INSERT INTO hosts (hostid, host) VALUES (777, 'h')"),
        ("hostid", "INSERT INTO hosts_groups (hostid, groupid) VALUES (777, 1)"),
        ("hostid", "INSERT INTO object_hosts VALUES (4, 1, 777)"),
        ("triggerid", "INSERT INTO triggers (triggerid) VALUES (777)"),
        ("triggerid", "INSERT INTO events (eventid, source, object, objectid, clock) VALUES (1, 0, 0, 777, 0)"),
        ("triggerid", "INSERT INTO object_hosts VALUES (0, 777, 1)"),
        ("eventid", "INSERT INTO events (eventid, source, object, objectid, clock) VALUES (777, 0, 0, 1, 0)"),
        ("eventid", "INSERT INTO event_tag (eventid, tag) VALUES (777, 't')"),
        ("eventid", "INSERT INTO event_recovery (eventid, r_eventid) VALUES (777, 1)"),
        ("eventid", "INSERT INTO event_recovery (eventid, r_eventid) VALUES (1, 777)"),
        ("eventid", "INSERT INTO alerts (actionid, eventid, clock) VALUES (1, 777, 0)"),
        ("eventid", "INSERT INTO alerts (actionid, eventid, clock, p_eventid) VALUES (1, 1, 0, 777)"),
    ],
)
def test_an_id_that_a_leftover_names_is_taken(connection: sqlite3.Connection, member: str, leftover: str) -> None:
    """Else a new host would have the rights of an old one, a new event its alerts."""
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(leftover)
    assert last_ids(connection)._asdict()[member] == 777


@pytest.mark.parametrize(
    "leftover",
    [
        "INSERT INTO alerts (alertid, actionid, eventid, clock) VALUES (777, 1, 1, 0)",
        "INSERT INTO attempts (alertid, number, started, milliseconds, outcome, reason) VALUES (777, 1, 0, 0, '', '')",
        "INSERT INTO alert_queue (alertid, mediatypeid, due) VALUES (777, 1, 0)",
        "INSERT INTO resends (alertid, resent_alertid) VALUES (777, 1)",
    ],
)
def test_an_alert_takes_no_tries_of_one_that_is_gone(connection: sqlite3.Connection, leftover: str) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(leftover)
    new = NewAlert(
        actionid=1, eventid=1, userid=1, clock=0, mediatypeid=1, sendto="", subject="", message="", esc_step=1,
    )  # fmt: skip
    assert add_alerts([new], 0, connection) == [778]


# --- connections and credentials


async def test_a_search_that_is_given_up_gives_its_connection_back(path: Path) -> None:
    async with opened(path) as database:
        search = asyncio.create_task(
            database.rows(ENDLESS.replace("100000000", "3000000"), (), short=False, limit=None)
        )
        await asyncio.sleep(0.05)
        search.cancel()
        with pytest.raises(asyncio.CancelledError):
            await search
        rows = await asyncio.wait_for(database.rows("SELECT '1' AS row", (), short=False, limit=None), 30)
        assert rows.first == b"1"


async def test_uses_that_could_not_be_written_are_written_later(path: Path) -> None:
    """Else sessions in use would end."""
    hashed = hash_session("s" * 32)
    moved = path.with_name("moved.db")
    async with opened(path) as database:
        credentials = Credentials(database, settings_of(session_idle=2), lambda: NOW)
        await database.write(partial(credential_rows.start_session, 1, hashed, int(NOW) - 1))
        async with credentials.background_work():
            await asyncio.to_thread(path.rename, moved)
            await credentials.session_caller("s" * 32)
            await asyncio.sleep(0.5)  # it is tried every 0.2 s
            await asyncio.to_thread(moved.rename, path)
            await asyncio.sleep(0.5)
            assert execute(path, "SELECT lastaccess FROM sessions") == [(int(NOW),)]
