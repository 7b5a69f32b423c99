"""Rows 2 and 3: long answers, their rate, the memory that they take, and the point reads beside them."""

import random
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from alertrpc.api.alert import get
from alertrpc.records import Caller, Params, UserType
from alertrpc.store.connection import SqliteConnection
from benchmarks.point_reads import point_bodies
from benchmarks.processes import alertrpc, generate_load, login, peak_memory, received, request, reset_peak_memory
from benchmarks.report import Row, attempt
from benchmarks.run import Run

HEAD = (
    "POST /api_jsonrpc.php HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
)
END = b"0\r\n\r\n"  # of a chunked answer
SLOW_BYTES = 64 * 1024
SLOW_PAUSE = 0.02  # seconds between two reads of the slow reader


def measure(run: Run) -> Iterator[Row]:
    """The rate of an answer of up to 100,000 rows beside bare sqlite3, and the memory that it and a whole one take."""
    some = min(100_000, run.alerts // 2)
    yield attempt(f"2. {some:,} alerts extended", partial(_rate, run, some))
    for limit in (some, run.alerts):
        yield attempt(f"2. peak memory over idle, {limit:,} alerts", partial(_memory, run, limit))


def _rate(run: Run, some: int) -> Row:
    with alertrpc(run.database) as (port, _):
        auth = login(port, "Admin")
        read_all(port, request("alert.get", {"output": "extend", "limit": 10_000}, auth))
        params: Params = {"output": "extend", "limit": some}
        body = request("alert.get", params, auth)
        seconds = run.in_turns({
            "alertrpc": lambda: read_all(port, body)[0],
            "sqlite3": lambda: bare_fetch(run.database, params),
        })  # fmt: skip
    return Row(
        f"2. {some:,} alerts extended",
        f"{some / seconds['alertrpc']:,.0f} rows/s",
        f"bare sqlite3, the same JSON rows: {some / seconds['sqlite3']:,.0f}",
        f"{seconds['sqlite3'] / seconds['alertrpc']:.2f}",
        "0.7",
    )


def _memory(run: Run, limit: int) -> Row:
    with alertrpc(run.database) as (port, pid):
        auth = login(port, "Admin")
        reset_peak_memory(pid)
        idle = peak_memory(pid)
        taken, size = read_all(port, request("alert.get", {"output": "extend", "limit": limit}, auth))
        grown = peak_memory(pid) - idle
    return Row(
        f"2. peak memory over idle, {limit:,} alerts, {size / 2**20:,.0f} MiB of JSON in {taken:.1f} s",
        f"+{grown:.1f} MiB",
        f"idle {idle:.0f} MiB",
        "",
        "< 48 MiB",
    )


def read_all(port: int, body: str) -> tuple[float, int]:
    """Seconds until the end of a chunked answer, and its bytes."""
    with asked(port, body) as connection:
        started = time.perf_counter()
        total, tail = 0, b""
        while not tail.endswith(END):
            chunk = received(connection)
            total += len(chunk)
            tail = (tail + chunk[-len(END) :])[-len(END) :]
        return time.perf_counter() - started, total


def bare_fetch(database: Path, params: Params) -> float:
    """Seconds in which sqlite3 alone fetches the same rows of JSON text."""
    caller = Caller(1, UserType.SUPER_ADMIN)
    statement, args = get.statement(params, caller)
    connection = sqlite3.connect(database, factory=SqliteConnection)
    started = time.perf_counter()
    cursor = connection.execute(statement.sql, args)
    while cursor.fetchmany(500):
        pass
    taken = time.perf_counter() - started
    connection.close()
    return taken


def measure_beside_slow_reader(run: Run) -> Iterator[Row]:
    """Latency of point reads while a long answer goes to a slow reader, and while one goes to a quick one."""
    with alertrpc(run.database) as (port, _):
        auth = login(port, "Admin")
        for reader, pause, size in (("a slow reader", SLOW_PAUSE, SLOW_BYTES), ("a quick reader", 0.0, 2**20)):
            what = f"3. point reads, 4 connections, while all alerts stream to {reader}"
            yield attempt(what, partial(_beside_reader, run, what, port, auth, pause, size))


def _beside_reader(run: Run, what: str, port: int, auth: str, pause: float, size: int) -> Row:
    with _streaming(port, request("alert.get", {"output": "extend"}, auth), pause, size):
        time.sleep(0.5)
        bodies = point_bodies(run.alerts, auth)
        random.Random(1).shuffle(bodies)
        report = generate_load(port, 4, run.seconds, bodies)
    return Row(
        what,
        f"p99 {report['p99_ms']:.1f} ms, p50 {report['p50_ms']:.1f} ms",
        f"{report['rate']:,.0f} requests/s",
        "",
        "p99 < 50 ms" if pause else "",
    )


@contextmanager
def _streaming(port: int, body: str, pause: float, size: int) -> Iterator[None]:
    """Reads whole answers in a thread, again and again; its fault is raised at the end."""
    stop = threading.Event()

    def stream() -> None:
        while not stop.is_set():
            _read_until(stop, port, body, pause, size)

    with ThreadPoolExecutor(1) as pool:
        streaming = pool.submit(stream)
        try:
            yield
        finally:
            stop.set()
        streaming.result()


def _read_until(stop: threading.Event, port: int, body: str, pause: float, size: int) -> None:
    with asked(port, body) as connection:
        tail = b""
        while not stop.is_set() and not tail.endswith(END):
            tail = (tail + received(connection, size))[-len(END) :]
            time.sleep(pause)


def asked(port: int, body: str) -> socket.socket:
    """A connection on which the call is sent."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(HEAD.format(len(body)).encode() + body.encode())
    return connection
