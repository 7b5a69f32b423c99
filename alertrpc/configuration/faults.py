"""How faults of a configuration file are told: where they stand, and what stands there."""

import json
import re
from collections.abc import Iterator
from typing import Any

from alertrpc.values import INT64

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
_SHOWN = 60  # characters of a wrong value


def place(table: str, number: int, name: object) -> str:
    """Where a declaration stands, such as `media_type 2 "chat"`."""
    return f"{table} {number} {shown(name)}" if isinstance(name, str) and name else f"{table} {number}"


def told(here: str, messages: Any) -> Iterator[str]:
    """The lines of nested messages, each with its place."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from told(f"{here} {key + 1}" if isinstance(key, int) else f"{here}: {_key(key)}", inner)
    else:
        yield from (f"{here}: {message}" for message in messages)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else shown(key)


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
    return sort(value)


def sort(value: Any) -> str:
    """What sort of value it is, where the value may be secret or long."""
    sorts = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return sorts.get(type(value), "a date or a time")
