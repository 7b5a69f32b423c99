"""Absolute paths for messages: a relative one says nothing without the working directory."""

import os
from contextlib import suppress
from pathlib import Path


def absolute(path: str | os.PathLike[str]) -> str:
    """The absolute path; unchanged if the working directory was removed."""
    with suppress(OSError):
        return str(Path(path).absolute())
    return os.fspath(path)


def folder_of(path: str | os.PathLike[str]) -> str:
    """The absolute path of the folder of a file."""
    return str(Path(absolute(path)).parent)
