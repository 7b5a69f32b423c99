"""The files of scripts, their interpreters, and their working folders."""

import os
import re
import shutil
import stat
import sys
from pathlib import Path
from typing import NamedTuple

from alertrpc.delivery.masking import plain
from alertrpc.errors import AlertrpcError
from alertrpc.folders import absolute

FOLDER_NAME_BYTES = 200  # file systems allow 255, and files beside the folder have longer names
SHEBANG_BYTES = 256  # of a first line; Linux reads no more
_INTERPRETER = re.compile(r"python(2|3(\.[0-9]+)?)?|bash|sh")


class UnusableScript(AlertrpcError, ValueError):
    """A media type's script cannot be run; the text names the script and its fault."""


class Script(NamedTuple):
    """A file to run. `interpreter` runs it if the kernel cannot find the one of its shebang."""

    path: str
    interpreter: tuple[str, ...] = ()


def find_script(scripts_dir: Path, name: str) -> Script:
    """The file of that name in the folder, checked. Raises UnusableScript."""
    try:
        path = _resolve(scripts_dir, name)
        first_line = _first_line(path)
    except UnusableScript:
        raise
    except OSError as error:
        raise UnusableScript(f"{plain(name)}: {error.strerror} in {_shown_folder(scripts_dir)}") from None
    except ValueError:
        raise UnusableScript(f"{plain(name)}: not a name of a file") from None
    return Script(path, _missing_interpreter(name, first_line))


def _shown_folder(scripts_dir: Path) -> str:
    """The folder as an absolute path: the setting may be relative to where the program was started."""
    missing = "" if scripts_dir.is_dir() else ", which is no folder"
    return f"scripts_dir {plain(absolute(scripts_dir))}{missing}"


def folder_name(media_type_name: str) -> str:
    """The name of a media type's working folder. Raises UnusableScript."""
    if not can_name_folder(media_type_name):
        shown = plain(media_type_name)[:FOLDER_NAME_BYTES]
        raise UnusableScript(
            f'the media type\'s name "{shown}" cannot name its working folder: it must be of '
            f'1 to {FOLDER_NAME_BYTES} bytes, without "/" and NUL, and not start with "."'
        )
    return media_type_name


def can_name_folder(name: str) -> bool:
    size = len(name.encode("utf-8", "surrogatepass"))
    return 0 < size <= FOLDER_NAME_BYTES and name == plain(name) and "/" not in name and not name.startswith(".")


def is_name_within(name: str) -> bool:
    """Whether the name of a file cannot lead out of its folder."""
    return not name.startswith("/") and ".." not in name.split("/")


def make_folder(folder: Path) -> None:
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _resolve(scripts_dir: Path, name: str) -> str:
    if not name:
        raise UnusableScript("no script is named")
    if not is_name_within(name):
        raise UnusableScript(f"{name}: not a name within scripts_dir")
    folder = os.path.realpath(scripts_dir)
    path = os.path.realpath(f"{folder}/{name}", strict=True)
    if not path.startswith(folder.rstrip("/") + "/"):
        raise UnusableScript(f"{name}: a link out of scripts_dir")
    if not stat.S_ISREG(os.lstat(path).st_mode):  # opening a FIFO would wait
        raise UnusableScript(f"{name}: not a regular file")
    if not os.access(path, os.X_OK):
        raise UnusableScript(f"{name}: not executable")
    return path


def _first_line(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read(SHEBANG_BYTES).split(b"\n")[0]


def _missing_interpreter(name: str, first_line: bytes) -> tuple[str, ...]:
    """The interpreter and its arguments, empty if the kernel finds them. Raises UnusableScript."""
    if not first_line.startswith(b"#!"):
        raise UnusableScript(f"{name}: its first line is no shebang")
    if first_line.endswith(b"\r"):
        raise UnusableScript(f"{name}: its lines end in CR LF")
    words = first_line[2:].decode("utf-8", "replace").split()
    asked = words[0] if words else ""
    arguments = [" ".join(words[1:])] if words[1:] else []  # the kernel passes the rest as one argument
    by_env = asked.startswith("/") and asked.endswith("/env")
    if by_env:
        asked, *arguments = _words_of_env(name, words[1:])
    if not _INTERPRETER.fullmatch(asked.rpartition("/")[2]) or ("/" in asked and not asked.startswith("/")):
        raise UnusableScript(f"{name}: its shebang asks for neither Python nor Bash")
    found = shutil.which(asked)
    if found is None and asked.rpartition("/")[2] == "python":
        # OCP's samples ask for it, and Debian does not have it.
        return shutil.which("python3") or sys.executable, *arguments
    if found is None:
        raise UnusableScript(f"{name}: its shebang asks for {asked}, which there is not")
    return () if by_env or "/" in asked else (found, *arguments)


def _words_of_env(name: str, words: list[str]) -> list[str]:
    splits = bool(words) and words[0] in ("-S", "--split-string")
    rest = words[1:] if splits else words
    if not rest:
        raise UnusableScript(f"{name}: its shebang names no interpreter")
    if len(rest) > 1 and not splits:
        raise UnusableScript(f"{name}: /usr/bin/env takes arguments in a shebang only after -S")
    return rest
