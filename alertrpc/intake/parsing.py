"""Parses JSON of strangers only if it has few enough values: even a short one takes memory and time."""

import gc
from collections.abc import Iterator, Sequence
from operator import add

import orjson

from alertrpc.errors import AlertrpcError
from alertrpc.records import Json

MOST_VALUES = 1_001_000  # elements of arrays and members of objects
MOST_CONTAINERS = 100_000  # arrays and objects
MOST_MEMBERS = 250_000  # of objects; one takes more memory than an element of an array
_MOST_QUOTES = 4 * MOST_VALUES  # a member has four
_SLICE = 64 * 1024

Bytes = bytes | bytearray


class NoJson(AlertrpcError):
    """A body is not JSON; the text says where."""


class TooManyValues(AlertrpcError):
    """A body has too many values."""


def parse_json(body: Bytes) -> Json:
    """The body's document. Raises NoJson, or TooManyValues before it is parsed."""
    _require_few_values(body)
    gc.disable()  # there is no garbage here, and searching a million values for it takes long
    try:
        document: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NoJson(str(error)) from None
    finally:
        gc.enable()
    return document


def most_values(body: Bytes) -> int:
    """At most so many values are in the body, without the first."""
    return body.count(b",")


def _require_few_values(body: Bytes) -> None:
    """Counts commas, brackets and colons, then only those outside of strings if these are too many."""
    if not _too_many(_counted(body)):
        return
    count = [0, 0, 0]
    for piece in _outside_strings(body):
        count = list(map(add, count, _counted(piece)))
        if fault := _too_many(count):
            raise TooManyValues(fault)


def _counted(body: Bytes) -> list[int]:
    return [body.count(b","), body.count(b"[") + body.count(b"{"), body.count(b":")]


def _too_many(count: Sequence[int]) -> str:
    """The fault of a body with these counts, or ""."""
    most = {"values": MOST_VALUES, "arrays and objects": MOST_CONTAINERS, "members": MOST_MEMBERS}
    too_many = [name for name, found in zip(most, count, strict=True) if found > most[name]]
    return f"more than {most[too_many[0]]} {too_many[0]}" if too_many else ""


def _outside_strings(body: Bytes) -> Iterator[bytes]:
    """The body without its strings, in pieces."""
    text = bytes(body).replace(b"\\\\", b"").replace(b'\\"', b"")  # so that every quote begins or ends a string
    if text.count(b'"') > _MOST_QUOTES:
        raise TooManyValues(f"more than {MOST_VALUES} values")
    is_within = False
    for start in range(0, len(text), _SLICE):
        parts = text[start : start + _SLICE].split(b'"')
        yield b"".join(parts[is_within::2])
        is_within ^= len(parts) % 2 == 0
