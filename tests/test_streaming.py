"""Long answers: they are whole, take little memory, and no client keeps others from theirs."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from alertrpc.errors import QueryTimeout
from alertrpc.store.database import open_database
from benchmarks import data
from tests.support import Client, Server, run_alertrpc, serving, settings_of
from tests.wire import SlowReader, call, eventually, exchange

ALERTS = 60_000
PAGE = 7_000
MEMORY_KIB = 48 * 1024
EVERY: dict[str, Any] = {"output": "extend"}
VERSION = call("apiinfo.version", [], id="version")


@pytest.fixture(scope="session")
def many_alerts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of many alerts."""
    folder = tmp_path_factory.mktemp("many")
    data.write(folder / "rows.jsonl", ALERTS)
    done = run_alertrpc("load", str(folder / "rows.jsonl"), "--database", f"sqlite:///{folder / 'many.db'}")
    assert done.returncode == 0, done.stderr
    return folder / "many.db"


@pytest.fixture
def long_database(many_alerts: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(many_alerts, tmp_path / "long.db"))


@pytest.fixture(scope="module")
def long_server(many_alerts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = Path(shutil.copy(many_alerts, tmp_path_factory.mktemp("long") / "long.db"))
    with serving(path) as server:
        yield server


@pytest.fixture
def narrow_server(long_database: Path) -> Iterator[Server]:
    """A server with a single connection for long answers, whose clients must take something every two seconds."""
    with serving(long_database, "--scan-connections", "1", "--stall-timeout", "2s") as server:
        yield server


@pytest.fixture
def two_scans_server(long_database: Path) -> Iterator[Server]:
    with serving(long_database, "--scan-connections", "2", "--shutdown-timeout", "5s") as server:
        yield server


def log_in(server: Server) -> str:
    login = call("user.login", {"username": "Admin", "password": data.PASSWORDS["Admin"]}, id=1)
    sessionid = exchange(server.port, login)["result"]
    assert isinstance(sessionid, str)
    return sessionid


def get(server: Server, auth: str, params: dict[str, Any]) -> Any:
    return exchange(server.port, call("alert.get", params, auth=auth, id=1))["result"]


def every(auth: str, **members: Any) -> dict[str, Any]:
    return call("alert.get", EVERY, auth=auth, id=1, **members)


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [int(row["alertid"]) for row in rows]


@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_all_rows_come_in_order(long_server: Server, order: str) -> None:
    rows = get(long_server, log_in(long_server), {"sortfield": "alertid", "sortorder": order})
    numbers = list(range(1, ALERTS + 1))
    assert ids(rows) == (numbers if order == "ASC" else numbers[::-1])
    assert all(len(row) == 16 for row in rows)


def test_all_rows_are_the_pages_together(long_server: Server) -> None:
    auth = log_in(long_server)
    pages: list[dict[str, Any]] = []
    while not pages or len(pages) % PAGE == 0:
        wanted = list(range(len(pages) + 1, len(pages) + PAGE + 1))
        pages += get(long_server, auth, {"alertids": wanted, "limit": PAGE})
    assert get(long_server, auth, EVERY) == pages
    assert get(long_server, auth, {"countOutput": True}) == str(len(pages)) == str(ALERTS)


def test_limit_is_the_beginning(long_server: Server) -> None:
    auth = log_in(long_server)
    wanted = {"sortfield": ["clock", "alertid"], "sortorder": "DESC", "output": ["alertid", "clock"]}
    rows = get(long_server, auth, wanted)
    for limit in (1, 256, 257, 499, 500, 501, 1000, ALERTS - 1, ALERTS, ALERTS + 1):
        assert get(long_server, auth, {**wanted, "limit": limit}) == rows[:limit], limit
    keys = [(int(row["clock"]), int(row["alertid"])) for row in rows]
    assert keys == sorted(keys, reverse=True)


def test_preserved_keys_make_one_object(long_server: Server) -> None:
    auth = log_in(long_server)
    by_key = get(long_server, auth, {"preservekeys": True})
    assert list(by_key) == [str(number) for number in range(1, ALERTS + 1)]
    assert list(by_key.values()) == get(long_server, auth, EVERY)


def test_batch_of_long_answers(long_server: Server) -> None:
    auth = log_in(long_server)
    answers = exchange(long_server.port, [every(auth), VERSION, every(auth), call("nosuch.get", [], id=2)])
    assert [answer["id"] for answer in answers] == [1, "version", 1, 2]
    assert ids(answers[0]["result"]) == list(range(1, ALERTS + 1))
    assert answers[0] == answers[2]


def memory_kib(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of memory is read as Linux tells it")
@pytest.mark.parametrize("calls", [1, 3])
def test_memory_stays_small(long_server: Server, calls: int) -> None:
    auth, pid = log_in(long_server), long_server.process.pid
    get(long_server, auth, {"limit": 1000})
    before = memory_kib(pid, "VmRSS")
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak counts from now on
    with SlowReader(long_server.port, [every(auth)] * calls) as reader:
        size = len(reader.start()) + len(reader.rest())
    assert size > calls * 20_000_000
    assert memory_kib(pid, "VmHWM") - before < MEMORY_KIB


@pytest.mark.parametrize("is_batch", [False, True])
@pytest.mark.parametrize("taken", [0, 1000, 3_000_000])
def test_clients_that_go_away_free_their_connections(two_scans_server: Server, is_batch: bool, taken: int) -> None:
    auth = log_in(two_scans_server)
    body = [VERSION, every(auth), every(auth)] if is_batch else every(auth)
    for _ in range(5):
        with SlowReader(two_scans_server.port, body) as reader:
            if taken:
                assert len(reader.start(taken)) > 0
    assert len(get(two_scans_server, auth, EVERY)) == ALERTS
    assert "Traceback" not in two_scans_server.log.read_text()


def test_client_that_takes_nothing_is_cut_off(narrow_server: Server) -> None:
    auth = log_in(narrow_server)
    with SlowReader(narrow_server.port, every(auth)) as reader:
        assert reader.start().startswith(b'{"jsonrpc":"2.0","result":[')
        assert len(get(narrow_server, auth, {"limit": 1000})) == 1000  # there is a connection for others at once
        eventually(lambda: "is cut off" in narrow_server.log.read_text())
        with pytest.raises((HTTPException, ConnectionError)):
            reader.rest()
    assert "Traceback" not in narrow_server.log.read_text()


def test_point_reads_do_not_wait_for_streams(two_scans_server: Server) -> None:
    auth = log_in(two_scans_server)
    with SlowReader(two_scans_server.port, every(auth)) as one, SlowReader(two_scans_server.port, every(auth)) as other:
        beginnings = [one.start(), other.start()]
        for number in range(1, 50):
            assert ids(get(two_scans_server, auth, {"alertids": number})) == [number]
        assert log_in(two_scans_server)
        for beginning, reader in zip(beginnings, (one, other), strict=True):
            assert len(json.loads(beginning + reader.rest())["result"]) == ALERTS


def test_scan_waits_for_its_turn(two_scans_server: Server) -> None:
    auth = log_in(two_scans_server)
    found: list[int] = []
    third = threading.Thread(target=lambda: found.append(len(get(two_scans_server, auth, EVERY))))
    with SlowReader(two_scans_server.port, every(auth)) as one, SlowReader(two_scans_server.port, every(auth)) as other:
        one.start()
        other.start()
        third.start()
        third.join(10)
        assert found == [ALERTS]  # what the two do not take waits on disk, and keeps no connection
    third.join()
    assert found == [ALERTS]


def test_notifications_free_their_connections(two_scans_server: Server) -> None:
    auth = log_in(two_scans_server)
    notification = call("alert.get", EVERY, auth=auth)
    for body in [notification, [notification, VERSION, notification]] * 2:
        exchange(two_scans_server.port, body)
    assert len(get(two_scans_server, auth, EVERY)) == ALERTS


# Patterns that no alert holds, so many that the search takes far longer than the limit.
SLOW_SEARCH = {"search": {"message": [f"*{'m*' * 40}{number}?" for number in range(900)]}}


def test_slow_query_is_ended_with_a_clear_error(long_database: Path) -> None:
    with serving(long_database, "--query-timeout", "1s", "--scan-connections", "1") as server:
        auth = log_in(server)
        slow = {**SLOW_SEARCH, "searchWildcardsEnabled": True, "searchByAny": True}
        with closing(Client(server.port)) as client:
            for _ in range(2):
                answer = client.request("alert.get", slow, auth=auth)
                assert answer["error"] == {
                    "code": -32500,
                    "message": "Application error.",
                    "data": "Query time limit of 1 seconds exceeded.",
                }
        assert len(get(server, auth, {"limit": 1000})) == 1000


def test_slow_query_after_its_first_rows_breaks_off_in_a_line(long_database: Path) -> None:
    patterns = ["Problem started at 170000*", *SLOW_SEARCH["search"]["message"]]  # the first is that of a third
    slow = {"search": {"message": patterns}, "searchWildcardsEnabled": True, "searchByAny": True, "output": "extend"}
    with serving(long_database, "--query-timeout", "1s") as server:
        auth = log_in(server)
        with SlowReader(server.port, call("alert.get", slow, auth=auth, id=1)) as reader:
            assert reader.start().startswith(b'{"jsonrpc":"2.0","result":[')
            with pytest.raises((HTTPException, ConnectionError)):
                reader.rest()
        said = "an answer to 127.0.0.1 broke off: Query time limit of 1 seconds exceeded."
        assert eventually(lambda: said in server.log.read_text())
        assert "Traceback" not in server.log.read_text()


ENDLESS = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT CAST(i AS TEXT) AS row FROM n WHERE i < 0"
)
AFTER_A_CHUNK = ENDLESS.replace("i < 0", "i <= 400000")


async def test_time_limit_ends_a_query(database: Path) -> None:
    async with open_database(database, settings_of(query_timeout=0.2, scan_connections=1), functions={}) as opened:
        for short in (True, False):
            with pytest.raises(QueryTimeout, match=r"Query time limit of 0\.2 seconds exceeded\."):
                await opened.rows(ENDLESS, (), short=short, limit=None)
        rows = await opened.rows("SELECT '1' AS row", (), short=False, limit=None)
        assert rows.is_complete
        assert rows.first == b"1"


async def test_time_limit_ends_a_query_between_chunks(database: Path) -> None:
    async with open_database(database, settings_of(query_timeout=1, scan_connections=1), functions={}) as opened:
        rows = await opened.rows(AFTER_A_CHUNK, (), short=False, limit=None)
        assert not rows.is_complete
        with pytest.raises(QueryTimeout):
            async for _ in rows.rest():
                pass
        await rows.close()
        assert (await opened.rows("SELECT 'x' AS row", (), short=False, limit=None)).first == b"x"


async def test_closed_rows_give_their_connection_back(database: Path) -> None:
    async with open_database(database, settings_of(query_timeout=60, scan_connections=1), functions={}) as opened:
        for _ in range(3):
            rows = await opened.rows("SELECT a.message AS row FROM alerts a, alerts b", (), short=False, limit=None)
            assert not rows.is_complete
            await rows.close()
            await rows.close()
        assert (await opened.rows("SELECT 'x' AS row", (), short=False, limit=None)).is_complete
