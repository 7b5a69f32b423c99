"""Searches and long answers: turns by user, ends when a client leaves, time limits within a step, and slow clients."""

import asyncio
import json
import socket
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from alertrpc.api.alert import get
from alertrpc.api.get import GET_METHODS
from alertrpc.errors import QueryStopped, QueryTimeout, ServerBusy, SlowClient
from alertrpc.query.tags import Operator
from alertrpc.records import Caller, UserType
from alertrpc.store import streams
from alertrpc.store.connection import Connection, TimeLimit, connect
from alertrpc.store.database import Database, open_database
from alertrpc.store.readers import Asker, Reader
from alertrpc.store.rows import CHUNK_BYTES
from alertrpc.store.spool import Spool, SpoolSpace
from alertrpc.store.turns import MOST_OF_USER, MOST_WAITING, Turns
from tests.support import serving, settings_of
from tests.wire import PATIENCE, call, eventually, exchange, execute

ENDLESS = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT '' || MAX(i) AS row FROM n WHERE i < 0"
)
SOMEBODY = Asker(1)
ROWS = 8  # chunks of a long answer
LONG = (
    f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS * 32})"
    f" SELECT printf('%0{CHUNK_BYTES // 32}d', i) AS row FROM n"
)


@pytest.fixture
async def reader(path: Path) -> AsyncIterator[Reader]:
    async with Connection(partial(connect, path)) as connection:
        yield Reader(connection, await connection.run(partial(TimeLimit, seconds=lambda: 60)))


def opened(path: Path, connections: int = 2, seconds: float = 60) -> Any:
    return open_database(path, settings_of(query_timeout=seconds, scan_connections=connections), functions={})


async def cancelled(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def endless(database: Database, asker: Asker = SOMEBODY) -> "asyncio.Task[Any]":
    return asyncio.create_task(database.rows(ENDLESS, (), short=False, limit=None, asker=asker))


async def one(database: Database, user: int) -> bytes:
    found = await database.rows("SELECT 'found' AS row", (), short=False, limit=None, asker=Asker(user))
    return found.first


def posted(body: Any) -> bytes:
    """A request, for clients that care for little."""
    content = json.dumps(body).encode()
    lines = [
        "POST /jsonrpc HTTP/1.1",
        "Host: test",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


# --- turns


async def served(turns: Turns, users: Sequence[int]) -> list[int]:
    """In what order the users have their turns, who ask in that order while nothing is free."""
    order: list[int] = []

    async def ask(user: int) -> None:
        reader = await turns.take(Asker(user))
        order.append(user)
        await asyncio.sleep(0)
        turns.give_back(user, reader)

    held = await turns.take(Asker(99))
    tasks = [asyncio.create_task(ask(user)) for user in users]
    await asyncio.sleep(0)
    turns.give_back(99, held)
    await asyncio.gather(*tasks)
    return order


async def test_users_have_turns(reader: Reader) -> None:
    assert await served(Turns([reader]), [1, 1, 1, 2, 2, 3]) == [1, 2, 3, 1, 2, 1]


async def test_one_user_leaves_a_reader_to_others(path: Path) -> None:
    async with opened(path, connections=3) as database:
        tasks = [endless(database) for _ in range(10)]
        await asyncio.sleep(0.1)
        assert await one(database, 2) == b"found"
        await cancelled(tasks)
        assert await one(database, 1) == b"found"


async def test_where_there_is_one_reader_anybody_has_it(path: Path) -> None:
    async with opened(path, connections=1) as database:
        assert await one(database, 1) == b"found"


async def test_a_user_may_ask_so_much_at_one_time(path: Path) -> None:
    async with opened(path) as database:
        tasks = [endless(database) for _ in range(MOST_OF_USER)]
        await asyncio.sleep(0)
        with pytest.raises(ServerBusy, match="try again later"):
            await endless(database)
        assert await one(database, 2) == b"found"
        await cancelled(tasks)
        assert await one(database, 1) == b"found"


async def test_so_many_wait_in_all(reader: Reader) -> None:
    turns = Turns([reader])
    held = await turns.take(Asker(0))
    waiting = [asyncio.create_task(turns.take(Asker(user))) for user in range(1, MOST_WAITING + 1)]
    await asyncio.sleep(0)
    with pytest.raises(ServerBusy):
        turns.enter(-1)
    await cancelled(waiting)
    turns.enter(-1)
    turns.give_back(0, held)
    assert turns.are_all_free


async def test_who_is_cancelled_with_a_reader_in_hand_gives_it_back(reader: Reader) -> None:
    turns = Turns([reader])
    held = await turns.take(Asker(1))
    waiting = asyncio.create_task(turns.take(Asker(2)))
    await asyncio.sleep(0)
    turns.give_back(1, held)  # it is waiting's now
    waiting.cancel()
    await asyncio.wait([waiting])
    assert turns.are_all_free


# --- clients that leave


class Client:
    """A client that leaves when the test says so."""

    def __init__(self) -> None:
        self.is_gone = False

    @property
    def asker(self) -> Asker:
        return Asker(1, lambda: self.is_gone)


async def test_a_search_ends_when_its_client_leaves(path: Path) -> None:
    async with opened(path, connections=1) as database:
        client = Client()
        search, waiting = endless(database, client.asker), endless(database, client.asker)
        await asyncio.sleep(0.05)
        client.is_gone = True
        for task in (search, waiting):
            with pytest.raises(QueryStopped):
                await asyncio.wait_for(task, PATIENCE)
        assert await one(database, 1) == b"found"


def test_a_client_of_the_server_that_leaves_ends_its_search(database: Path) -> None:
    """Only one connection searches, for an hour if it were let."""
    execute(database, "UPDATE alerts SET message = replace(hex(zeroblob(100000)), '00', 'm')")
    search = {
        "search": {"message": [f"*{'m*' * 40}{number}?" for number in range(900)]},
        "searchWildcardsEnabled": True,
    }
    with serving(database, "--scan-connections", "1", "--query-timeout", "1h") as server:
        token = exchange(server.port, call("user.login", {"username": "Admin", "password": "zabbix"}, id=1))["result"]
        request = posted(call("alert.get", search, auth=token, id=1))
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
                connection.sendall(request)
                time.sleep(0.2)
        assert exchange(server.port, call("alert.get", {"countOutput": True}, auth=token, id=1))["result"] != "0"
        assert "Traceback" not in server.log.read_text()


async def test_a_database_that_closes_ends_what_is_under_way(path: Path) -> None:
    async with opened(path) as database:
        tasks = [endless(database, Asker(user)) for user in range(5)]
        long = await database.rows(LONG, (), short=False, limit=None, asker=Asker(9))
        await asyncio.sleep(0.05)
    done, _ = await asyncio.wait(tasks, timeout=PATIENCE)
    assert {type(task.exception()) for task in done} == {QueryStopped, ServerBusy}
    await long.close()


# --- times


async def test_a_step_of_the_machine_cannot_outlast_the_limit(reader: Reader) -> None:
    """The progress handler is not called in a walk whose steps are long; the event loop ends it between two of them."""

    def slow(connection: sqlite3.Connection) -> None:
        connection.create_function("slow", 0, lambda: time.sleep(0.02))
        limit = TimeLimit(connection, lambda: 0.1)
        limits.append(limit)
        limit.spend(lambda connection: connection.execute(walk).fetchall(), connection)

    limits: list[TimeLimit] = []
    steps = 1000
    walk = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {steps}) SELECT slow() FROM n"
    running = asyncio.ensure_future(reader.connection.run(slow))
    started = time.monotonic()
    while not running.done():
        await asyncio.sleep(0.02)
        for limit in limits:
            limit.interrupt_if_over()
    with pytest.raises(QueryTimeout):
        await running
    assert time.monotonic() - started < 0.02 * steps  # it did not come to its end


async def test_an_interrupt_meets_no_other_statement(reader: Reader) -> None:
    reader.limit.interrupt_if_over()
    reader.limit.stop()
    job = partial(reader.limit.spend, lambda connection: connection.execute("SELECT 1").fetchall())
    assert (await reader.run(job))[0] == [(1,)]


@pytest.mark.parametrize("operator", [Operator.CONTAINS, Operator.CONTAINS_NOT])
def test_patterns_on_a_long_tag_keep_the_time_limit_and_nobody_waiting(database: Path, operator: Operator) -> None:
    eventid = execute(database, "SELECT MIN(eventid) FROM events WHERE source = 0 AND object = 0")[0][0]
    execute(database, "INSERT INTO event_tag (eventid, tag, value) VALUES (?, 'long', ?)", eventid, "a" * 2**16)
    tags = [{"tag": "long", "operator": operator, "value": "a" * 95 + f"{number:04}"} for number in range(1000)]
    with serving(database, "--query-timeout", "1s", "--scan-connections", "2") as server:
        token = exchange(server.port, call("user.login", {"username": "Admin", "password": "zabbix"}, id=1))["result"]
        found: list[Any] = []
        body = call("event.get", {"eventids": [eventid], "tags": tags}, auth=token, id=1)
        asking = threading.Thread(target=lambda: found.append(exchange(server.port, body)))
        asking.start()
        while asking.is_alive():
            answer = exchange(server.port, call("event.get", {"eventids": [eventid], "output": []}, auth=token, id=2))
            assert len(answer["result"]) == 1
        asking.join()
    assert found[0]["error"]["data"] == "Query time limit of 1 seconds exceeded."


@pytest.mark.parametrize(("method", "params"), [
    ("event", {"eventids": ["1"], "tags": [{"tag": "a", "operator": 0, "value": "b"}]}),
    ("event", {"eventids": ["1"], "search": {"name": "a"}}),
    ("alert", {"alertids": ["1"], "search": {"message": "a"}}),
    ("host", {"hostids": ["1"], "filter": {"name": [str(number) for number in range(101)]}}),
    ("alert", {"alertids": [str(number) for number in range(101)]}),
])  # fmt: skip
def test_what_may_take_long_is_no_short_read(method: str, params: Any) -> None:
    assert not GET_METHODS[method].statement(params, Caller(1, UserType.SUPER_ADMIN))[0].short


def test_what_an_index_finds_is_a_short_read() -> None:
    assert get.statement({"alertids": ["1"], "filter": {"status": [0, 1]}}, Caller(1, UserType.SUPER_ADMIN))[0].short


async def test_short_reads_that_are_none_keep_others_waiting_for_a_moment(path: Path) -> None:
    """Fifty statements, each of which takes too long, and one that is short."""
    async with opened(path, connections=3, seconds=1) as database:
        slow = [
            asyncio.create_task(database.rows(f"{ENDLESS} + {number}", (), short=True, limit=None, asker=Asker(1)))
            for number in range(50)
        ]
        await asyncio.sleep(0)
        short = database.rows("SELECT 'short' AS row", (), short=True, limit=None, asker=Asker(2))
        assert (await asyncio.wait_for(short, PATIENCE)).first == b"short"
        assert not any(task.done() for task in slow)  # they wait for their turns
        await cancelled(slow)


# --- slow clients


@pytest.fixture
def quick_to_spool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SLOW_SECONDS", 0.001)
    monkeypatch.setattr(streams, "PATIENCE", 0.05)


async def long_rows(database: Database, user: int = 1) -> Any:
    return await database.rows(LONG, (), short=False, limit=None, asker=Asker(user))


def expected() -> bytes:
    return b",".join([b"%0*d" % (CHUNK_BYTES // 32, number) for number in range(1, ROWS * 32 + 1)])


async def taken(rows: Any, pause: Callable[[int], float] = lambda _: 0) -> bytes:
    text, number = rows.first, 0
    async for chunk in rows.rest():
        text += chunk
        number += 1
        await asyncio.sleep(pause(number))
    return bytes(text)


@pytest.mark.usefixtures("quick_to_spool")
@pytest.mark.parametrize("pause", [
    lambda _: 0,
    lambda _: 0.02,
    lambda number: 0.1 if number == 1 else 0,
    lambda number: 0.05 * (number % 2),
    lambda number: 0.1 if number > ROWS - 3 else 0,
])  # fmt: skip
async def test_a_slow_client_gets_all_in_order(path: Path, pause: Callable[[int], float]) -> None:
    async with opened(path, connections=1) as database:
        assert await taken(await long_rows(database), pause) == expected()
        assert await one(database, 1) == b"found"


@pytest.mark.usefixtures("quick_to_spool")
async def test_clients_that_take_nothing_keep_no_connection(path: Path) -> None:
    async with opened(path, connections=1) as database:
        slow = [await long_rows(database) for _ in range(10)]
        assert await asyncio.wait_for(one(database, 2), PATIENCE) == b"found"
        assert await taken(slow[5]) == expected()
        for rows in slow:
            await rows.close()


@pytest.mark.usefixtures("quick_to_spool")
@pytest.mark.parametrize("room", [0, 3 * CHUNK_BYTES])
async def test_without_room_a_client_is_cut_off_when_others_wait(
    path: Path, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alertrpc.store.database.SPOOL_BYTES", room)
    async with opened(path, connections=1) as database:
        slow = await long_rows(database)
        assert await asyncio.wait_for(one(database, 2), PATIENCE) == b"found"
        with pytest.raises(SlowClient):
            await taken(slow)
        await slow.close()
        assert await taken(await long_rows(database)) == expected()


@pytest.mark.usefixtures("quick_to_spool")
async def test_without_room_a_client_that_nobody_waits_for_gets_all(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alertrpc.store.database.SPOOL_BYTES", 0)
    async with opened(path, connections=1) as database:
        assert await taken(await long_rows(database), lambda number: 0.15 * (number < 3)) == expected()


def test_a_spool_has_room_for_so_much(tmp_path: Path) -> None:
    space = SpoolSpace(tmp_path, 10)
    one, other = Spool(space), Spool(space)
    assert one.reserve(6)
    assert not other.reserve(5)
    piece = one.append(b"pieces")
    assert piece is not None
    assert piece() == b"pieces"
    assert list(tmp_path.iterdir()) == []  # it has no name
    one.close()
    assert other.reserve(10)


@pytest.mark.parametrize("folder", ["missing", "file"])
def test_a_spool_that_cannot_be_written_takes_nothing(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()
    spool = Spool(SpoolSpace(tmp_path / folder, 10))
    assert spool.append(b"x") is None
    spool.close()


def test_a_reader_of_a_steady_rate_is_not_cut_off(database: Path) -> None:
    """It takes more than the least within each time, but far less than a chunk."""
    execute(database, "UPDATE alerts SET message = replace(hex(zeroblob(30000)), '00', 'm')")
    with serving(database, "--stall-timeout", "1s") as server:
        token = exchange(server.port, call("user.login", {"username": "Admin", "password": "zabbix"}, id=1))["result"]
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(PATIENCE)
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(posted(call("alert.get", {"output": "extend"}, auth=token, id=1)))
            for _ in range(40):  # 4 seconds at 320 kB/s
                left = 32_000
                while left:
                    piece = connection.recv(left)
                    assert piece
                    left -= len(piece)
                time.sleep(0.1)
        assert eventually(lambda: "is cut off" not in server.log.read_text())
