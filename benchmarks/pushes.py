"""Rows 7 and 8: alarms that are acknowledged a second, and reads beside them."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alertrpc.api.passwords import hash_password
from alertrpc.intake.ocp import parse
from alertrpc.intake.pushes import MOST_TOGETHER, Push, Pushes
from alertrpc.ledger.ledger import Ledger
from alertrpc.store.database import create, open_database
from alertrpc.store.loading import load_file
from benchmarks.deliveries import RECEIVED, USERS, basic, configure, http_media_type
from benchmarks.point_reads import point_bodies
from benchmarks.processes import Target, alertrpc, bare_server, generate_load, login, start_load
from benchmarks.report import Row, rounds

SENDERS = 64
READERS = 4
IN_PROCESS = 3000  # pushes
TARGET = Target("/api/v2/alarm/alarms", '"data"', f"Authorization: {basic()}")


def bodies(run: str, number: int) -> list[str]:
    """Pushes of one new alarm each."""
    return [
        json.dumps({"alarmType": "disk_full", "target": f"{run}-{i}", "labels": {"cluster": "prod", "disk": "sda"}})
        for i in range(number)
    ]


def measure(database: Path, alerts: int, seconds: float) -> list[Row]:
    """Pushes of 64 senders, each of which makes an event and an alert: alone, beside reads, and beside delivery."""
    together, alone = measure_sharing()
    with bare_server(RECEIVED, "asyncio") as receiver:
        configure(database, http_media_type(receiver, 8))
        with alertrpc(database, "--deliver", "no") as (port, _):
            auth = login(port, "Admin")
            generate_load(port, SENDERS, 1.0, bodies("warm", 20_000), TARGET)
            pushed = generate_load(port, SENDERS, seconds, bodies("alone", 40_000), TARGET)
            with start_load(port, SENDERS, seconds + 1, bodies("beside", 40_000), TARGET) as pushing:
                reads = _reads_beside(port, point_bodies(alerts, auth), seconds, pushing)
        with alertrpc(database) as (port, _):
            delivered = generate_load(port, SENDERS, seconds, bodies("delivered", 40_000), TARGET)
    return [
        Row(
            f"7. alarms pushed by {SENDERS} senders, each with an alert",
            f"{pushed['rate']:,.0f} alarms/s",
            f"p99 {pushed['p99_ms']:.0f} ms; synchronous=FULL",
            "",
            "1,500",
        ),
        Row(
            "7. the same while the alerts are delivered to a receiver of webhooks beside it",
            f"{delivered['rate']:,.0f} alarms/s",
            f"p99 {delivered['p99_ms']:.0f} ms",
        ),
        Row(
            "7. the same in process: shared commits",
            f"{together:,.0f} alarms/s",
            f"one commit an alarm: {alone:,.0f}",
            f"{together / alone:.1f}",
        ),
        Row(
            f"8. one alert by eventids, {READERS} connections, while {SENDERS} senders push",
            f"p99 {reads['p99_ms']:.1f} ms",
            f"{reads['rate']:,.0f} requests/s",
            "",
            "50 ms",
        ),
    ]


def _reads_beside(
    port: int, requests: list[str], seconds: float, pushing: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    time.sleep(0.5)  # until the senders are at work
    reads = generate_load(port, READERS, seconds, requests)
    pushing()
    return reads


def measure_sharing() -> tuple[float, float]:
    """Pushes a second in process, with shared commits and with one commit an alarm."""
    rates = rounds({
        "together": lambda: asyncio.run(_in_process(MOST_TOGETHER)),
        "alone": lambda: asyncio.run(_in_process(1)),
    })  # fmt: skip
    return rates["together"], rates["alone"]


async def _in_process(most_together: int) -> float:
    with TemporaryDirectory(prefix="alertrpc-bench-") as folder:
        path = Path(folder) / "pushes.db"
        create(path)
        load_file(path, [json.dumps(row).encode() for row in USERS], hash_password)
        configure(path, http_media_type(1, 1))
        async with open_database(path, query_timeout=30, scan_connections=1, functions={}) as database:
            pushes = Pushes(database, Ledger("Pushed alarms"), time.time, lambda: None, most_together)
            alarms = iter([parse(json.loads(body), 0) for body in bodies("in-process", IN_PROCESS)])

            async def send() -> None:
                for parsed in alarms:
                    await pushes.record(Push(parsed))

            at = time.perf_counter()
            await asyncio.gather(*[send() for _ in range(SENDERS)])
            return IN_PROCESS / (time.perf_counter() - at)
