"""Numbers, times and sizes as texts write them: ASCII digits and no others, in every room."""

import re
from pathlib import Path

import pytest

from alertrpc.values import INT64, INT64_MAX, seconds, whole
from tests.test_architecture import FILES, named

OTHERS = "\u0663\u0969\uff13\u00b2"  # digits to str.isdigit; to \d and int() but for the last


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("90", 90), ("2m", 120), ("9" * 15, 10**15 - 1)])
def test_a_time(text: str, number: int) -> None:
    assert seconds(text) == number


@pytest.mark.parametrize("text", [None, "", "m", "1y", "{$TIME}", "9" * 16, *[f"{digit}s" for digit in OTHERS]])
def test_no_time(text: str | None) -> None:
    assert seconds(text) is None


def test_the_bounds_of_64_bits() -> None:
    parse = whole(INT64.start, INT64_MAX)
    assert [parse(str(bound)) for bound in (INT64.start, INT64_MAX)] == [INT64.start, INT64_MAX]
    for text in (str(INT64.start - 1), str(INT64_MAX + 1), *OTHERS):
        with pytest.raises(ValueError, match="a whole number from"):
            parse(text)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_digits_are_told_in_values(path: Path) -> None:
    """`\\d` and isdigit take digits of other scripts, as do the numbers of click and argparse."""
    assert named(path) == "values.py" or re.findall(r"\\d|isdigit|isdecimal|type=int\b", path.read_text()) == []
