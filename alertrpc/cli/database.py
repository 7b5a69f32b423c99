"""The commands that create and fill a database: init and load."""

import gzip
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from alertrpc.api.passwords import hash_password
from alertrpc.cli.options import settings_options
from alertrpc.cli.passwords import ADMIN_VARIABLE, new_password, password_option
from alertrpc.errors import LoadError
from alertrpc.folders import folder_of
from alertrpc.settings import Settings
from alertrpc.store import users
from alertrpc.store.database import administered, create
from alertrpc.store.loading import lines_of, load_file
from alertrpc.words import counted


@click.command()
@password_option
@settings_options("database")
def init(settings: Settings) -> None:
    """Create the database and its Super admin "Admin".

    The password is asked for, or comes from ALERTRPC_ADMIN_PASSWORD or --password-stdin. Without these and without a
    terminal, it is made up and shown once. What exists already is kept.
    """
    path = settings.database_path
    if not create(path):
        click.echo(f"{path}: the schema is there already")
    with administered(path) as connection:
        if users.user_exists(connection, users.ADMIN):
            click.echo(f"{path}: there is a user {users.ADMIN} already; its password is kept")
            return
    password = new_password(ADMIN_VARIABLE, f"Password for {users.ADMIN}")
    with administered(path) as connection:
        users.add_user(connection, users.ADMIN, hash_password(password.text), "super-admin", [users.ADMINISTRATORS[1]])
    click.echo(f"{path}: made, with the Super admin {users.ADMIN}")
    password.tell(users.ADMIN)


def _existing(_context: click.Context, _argument: click.Parameter, file: Path) -> Path:
    if not file.exists():
        raise click.BadParameter(f"File '{file}' does not exist, looked for in {folder_of(file)}")
    return file


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), callback=_existing)
@settings_options("database")
def load(settings: Settings, file: Path) -> None:
    """Load FILE, JSON lines, plain or gzipped: all of it, or nothing if a line is wrong.

    Each line is an object; "table" names a table, the other members are its columns. A missing schema is created.
    """
    started = time.monotonic()
    try:
        with _lines(file) as (lines, on_line):
            counts = load_file(settings.database_path, lines, hash_password, on_line)
    except (LoadError, OSError, EOFError, zlib.error) as error:
        raise LoadError(f"{file}: {error}; nothing was loaded") from error
    rows, spelled = sum(counts.values()), ", ".join(f"{count} {table}" for table, count in counts.items())
    seconds = time.monotonic() - started
    click.echo(f"loaded {counted(rows, 'row')} in {seconds:.1f} s: {spelled or 'the file is empty'}")


@contextmanager
def _lines(file: Path) -> Iterator[tuple[Iterator[bytes], Callable[[int], None]]]:
    """The lines of a file, and the callback that moves the progress bar."""
    with file.open("rb") as raw:
        data = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if file.suffix == ".gz" else raw
        size = file.stat().st_size if raw.seekable() else None  # a pipe has no size
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(f"loading {file.name}", total=size)

            def on_line(number: int) -> None:
                progress.update(task, completed=raw.tell() if size else 0, description=counted(number, "line"))

            yield lines_of(data), on_line
