"""What an answer means: `answers` of a media type, of which the first that fits counts."""

import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import regex
from marshmallow import ValidationError

from alertrpc.configuration.channel_values import text_as
from alertrpc.configuration.checking import Check
from alertrpc.configuration.tables import Key, Table
from alertrpc.configuration.values import list_of, one_of
from alertrpc.delivery.expect import contains, matches
from alertrpc.delivery.protocol import Verdict
from alertrpc.records import Json
from alertrpc.values import duration, number, seconds

LONGEST_AFTER = 86_400.0  # seconds
MOST_ANSWERS = 100

_PLACE = re.compile(r"[A-Za-z0-9_-]{1,100}(?:\.[A-Za-z0-9_-]{1,100}){0,15}")
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
_WITH_AFTER = frozenset({Verdict.WAIT, Verdict.TRY_AGAIN})


class Meaning(NamedTuple):
    """What an answer means; `after` is when to send again, in seconds; None: as the media type says."""

    verdict: Verdict
    after: float | None = None


async def meaning_of(answers: Sequence[Mapping[str, Any]], code: int, answer: str) -> Meaning | None:
    """The meaning of an answer with its status; None if none of `answers` fits. Regular expressions run in a thread."""
    if not answers:
        return None
    document = _document(answer)
    for each in answers:
        if await _fits(each, code, answer.strip(), document):
            return Meaning(Verdict(each["then"]), _after(each.get("after", ""), document))
    return None


def _document(answer: str) -> Json:
    """The answer as JSON; None, which has no members, if it is none."""
    try:
        document: Json = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None
    return document


async def _fits(wanted: Mapping[str, Any], code: int, answer: str, document: Json) -> bool:
    if "code" in wanted and code not in wanted["code"]:
        return False
    if "json" in wanted and not contains(document, wanted["json"]):
        return False
    return "text" not in wanted or await asyncio.to_thread(matches, wanted["text"], answer)


def _after(after: str, document: Json) -> float | None:
    """The seconds of a time, or those at a place in the answer, at most a day; None if there is no number."""
    if (given := seconds(after)) is not None:
        return float(given)
    value: Json = document
    for name in after.split("."):
        value = _member(value, name)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or value < 0:
        return None
    return min(float(value), LONGEST_AFTER)


def _member(value: Json, name: str) -> Json:
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and name.isascii() and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    return None


def answers_of(least_code: int, most_code: int) -> Check[list[dict[str, Any]]]:
    """The check of `answers` for a kind whose statuses are in a range. The result can be written as JSON."""
    table = Table(
        _answer,
        {
            "code": Key(_codes(number(least_code, most_code))),
            "json": Key(_json),
            "text": Key(text_as(_check_regex)),
            "then": Key(one_of({verdict.value: verdict.value for verdict in Verdict}), required=True),
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
        written = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except (TypeError, ValueError):
        raise ValidationError("a table of texts, numbers, true, false, lists and tables is expected") from None
    document: dict[str, Any] = orjson.loads(written)
    return document


def _check_regex(text: str) -> None:
    try:
        regex.compile(text)
    except regex.error as error:
        raise ValueError(f"it is no regular expression: {error}") from None


def _time_or_place(value: Any) -> str:
    """A time such as `60s`, or names of members with dots between them."""
    text = f"{value}s" if type(value) is int else value
    if isinstance(text, str) and (_PLACE.fullmatch(text) or seconds(text) is not None):
        if seconds(text) is None or duration(text) <= LONGEST_AFTER:
            return text
        raise ValueError("a time of at most 1d is expected")
    raise ValueError('a time such as 60s, or a place in the answer such as "parameters.retry_after", is expected')
