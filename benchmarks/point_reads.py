"""Row 1 and 5: one alert by eventids among many, one process, then two."""

import random
from collections.abc import Iterator
from functools import partial

from benchmarks.processes import alertrpc, bare_server, generate_load, login, request
from benchmarks.report import Row, attempt
from benchmarks.run import Run

CONNECTIONS = 16
PAGE = 50


def point_bodies(alerts: int, auth: str, number: int = 3000) -> list[str]:
    draw = random.Random(number)
    ids = [str(draw.randint(1, alerts // 2)) for _ in range(number)]
    return [request("alert.get", {"output": "extend", "eventids": eventid}, auth) for eventid in ids]


def measure(run: Run) -> Iterator[Row]:
    """Requests a second beside a bare handler that returns the same bytes, in turns."""
    with alertrpc(run.database) as (port, _):
        bodies = point_bodies(run.alerts, login(port, "Admin"))
        answer = generate_load(port, 1, 0.2, bodies)["first_answer"]
        with bare_server(answer, "asyncio") as plain, bare_server(answer, "uvloop") as quick:
            ports = {"alertrpc": port, "asyncio": plain, "uvloop": quick}
            rates = run.in_turns({name: partial(_rate, p, run.seconds, bodies) for name, p in ports.items()})
    for loop, target in (("asyncio", "0.30"), ("uvloop", "")):
        yield Row(
            f"1. one alert by eventids among {run.alerts:,}, {CONNECTIONS} connections",
            f"{rates['alertrpc']:,.0f} requests/s",
            f"bare aiohttp handler on {loop}: {rates[loop]:,.0f}",
            f"{rates['alertrpc'] / rates[loop]:.2f}",
            target,
        )


def _rate(port: int, seconds: float, bodies: list[str]) -> float:
    rate: float = generate_load(port, CONNECTIONS, seconds, bodies)["rate"]
    return rate


def measure_workers(run: Run) -> Iterator[Row]:
    """Two workers beside one: point reads, and pages of 50 rows, where the load generator takes less of the machine."""
    with (
        alertrpc(run.database, "--deliver", "no") as (one, _),
        alertrpc(run.database, "--deliver", "no", "--workers", "2") as (two, _),
    ):
        auth = login(one, "Admin")
        for name, bodies in (("point reads", point_bodies(run.alerts, auth)), (f"pages of {PAGE}", page_bodies(auth))):
            yield attempt(f"5. two workers, {name}", partial(_two_beside_one, run, name, bodies, (one, two)))


def _two_beside_one(run: Run, name: str, bodies: list[str], ports: tuple[int, int]) -> Row:
    for port in ports:
        generate_load(port, CONNECTIONS, min(run.seconds, 0.5), bodies)
    one, two = [generate_load(port, 4 * CONNECTIONS, run.seconds, bodies) for port in ports]
    return Row(
        f"5. two workers, {name} (the generator took {two['cpu_share']:.2f} of a core)",
        f"{two['rate']:,.0f} requests/s",
        f"one worker: {one['rate']:,.0f} (generator {one['cpu_share']:.2f})",
        f"{two['rate'] / one['rate']:.2f}",
        "1.6",
    )


def page_bodies(auth: str) -> list[str]:
    params = {"output": "extend", "sortfield": "clock", "sortorder": "DESC", "limit": PAGE, "filter": {"status": 1}}
    return [request("alert.get", params, auth)]
