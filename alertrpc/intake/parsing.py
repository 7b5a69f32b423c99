"""JSON of strangers, parsed only where it holds no more values than it may: each takes memory and time, however short."""

import gc
from collections.abc import Iterator, Sequence
from operator import add

import orjson

from alertrpc.errors import AlertrpcError
from alertrpc.records import Json

MOST_VALUES = 1_001_000  # elements of arrays and members of objects
MOST_CONTAINERS = 100_000  # arrays and objects
MOST_MEMBERS = 250_000  # of objects, each of which takes more than an element of an array
_MOST_QUOTES = 4 * MOST_VALUES  # a member has four
_SLICE = 64 * 1024

Bytes = bytes | bytearray


class NoJson(AlertrpcError):
    """A body is no JSON; the text says where."""


class TooManyValues(AlertrpcError):
    """A body has more values than it may."""


def parse_json(body: Bytes) -> Json:
    """What a body says. Raises NoJson, or TooManyValues before anything is made of it."""
    _require_few_values(body)
    gc.disable()  # what is made here is no garbage, and looking through a million values takes long
    try:
        document: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NoJson(str(error)) from None
    finally:
        gc.enable()
    return document


def most_values(body: Bytes) -> int:
    """As many values as the body may have."""
    return body.count(b",")


def _require_few_values(body: Bytes) -> None:
    """Counts commas, brackets and colons; those in strings count only where they could be too many."""
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
    """What is too many of the body's values, "" where nothing is."""
    most = {"values": MOST_VALUES, "arrays and objects": MOST_CONTAINERS, "members": MOST_MEMBERS}
    faults = [f"more than {most[name]} {name}" for name, found in zip(most, count, strict=True) if found > most[name]]
    return faults[0] if faults else ""


def _outside_strings(body: Bytes) -> Iterator[bytes]:
    """What is outside of strings, in pieces."""
    text = bytes(body).replace(b"\\\\", b"").replace(b'\\"', b"")  # so that every quote begins or ends a string
    if text.count(b'"') > _MOST_QUOTES:
        raise TooManyValues(f"more than {MOST_VALUES} values")
    is_within = False
    for start in range(0, len(text), _SLICE):
        parts = text[start : start + _SLICE].split(b'"')
        yield b"".join(parts[is_within::2])
        is_within ^= len(parts) % 2 == 0
