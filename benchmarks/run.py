"""What a run measures with: how many alerts, how long, how often."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple


class Zabbix(NamedTuple):
    """A Zabbix API to send the same requests to."""

    url: str
    user: str
    password: str


@dataclass(frozen=True)
class Run:
    """What every step is given."""

    folder: Path  # where all that the run writes goes
    alerts: int = 1_000_000
    seconds: float = 4.0  # of each load
    rounds: int = 3  # in which competitors are measured
    calls: int = 40  # of each list in one round
    webhooks: int = 10_000  # due alerts that are sent by HTTP
    scripts: int = 200  # due alerts that are sent by scripts
    storm: int = 5000  # alarms that are told in digests
    pushes: int = 3000  # in process
    zabbix: Zabbix | None = None

    def inside(self, folder: Path) -> "Run":
        return replace(self, folder=folder)

    @property
    def lines(self) -> Path:
        return self.folder / "alerts.jsonl"

    @property
    def sizes(self) -> list[int]:
        return [self.alerts // 100, self.alerts // 10, self.alerts]

    def database_of(self, size: int) -> Path:
        """The loaded database of so many alerts."""
        path = self.folder / f"{size}.db"
        if not path.exists():
            raise RuntimeError(f"the database of {size:,} alerts was not loaded")
        return path

    @property
    def database(self) -> Path:
        return self.database_of(self.alerts)

    def in_turns(self, competitors: Mapping[str, Callable[[], float]]) -> dict[str, float]:
        """The median of each competitor's figures, measured in turns, as the machine's speed drifts."""
        figures: dict[str, list[float]] = {name: [] for name in competitors}
        for _ in range(self.rounds):
            for name, measure in competitors.items():
                figures[name].append(measure())
        return {name: statistics.median(values) for name, values in figures.items()}


QUICK: Mapping[str, Any] = {
    "alerts": 20_000,
    "seconds": 0.5,
    "rounds": 1,
    "calls": 10,
    "webhooks": 1000,
    "scripts": 16,
    "storm": 500,
    "pushes": 500,
}
