"""Row 7, as Prometheus pushes: new alerts, alone or many a request, and the same alerts again and again."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from alertrpc.api.passwords import hash_password
from alertrpc.store.database import create
from alertrpc.store.loading import load_file
from benchmarks.deliveries import USERS, basic, configure, http_media_type
from benchmarks.processes import Target, alertrpc, generate_load
from benchmarks.report import Row
from benchmarks.run import Run

SENDERS = 64
TARGET = Target("/api/v2/alerts", '"data"', f"Authorization: {basic()}")
WARM_SECONDS = 0.5


class Shape(NamedTuple):
    """Requests of so many alerts each; `fastest` requests a second are no more than a server takes."""

    what: str
    together: int
    fastest: int
    is_same: bool = False

    def bodies(self, run: Run) -> list[str]:
        """As many as can be sent; the same alerts are one body for each sender."""
        number = SENDERS if self.is_same else int(self.fastest * (run.seconds + WARM_SECONDS))
        return [json.dumps([_alert(body, place) for place in range(self.together)]) for body in range(number)]


SHAPES = (
    Shape("one new alert a request", 1, 10_000),
    Shape("64 new alerts a request", 64, 500),
    Shape("the same 1,024 alerts, 16 a request", 16, 0, is_same=True),
)


def _alert(body: int, place: int) -> dict[str, Any]:
    """An alert of Prometheus whose labels no other has."""
    labels = {"alertname": "DiskFull", "instance": f"db-{body}:9100", "device": f"sd{place}", "severity": "critical"}
    annotations = {"summary": "A disk is full", "description": f"sd{place} has 1 % left"}
    return {
        "labels": labels,
        "annotations": annotations,
        "startsAt": "2026-08-01T10:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
    }


def measure(run: Run) -> Iterator[Row]:
    """Each shape with an alert for each alarm, and with no action at all; nothing is sent."""
    for shape in SHAPES:
        told, untold = (_measured(run, shape, is_told=is_told) for is_told in (True, False))
        yield Row(
            f"7. as Prometheus pushes, {SENDERS} senders: {shape.what}",
            f"{shape.together * told['rate']:,.0f} alerts/s",
            f"p99 {told['p99_ms']:.0f} ms; without an action {shape.together * untold['rate']:,.0f} alerts/s",
        )


def _measured(run: Run, shape: Shape, *, is_told: bool) -> dict[str, Any]:
    """What the load generator reports of a new database."""
    with TemporaryDirectory(dir=run.folder) as folder:
        database = Path(folder) / "alerts.db"
        create(database)
        load_file(database, [json.dumps(row).encode() for row in USERS], hash_password)
        if is_told:
            configure(database, http_media_type(1, 1))
        bodies = shape.bodies(run)
        with alertrpc(database, "--deliver", "no") as (port, _):
            warm = bodies if shape.is_same else bodies[-len(bodies) // 10 :]
            generate_load(port, SENDERS, WARM_SECONDS, warm, TARGET)
            return generate_load(port, SENDERS, run.seconds, bodies, TARGET)
