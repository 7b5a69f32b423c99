"""Row 1 and 5: one alert by eventids among many, one process, then two."""

import random
from functools import partial
from pathlib import Path

from benchmarks.processes import alertrpc, bare_server, generate_load, login, request
from benchmarks.report import Row, rounds

CONNECTIONS = 16
PAGE = 50


def point_bodies(alerts: int, auth: str, number: int = 3000) -> list[str]:
    draw = random.Random(number)
    ids = [str(draw.randint(1, alerts // 2)) for _ in range(number)]
    return [request("alert.get", {"output": "extend", "eventids": eventid}, auth) for eventid in ids]


def measure(database: Path, alerts: int, seconds: float) -> list[Row]:
    """Requests a second beside a bare handler that returns the same bytes, in turns."""
    rows = []
    with alertrpc(database) as (port, _):
        bodies = point_bodies(alerts, login(port, "Admin"))
        answer = generate_load(port, 1, 0.2, bodies)["first_answer"]
        with bare_server(answer, "asyncio") as plain, bare_server(answer, "uvloop") as quick:
            ports = {"alertrpc": port, "asyncio": plain, "uvloop": quick}
            rates = rounds({name: partial(_rate, p, seconds, bodies) for name, p in ports.items()})
    for loop, target in (("asyncio", "0.30"), ("uvloop", "")):
        rows.append(
            Row(
                f"1. one alert by eventids among {alerts:,}, {CONNECTIONS} connections",
                f"{rates['alertrpc']:,.0f} requests/s",
                f"bare aiohttp handler on {loop}: {rates[loop]:,.0f}",
                f"{rates['alertrpc'] / rates[loop]:.2f}",
                target,
            )
        )
    return rows


def _rate(port: int, seconds: float, bodies: list[str]) -> float:
    rate: float = generate_load(port, CONNECTIONS, seconds, bodies)["rate"]
    return rate


def measure_workers(database: Path, alerts: int, seconds: float) -> list[Row]:
    """Two workers beside one: point reads, and pages of 50 rows, where the load generator takes less of the machine."""
    rows = []
    for name in ("point reads", f"pages of {PAGE}"):
        reports = {}
        for workers in ("1", "2"):
            with alertrpc(database, "--workers", workers) as (port, _):
                auth = login(port, "Admin")
                bodies = point_bodies(alerts, auth) if name == "point reads" else page_bodies(auth)
                generate_load(port, CONNECTIONS, 0.5, bodies)
                reports[workers] = generate_load(port, 4 * CONNECTIONS, seconds, bodies)
        one, two = reports["1"], reports["2"]
        rows.append(
            Row(
                f"5. two workers, {name} (the generator took {two['cpu_share']:.2f} of a core)",
                f"{two['rate']:,.0f} requests/s",
                f"one worker: {one['rate']:,.0f} (generator {one['cpu_share']:.2f})",
                f"{two['rate'] / one['rate']:.2f}",
                "1.6",
            )
        )
    return rows


def page_bodies(auth: str) -> list[str]:
    params = {"output": "extend", "sortfield": "clock", "sortorder": "DESC", "limit": PAGE, "filter": {"status": 1}}
    return [request("alert.get", params, auth)]
