"""JSON of strangers, parsed only where it holds no more values than it may: each takes memory and time, however short."""

import gc
from collections.abc import Iterator

import orjson

from alertrpc.errors import AlertrpcError
from alertrpc.records import Json

MOST_VALUES = 1_001_000  # elements of arrays and members of objects
MOST_CONTAINERS = 100_000  # arrays and objects
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


def _require_few_values(body: Bytes) -> None:
    """Counts commas and brackets; those in strings count only where they could be too many."""
    values, containers = _counted(body)
    if values <= MOST_VALUES and containers <= MOST_CONTAINERS:
        return
    values = containers = 0
    for piece in _outside_strings(body):
        more_values, more_containers = _counted(piece)
        values, containers = values + more_values, containers + more_containers
        if values > MOST_VALUES:
            raise TooManyValues(f"more than {MOST_VALUES} values")
        if containers > MOST_CONTAINERS:
            raise TooManyValues(f"more than {MOST_CONTAINERS} arrays and objects")


def _counted(body: Bytes) -> tuple[int, int]:
    return body.count(b","), body.count(b"[") + body.count(b"{")


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
