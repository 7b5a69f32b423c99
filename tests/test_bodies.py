"""Bodies of requests: how large each may be, whom they keep waiting, and what all of them together may take."""

import asyncio
import gzip
import json
import socket
import threading
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from alertrpc.api.heavy import LARGE_BODY, MANY_VALUES, Heavy
from alertrpc.errors import ServerBusy
from alertrpc.web.body import FREE_BYTES, MOST_LARGEST_ANONYMOUS, Bodies, NoRoom
from tests.receivers import PASSWORD, TOKEN, new_database
from tests.support import Client, Server, serving, settings_of
from tests.wire import PATIENCE, call, exchange

PATHS = ["/api_jsonrpc.php", "/jsonrpc", "/x/api_jsonrpc.php", "/nowhere", "/healthz", "/", "/api/v2/alerts",
         "/api/v2/alarm/alarms", "/api/v2/alarm/channels/x/test", "/alertmanager"]  # fmt: skip
ENCODINGS = ["gzip", "deflate", "br", "zstd", "identity", "x", "", "gzip, gzip"]
BASIC = "Basic " + b64encode(f"Admin:{PASSWORD}".encode()).decode()
CALL = call("apiinfo.version", [], id=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = new_database(tmp_path_factory.mktemp("bodies") / "bodies.db")
    with serving(path, "--anonymous-body-limit", "100K", "--body-limit", "1M", "--stall-timeout", "30s") as server:
        yield server


def raw(server: Server, request: bytes) -> bytes:
    """What is answered until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        answered = b""
        while piece := connection.recv(65536):
            answered += piece
        return answered


def head(path: str, length: int | None, *lines: str, method: str = "POST") -> bytes:
    size = ["Transfer-Encoding: chunked"] if length is None else [f"Content-Length: {length}"]
    return (
        "\r\n".join(
            [f"{method} {path} HTTP/1.1", "Host: test", "Content-Type: application/json", *size, *lines]
        ).encode()
        + b"\r\n\r\n"
    )


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


# --- encodings


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_encoding_is_refused_on_every_path(server: Server, path: str, encoding: str) -> None:
    """And the connection is closed: `raw` would wait otherwise."""
    body = gzip.compress(json.dumps(CALL).encode())
    answer = raw(server, head(path, len(body), f"Content-Encoding: {encoding}") + body)
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b"\r\nServer: alertrpc\r\n" in answer


def test_what_inflates_takes_nothing(server: Server) -> None:
    """64 MiB in 64 KiB, which would be 4 GiB if there were four thousand of them."""
    body = zlib.compress(b" " * 2**26, 9)
    answer = raw(server, head("/nowhere", len(body), "Content-Encoding: deflate") + body)
    assert answer.startswith(b"HTTP/1.1 415 ")


def test_a_method_without_a_body_is_refused_too(server: Server) -> None:
    assert raw(server, head("/healthz", 0, "Content-Encoding: gzip", method="GET")).startswith(b"HTTP/1.1 415 ")


# --- sizes


def of_size(size: int) -> bytes:
    text = json.dumps(call("apiinfo.version", {"": ""}, id=1)).encode()
    return text.replace(b'""}', b'"' + b"[" * (size - len(text)) + b'"}')


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize(("size", "is_known", "status"), [
    (100 * 1024, False, 200),
    (100 * 1024 + 1, False, 413),
    (100 * 1024 + 1, True, 200),
    (2**20, True, 200),
    (2**20 + 1, True, 413),
    (2**20 + 1, False, 413),
])  # fmt: skip
def test_a_body_is_as_large_as_its_caller_may_send(
    server: Server, size: int, is_known: bool, status: int, is_chunked: bool
) -> None:
    body = of_size(size)
    assert len(body) == size
    lines = ["Connection: close", *([f"Authorization: Bearer {TOKEN}"] if is_known else [])]
    request = head("/api_jsonrpc.php", None if is_chunked else size, *lines)
    answer = raw(server, request + (chunked(body) if is_chunked else body))
    assert answer.startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize(("size", "is_known", "status"), [(500, False, 200), (501, False, 413), (5000, True, 200)])
def test_the_limit_of_strangers_may_be_very_small(
    path: Path, size: int, is_known: bool, status: int, is_chunked: bool
) -> None:
    body = of_size(size)
    lines = ["Connection: close", *([f"Authorization: Bearer {TOKEN}"] if is_known else [])]
    with serving(path, "--anonymous-body-limit", "500") as server:
        request = head("/api_jsonrpc.php", None if is_chunked else size, *lines)
        assert raw(server, request + (chunked(body) if is_chunked else body)).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("credential", ["Bearer wrong", "Bearer", BASIC, "Bearer " + "x" * 64, ""])
def test_a_credential_that_is_none_makes_nobody_known(server: Server, credential: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(head("/api_jsonrpc.php", 200 * 1024, f"Authorization: {credential}"))
        assert connection.recv(13) == b"HTTP/1.1 413 "  # before anything of it came


def test_a_credential_in_the_body_makes_nobody_known(server: Server) -> None:
    body = json.dumps(call("alert.get", {"filter": {"subject": "x" * 150_000}}, auth=TOKEN, id=1)).encode()
    assert raw(server, head("/api_jsonrpc.php", len(body)) + body).startswith(b"HTTP/1.1 413 ")


def test_too_many_values_are_told(server: Server) -> None:
    body = b"[" + b"[]," * 120_000 + b"[]]"
    request = head("/api_jsonrpc.php", len(body), f"Authorization: Bearer {TOKEN}", "Connection: close")
    assert b'"data":"The request has more than 100000 arrays and objects."' in raw(server, request + body)
    request = head("/api/v2/alerts", len(body), f"Authorization: {BASIC}", "Connection: close")
    assert b'"message":"more than 100000 arrays and objects"' in raw(server, request + body)


def test_a_large_call_is_answered_like_a_small_one(server: Server) -> None:
    """It is parsed and checked in another thread."""
    params = {"alertids": [str(number) for number in range(60_000)], "countOutput": True}
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert exchange(server.port, call("alert.get", params, id=1), bearer)["result"] == "0"
    params["alertids"] = ["x", *params["alertids"]]  # type: ignore[misc]
    counted = call("alert.get", {"countOutput": True}, id=2)
    answer = exchange(server.port, [call("alert.get", params, id=1), counted], bearer)
    assert answer[0]["error"]["data"] == 'Invalid parameter "/alertids/1": a number is expected.'
    assert answer[1]["result"] == "0"


def test_requests_without_a_body_are_answered_again_and_again(server: Server) -> None:
    """With a length of 0 and without any, over one connection: aiohttp has one empty body for all of them."""
    one = head("/api_jsonrpc.php", 0)
    other = one.replace(b"Content-Length: 0\r\n", b"")
    last = head("/api_jsonrpc.php", 0, "Connection: close")
    assert raw(server, (one + other) * 3 + last).count(b"HTTP/1.1 200 OK") == 7


@pytest.mark.parametrize(("size", "is_taken"), [(1, False), (8, False), (64, True), (1000, True)])
def test_small_chunks_are_no_body(server: Server, size: int, is_taken: bool) -> None:
    body = of_size(90_000)
    chunks = b"".join([b"%x\r\n%s\r\n" % (len(piece), piece) for piece in _cut(body, size)]) + b"0\r\n\r\n"
    answer = b""
    with suppress(ConnectionError):
        answer = raw(server, head("/api_jsonrpc.php", None, "Connection: close") + chunks)
    assert answer.startswith(b"HTTP/1.1 200 ") is is_taken
    assert "Traceback" not in server.log.read_text()


def _cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


# --- turns of large requests


async def test_large_requests_of_strangers_keep_none_of_others_waiting() -> None:
    heavy = Heavy()
    try:
        stranger = await heavy.turn(LARGE_BODY + 1, 0, is_known=False)
        known = await heavy.turn(LARGE_BODY + 1, 0, is_known=True)
        busy = threading.Event()
        waiting = [asyncio.create_task(stranger.run(lambda: busy.wait(PATIENCE))) for _ in range(3)]
        await asyncio.sleep(0)
        assert await known.run(lambda: 7) == 7
        assert await (await heavy.turn(LARGE_BODY, 10**9, is_known=False)).run(lambda: 8) == 8
        busy.set()
        assert await asyncio.gather(*waiting) == [True] * 3
    finally:
        heavy.close()


async def test_one_request_with_many_values_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alertrpc.api.heavy.WAIT_SECONDS", 0.01)
    heavy = Heavy()
    try:
        first = await heavy.turn(10**7, MANY_VALUES + 1, is_known=True)
        with pytest.raises(ServerBusy, match="try again later"):
            await heavy.turn(10**7, MANY_VALUES + 1, is_known=True)
        assert (await heavy.turn(10**7, MANY_VALUES, is_known=True)).is_large
        first.leave()
        first.leave()
        assert (await heavy.turn(10**7, MANY_VALUES + 1, is_known=True)).is_large
    finally:
        heavy.close()


def test_a_batch_of_logins_keeps_no_large_request_waiting(server: Server) -> None:
    """It is answered call by call; what comes meanwhile is parsed."""
    calls = [call("user.login", {"username": f"x{n}", "password": "x" * 50}, id=n) for n in range(300)]
    large = json.dumps(call("alert.get", {"alertids": ["7"] * 9000, "countOutput": True}, id=1)).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        body = json.dumps(calls).encode()
        assert len(body) > LARGE_BODY
        connection.sendall(head("/api_jsonrpc.php", len(body)) + body)
        request = head("/api_jsonrpc.php", len(large), f"Authorization: Bearer {TOKEN}", "Connection: close")
        assert raw(server, request + large).endswith(b'"result":"0","id":1}')
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):  # the batch is still under way
            connection.recv(1)


# --- room for all


class Sent:
    """A request whose body comes as the test says."""

    def __init__(self, size: int) -> None:
        self.request = make_mocked_request("POST", "/", {"Content-Length": str(size)})
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self.request._payload = self  # type: ignore[assignment]

    async def readany(self) -> bytes:
        return await self._pieces.get()

    def is_eof(self) -> bool:
        return False

    def come(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._pieces.put_nowait(piece)


async def nobody() -> bool:
    return False


LIMIT = 4 * FREE_BYTES


@pytest.fixture
def bodies() -> Bodies:
    return Bodies(settings_of(body_limit=LIMIT, anonymous_body_limit=LIMIT))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def received(bodies: Bodies, stack: AsyncExitStack, is_known: Callable[[], Any] = nobody) -> bytearray:
    sent = Sent(LIMIT)
    sent.come(b"x" * LIMIT, b"")
    return (await stack.enter_async_context(bodies.received(sent.request, is_known))).data


async def test_bodies_have_room_together(bodies: Bodies, stack: AsyncExitStack) -> None:
    for _ in range(MOST_LARGEST_ANONYMOUS):
        assert len(await received(bodies, stack)) == LIMIT
    with pytest.raises(NoRoom):
        await received(bodies, stack)
    await stack.aclose()
    async with AsyncExitStack() as again:
        assert len(await received(bodies, again)) == LIMIT


async def test_small_bodies_need_no_room(bodies: Bodies, stack: AsyncExitStack) -> None:
    for _ in range(MOST_LARGEST_ANONYMOUS):
        await received(bodies, stack)
    sent = Sent(FREE_BYTES)
    sent.come(b"x" * FREE_BYTES, b"")
    assert len((await stack.enter_async_context(bodies.received(sent.request, nobody))).data) == FREE_BYTES


async def test_who_is_known_has_room_beside_strangers(bodies: Bodies, stack: AsyncExitStack) -> None:
    async def somebody() -> bool:
        return True

    for _ in range(MOST_LARGEST_ANONYMOUS):
        await received(bodies, stack)
    assert len(await received(bodies, stack, somebody)) == LIMIT


async def test_a_body_that_stalls_gives_way(
    bodies: Bodies, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalled = [Sent(LIMIT) for _ in range(MOST_LARGEST_ANONYMOUS)]

    async def receive(sent: Sent) -> None:
        async with bodies.received(sent.request, nobody):
            pass

    tasks = [asyncio.create_task(receive(sent)) for sent in stalled]
    for sent in stalled:
        sent.come(b"x" * LIMIT)
    await asyncio.sleep(0.01)
    with pytest.raises(NoRoom):  # none has stalled for long
        await received(bodies, stack)
    monkeypatch.setattr("alertrpc.web.body.STALLED_SECONDS", 0.0)
    assert len(await received(bodies, stack)) == LIMIT
    done, _ = await asyncio.wait(tasks, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    assert [type(task.exception()) for task in done] == [TimeoutError]
    for sent in stalled:
        sent.come(b"")
    await asyncio.wait(tasks)
    assert [task.exception() for task in tasks].count(None) == len(tasks) - 1


async def test_a_body_that_is_here_gives_way_to_none(
    bodies: Bodies, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alertrpc.web.body.STALLED_SECONDS", 0.0)
    for _ in range(MOST_LARGEST_ANONYMOUS):
        await received(bodies, stack)
    with pytest.raises(NoRoom):
        await received(bodies, stack)


async def test_a_client_that_is_gone_sends_nothing(bodies: Bodies) -> None:
    request = make_mocked_request("POST", "/")
    request._protocol.transport = None
    with pytest.raises(ConnectionResetError):
        async with bodies.received(request, nobody):
            pass


def test_strangers_that_stall_keep_nobody_waiting(path: Path) -> None:
    """More of them than there is room for: each is refused, or gives way to another who sends more."""
    body = of_size(90_000)
    with serving(path, "--anonymous-body-limit", "100K", "--stall-timeout", "60s") as server:
        held = [socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) for _ in range(40)]
        for connection in held:
            connection.sendall(head("/api_jsonrpc.php", 100_000) + b" " * 95_000)
        with closing(Client(server.port)) as client:
            assert client.login("Admin", PASSWORD)
        for connection in held:
            connection.close()
        answer = raw(server, head("/api_jsonrpc.php", len(body), "Connection: close") + body)
        assert answer.startswith(b"HTTP/1.1 200 ")
