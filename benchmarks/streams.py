"""Rows 2 and 3: long answers, their rate, the memory that they take, and the point reads beside them."""

import random
import socket
import sqlite3
import threading
import time
from pathlib import Path

from alertrpc.api.alert import get
from alertrpc.records import Caller, Params, UserType
from benchmarks.point_reads import point_bodies
from benchmarks.processes import alertrpc, generate_load, login, peak_memory, request, reset_peak_memory
from benchmarks.report import Row, rounds

HEAD = (
    "POST /api_jsonrpc.php HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
)
SLOW_BYTES = 64 * 1024
SLOW_PAUSE = 0.02  # seconds between two reads of the slow reader


def measure(database: Path, alerts: int) -> list[Row]:
    """The rate of an answer of 100,000 rows beside bare sqlite3, and the memory that it and a whole one take."""
    rows = []
    some = min(100_000, alerts)
    with alertrpc(database) as (port, pid):
        auth = login(port, "Admin")
        read_all(port, request("alert.get", {"output": "extend", "limit": 10_000}, auth))
        params: Params = {"output": "extend", "limit": some}
        body = request("alert.get", params, auth)
        seconds = rounds({"alertrpc": lambda: read_all(port, body)[0], "sqlite3": lambda: bare_fetch(database, params)})
        rows.append(
            Row(
                f"2. {some:,} alerts extended",
                f"{some / seconds['alertrpc']:,.0f} rows/s",
                f"bare sqlite3, the same JSON rows: {some / seconds['sqlite3']:,.0f}",
                f"{seconds['sqlite3'] / seconds['alertrpc']:.2f}",
                "0.7",
            )
        )
    for limit in (some, alerts):
        with alertrpc(database) as (port, pid):
            auth = login(port, "Admin")
            reset_peak_memory(pid)
            idle = peak_memory(pid)
            taken, size = read_all(port, request("alert.get", {"output": "extend", "limit": limit}, auth))
            grown = peak_memory(pid) - idle
        rows.append(
            Row(
                f"2. peak memory over idle, {limit:,} alerts, {size / 2**20:,.0f} MiB of JSON in {taken:.1f} s",
                f"+{grown:.1f} MiB",
                f"idle {idle:.0f} MiB",
                "",
                "< 48 MiB",
            )
        )
    return rows


def read_all(port: int, body: str, pause: float = 0.0, size: int = 2**20) -> tuple[float, int]:
    """Seconds until the end of a chunked answer, and its bytes; a slow reader pauses after `size` bytes."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        started = time.perf_counter()
        connection.sendall(HEAD.format(len(body)).encode() + body.encode())
        total, tail = 0, b""
        while not tail.endswith(b"0\r\n\r\n"):
            chunk = connection.recv(size)
            if not chunk:
                raise RuntimeError("the answer broke off")
            total += len(chunk)
            tail = chunk[-5:] if len(chunk) >= 5 else (tail + chunk)[-5:]
            if pause:
                time.sleep(pause)
        return time.perf_counter() - started, total


def bare_fetch(database: Path, params: Params) -> float:
    """Seconds in which sqlite3 alone fetches the same rows of JSON text."""
    caller = Caller(1, UserType.SUPER_ADMIN)
    statement, args = get.statement(params, caller)
    connection = sqlite3.connect(database)
    started = time.perf_counter()
    cursor = connection.execute(statement.sql, args)
    while cursor.fetchmany(500):
        pass
    taken = time.perf_counter() - started
    connection.close()
    return taken


def measure_beside_slow_reader(database: Path, alerts: int, seconds: float) -> list[Row]:
    """Latency of point reads while a long answer goes to a slow reader, and while one goes to a quick one."""
    rows = []
    for reader, pause, size in (("a slow reader", SLOW_PAUSE, SLOW_BYTES), ("a quick reader", 0.0, 2**20)):
        with alertrpc(database) as (port, _):
            auth = login(port, "Admin")
            body = request("alert.get", {"output": "extend"}, auth)
            stop = threading.Event()

            def stream(
                port: int = port, body: str = body, pause: float = pause, size: int = size, stop: threading.Event = stop
            ) -> None:
                while not stop.is_set():
                    _read_until(stop, port, body, pause, size)

            thread = threading.Thread(target=stream)
            thread.start()
            time.sleep(0.5)
            bodies = point_bodies(alerts, auth)
            random.Random(1).shuffle(bodies)
            report = generate_load(port, 4, seconds, bodies)
            stop.set()
            thread.join()
        rows.append(
            Row(
                f"3. point reads, 4 connections, while all alerts stream to {reader}",
                f"p99 {report['p99_ms']:.1f} ms, p50 {report['p50_ms']:.1f} ms",
                f"{report['rate']:,.0f} requests/s",
                "",
                "p99 < 50 ms" if pause else "",
            )
        )
    return rows


def _read_until(stop: threading.Event, port: int, body: str, pause: float, size: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(HEAD.format(len(body)).encode() + body.encode())
        tail = b""
        while not stop.is_set() and not tail.endswith(b"0\r\n\r\n"):
            tail = (tail + connection.recv(size))[-5:]
            time.sleep(pause)
