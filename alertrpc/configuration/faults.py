"""The texts of a configuration file's faults: the place, and the wrong value in short."""

import json
import re
from collections.abc import Iterator
from typing import Any

from alertrpc.values import INT64

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
_SHOWN = 60  # characters of a wrong value


def place(table: str, number: int, name: object) -> str:
    """The place of a declaration, such as `media_type 2 "chat"`."""
    return f"{table} {number} {shown(name)}" if isinstance(name, str) and name else f"{table} {number}"


def lines(here: str, messages: Any) -> Iterator[str]:
    """The lines of nested messages, each with its place."""
    if not isinstance(messages, dict):
        yield from (f"{here}: {message}" for message in messages)
        return
    for key, inner in messages.items():
        if isinstance(key, int):
            yield from lines(f"{here} {key + 1}", inner)
        else:
            yield from lines(f"{here}: {key if _BARE_KEY.fullmatch(key) else shown(key)}", inner)


def shown(value: Any) -> str:
    """A value in a few characters of one line."""
    match value:
        case str():
            short = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
            return json.dumps(short, ensure_ascii=not short.isprintable())
        case bool():
            return str(value).lower()
        case int() if value in INT64:
            return str(value)
        case float():
            return str(value)
    return type_name(value)


def type_name(value: Any) -> str:
    """The type of a value that may be secret or long."""
    names = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or a time")
