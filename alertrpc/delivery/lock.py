"""The lock of a database's delivery: its holder delivers. The system frees it when the process ends."""

import fcntl
import os
from pathlib import Path


class DeliveryLock:
    """A lock on a file beside the database. The file stays: without it, two processes could have the lock."""

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{database.resolve()}-delivery")
        self._file: int | None = None

    def take(self) -> bool:
        """Takes the lock if it is free; whether this process has it. Raises OSError."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            if isinstance(error, BlockingIOError):
                return False
            raise
        self._file = file
        return True

    def free(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
