"""Parses numbers, times and sizes, written in ASCII digits only; the bounds of whole numbers."""

import re
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

INT32_MAX, INT64_MAX = 2**31 - 1, 2**63 - 1
INT32, INT64 = range(-INT32_MAX - 1, INT32_MAX + 1), range(-INT64_MAX - 1, INT64_MAX + 1)

_LONGEST_TIME = 9  # digits of a time to wait
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TIME = re.compile(r"([0-9]{1,15})([smhdw]?)")
_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
_SIZE = re.compile(r"([0-9]{1,12})([KMG]?)(?:i?B)?")
_RATE = re.compile(r"([0-9]{1,6})/(?:([0-9]{1,9}[smhd]?)|([0-9]{1,9})ms)")
MOST_OF_RATE = 10_000  # attempts
LONGEST_SPAN = 86_400  # seconds
_WHOLE = re.compile(r"-?[0-9]{1,19}")


def seconds(text: str | None) -> int | None:
    """The seconds of a time with Zabbix's suffixes: `30`, `30s`, `15m`, `1h`, `1d`, `1w`; None for any other text.

    Source: https://www.zabbix.com/documentation/7.0/en/manual/appendix/suffixes
    """
    found = _TIME.fullmatch(text or "")
    return int(found[1]) * _SECONDS[found[2]] if found else None


def duration(text: str) -> int:
    """The seconds of a time to wait; raises ValueError."""
    number = seconds(text)
    if number is None or len(text.rstrip("smhdw")) > _LONGEST_TIME:
        raise ValueError("a time such as 30s, 15m or 1h is expected")
    return number


class Rate(NamedTuple):
    """At most so many in any span of so many milliseconds."""

    most: int
    milliseconds: int

    def __str__(self) -> str:
        seconds, rest = divmod(self.milliseconds, 1000)
        return f"{self.most}/{self.milliseconds}ms" if rest else f"{self.most}/{seconds}s"


def rate(text: str) -> Rate:
    """The rate of a text such as `20/1m` or `1/500ms`; raises ValueError."""
    found = _RATE.fullmatch(text)
    if found:
        most, span = int(found[1]), int(found[3]) if found[3] else 1000 * duration(found[2])
        if 1 <= most <= MOST_OF_RATE and 1 <= span <= 1000 * LONGEST_SPAN:
            return Rate(most, span)
    raise ValueError(f"a rate such as 20/1m is expected, of 1 to {MOST_OF_RATE} attempts in 1ms to 1d")


def size(text: str) -> int:
    """Bytes of a size: `65536`, `64K`, `16M`, `16MiB`, `1G`; raises ValueError."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError("a size such as 64K, 16M or 1G is expected")
    return int(found[1]) * _BYTES[found[2]]


def is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def number(least: int, most: int) -> Callable[[Any], int]:
    """The check of a whole number; a boolean is not one."""

    def check(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most} is expected")
        return value

    return check


def whole(least: int, most: int) -> Callable[[str], int]:
    """The parser of a whole number."""
    check = number(least, most)
    return lambda text: check(int(text) if _WHOLE.fullmatch(text) else None)


def at_least_one(parse: Callable[[str], int]) -> Callable[[str], int]:
    def parse_positive(text: str) -> int:
        if (value := parse(text)) < 1:
            raise ValueError("a value above 0 is expected")
        return value

    return parse_positive


def one_of(choice: Collection[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choice:
            raise ValueError(f"one of {', '.join(choice)} is expected")
        return text

    return parse
