"""Reads TOML files within limits: tomllib's time and memory grow with the square of a dotted key's parts."""

import os
import re
import stat
import tomllib
from typing import Any

from alertrpc.errors import SettingsError
from alertrpc.folders import folder_of
from alertrpc.loglines import one_line

LARGEST_FILE = 1024 * 1024  # bytes; a user with one media takes about 200
MOST_KEY_PARTS = 100

_LONGEST_FAULT = 300  # characters of tomllib's message, which repeats keys and ends with the line
# A part of a key (https://toml.io/en/v1.0.0#keys). No group backtracks, so a scan is linear.
_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\[^\n])*+"|'[^'\n]*+')"""
_DOT = r"[ \t]*+\.[ \t]*+"
_PIECE = re.compile(
    rf"""
    \#[^\n]*+                                                       # a comment
    | \"{{3}} (?: [^"\\] | \\. | "{{1,2}}(?!") )*+ (?: "{{3,5}} | \Z )  # multi-line strings, which may end in quotes
    | '{{3}} (?: [^'] | '{{1,2}}(?!') )*+ (?: '{{3,5}} | \Z )
    | (?P<long> {_PART} (?: {_DOT} {_PART} ){{{MOST_KEY_PARTS}}} )
    | {_PART} (?: {_DOT} {_PART} )*+                                # a key, or a value that looks like one
    | ["'][^\n]*+                                                   # a string that is not closed, a fault
    """,
    re.VERBOSE | re.DOTALL,
)


def read_document(path: str) -> dict[str, Any]:
    """The content of a TOML file; raises SettingsError that names the file and its fault."""
    try:
        text = _read(path).decode()
        _require_short_keys(text)
        return tomllib.loads(text)
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: {error.strerror}, looked for in {folder_of(path)}") from error
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # not TOML, not UTF-8, a number of thousands of digits, or a NUL in the path
        raise SettingsError(f"{path}: {one_line(str(error), _LONGEST_FAULT)}") from error
    except RecursionError as error:
        raise SettingsError(f"{path}: it is nested too deeply") from error


def _read(path: str) -> bytes:
    """The bytes of a file; a pipe is refused, because it can be read only once and may never end."""
    with open(path, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)) as file:  # a pipe may block
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            raise ValueError("a file is expected, not a pipe")
        content = file.read(LARGEST_FILE + 1) or b""
    if len(content) > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE} bytes")
    return content


def _require_short_keys(text: str) -> None:
    for piece in _PIECE.finditer(text):
        if piece["long"]:
            line = text.count("\n", 0, piece.start()) + 1
            raise ValueError(f"line {line}: a key of more than {MOST_KEY_PARTS} parts")
