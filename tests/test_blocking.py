"""The event loop is never held up: what waits for a disk or counts rounds of bcrypt does so in another thread."""

import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from pytest_aiohttp.plugin import AiohttpClient

from alertrpc.app import build_app
from alertrpc.delivery.bell import Bell
from alertrpc.settings import read_settings
from alertrpc.store.connection import SqliteConnection, for_sqlite
from alertrpc.store.rows import FETCHED_ROWS
from tests.support import passwords

TestClient.__test__ = False  # pytest would take it for a class of tests


class Calls:
    """The threads in which functions ran, by the functions' names."""

    def __init__(self) -> None:
        self.threads: defaultdict[str, set[int]] = defaultdict(set)

    def watched(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*args: Any, **kwargs: Any) -> Any:
            self.threads[name].add(threading.get_ident())
            return function(*args, **kwargs)

        return watching


class WatchedCursor(sqlite3.Cursor):
    """A cursor that tells where it fetches."""

    calls: Calls

    def __next__(self) -> Any:
        self.calls.threads["fetch"].add(threading.get_ident())
        return super().__next__()

    def fetchone(self) -> Any:
        self.calls.threads["fetch"].add(threading.get_ident())
        return super().fetchone()

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        self.calls.threads["fetch"].add(threading.get_ident())
        return super().fetchmany(size)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Watches SQLite, bcrypt and sleeping; what they do stays what it is."""
    calls = Calls()

    class Cursor(WatchedCursor):
        pass

    Cursor.calls = calls

    class Connection(SqliteConnection):
        def execute(self, sql: str, args: Any = (), /) -> sqlite3.Cursor:
            watched = calls.watched("execute", self.cursor(Cursor).execute)
            return watched(for_sqlite(sql), args)  # type: ignore[no-any-return]

    plain_connect = sqlite3.connect

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = plain_connect(*args, **{**kwargs, "factory": Connection})
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    for module, name in ((bcrypt, "checkpw"), (time, "sleep")):
        monkeypatch.setattr(module, name, calls.watched(name, getattr(module, name)))
    return calls


@pytest.fixture
async def client(calls: Calls, database: Path, aiohttp_client: AiohttpClient) -> TestClient[Request, Application]:
    """A client of the server in this process; opening the database at the start is not what is watched."""
    client = await aiohttp_client(build_app(read_settings(None, {"database": f"sqlite:///{database}"}, {}), Bell()))
    calls.threads.clear()
    return client


async def call(client: TestClient[Request, Application], method: str, params: object, auth: str | None = None) -> Any:
    envelope = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1, **({"auth": auth} if auth else {})}
    response = await client.post("/api_jsonrpc.php", json=envelope)
    return (await response.json())["result"]


async def test_nothing_blocks_the_loop(client: TestClient[Request, Application], calls: Calls) -> None:
    auth = await call(client, "user.login", {"username": "Admin", "password": passwords()["Admin"]})
    streamed = await call(client, "alert.get", {"output": "extend", "selectHosts": "extend"}, auth)
    short = await call(client, "alert.get", {"alertids": streamed[0]["alertid"]}, auth)
    searched = await call(client, "alert.get", {"search": {"message": "no message says so"}}, auth)
    assert await call(client, "user.logout", [], auth)
    assert (await client.get("/healthz")).status == 200

    assert (len(short), searched) == (1, [])
    assert len(streamed) > FETCHED_ROWS, "an answer that is streamed"
    assert calls.threads.keys() >= {"execute", "fetch", "checkpw"}
    in_loop = {name for name, threads in calls.threads.items() if threading.get_ident() in threads}
    assert in_loop == set()


async def test_a_call_in_the_loop_would_be_seen(calls: Calls) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("SELECT 1").fetchone()
    connection.close()
    assert calls.threads == {name: {threading.get_ident()} for name in ("execute", "fetch")}
