"""The arguments, environment and input of a script, within the limits of Linux."""

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import IO

import orjson

from alertrpc.delivery.masking import cut, plain
from alertrpc.delivery.protocol import Message
from alertrpc.ledger.variables import ANNOTATION, LABEL

OWN_VARIABLES = ("PATH", "HOME", "LANG")  # of the server's environment, a script sees only these
TRUNCATED = b"environment_truncated"
RESERVED = frozenset({TRUNCATED, *map(os.fsencode, OWN_VARIABLES)})
# Linux allows 128 KiB for a text, and 2 MiB for all of them with the usual stack of 8 MiB.
TEXT_BYTES = 96 * 1024
TOTAL_BYTES = 1024 * 1024
POINTER_BYTES = 8  # Linux adds these to each text
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")


@dataclass(slots=True)
class Room:
    """The bytes left for arguments and environment, and whether more were needed."""

    left: int
    is_exceeded: bool = False

    def text(self, text: str) -> bytes:
        data = plain(text).encode()
        if len(data) <= TEXT_BYTES:
            return data
        self.is_exceeded = True
        return cut(data.decode(), TEXT_BYTES).encode()

    def json(self, text: str) -> bytes:
        """The text as a JSON string; a long text is cut before it is encoded."""
        while len(data := _json(text)) > TEXT_BYTES:
            self.is_exceeded = True
            text = text[: len(text) * TEXT_BYTES // len(data) - 1]
        return data

    def takes(self, size: int) -> bool:
        """Takes so many bytes, and what Linux adds for a text, if they are left."""
        size += POINTER_BYTES
        if size > self.left:
            self.is_exceeded = True
            return False
        self.left -= size
        return True


def _json(value: str | dict[str, str]) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:  # a lone surrogate
        return json.dumps(value).encode()


def arguments_of(message: Message, room: Room) -> list[bytes]:
    arguments = [room.text(text) for text in (message.sendto, message.subject, message.message)]
    for argument in arguments:
        room.takes(len(argument) + 1)
    return arguments


def environment_of(variables: Mapping[str, str], room: Room) -> dict[bytes, bytes]:
    """OWN_VARIABLES and the message's variables, as many as fit; those of labels and annotations come last."""
    environment = {os.fsencode(name): os.fsencode(os.environ[name]) for name in OWN_VARIABLES if name in os.environ}
    environment[TRUNCATED] = b"0"
    for name, data in environment.items():
        room.takes(len(name) + len(data) + 2)
    for name, data in _named_values(variables, room):
        if name in RESERVED or name in environment:
            room.is_exceeded = True
        elif room.takes(len(name) + len(data) + 2):
            environment[name] = data
    if room.is_exceeded:
        environment[TRUNCATED] = b"1"
    return environment


def _named_values(variables: Mapping[str, str], room: Room) -> Iterator[tuple[bytes, bytes]]:
    """Names that shells can read, and their values; the first ones get room first."""
    of_alarm = [name for name in variables if name.startswith((LABEL, ANNOTATION))]
    documented = [name for name in variables if not name.startswith((LABEL, ANNOTATION))]
    for name in documented:
        yield _documented_names(name)[0], room.text(variables[name])
    for name in documented:
        if f"{name}_json" not in variables:
            yield _documented_names(name)[1], room.json(variables[name])
    # Names that need no change come first: others may be changed to the same.
    of_alarm.sort(key=_is_odd)
    taken = RESERVED.union(*map(_documented_names, documented))
    names = _free_names(map(_variable_name, of_alarm), set(taken))
    for name, free in zip(of_alarm, names, strict=True):
        yield free, room.text(variables[name])


def _free_names(names: Iterable[bytes], taken: set[bytes]) -> Iterator[bytes]:
    """Each name, with the next free number from 2 on if it is taken; they are added to `taken`."""
    numbers: dict[bytes, int] = {}
    for name in names:
        free = name
        while free in taken:
            numbers[name] = numbers.get(name, 1) + 1
            free = b"%s_%d" % (name, numbers[name])
        taken.add(free)
        yield free


@lru_cache(maxsize=1000)
def _documented_names(name: str) -> tuple[bytes, bytes]:
    """A variable's name and that of its JSON; there are few of them."""
    return _variable_name(name), _variable_name(f"{name}_json")


def _variable_name(name: str) -> bytes:
    return (_NOT_IN_NAMES.sub("_", name) if _is_odd(name) else name).encode()


def _is_odd(name: str) -> bool:
    return not (name.isascii() and name.isidentifier())


@contextlib.contextmanager
def input_of(variables: dict[str, str]) -> Iterator[IO[bytes]]:
    """A file in memory: unlike a pipe, it blocks nobody if the script does not read it."""
    with open(os.memfd_create("alert"), "w+b") as file:
        file.write(_json(variables))
        file.seek(0)
        yield file
