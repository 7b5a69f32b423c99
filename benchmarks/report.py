"""The table of ratios, and the turns in which competitors are measured."""

import statistics
from collections.abc import Callable, Mapping
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

ROUNDS = 3
WIDTH = 180  # characters, where no terminal says another


class Row(NamedTuple):
    """One measure beside its competitor; `target` is what it should reach, where that was set."""

    what: str
    figure: str
    beside: str
    ratio: str = ""
    target: str = ""


def rounds(competitors: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each competitor's figures, measured in turns, as the machine's speed drifts."""
    figures: dict[str, list[float]] = {name: [] for name in competitors}
    for _ in range(ROUNDS):
        for name, measure in competitors.items():
            figures[name].append(measure())
    return {name: statistics.median(values) for name, values in figures.items()}


def show(rows: list[Row]) -> None:
    table = Table("measure", "alertrpc", "beside", "ratio", "wanted", title="alertrpc, measured in one run")
    for row in rows:
        table.add_row(*row)
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=WIDTH)
    console.print(table)
