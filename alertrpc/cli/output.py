"""What commands show: tables, and lists of commands."""

import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Column, Table

WIDEST = 10_000  # characters of a table's line that is not written to a terminal
_LONGEST_SENTENCE = 1_000  # characters of a help text
_YES_OR_NO = {True: "yes", False: "no"}


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; booleans are shown as yes and no."""
    made = Table(*[Column(heading, overflow="fold") for heading in headings], box=None, pad_edge=False)
    for row in rows:
        made.add_row(*[_YES_OR_NO[cell] if isinstance(cell, bool) else str(cell) for cell in row])
    return made


def show(what: str | Table) -> None:
    if isinstance(what, str):
        click.echo(what)
    else:
        width = None if sys.stdout.isatty() else WIDEST
        Console(markup=False, highlight=False, width=width).print(what)


class CommandGroup(click.Group):
    """Lists its commands with whole sentences; Click would cut those that are longer than a line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(ctx)
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.commands[name].get_short_help_str(_LONGEST_SENTENCE)) for name in names])
