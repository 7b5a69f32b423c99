"""TOML files, read within bounds: tomllib takes time and memory that grow with the square of a dotted key's parts."""

import os
import re
import stat
import tomllib
from typing import Any

from alertrpc.errors import SettingsError
from alertrpc.folders import folder_of
from alertrpc.loglines import one_line

LARGEST_FILE = 1024 * 1024  # bytes; a user with a media takes some 200
MOST_KEY_PARTS = 100

_LONGEST_FAULT = 300  # characters of what tomllib says, which repeats keys, and names the line at its end
# A part of a key (https://toml.io/en/v1.0.0#keys). No group here gives back what it took, so that a scan is linear.
_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\[^\n])*+"|'[^'\n]*+')"""
_DOT = r"[ \t]*+\.[ \t]*+"
_PIECE = re.compile(
    rf"""
    \#[^\n]*+                                                       # a comment
    | \"{{3}} (?: [^"\\] | \\. | "{{1,2}}(?!") )*+ (?: "{{3,5}} | \Z )  # strings of several lines, which may end in quotes
    | '{{3}} (?: [^'] | '{{1,2}}(?!') )*+ (?: '{{3,5}} | \Z )
    | (?P<long> {_PART} (?: {_DOT} {_PART} ){{{MOST_KEY_PARTS}}} )
    | {_PART} (?: {_DOT} {_PART} )*+                                # a key, or a value that looks like one
    | ["'][^\n]*+                                                   # a string without its end, a fault
    """,
    re.VERBOSE | re.DOTALL,
)


def read_document(path: str) -> dict[str, Any]:
    """A TOML file as it stands; raises SettingsError that names the file and its fault."""
    try:
        text = _read(path).decode()
        _require_short_keys(text)
        return tomllib.loads(text)
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: {error.strerror}, looked for in {folder_of(path)}") from error
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # no TOML, no UTF-8, a number of thousands of digits, or a NUL in the path
        raise SettingsError(f"{path}: {one_line(str(error), _LONGEST_FAULT)}") from error
    except RecursionError as error:
        raise SettingsError(f"{path}: it is nested too deeply") from error


def _read(path: str) -> bytes:
    """The bytes of a file; a pipe is refused, because it can be read only once and may never end."""
    with open(path, "rb", opener=_open_at_once) as file:
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            raise ValueError("a file is expected, not a pipe")
        content = file.read(LARGEST_FILE + 1) or b""
    if len(content) > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE} bytes")
    return content


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # else the opening of a pipe waits for who writes to it


def _require_short_keys(text: str) -> None:
    for piece in _PIECE.finditer(text):
        if piece["long"]:
            line = text.count("\n", 0, piece.start()) + 1
            raise ValueError(f"line {line}: a key of more than {MOST_KEY_PARTS} parts")
