"""OCP's verification of answers: `expect` is JSON that the answer must contain, or its text, or a regular expression."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import orjson
import regex

from alertrpc.configuration.channel_values import text_as
from alertrpc.records import Json
from alertrpc.references import references_in

ALWAYS = frozenset({"", "{}"})
REGEX_SECONDS = 1.0  # an answer may make a regular expression slow
# Two, as a regular expression keeps other threads from working too; apart from those that others wait for.
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="regex")


def check_expect(text: str) -> None:
    """Raises ValueError if the text is neither JSON nor a regular expression."""
    expect = text.strip()
    if expect in ALWAYS or references_in(expect):
        return
    if expect.startswith("{") and not expect.endswith("}"):
        raise ValueError('it starts as JSON but does not end with "}"')
    try:
        (orjson.loads if _is_json(expect) else check_pattern)(expect)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"it starts as JSON but is invalid: {error}") from None


def check_pattern(text: str) -> None:
    """Raises ValueError if the text is not a regular expression."""
    try:
        regex.compile(text)
    except regex.error as error:
        raise ValueError(f"it is no regular expression: {error}") from None


EXPECT = text_as(check_expect)


async def is_expected(expect: str, answer: str) -> bool:
    """Whether the answer is as `expect` says; regular expressions run in a thread."""
    expect, answer = expect.strip(), answer.strip()
    if expect in ALWAYS or expect == answer:
        return True
    if _is_json(expect):
        return _holds_json(expect, answer)
    return await matches(expect, answer)


def _is_json(expect: str) -> bool:
    return expect.startswith("{") and expect.endswith("}")


def _holds_json(expect: str, answer: str) -> bool:
    try:
        return contains(orjson.loads(answer), orjson.loads(expect))
    except orjson.JSONDecodeError:
        return False


def contains(value: Json, wanted: Json) -> bool:
    """Whether a value is as wanted; an object may have more members, inner ones too."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(name in value and contains(value[name], wanted[name]) for name in wanted)
    if isinstance(wanted, bool) or isinstance(value, bool):  # in Python, True == 1
        return value is wanted
    return value == wanted


async def matches(pattern: str, answer: str, seconds: float = REGEX_SECONDS) -> bool:
    """Whether a regular expression matches the whole answer within a time; it runs in a thread of its own kind."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _matches, pattern, answer, seconds)


def _matches(pattern: str, answer: str, seconds: float) -> bool:
    try:
        return regex.fullmatch(pattern, answer, timeout=seconds) is not None
    except (regex.error, TimeoutError):
        return False
