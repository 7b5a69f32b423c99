"""Rows 7 and 8: alarms that are acknowledged a second, and reads beside them."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alertrpc.api.passwords import hash_password
from alertrpc.intake.ocp import parse
from alertrpc.intake.pushes import MOST_TOGETHER, Push, Pushes
from alertrpc.ledger.ledger import Ledger
from alertrpc.settings import read_settings
from alertrpc.store.database import create, open_database
from alertrpc.store.loading import load_file
from benchmarks.deliveries import RECEIVED, USERS, basic, configure, http_media_type
from benchmarks.point_reads import point_bodies
from benchmarks.processes import Target, alertrpc, bare_server, generate_load, login, start_load
from benchmarks.report import Row
from benchmarks.run import Run

SENDERS = 64
READERS = 4
TARGET = Target("/api/v2/alarm/alarms", '"data"', f"Authorization: {basic()}")


def bodies(run: str, number: int) -> list[str]:
    """Pushes of one new alarm each."""
    return [
        json.dumps({"alarmType": "disk_full", "target": f"{run}-{i}", "labels": {"cluster": "prod", "disk": "sda"}})
        for i in range(number)
    ]


def measure(run: Run) -> Iterator[Row]:
    """Pushes of 64 senders, each of which makes an event and an alert: alone, beside reads, and beside delivery."""
    with bare_server(RECEIVED, "asyncio") as receiver:
        configure(run.database, http_media_type(receiver, 8))
        with alertrpc(run.database, "--deliver", "no") as (port, _):
            auth = login(port, "Admin")
            generate_load(port, SENDERS, min(run.seconds, 1.0), bodies("warm", 20_000), TARGET)
            pushed = generate_load(port, SENDERS, run.seconds, bodies("alone", 40_000), TARGET)
            yield Row(
                f"7. alarms pushed by {SENDERS} senders, each with an alert",
                f"{pushed['rate']:,.0f} alarms/s",
                f"p99 {pushed['p99_ms']:.0f} ms; synchronous=FULL",
                "",
                "1,500",
            )
            with start_load(port, SENDERS, run.seconds + 1, bodies("beside", 40_000), TARGET) as pushing:
                reads = _reads_beside(port, point_bodies(run.alerts, auth), run.seconds, pushing)
            yield Row(
                f"8. one alert by eventids, {READERS} connections, while {SENDERS} senders push",
                f"p99 {reads['p99_ms']:.1f} ms",
                f"{reads['rate']:,.0f} requests/s",
                "",
                "50 ms",
            )
        with alertrpc(run.database) as (port, _):
            delivered = generate_load(port, SENDERS, run.seconds, bodies("delivered", 40_000), TARGET)
    yield Row(
        "7. the same while the alerts are delivered to a receiver of webhooks beside it",
        f"{delivered['rate']:,.0f} alarms/s",
        f"p99 {delivered['p99_ms']:.0f} ms",
    )


def _reads_beside(
    port: int, requests: list[str], seconds: float, pushing: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    time.sleep(0.5)  # until the senders are at work
    reads = generate_load(port, READERS, seconds, requests)
    pushing()
    return reads


def measure_sharing(run: Run) -> Iterator[Row]:
    """Pushes in process, with shared commits and with one commit an alarm."""
    rates = run.in_turns({
        "together": partial(_in_process_rate, run, MOST_TOGETHER),
        "alone": partial(_in_process_rate, run, 1),
    })  # fmt: skip
    yield Row(
        "7. the same in process: shared commits",
        f"{rates['together']:,.0f} alarms/s",
        f"one commit an alarm: {rates['alone']:,.0f}",
        f"{rates['together'] / rates['alone']:.1f}",
    )


def _in_process_rate(run: Run, most_together: int) -> float:
    with TemporaryDirectory(dir=run.folder) as folder:
        return asyncio.run(_in_process(Path(folder) / "pushes.db", run.pushes, most_together))


async def _in_process(path: Path, number: int, most_together: int) -> float:
    create(path)
    load_file(path, [json.dumps(row).encode() for row in USERS], hash_password)
    configure(path, http_media_type(1, 1))
    async with open_database(path, read_settings(None, {}, {}), functions={}) as database:
        pushes = Pushes(database, Ledger(read_settings(None, {}, {})), time.time, lambda: None, most_together)
        alarms = iter([parse(json.loads(body), 0).alarms for body in bodies("in-process", number)])

        async def send() -> None:
            for parsed in alarms:
                await pushes.record(Push(parsed))

        at = time.perf_counter()
        await asyncio.gather(*[send() for _ in range(SENDERS)])
        return number / (time.perf_counter() - at)
