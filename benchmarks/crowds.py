"""Row 11: what others wait, and what the process grows, while one caller or a crowd sends what it should not."""

import itertools
import json
import random
import socket
import sqlite3
import string
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple

from alertrpc.query.resources import RESOURCES
from benchmarks.data import PASSWORDS, READER
from benchmarks.deliveries import basic
from benchmarks.processes import ENVIRONMENT, alertrpc, login, peak_memory, ran, request, reset_peak_memory
from benchmarks.report import Row, attempt
from benchmarks.run import Run

RPC, ALARMS, PROMETHEUS = "/api_jsonrpc.php", "/api/v2/alarm/alarms", "/api/v2/alerts"
JSON = {"Content-Type": "application/json"}
MIB = 2**20
LARGE = 16 * MIB - 1024  # bytes of a body that the server still takes
TAGGED_EVENT = 2  # which the reader may see
RECEIVERS = 30
PATIENCE = 120.0  # seconds that a client of a crowd waits for an answer
WANTED = "250 ms; 128 MiB"
WANTED_OF_STRANGERS = "250 ms; 64 MiB"


class Scene(NamedTuple):
    """A running server, and who may call it."""

    run: Run
    port: int
    admin: str  # a session
    reader: str


class Crowd(NamedTuple):
    who: str
    what: str
    send: Callable[[Scene], None]


def measure(run: Run) -> Iterator[Row]:
    """A row for each crowd, each with a server of its own."""
    _prepare(run.database)
    for crowd in CROWDS:
        yield attempt(f"11. {crowd.who}: {crowd.what}", partial(_measured, run, crowd))


def _prepare(database: Path) -> None:
    """An event with a long tag, and an action that alerts many."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM event_tag WHERE eventid = ? AND tag = 'long'", (TAGGED_EVENT,))
        connection.execute(
            "INSERT INTO event_tag (eventid, tag, value) VALUES (?, 'long', ?)", (TAGGED_EVENT, "a" * 2**16)
        )
    media = [{"media_type": "crowd", "sendto": "nobody"}]
    names = [f"receiver {number}" for number in range(RECEIVERS)]
    users = "".join([f'[[user]]\nusername = "{name}"\nmedia = [{_inline(media[0])}]\n' for name in names])
    path = database.with_suffix(".crowds.toml")
    path.write_text(
        '[[media_type]]\nname = "crowd"\ntype = "http"\nurl = "http://127.0.0.1:9/"\n'
        + users
        + f'[[action]]\nname = "crowd"\nalarm_type = ["storm"]\nsteps = [{{ users = {json.dumps(names)} }}]\n'
    )
    ran("alertrpc", "apply", str(path), "--database", f"sqlite:///{database}")


def _inline(table: Mapping[str, str]) -> str:
    return "{ " + ", ".join([f"{name} = {json.dumps(value)}" for name, value in table.items()]) + " }"


def _measured(run: Run, crowd: Crowd) -> Row:
    with alertrpc(run.database, "--deliver", "no") as (port, pid):
        scene = Scene(run, port, login(port, "Admin"), login(port, READER))
        with _witness(scene) as figures:
            time.sleep(1.0)
            reset_peak_memory(pid)
            idle = peak_memory(pid)
            started = time.perf_counter()
            crowd.send(scene)
            seconds = time.perf_counter() - started
            time.sleep(0.5)
        grown = peak_memory(pid) - idle
    gaps = {name: figure["most"] for name, figure in figures.items()}
    p99 = {name: figure["p99"] for name, figure in figures.items()}
    return Row(
        f"11. {crowd.who}: {crowd.what}",
        f"gap {1000 * gaps['healthz']:,.0f} ms, +{grown:.0f} MiB",
        "; ".join([f"{name} {1000 * p99[name]:,.0f}, {1000 * gap:,.0f}" for name, gap in gaps.items()])
        + f" (p99, most; ms); {seconds:.1f} s",
        "",
        WANTED_OF_STRANGERS if crowd.who == "stranger" else WANTED,
    )


@contextmanager
def _witness(scene: Scene) -> Iterator[dict[str, dict[str, float]]]:
    """Asks as another client while the block runs; its figures are there at the end."""
    requests = {
        "healthz": {"method": "GET", "path": "/healthz"},
        "push": {
            "method": "POST",
            "path": ALARMS,
            "headers": {**JSON, "Authorization": basic()},
            "body": json.dumps({"alarmType": "calm", "target": "NUMBER"}),
        },
        "read": _rpc(request("alert.get", {"eventids": ["7"]}, scene.admin)),
        "hosts": _rpc(request("host.get", {"hostids": ["7"], "selectHostGroups": "extend"}, scene.admin)),
        "list": _rpc(request("alert.get", {"search": {"subject": "disk"}, "limit": 20}, scene.admin)),
        "login": _rpc(request("user.login", {"username": "Admin", "password": PASSWORDS["Admin"]})),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.witness"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    figures: dict[str, dict[str, float]] = {}
    try:
        process.stdin.write(json.dumps({"port": scene.port, "requests": requests}) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        yield figures
        process.stdin.close()
        figures |= json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _rpc(body: str) -> dict[str, Any]:
    return {"method": "POST", "path": RPC, "headers": JSON, "body": body}


def _post(port: int, body: bytes, path: str = RPC, **headers: str) -> int:
    """The status of the answer, which is read to its end; 0 where the connection is cut off."""
    named = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("POST", path, body, named)
        answer = connection.getresponse()
        while answer.read(MIB):
            pass
        return answer.status
    return 0


def _each_post(bodies: Sequence[bytes], scene: Scene, path: str = RPC, **headers: str) -> None:
    for body in bodies:
        _post(scene.port, body, path, **headers)


def _head(path: str, length: int, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {length}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _of_size(piece: bytes, size: int, before: bytes = b"[", after: bytes = b"]") -> bytes:
    return before + (piece + b",") * ((size - 16) // (len(piece) + 1)) + b"1" + after


def _empty_arrays(scene: Scene) -> None:
    _each_post([_of_size(b"[]", LARGE)] * 2, scene)


def _deep_arrays(scene: Scene) -> None:
    _each_post([_of_size(b"[" * 900 + b"]" * 900, LARGE)] * 2, scene)


def _many_members(scene: Scene) -> None:
    body = b"{" + b",".join([b'"%x":1' % number for number in range(1_500_000)]) + b"}"
    _each_post([body] * 2, scene)


def _inflating(scene: Scene) -> None:
    """4 GiB of spaces in 4 MB."""
    packer = zlib.compressobj(9, wbits=31)
    spaces = b" " * (16 * MIB)
    body = b"".join([packer.compress(spaces) for _ in range(256)]) + packer.flush()
    for path in (RPC, "/nowhere", "/healthz"):
        _post(scene.port, body, path, Content_Encoding="gzip")


def _stalled(scene: Scene) -> None:
    """Connections that send most of a body and stop."""
    with ExitStack() as stack:
        for _ in range(60):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", scene.port), timeout=1.0))
            with suppress(OSError):
                connection.sendall(_head(RPC, LARGE) + b" " * (15 * MIB))
        time.sleep(3.0)


def _at_one_time(number: int, send: Callable[[int], object]) -> None:
    threads = [threading.Thread(target=send, args=(index,), daemon=True) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _logins(number: int, scene: Scene) -> None:
    def send(index: int) -> None:
        body = request("user.login", {"username": f"nobody {index}", "password": "wrong"})
        _post(scene.port, body.encode())

    _at_one_time(number, send)


def _like_tags(scene: Scene) -> None:
    for number in (600, 1000):
        tags = [{"tag": "long", "operator": 0, "value": "a" * 95 + f"{index:04}"} for index in range(number)]
        params = {"eventids": [str(TAGGED_EVENT)], "tags": tags}
        _post(scene.port, request("event.get", params, scene.reader).encode(), Authorization=f"Bearer {scene.reader}")


def _bearing(scene: Scene, method: str, params: Any, token: str | None = None) -> None:
    _post(scene.port, request(method, params).encode(), Authorization=f"Bearer {token or scene.reader}")


def _many_ids(scene: Scene) -> None:
    short, long = (json.dumps(ids).replace(" ", "").encode() for ids in ([7] * 990_000, [*map(str, range(990_000))]))
    for text, names in (
        (short, ("eventids", "actionids", "mediatypeids", "userids")),
        (short, ("eventids",)),
        (long, ("eventids",)),
        (long, ("alertids",)),
    ):
        given = b",".join([b'"%s":%s' % (name.encode(), text) for name in names])
        body = b'{"jsonrpc":"2.0","method":"alert.get","params":{%s,"countOutput":true},"id":1}' % given
        _post(scene.port, body, Authorization=f"Bearer {scene.reader}")


def _many_filters(scene: Scene) -> None:
    names = list(RESOURCES["host"].filters)
    for size, number in ((26, 100_000), (26, 38_000), (1, 100_000)):
        values = {name: list(range(number)) for name in names[:size]}
        _bearing(scene, "host.get", {"filter": values})


def _random_params(scene: Scene) -> None:
    """Calls whose parameters are another set each time."""
    draw = random.Random(1)
    calls = {f"{name}.get": list(resource.related) for name, resource in RESOURCES.items()}
    flags = ["editable", "preservekeys", "searchByAny", "searchWildcardsEnabled", "startSearch", "excludeSearch"]

    def params(method: str) -> dict[str, Any]:
        resource = RESOURCES[method.removesuffix(".get")]
        given: dict[str, Any] = {name: True for name in flags if draw.random() < 0.5}
        given |= {name: "extend" for name in calls[method] if draw.random() < 0.3}
        given |= {name: ["7"] for name in resource.ids if draw.random() < 0.3}
        words = "".join(draw.choices(string.ascii_letters, k=8))
        given["search"] = {name: words for name in resource.searches if draw.random() < 0.3}
        return {**given, "limit": 1}

    with closing(HTTPConnection("127.0.0.1", scene.port, timeout=PATIENCE)) as connection:
        for _ in range(24_000 * min(scene.run.alerts, 100_000) // 100_000):
            method = draw.choice(list(calls))
            connection.request("POST", RPC, request(method, params(method), scene.reader), JSON)
            connection.getresponse().read()


def _searches_left(scene: Scene) -> None:
    """Searches whose clients leave after half a second."""
    body = request("alert.get", {"search": {"message": ["qq*ww", "no such text"]}, "searchByAny": True,
                                 "searchWildcardsEnabled": True, "countOutput": True}, scene.reader).encode()  # fmt: skip
    for _ in range(6):
        with ExitStack() as stack:
            for _ in range(50):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", scene.port), timeout=5))
                connection.sendall(_head(RPC, len(body)) + body)
            time.sleep(0.5)
    time.sleep(5.0)


def _slow_readers(scene: Scene) -> None:
    """Readers that take a long answer at 1 MB/s."""
    body = request("alert.get", {"output": "extend", "limit": 66_000}, scene.reader).encode()

    def read(_: int) -> None:
        with socket.create_connection(("127.0.0.1", scene.port), timeout=PATIENCE) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
            connection.settimeout(1.0)
            connection.sendall(_head(RPC, len(body)) + body)
            ends = time.monotonic() + 15
            with suppress(TimeoutError):
                while time.monotonic() < ends and connection.recv(100_000):
                    time.sleep(0.1)

    _at_one_time(4, read)


def _deaf_readers(scene: Scene) -> None:
    """Readers that take nothing of a long answer."""
    body = request("alert.get", {"output": "extend", "limit": 66_000}, scene.reader).encode()
    with ExitStack() as stack:
        for _ in range(50):
            connection = socket.socket()
            stack.enter_context(connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
            connection.connect(("127.0.0.1", scene.port))
            connection.sendall(_head(RPC, len(body)) + body)
        time.sleep(20.0)


def _faulty_alerts(scene: Scene) -> None:
    body = json.dumps([{"labels": 1}] * 10_000).encode()
    _each_post([body] * 3, scene, PROMETHEUS, Authorization=basic())


def _storm(scene: Scene) -> None:
    """15 MiB of alarms that alert 30 receivers each."""
    mark = str(time.time_ns())
    alarms = [
        {"alarmType": "storm", "target": f"{mark} {number}", "description": "d" * 15_000} for number in range(1000)
    ]
    _post(scene.port, json.dumps(alarms).encode(), ALARMS, Authorization=basic())


def _long_storm(scene: Scene) -> None:
    """15 alarms of a mebibyte each that alert 30 receivers each."""
    mark = str(time.time_ns())
    alarms = [{"alarmType": "storm", "target": f"{mark} {number}", "description": "d" * MIB} for number in range(15)]
    _post(scene.port, json.dumps(alarms).encode(), ALARMS, Authorization=basic())


def _resend(scene: Scene) -> None:
    ids = [str(number) for number in itertools.islice(range(1, scene.run.alerts + 1), 100_000)]
    _bearing(scene, "alert.resend", {"alertids": ids}, scene.admin)


# fmt: off
CROWDS = (
    Crowd("stranger", "16 MiB of empty arrays, twice", _empty_arrays),
    Crowd("stranger", "16 MiB of arrays 900 deep, twice", _deep_arrays),
    Crowd("stranger", "an object of 1.5 million members", _many_members),
    Crowd("stranger", "4 MB of gzip that would be 4 GiB, on three paths", _inflating),
    Crowd("stranger", "60 connections that send 15 MiB of a body and stop", _stalled),
    Crowd("stranger", "120 logins of unknown users at one time", partial(_logins, 120)),
    Crowd("stranger", "200 logins of unknown users at one time", partial(_logins, 200)),
    Crowd("user", "event.get with 600 and 1,000 patterns on a tag of 64 KiB", _like_tags),
    Crowd("user", "alert.get with 990,000 ids, in four parameters and in one", _many_ids),
    Crowd("user", "host.get with filters of 100,000 values", _many_filters),
    Crowd("user", "24,000 calls with random sets of parameters", _random_params),
    Crowd("user", "300 searches whose clients leave", _searches_left),
    Crowd("user", "4 readers that take 33 MB at 1 MB/s", _slow_readers),
    Crowd("user", "50 readers that take nothing", _deaf_readers),
    Crowd("admin", "10,000 faulty alerts, three times", _faulty_alerts),
    Crowd("admin", "15 MiB of 1,000 alarms for 30 receivers", _storm),
    Crowd("admin", "15 alarms of a MiB for 30 receivers", _long_storm),
    Crowd("admin", "alert.resend of 100,000 ids", _resend),
)
# fmt: on
