"""Writes of one connection: those that arrive while others are written share a commit, the slow part of a write."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from alertrpc.errors import DatabaseBusy, DatabaseUnwritable
from alertrpc.store.connection import BUSY_TIMEOUT, Connection, Job, transaction
from alertrpc.store.gather import Gather, Outcome

T = TypeVar("T")

MOST_TOGETHER = 500  # jobs of one commit
SHORT_TIMEOUT = 0.5  # seconds
_UNWRITABLE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})


class Writes:
    """Gathers jobs into transactions: each job is done wholly or not at all, whether or not others fail."""

    def __init__(self, connection: Connection, path: Path, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self._connection = connection
        self._busy_timeout = busy_timeout
        self._path = path
        self._file = _identity(path)
        self._was_busy = False
        self._gather: Gather[Job[Any], Any] = Gather(self._run, MOST_TOGETHER)

    @property
    def is_in_place(self) -> bool:
        """Whether the path still names the open file; writes to a file without its name would be lost."""
        return _identity(self._path) == self._file

    @property
    def is_busy(self) -> bool:
        """Whether jobs wait that are not patient."""
        return self._gather.is_busy

    async def write(self, job: Job[T], *, patient: bool = False) -> T:
        written: T = await self._gather.add(job, patient=patient)
        return written

    async def _run(self, jobs: list[Job[Any]]) -> Sequence[Outcome]:
        return await self._connection.run(partial(self._commit, jobs))

    def _commit(self, jobs: Sequence[Job[Any]], connection: sqlite3.Connection) -> list[Outcome]:
        if not self.is_in_place:
            raise DatabaseUnwritable(f"The database {self._path} was moved or replaced; start the server again.")
        # Jobs queued behind a batch that timed out have waited already.
        seconds = min(SHORT_TIMEOUT, self._busy_timeout) if self._was_busy else self._busy_timeout
        connection.execute(f"PRAGMA busy_timeout = {int(1000 * seconds):d}")
        try:
            outcomes = _commit(jobs, connection)
        except DatabaseBusy:
            self._was_busy = True
            raise
        self._was_busy = False
        return outcomes


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _commit(jobs: Sequence[Job[Any]], connection: sqlite3.Connection) -> list[Outcome]:
    try:
        with transaction(connection):
            if len(jobs) == 1:
                return [Outcome(jobs[0](connection))]
            return [_kept_apart(job, connection) for job in jobs]
    except sqlite3.OperationalError as error:
        if _is_unwritable(error):
            raise DatabaseUnwritable(f"The database cannot be written: {error}.") from error
        raise


def _is_unwritable(error: Exception) -> bool:
    """Whether SQLite cannot write; an error that Python itself raises has no code of SQLite."""
    return isinstance(error, sqlite3.OperationalError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNWRITABLE


def _kept_apart(job: Job[Any], connection: sqlite3.Connection) -> Outcome:
    """The job's outcome; if it fails, only its own writes are rolled back."""
    connection.execute("SAVEPOINT job")
    try:
        value = job(connection)
    except Exception as error:
        # SQLite itself rolls everything back when the disk is full
        if not connection.in_transaction or _is_unwritable(error):
            raise
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return Outcome(None, error)
    connection.execute("RELEASE job")
    return Outcome(value)
