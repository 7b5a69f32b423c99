"""What commands show: tables, hints, and lists of commands."""

import sqlite3
import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Column, Table

from alertrpc.people import hints
from alertrpc.store.sight import group_of_readers, sight_of

WIDEST = 10_000  # characters of a line of a table that is no terminal's
_LONGEST_SENTENCE = 1_000  # characters of a help text
_YES_OR_NO = {True: "yes", False: "no"}


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table whose truth is yes and no."""
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


def tell_hints(username: str, push_group: str, connection: sqlite3.Connection) -> None:
    """Says on standard error what the user does not see for want of rights, and which command changes it."""
    for hint in hints(sight_of(username, connection), group_of_readers(connection), push_group):
        click.echo(f"alertrpc: {hint}", err=True)


class CommandGroup(click.Group):
    """Lists its commands each with a whole sentence, where Click cuts those that are longer than a line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, self.commands[name].get_short_help_str(_LONGEST_SENTENCE)) for name in self.list_commands(ctx)]
            )
