"""What the parsers of bodies share: faults with their place, identities of alarms, and times."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, Self

from alertrpc.ledger.alarm import Alarm

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_END = (datetime(2106, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")  # UTF-8 cannot hold lone surrogates
STORABLE = "a character string without NUL and lone surrogates is expected"
_LONGEST_TIME = 64
_LONGEST_STEP = 64
LEAST_MILLISECONDS = 10**11  # as seconds that is the year 5138
MOST_WARNINGS = 20  # that an answer names


class BodyFault(ValueError):
    """A fault of a body; `steps` lead to its place: names of members, and numbers of elements from 0."""

    def __init__(self, fault: str, *steps: str | int) -> None:
        super().__init__(fault, *steps)
        self.fault = fault
        self.steps = steps

    def within(self, step: str | int) -> Self:
        return type(self)(self.fault, step, *self.steps)

    @property
    def place(self) -> str:
        """Such as `labels.key` or `[2].target`; "" for the whole body."""
        return "".join(_spelled(step) for step in self.steps).removeprefix(".")

    def __str__(self) -> str:
        return f"{self.place}: {self.fault}" if self.steps else self.fault


def _spelled(step: str | int) -> str:
    """A step as answers and logs can hold it: a name may be long, or have characters that UTF-8 cannot hold."""
    if isinstance(step, int):
        return f"[{step}]"
    name = step if len(step) <= _LONGEST_STEP else step[:_LONGEST_STEP] + "…"
    return "." + (name if name.isprintable() else repr(name)[1:-1])


class Warnings:
    """What was cut or left out of a body, each with its place; after MOST_WARNINGS they are only counted.

    `within` gives the warnings of a part of the body.
    """

    __slots__ = ("_steps", "_texts")

    def __init__(self, texts: list[str] | None = None, steps: tuple[str | int, ...] = ()) -> None:
        self._texts = [] if texts is None else texts
        self._steps = steps

    def within(self, step: str | int) -> "Warnings":
        return Warnings(self._texts, (*self._steps, step))

    def add(self, text: str) -> None:
        self._texts.append(str(BodyFault(text, *self._steps)) if len(self._texts) < MOST_WARNINGS else "")

    @property
    def texts(self) -> list[str]:
        """At most MOST_WARNINGS; the last then tells how many others there are."""
        left_out = len(self._texts) - MOST_WARNINGS
        if left_out <= 0:
            return list(self._texts)
        return [*self._texts[: MOST_WARNINGS - 1], f"and {left_out + 1} more"]


def is_storable(text: str) -> bool:
    """Whether the database can hold a text."""
    if text.isascii():
        return "\0" not in text
    return _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """The text without what the database cannot hold."""
    return _UNSTORABLE.sub("", text)


def identity_of(*parts: str) -> str:
    """The SHA-256 of texts without NULs, which only the same texts in the same order have."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def milliseconds(text: str) -> int:
    """Milliseconds since 1970-01-01 UTC of a time in ISO 8601 or RFC 3339, in UTC if it has no offset.

    Digits beyond microseconds are ignored: Go's programs send nine. Raises ValueError.
    """
    return _milliseconds(text[: _LONGEST_TIME + 1])


@lru_cache(maxsize=256)  # the alerts of a body have few different times, and the next body has most of them again
def _milliseconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError("a time such as 2020-12-03T09:44:04+08:00 is expected") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = (aware - _EPOCH) // _MILLISECOND
    if not 0 <= since < _END or len(text) > _LONGEST_TIME:
        raise ValueError("a time in the years 1970 to 2105 is expected")
    return since


def epoch_milliseconds(value: float) -> int:
    """Milliseconds of seconds since 1970, or from LEAST_MILLISECONDS on of milliseconds. Raises ValueError."""
    since = int(value if value >= LEAST_MILLISECONDS else 1000 * value)
    if not 0 <= since < _END:
        raise ValueError("a time in the years 1970 to 2105 is expected")
    return since


class Parsed(NamedTuple):
    """The good alarms of a body, the faults of the others, how many alerts the sender left out, and the warnings."""

    alarms: list[Alarm]
    faults: list[BodyFault]
    left_out: int = 0
    warnings: Sequence[str] = ()
