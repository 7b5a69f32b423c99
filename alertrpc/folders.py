"""Folders as a person looks for them: a relative one says nothing without where the program was started."""

import os
from contextlib import suppress
from pathlib import Path


def absolute(path: str | os.PathLike[str]) -> str:
    """The path from the root of the system; as it stands where the folder that the program is in was removed."""
    with suppress(OSError):
        return str(Path(path).absolute())
    return os.fspath(path)


def folder_of(path: str | os.PathLike[str]) -> str:
    """The folder that a file would be in, as `absolute` has it."""
    return str(Path(absolute(path)).parent)
