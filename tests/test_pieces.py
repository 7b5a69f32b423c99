"""Large writes in pieces: each alert is made once, whatever comes between two pieces, and other writes come in."""

import asyncio
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from alertrpc.api.alert import MOST_RESENT
from alertrpc.configuration.reading import parse_configuration
from alertrpc.delivery.channels import KINDS
from alertrpc.intake.ocp import MOST_ALARMS as MOST_OF_BODY
from alertrpc.intake.ocp import parse
from alertrpc.intake.pushes import Push, Pushes
from alertrpc.ledger import alerts
from alertrpc.ledger.alerts import MOST_ALERTED, MOST_TEXT
from alertrpc.ledger.ledger import Ledger
from alertrpc.records import Json
from alertrpc.store.applying.applying import bring
from alertrpc.store.connection import connect, transaction
from alertrpc.store.idempotency import Key
from alertrpc.store.resends import MOST_MADE, NEVER, add_again, make_again
from tests.delivering import NOW, Counted, opened
from tests.receivers import PUSH, TOKEN, post
from tests.support import DEFAULTS, serving
from tests.wire import call, eventually, exchange, execute

RECEIVERS = 3
START = int(NOW * 1000)
DAY = 86_400_000
KEY = Key(1, "key", "body")
MADE = "SELECT eventid, userid, esc_step, p_eventid FROM alerts"


def configure(path: Path, receivers: int = RECEIVERS, **action: Any) -> None:
    names = [f"receiver {number}" for number in range(receivers)]
    media = [{"media_type": "pager", "sendto": "to"}]
    document = {
        "media_type": [
            {"name": "pager", "type": "http", "url": "http://127.0.0.1:9/", "message": "${alarm_description}"}
        ],
        "user": [{"username": name, "media": media} for name in names],
        "action": [{"name": "all", "recovery": True, "steps": [{"users": names}], **action}],
    }
    bring(path, parse_configuration(document, KINDS))


def alarms(count: int, size: int, **more: Any) -> list[Any]:
    body: list[Json] = [
        {"alarmType": "t", "target": str(number), "description": "d" * size, **more} for number in range(count)
    ]
    return [
        alarm
        for start in range(0, count, MOST_OF_BODY)
        for alarm in parse(body[start : start + MOST_OF_BODY], START).alarms
    ]


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path)) as connection:
        yield connection


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "MOST_TEXT", 100)
    monkeypatch.setattr(alerts, "MOST_ALARMS", 3)
    monkeypatch.setattr(alerts, "MOST_ALERTED", 2500)


def record(ledger: Ledger, connection: sqlite3.Connection, given: list[Any], at: int = 0) -> list[int]:
    later: list[int] = []
    with transaction(connection):
        ledger.record(given, START + at, connection, later)
    return later


def step(ledger: Ledger, connection: sqlite3.Connection, later: list[int], at: int = 0) -> list[int]:
    with transaction(connection):
        return ledger.alert_some(later, START + at, connection)


def alert_all(ledger: Ledger, connection: sqlite3.Connection, given: list[Any], at: int = 0) -> None:
    """Records alarms, and makes their alerts in as many pieces as it takes."""
    later = record(ledger, connection, given, at)
    while later:
        later = step(ledger, connection, later, at)


def made(path: Path) -> Counter[Any]:
    return Counter(execute(path, MADE))


def once_each(path: Path, problems: int, *, recoveries: int = 0) -> None:
    """Every receiver has an alert of each problem, and of each recovery."""
    found = made(path)
    assert set(found.values()) <= {1}
    of_problems = [row for row in found if row[3] is None]
    assert len(of_problems) == problems * RECEIVERS
    assert len(found) - len(of_problems) == recoveries * RECEIVERS


# --- the ledger


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(("count", "size"), [(1, 10), (4, 10), (10, 10), (10, 99), (5, 1000), (1, 5000), (7, 0)])
def test_alerts_are_made_once_in_whatever_pieces(
    path: Path, connection: sqlite3.Connection, count: int, size: int
) -> None:
    configure(path)
    ledger = Ledger(DEFAULTS)
    later = record(ledger, connection, alarms(count, size))
    while later:
        before = made(path).total()
        later = step(ledger, connection, later)
        assert made(path).total() > before
    once_each(path, count)
    assert execute(path, "SELECT COUNT(*) FROM escalations WHERE esc_step != 1") == [(0,)]
    for _ in range(3):
        with transaction(connection):
            ledger.advance(START + 1000, connection)
    once_each(path, count)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("pieces", range(6))
def test_who_delivers_makes_what_is_left(path: Path, connection: sqlite3.Connection, pieces: int) -> None:
    """As after kill -9 between two pieces."""
    configure(path)
    later = record(Ledger(DEFAULTS), connection, alarms(10, 500))
    for _ in range(pieces):
        later = step(Ledger(DEFAULTS), connection, later)
    after = Ledger(DEFAULTS)
    for _ in range(50):
        with transaction(connection):
            after.advance(START + 1000, connection)
    once_each(path, 10)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("pieces", range(5))
@pytest.mark.parametrize("size", [10, 2000])
def test_recoveries_follow_problems_whose_alerts_are_not_all_made(
    path: Path, connection: sqlite3.Connection, pieces: int, size: int
) -> None:
    configure(path)
    ledger = Ledger(DEFAULTS)
    later = record(ledger, connection, alarms(5, size))
    for _ in range(pieces):
        later = step(ledger, connection, later)
    ended = record(ledger, connection, alarms(5, size, status="Inactive"), at=2000)
    while ended:
        ended = step(ledger, connection, ended, at=3000)
    once_each(path, 5, recoveries=5)
    assert execute(path, "SELECT COUNT(*) FROM escalations") == [(0,)]
    orders = execute(path, "SELECT MAX(CASE WHEN p_eventid IS NULL THEN alertid END), MIN(CASE WHEN p_eventid IS NOT NULL"
                           " THEN alertid END) FROM alerts GROUP BY COALESCE(p_eventid, eventid)")  # fmt: skip
    assert all(last_problem < first_recovery for last_problem, first_recovery in orders)


@pytest.mark.usefixtures("small_pieces")
def test_alarms_whose_time_is_over_recover_in_pieces(path: Path, connection: sqlite3.Connection) -> None:
    configure(path, resolve_after="1m")
    ledger = Ledger(DEFAULTS)
    alert_all(ledger, connection, alarms(10, 500))
    for _ in range(50):
        with transaction(connection):
            ledger.advance(START + DAY, connection)
    once_each(path, 10, recoveries=10)


@pytest.mark.usefixtures("small_pieces")
def test_repeats_go_on_after_pieces(path: Path, connection: sqlite3.Connection) -> None:
    configure(path, repeat_every="10m")
    ledger = Ledger(DEFAULTS)
    alert_all(ledger, connection, alarms(10, 500))
    for minutes in (10, 20):
        for _ in range(50):
            with transaction(connection):
                ledger.advance(START + minutes * 60_000, connection)
    assert Counter(execute(path, "SELECT esc_step FROM alerts")) == {(1,): 30, (2,): 30, (3,): 30}


def test_small_pushes_are_alerted_at_once(path: Path, connection: sqlite3.Connection) -> None:
    configure(path)
    assert record(Ledger(DEFAULTS), connection, alarms(100, 200)) == []
    once_each(path, 100)


@pytest.mark.parametrize(("count", "size"), [(1, MOST_TEXT + 1), (1100, 1), (30, MOST_TEXT // 10)])
def test_a_transaction_has_room_for_so_much(path: Path, connection: sqlite3.Connection, count: int, size: int) -> None:
    configure(path)
    assert record(Ledger(DEFAULTS), connection, alarms(count, size)) != []
    assert made(path).total() < count * RECEIVERS


def test_an_alarm_for_very_many_is_alerted_in_pieces(path: Path, connection: sqlite3.Connection) -> None:
    configure(path, receivers=100)
    ledger, sizes = Ledger(DEFAULTS), []
    later = record(ledger, connection, alarms(1, 200_000))
    sizes.append(made(path).total())
    while later:
        later = step(ledger, connection, later)
        sizes.append(made(path).total() - sum(sizes))
    assert sum(sizes) == 100
    assert len(sizes) > 3
    assert max(sizes) * 200_000 <= MOST_ALERTED + 200_000
    assert set(made(path).values()) == {1}


# --- pushes


async def test_other_writes_come_between_the_pieces(path: Path) -> None:
    configure(path)
    async with opened(path) as database:
        counted = Counted(database)
        pushes = Pushes(counted, Ledger(DEFAULTS), lambda: NOW, lambda: None)
        large = asyncio.create_task(pushes.record(Push(alarms(20, MOST_TEXT // 4))))
        await asyncio.sleep(0)
        small = parse({"alarmType": "small", "target": "x"}, START).alarms
        await pushes.record(Push(small))
        assert not large.done()
        assert len(await large) == 20
        assert counted.writes > 4
    assert made(path).total() == 21 * RECEIVERS
    assert set(made(path).values()) == {1}


@pytest.mark.parametrize(("is_whole", "key", "pieces"), [(False, None, 3), (True, None, 1), (False, KEY, 1)])
async def test_many_alarms_that_need_not_be_whole_are_recorded_in_pieces(
    path: Path, is_whole: bool, key: Key | None, pieces: int
) -> None:
    given = [*alarms(1000, 1), *alarms(1, 1, alarmType="another")]
    async with opened(path) as database:
        counted = Counted(database)
        pushes = Pushes(counted, Ledger(DEFAULTS), lambda: NOW, lambda: None)
        rows = await pushes.record(Push(given, key, is_whole))
    assert counted.writes == pieces
    assert [row["target"] for row in rows if row] == [alarm.target for alarm in given]


async def test_a_push_of_no_alarms_is_recorded(path: Path) -> None:
    async with opened(path) as database:
        pushes = Pushes(database, Ledger(DEFAULTS), lambda: NOW, lambda: None)
        assert await pushes.record(Push([], is_whole=False)) == []


async def test_a_push_is_answered_whatever_becomes_of_its_alerts(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """They are on record as due."""
    configure(path)

    class Failing(Counted):
        async def write(self, job: Any, *, patient: bool = False) -> Any:
            if self.writes:
                raise sqlite3.OperationalError("disk I/O error")
            return await super().write(job, patient=patient)

    async with opened(path) as database:
        pushes = Pushes(Failing(database), Ledger(DEFAULTS), lambda: NOW, lambda: None)
        assert len(await pushes.record(Push(alarms(20, MOST_TEXT // 4)))) == 20
    assert "left to the deliverer" in caplog.text
    assert execute(path, "SELECT COUNT(*) FROM escalations WHERE nextcheck IS NOT NULL") > [(0,)]


def test_alerts_survive_a_kill_between_pieces(path: Path) -> None:
    configure(path, receivers=30)
    body = [{"alarmType": "t", "target": str(number), "description": "d" * 60_000} for number in range(100)]
    with serving(path, "--deliver", "no") as server:
        pushing = threading.Thread(target=lambda: _push(server.port, body))
        pushing.start()
        assert eventually(lambda: made(path).total() > 0)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        pushing.join()
    assert execute(path, "SELECT COUNT(*) FROM alarms") == [(100,)]
    assert made(path).total() < 3000
    with serving(path) as server:
        assert eventually(lambda: made(path).total() == 3000)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    assert set(made(path).values()) == {1}


def _push(port: int, body: Any) -> None:
    with suppress(Exception):
        post(port, PUSH, body)


# --- alert.resend


def old_alerts(path: Path, count: int, message: str = "m") -> list[int]:
    configure(path)
    rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    columns = "alertid, actionid, eventid, clock, mediatypeid, sendto, subject, message, status"
    values = "SELECT i, 1, i, 0, 1, 'to', 'subject ' || i, ?, 2 FROM n"
    execute(path, f"INSERT INTO alerts ({columns}) {rows} {values}", count, message)
    return list(range(1, count + 1))


NEW = """
SELECT r.resent_alertid, a.subject, a.status, q.due
FROM resends r JOIN alerts a USING (alertid) JOIN alert_queue q USING (alertid) ORDER BY r.alertid"""


def test_alerts_are_made_again_in_pieces(path: Path, connection: sqlite3.Connection) -> None:
    ids = old_alerts(path, 3 * MOST_MADE + 1)
    with transaction(connection):
        again = add_again([*ids[::-1], 999_999], connection)
    assert list(again) == ids[::-1]
    assert execute(path, "SELECT COUNT(*) FROM alerts") == [(len(ids),)]
    pieces = 1
    while make_again(START, connection):
        pieces += 1
        assert execute(path, "SELECT COUNT(*) FROM alerts") == [(len(ids) + (pieces - 1) * MOST_MADE,)]
    assert pieces == 4
    assert execute(path, NEW) == [(old, f"subject {old}", 3, START) for old in ids[::-1]]
    assert not make_again(START, connection)


def test_long_alerts_are_made_again_few_at_a_time(path: Path, connection: sqlite3.Connection) -> None:
    ids = old_alerts(path, 5, "m" * 2**20)
    with transaction(connection):
        add_again(ids, connection)
    assert make_again(START, connection)
    assert execute(path, "SELECT COUNT(*) FROM alerts") == [(6,)]  # two are more than a transaction has room for


def test_who_delivers_makes_again_what_is_left(path: Path, connection: sqlite3.Connection) -> None:
    ids = old_alerts(path, 2 * MOST_MADE)
    with transaction(connection):
        add_again(ids, connection)
    make_again(START, connection)
    with serving(path):
        assert eventually(lambda: execute(path, "SELECT COUNT(*) FROM alert_queue WHERE due = ?", NEVER) == [(0,)])
        assert execute(path, "SELECT COUNT(*) FROM alerts") == [(2 * len(ids),)]


def test_alert_resend_of_many(path: Path) -> None:
    ids = old_alerts(path, MOST_RESENT + 1)
    with serving(path, "--deliver", "no") as server:
        bearer = {"Authorization": f"Bearer {TOKEN}"}

        def resend(alertids: list[int]) -> Any:
            return exchange(server.port, call("alert.resend", {"alertids": alertids}, id=1), bearer)

        fault = f'Invalid parameter "/alertids": more than {MOST_RESENT} values.'
        assert resend(ids)["error"]["data"] == fault
        again = resend(ids[1:])["result"]["alertids"]
        assert again == [str(MOST_RESENT + 1 + number) for number in range(1, MOST_RESENT + 1)]
        assert execute(path, "SELECT COUNT(*) FROM alerts") == [(2 * MOST_RESENT + 1,)]
        assert "error" in resend([1, 99_999_999])
        assert execute(path, "SELECT COUNT(*) FROM resends") == [(MOST_RESENT,)]
