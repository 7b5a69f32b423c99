"""Decodes the spellings of a text: percent escapes, escapes of JSON and entities of HTML, one within another.

Sources: RFC 3986, section 2.1; RFC 8259, section 7; HTML, section "Character references". Programs in JavaScript also
write `\\x26`, `\\u{26}` and `%u0026`, others `\\74`, `\\U00000026` and, for bytes, `\\xc3\\xbc`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from html.entities import html5
from typing import NamedTuple

ROUNDS = 5  # of spellings within one another
LONGEST_ESCAPE = 64  # bytes; the longest names of HTML have half as many

_ESCAPE = re.compile(
    rb"(?:%|\\[xX])(?P<byte>[0-9A-Fa-f]{2})"
    rb"|[\\%]u(?P<pair>[Dd][89ABab][0-9A-Fa-f]{2}[\\%]u[Dd][C-Fc-f][0-9A-Fa-f]{2})"
    rb"|[\\%]u(?P<unit>[0-9A-Fa-f]{4})"
    rb"|\\u\{(?P<braced>[0-9A-Fa-f]{1,6})\}"
    rb"|\\U(?P<long>[0-9A-Fa-f]{8})"
    rb"|\\(?P<octal>[0-3]?[0-7]{1,2})"
    rb"|\\(?P<letter>[bfnrt!-/:-@\[-`{-~])"
    rb"|&\#0{0,20}(?P<decimal>[0-9]{1,10});?"
    rb"|&\#[Xx]0{0,20}(?P<hexadecimal>[0-9A-Fa-f]{1,10});?"
    rb"|&(?P<name>[A-Za-z][A-Za-z0-9]{1,31});"
    rb"|&(?P<legacy>amp|AMP|lt|LT|gt|GT|quot|QUOT)"
)
_BEGUN_ESCAPE = re.compile(
    rb"(?:%[0-9A-Fa-f]?|[\\%]u\{?[0-9A-Fa-f]{0,6}|\\(?:[xX][0-9A-Fa-f]?|U[0-9A-Fa-f]{0,7}|[0-7]{1,2})?"
    rb"|&\#?[A-Za-z0-9]{0,31})\Z"
)
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class Meaning(NamedTuple):
    """A text's bytes in UTF-8 with decoded escapes, and where in the text each byte begins and ends."""

    data: bytes
    starts: Sequence[int]
    ends: Sequence[int]


def meanings(text: str) -> Iterator[Meaning]:
    """The undecoded text, and the text after each of ROUNDS of decoding, until nothing changes.

    The time is linear in the text: each decoded escape makes it shorter.
    """
    meaning: Meaning | None = _undecoded(text)
    for _ in range(ROUNDS + 1):
        if meaning is None:
            return
        yield meaning
        meaning = _decoded(meaning)


def without_begun_escape(data: bytes) -> bytes:
    """The bytes without an incomplete escape at their end."""
    return _BEGUN_ESCAPE.sub(b"", data)


def _undecoded(text: str) -> Meaning:
    data = text.encode("utf-8", "surrogatepass")
    if len(data) == len(text):
        return Meaning(data, range(len(data)), range(1, len(data) + 1))
    starts = [place for place, character in enumerate(text) for _ in range(_width(character))]
    return Meaning(data, starts, [place + 1 for place in starts])


def _width(character: str) -> int:
    """The bytes of a character in UTF-8."""
    return 1 + (character > "\x7f") + (character > "\u07ff") + (character > "\uffff")


def _decoded(meaning: Meaning) -> Meaning | None:
    """The meaning after one more round; None if nothing changes."""
    data, done = bytearray(), 0
    starts: list[int] = []
    ends: list[int] = []
    for match in _ESCAPE.finditer(meaning.data):
        kind = match.lastgroup
        assert kind is not None
        meant = _DECODERS[kind](match[kind])
        if meant is None:
            continue
        begin, end = match.span()
        data += meaning.data[done:begin] + meant
        starts += meaning.starts[done:begin]
        starts += [meaning.starts[begin]] * len(meant)
        ends += meaning.ends[done:begin]
        ends += [meaning.ends[end - 1]] * len(meant)
        done = end
    if not done:
        return None
    return Meaning(bytes(data + meaning.data[done:]), [*starts, *meaning.starts[done:]], [*ends, *meaning.ends[done:]])


def _character(code: int) -> bytes | None:
    """None for half a pair, and for codes beyond Unicode."""
    return None if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code).encode()


def _hexadecimal(digits: bytes) -> bytes | None:
    return _character(int(digits, 16))


def _pair(digits: bytes) -> bytes:
    """The character of two halves such as `D83D\\uDE00`."""
    high, low = int(digits[:4], 16), int(digits[6:], 16)
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).encode()


def _named(name: bytes) -> bytes | None:
    text = html5.get(f"{name.decode()};")
    return None if text is None else text.encode()


_DECODERS: dict[str, Callable[[bytes], bytes | None]] = {
    "byte": lambda digits: bytes.fromhex(digits.decode()),
    "pair": _pair,
    "unit": _hexadecimal,
    "braced": _hexadecimal,
    "long": _hexadecimal,
    "octal": lambda digits: bytes([int(digits, 8)]),
    "letter": lambda letter: _LETTERS.get(letter, letter),
    "decimal": lambda digits: _character(int(digits)),
    "hexadecimal": _hexadecimal,
    "name": _named,
    "legacy": _named,
}
