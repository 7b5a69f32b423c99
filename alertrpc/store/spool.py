"""The part of a long answer that its client has not taken yet, in an unnamed file."""

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO


class SpoolSpace:
    """The bytes that all spools of a process may use on disk, and the folder."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder = folder
        self._left = most

    def take(self, size: int) -> bool:
        """Takes so many bytes; False if not so many are left."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give_back(self, size: int) -> None:
        self._left += size


class Spool:
    """Pieces of one answer. The event loop reserves room for a piece; other threads write and read it."""

    def __init__(self, space: SpoolSpace) -> None:
        self._space = space
        self._file: IO[bytes] | None = None
        self._reserved = self._size = 0

    def reserve(self, size: int) -> bool:
        """Reserves so many more bytes; False if there is no room."""
        if not self._space.take(size):
            return False
        self._reserved += size
        return True

    def append(self, piece: bytes) -> Callable[[], bytes] | None:
        """Writes a piece, and returns a function that reads it; None if the disk refuses it."""
        start, size = self._size, len(piece)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._space.folder, buffering=0)  # noqa: SIM115 - `close` does
            file = self._file.fileno()
            _write(file, piece, start)
        except OSError:
            return None
        self._size += size
        return partial(os.pread, file, size, start)

    def close(self) -> None:
        self._space.give_back(self._reserved)
        self._reserved = 0
        if self._file is not None:
            self._file.close()


def _write(file: int, piece: bytes, start: int) -> None:
    view = memoryview(piece)
    while view:
        written = os.pwrite(file, view, start)
        view, start = view[written:], start + written
