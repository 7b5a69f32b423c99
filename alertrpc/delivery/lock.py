"""One process delivers at a time: who holds the lock of the database's delivery. The system frees it when a process ends."""

import fcntl
import os
from pathlib import Path


class DeliveryLock:
    """A lock on a file beside the database, which stays there: whoever removed it would let two have it."""

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{database.resolve()}-delivery")
        self._file: int | None = None

    def take(self) -> bool:
        """Whether this process has the lock now; raises OSError where there can be none."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except OSError:
            os.close(file)
            raise
        self._file = file
        return True

    def free(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
