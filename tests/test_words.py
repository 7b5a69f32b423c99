"""Words that depend on a number."""

import pytest

from alertrpc.words import counted


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("row",), "0 rows"),
        (1, ("row",), "1 row"),
        (2, ("media type",), "2 media types"),
        (1, ("try", "tries"), "1 try"),
        (1_000, ("try", "tries"), "1000 tries"),
    ],
)
def test_what_is_counted(number: int, words: tuple[str, ...], text: str) -> None:
    assert counted(number, *words) == text
