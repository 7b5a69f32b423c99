"""The tables of `answers`: which answers of a receiver or a script mean what."""

import re
from collections.abc import Sequence
from typing import Any

import orjson
from marshmallow import ValidationError

from alertrpc.configuration.checking import Check
from alertrpc.configuration.tables import Key, Table
from alertrpc.configuration.values import list_of, one_of
from alertrpc.values import duration, seconds

LONGEST_AFTER = 86_400  # seconds
MOST_ANSWERS = 100

_PLACE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}(?:\.[A-Za-z0-9_-]{1,100}){0,15}")  # 1min is a time, wrongly written
_WITH_AFTER = ("wait", "try_again")


def answers_of(code: Check[int], pattern: Check[str], meanings: Sequence[str]) -> Check[list[dict[str, Any]]]:
    """The check of `answers` by the checks of a status and of a pattern. The result can be written as JSON."""
    table = Table(
        _answer,
        {
            "code": Key(_codes(code)),
            "json": Key(_json),
            "text": Key(pattern),
            "then": Key(one_of({meaning: meaning for meaning in meanings}), required=True),
            "after": Key(_time_or_place),
        },
    )

    def check(value: Any) -> list[dict[str, Any]]:
        if isinstance(value, list) and len(value) > MOST_ANSWERS:
            raise ValidationError(f"at most {MOST_ANSWERS} answers are expected, not {len(value)}")
        return list(list_of(table)(value))

    return check


def _answer(**given: Any) -> dict[str, Any]:
    if "after" in given and given["then"] not in _WITH_AFTER:
        raise ValidationError({"after": ['it goes with then = "wait" or "try_again"']})
    return given


def _codes(check: Check[int]) -> Check[list[int]]:
    return lambda value: list(list_of(check, 1)(value)) if isinstance(value, list) else [check(value)]


def _json(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a table is expected")
    try:
        document: dict[str, Any] = orjson.loads(orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME))
    except (TypeError, ValueError):
        document = {}
    if document != value:  # orjson writes nan and inf as null
        raise ValidationError("a table of texts, numbers, true, false, lists and tables is expected")
    return document


def _time_or_place(value: Any) -> str:
    """A time such as `60s`, or names of members with dots between them."""
    text = f"{value}s" if type(value) is int else value
    if isinstance(text, str) and (_PLACE.fullmatch(text) or seconds(text) is not None):
        if seconds(text) is None or duration(text) <= LONGEST_AFTER:
            return text
        raise ValueError("a time of at most 1d is expected")
    raise ValueError('a time such as 60s, or a place in the answer such as "parameters.retry_after", is expected')
