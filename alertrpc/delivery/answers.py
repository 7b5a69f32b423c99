"""What an answer means: `answers` of a media type, of which the first that fits counts."""

import asyncio
import math
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from alertrpc.configuration.answers import LONGEST_AFTER, answers_of
from alertrpc.configuration.channel_values import text_as
from alertrpc.configuration.checking import Check
from alertrpc.delivery.expect import REGEX_SECONDS, check_pattern, contains, matches
from alertrpc.delivery.protocol import Verdict
from alertrpc.records import Json
from alertrpc.values import is_digits, number, seconds

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")


class Meaning(NamedTuple):
    """What an answer means; `after` is when to send again, in seconds; None: as the media type says."""

    verdict: Verdict
    after: float | None = None


async def meaning_of(answers: Sequence[Mapping[str, Any]], code: int, answer: str) -> Meaning | None:
    """The meaning of an answer with its status; None if none of `answers` fits. Regular expressions run in a thread."""
    if any("text" in each for each in answers):
        return await asyncio.to_thread(_meaning_of, answers, code, answer)
    return _meaning_of(answers, code, answer)


def _meaning_of(answers: Sequence[Mapping[str, Any]], code: int, answer: str) -> Meaning | None:
    document, ends = _document(answer), time.monotonic() + REGEX_SECONDS
    for each in answers:
        if _fits(each, code, answer.strip(), document, ends):
            return Meaning(Verdict(each["then"]), _after(each.get("after", ""), document))
    return None


def _document(answer: str) -> Json:
    """The answer as JSON; None, which has no members, if it is not JSON."""
    try:
        document: Json = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None
    return document


def _fits(wanted: Mapping[str, Any], code: int, answer: str, document: Json, ends: float) -> bool:
    """Whether an answer is as wanted; its regular expression has until `ends`, in seconds of the monotonic clock."""
    if "code" in wanted and code not in wanted["code"]:
        return False
    if "json" in wanted and not contains(document, wanted["json"]):
        return False
    return "text" not in wanted or matches(wanted["text"], answer, ends - time.monotonic())


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
    return float(min(value, LONGEST_AFTER))


def _member(value: Json, name: str) -> Json:
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and is_digits(name) and int(name) < len(value):
        return value[int(name)]
    return None


def answers_within(least_code: int, most_code: int) -> Check[list[dict[str, Any]]]:
    """The check of `answers` for a kind whose statuses are in a range."""
    return answers_of(number(least_code, most_code), text_as(check_pattern), [verdict.value for verdict in Verdict])
