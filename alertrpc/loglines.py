"""The lines of the log: each record is one line; strangers cannot flood the log or forge lines."""

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from functools import cache
from math import inf
from typing import Any

from alertrpc.words import counted

MOST_LINES = 10  # by strangers within PERIOD
PERIOD = 10.0  # seconds
LONGEST_LINE = 400  # characters of a line by strangers
LONGEST_FAULT = 1_000  # characters
MOST_FAULTS = 100  # that are shown
SELDOM_SECONDS = 60.0
MOST_KEYS = 1000
_LONGEST_NAME = 100  # characters, as of users


def one_line(text: str, most: int) -> str:
    """The printable text in at most `most` characters: a longer one loses its middle, because its end may name the fault."""
    shown, half = printable(text), (most - 3) // 2
    return shown if len(shown) <= most else f"{shown[:half]}...{shown[-half:]}"


def quoted(name: str) -> str:
    """A name from outside, cut, in quotes that it cannot close."""
    return one_line(repr(name), _LONGEST_NAME)


def printable(text: str) -> str:
    """The text with escapes for line breaks, control characters and lone surrogates, as Python writes them."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def rfc_3339(seconds: float) -> str:
    """A time since 1970 in RFC 3339, with the zone of this machine."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")


def fault_lines(faults: Sequence[str]) -> list[str]:
    """Faults, one line each: the first MOST_FAULTS, then the number of the others."""
    lines = [one_line(" ".join(fault.split()), LONGEST_FAULT) for fault in faults[:MOST_FAULTS]]
    return lines if len(faults) <= MOST_FAULTS else [*lines, f"and {counted(len(faults) - MOST_FAULTS, 'more fault')}"]


class LineFormatter(logging.Formatter):
    """Writes a message in one line, whatever it quotes; the traceback of an exception follows on its own lines."""

    def formatTime(self, record: logging.LogRecord, _datefmt: str | None = None) -> str:  # noqa: N802 - logging names it so
        return rfc_3339(record.created)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging names it so
        record.message = printable(record.message)
        return super().formatMessage(record)


class JsonFormatter(logging.Formatter):
    """Writes a record with its traceback as one JSON object in one line; `extra` fields are members of it."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": rfc_3339(record.created),
            "level": record.levelname,
            "pid": record.process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        members = {**told, **about(record), **told}  # extra fields come last and override none of the first
        return json.dumps({name: _sound(value) for name, value in members.items()})  # ASCII: no text breaks the line


def _sound(value: object) -> str | int | None:
    """The value without lone surrogates, which many JSON readers refuse."""
    return value if isinstance(value, int | None) else str(value).encode(errors="backslashreplace").decode()


_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}  # the last: 3.12


def about(record: logging.LogRecord) -> dict[str, Any]:
    """The fields that a record was given as `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}


# What the setting `log_format` names.
FORMATS: dict[str, Callable[[], logging.Formatter]] = {
    "text": lambda: LineFormatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"),
    "json": JsonFormatter,
}


def write_log(level: str, form: str) -> None:
    """Writes records of a level and above to standard error, in one of FORMATS; called again, it changes both."""
    _standard_error().setFormatter(FORMATS[form]())
    logging.getLogger().setLevel(level.upper())
    logging.getLogger("aiosqlite").setLevel(logging.INFO)  # its DEBUG has every statement with its values


@cache
def _standard_error() -> logging.Handler:
    handler = logging.StreamHandler()
    logging.getLogger().addHandler(handler)
    return handler


class FewLines(logging.Filter):
    """Passes MOST_LINES records within PERIOD, each cut; the next that passes tells how many were dropped."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: deque[float] = deque(maxlen=MOST_LINES)  # when
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        if len(self._passed) == MOST_LINES and now - self._passed[0] < PERIOD:
            self._left_out += 1
            return False
        self._passed.append(now)
        line = one_line(record.getMessage(), LONGEST_LINE)
        record.msg = f"{line} ({counted(self._left_out, 'such line')} left out before)" if self._left_out else line
        record.args = None
        for name, value in about(record).items():
            setattr(record, name, one_line(value, LONGEST_LINE) if isinstance(value, str) else value)
        self._left_out = 0
        return True


class Seldom:
    """Lets something be told of a key once in SELDOM_SECONDS; of MOST_KEYS keys it remembers when it was."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[Hashable, tuple[float, int]] = {}  # when it was told, and how often it was not since

    def passes(self, key: Hashable) -> int | None:
        """How often it was not told before, if it may be told now."""
        now = self._clock()
        at, left_out = self._told.get(key, (-inf, 0))
        if now - at < SELDOM_SECONDS:
            self._told[key] = (at, left_out + 1)
            return None
        self._told.pop(key, None)
        self._told[key] = (now, 0)  # the last of the keys
        if len(self._told) > MOST_KEYS:
            del self._told[next(iter(self._told))]
        return left_out


strangers = logging.getLogger("alertrpc.strangers")  # for lines that any client can cause
strangers.addFilter(FewLines())
