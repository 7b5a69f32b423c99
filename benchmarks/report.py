"""What a run prints: how long it will take, each row when it is measured, and the table at the end."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

WIDTH = 180  # characters, where no terminal says another
COLUMNS = ("measure", "alertrpc", "beside", "ratio", "wanted")
FIXED = (6, 12)  # characters of the last two columns
SHARES = (0.44, 0.16, 0.4)  # of what is left, the others
GAP = 2


class Row(NamedTuple):
    """One measure beside its competitor; `target` is what it should reach, where that was set.

    A row that could not be measured has its fault alone.
    """

    what: str
    figure: str = ""
    beside: str = ""
    ratio: str = ""
    target: str = ""
    fault: str = ""

    def cells(self) -> Sequence[str]:
        return (self.what, "failed", self.fault) if self.fault else self[: len(COLUMNS)]


def failed(what: str, error: BaseException) -> Row:
    return Row(what, fault=f"{type(error).__name__}: {error}")


def attempt(what: str, measure: Callable[[], Row]) -> Row:
    """A row whose fault leaves the other rows of its step to be measured."""
    try:
        return measure()
    except Exception as error:
        return failed(what, error)


def about(seconds: float) -> str:
    """A time in words, as roughly as it is known."""
    if seconds < 55:
        return f"about {max(round(seconds / 5) * 5, 5)} seconds"
    minutes = max(round(seconds / 60), 1)
    return f"about {minutes} minute{'s' if minutes > 1 else ''}"


class Report:
    def __init__(self) -> None:
        self._console = Console(markup=False, highlight=False)
        if not self._console.is_terminal:
            self._console = Console(markup=False, highlight=False, width=WIDTH)
        left = self._console.width - sum(FIXED) - GAP * (len(COLUMNS) - 1)
        self._widths = (*(max(int(left * share), 1) for share in SHARES), *FIXED)
        self.is_live = self._console.is_terminal
        self._shows_progress = False

    def say(self, text: str) -> None:
        self._clear()
        self._console.print(text)

    def row(self, cells: Sequence[str]) -> None:
        """A line of the columns, as it comes."""
        self._clear()
        line = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
        for width in self._widths:
            line.add_column(width=width, overflow="fold")
        line.add_row(*cells)
        self._console.print(line)

    def progress(self, text: str) -> None:
        """Overwrites the last line of a terminal, until something else is said."""
        self._clear()
        self._console.file.write(text[: self._console.width - 1])
        self._console.file.flush()
        self._shows_progress = True

    def _clear(self) -> None:
        if self._shows_progress:
            self._console.file.write("\r\x1b[2K")
            self._shows_progress = False

    def table(self, rows: Sequence[Row], title: str) -> None:
        self._clear()
        table = Table(*COLUMNS, title=title)
        for row in rows:
            table.add_row(*row.cells())
        self._console.print(table)
