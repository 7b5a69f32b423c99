"""What an answer means by `answers` of a media type: the first that fits, then the status, then `expect`."""

import time
from pathlib import Path
from typing import Any

import pytest

from alertrpc.configuration.answers import LONGEST_AFTER
from alertrpc.configuration.reading import parse_configuration
from alertrpc.delivery.answers import Meaning, answers_within, meaning_of
from alertrpc.delivery.channels import KINDS
from alertrpc.delivery.protocol import Verdict
from alertrpc.errors import ConfigurationError
from tests.receivers import (
    Answer,
    Receiver,
    alerts,
    attempts,
    http_channel,
    in_turn,
    push,
    script_channel,
    settled,
    to_admin,
    write_config,
    write_script,
)
from tests.support import run_alertrpc, serving
from tests.wire import execute

CODE = {"code": 9499, "msg": "too many requests", "data": {"more": [1, 2]}}
JSON = '{"code": 9499, "msg": "too many requests", "data": {"more": [1, 2]}}'
# What is declared, the status and the answer, and what it means.
MEANINGS: list[tuple[list[dict[str, Any]], int, str, Meaning | None]] = [
    ([], 200, "", None),
    ([{"code": 400, "then": "wait"}], 400, "", Meaning(Verdict.WAIT)),
    ([{"code": 400, "then": "wait"}], 401, "", None),
    ([{"code": [400, 401], "then": "sent"}], 401, "", Meaning(Verdict.SENT)),
    ([{"then": "give_up"}], 200, "anything", Meaning(Verdict.GIVE_UP)),
    ([{"json": {"code": 9499}, "then": "wait"}], 400, JSON, Meaning(Verdict.WAIT)),
    ([{"json": {"code": 9499.0}, "then": "wait"}], 400, JSON, Meaning(Verdict.WAIT)),
    ([{"json": {"code": "9499"}, "then": "wait"}], 400, JSON, None),
    ([{"json": {"code": True}, "then": "wait"}], 400, '{"code": 1}', None),
    ([{"json": {"data": {"more": [1, 2]}}, "then": "wait"}], 400, JSON, Meaning(Verdict.WAIT)),
    ([{"json": {"data": {"more": [1]}}, "then": "wait"}], 400, JSON, None),
    ([{"json": {}, "then": "wait"}], 400, "[]", None),
    ([{"json": {}, "then": "wait"}], 400, "no JSON", None),
    ([{"json": {}, "then": "wait"}], 400, "{}", Meaning(Verdict.WAIT)),
    ([{"json": {"a": 1}, "then": "wait"}], 400, '{"a": ' * 3000, None),
    ([{"text": "in.*token", "then": "give_up"}], 200, " invalid token\n", Meaning(Verdict.GIVE_UP)),
    ([{"text": "in.*token", "then": "give_up"}], 200, "an invalid token", None),
    ([{"code": 200, "json": {"a": 1}, "text": ".*", "then": "sent"}], 200, '{"a": 1}', Meaning(Verdict.SENT)),
    ([{"code": 200, "json": {"a": 1}, "text": "b", "then": "sent"}], 200, '{"a": 1}', None),
    ([{"code": 1, "then": "sent"}, {"then": "try_again"}, {"then": "give_up"}], 2, "", Meaning(Verdict.TRY_AGAIN)),
    ([{"then": "wait", "after": "90s"}], 1, "", Meaning(Verdict.WAIT, 90)),
    ([{"then": "wait", "after": 90}], 1, "", Meaning(Verdict.WAIT, 90)),
    ([{"then": "try_again", "after": "1m"}], 1, "", Meaning(Verdict.TRY_AGAIN, 60)),
]
# Answers to `after = "parameters.retry_after"`, and the seconds.
PLACES: list[tuple[str, float | None]] = [
    ('{"parameters": {"retry_after": 7}}', 7),
    ('{"parameters": {"retry_after": 0.25}}', 0.25),
    ('{"parameters": {"retry_after": "35"}}', 35),
    ('{"parameters": {"retry_after": "1.5"}}', 1.5),
    ('{"parameters": {"retry_after": 1e300}}', LONGEST_AFTER),
    ('{"parameters": {"retry_after": 18446744073709551615}}', LONGEST_AFTER),
    ('{"parameters": {"retry_after": -1}}', None),
    ('{"parameters": {"retry_after": true}}', None),
    ('{"parameters": {"retry_after": null}}', None),
    ('{"parameters": {"retry_after": "soon"}}', None),
    ('{"parameters": {"retry_after": "1e9"}}', None),
    ('{"parameters": {"retry_after": [1]}}', None),
    ('{"parameters": {"retry_after": NaN}}', None),
    ('{"parameters": [1]}', None),
    ('{"parameters": 7}', None),
    ("{}", None),
    ("", None),
]


def given(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return answers_within(0, 599)(answers)


@pytest.mark.parametrize(("answers", "code", "answer", "meaning"), MEANINGS)
async def test_the_first_that_fits_counts(
    answers: list[dict[str, Any]], code: int, answer: str, meaning: Meaning | None
) -> None:
    assert await meaning_of(given(answers), code, answer) == meaning


@pytest.mark.parametrize(("answer", "seconds"), PLACES)
async def test_a_time_in_the_answer(answer: str, seconds: float | None) -> None:
    answers = given([{"then": "wait", "after": "parameters.retry_after"}])
    assert await meaning_of(answers, 429, answer) == Meaning(Verdict.WAIT, seconds)


async def test_a_place_in_a_list() -> None:
    answers = given([{"then": "wait", "after": "errors.1.wait"}])
    assert await meaning_of(answers, 1, '{"errors": [{"wait": 1}, {"wait": 2}]}') == Meaning(Verdict.WAIT, 2)
    assert await meaning_of(answers, 1, '{"errors": [{"wait": 1}]}') == Meaning(Verdict.WAIT)


async def test_slow_expressions_end_together() -> None:
    start = time.monotonic()
    slow = {"text": "(a|aa)+$b", "then": "sent"}
    assert await meaning_of(given([slow] * 30), 200, "a" * 60_000) is None
    assert time.monotonic() - start < 15


AFTER = 'a time up to 1d such as 60s, or a place in the answer such as "parameters.retry_after", is expected'
FAULTS: list[tuple[Any, str]] = [
    ({}, "answers: a list is expected, not a table"),
    ([1], "answers 1: a table is expected, not 1"),
    ([{}], "answers 1: then: it is missing"),
    ([{"then": "waits"}], 'answers 1: then: one of sent, try_again, wait, give_up is expected, not "waits"'),
    ([{"then": "sent"}, {"then": "sent", "cod": 1}], 'answers 2: cod: there is no such key; did you mean "code"?'),
    ([{"then": "sent", "code": 99}], "answers 1: code: a whole number from 100 to 599 is expected, not 99"),
    ([{"then": "sent", "code": "200"}], 'answers 1: code: a whole number from 100 to 599 is expected, not "200"'),
    ([{"then": "sent", "code": []}], "answers 1: code: a list that is not empty is expected"),
    ([{"then": "sent", "code": [200, True]}], "answers 1: code 2: a whole number from 100 to 599 is expected, not true"),
    ([{"then": "sent", "json": "{}"}], 'answers 1: json: a table is expected, not "{}"'),
    ([{"then": "sent", "text": "("}], "answers 1: text: it is no regular expression: missing ) at position 1"),
    ([{"then": "sent", "after": "60s"}], 'answers 1: after: it goes with then = "wait" or "try_again"'),
    ([{"then": "wait", "after": "2d"}], f'answers 1: after: {AFTER}, not "2d"'),
    ([{"then": "wait", "after": -5}], f"answers 1: after: {AFTER}, not -5"),
    ([{"then": "wait", "after": "-5"}], f'answers 1: after: {AFTER}, not "-5"'),
    ([{"then": "wait", "after": 99_999_999_999_999}], f"answers 1: after: {AFTER}, not 99999999999999"),
    ([{"then": "wait", "after": True}], f"answers 1: after: {AFTER}, not true"),
    ([{"then": "sent", "json": {"a": [float("nan")]}}],
     "answers 1: json: a table of texts, numbers, true, false, lists and tables is expected"),
    *(
        ([{"then": "wait", "after": text}], f'answers 1: after: {AFTER}, not "{text}"')
        for text in ("a..b", "1min", "60sec", "1.5s", "1m30s", "60S", "-5s", "")
    ),
    ([{"then": "sent"}] * 101, "answers: at most 100 answers are expected, not 101"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "fault"), FAULTS)
def test_a_fault_has_its_place(answers: Any, fault: str) -> None:
    hook = {"name": "a", "type": "http", "url": "http://a/", "answers": answers}
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration({"media_type": [hook]}, KINDS)
    assert caught.value.faults == (f'media_type 1 "a": {fault}',)


@pytest.mark.parametrize(
    "value", ["2020-01-01", "2020-01-01T00:00:00Z", "12:30:00", "nan", "inf", "[-inf]", "{ b = nan }"]
)
def test_what_json_cannot_say_is_a_fault(path: Path, value: str) -> None:
    config = path.with_name("config.toml")
    config.write_text(
        '[[media_type]]\nname = "a"\ntype = "http"\nurl = "http://a/"\n'
        f'[[media_type.answers]]\njson = {{ at = {value} }}\nthen = "sent"\n'
    )
    result = run_alertrpc("check", str(config))
    assert result.returncode == 2
    assert "answers 1: json: a table of texts, numbers, true, false, lists and tables is expected" in result.stderr


# --- by real servers

ANSWERS = [
    {"code": 404, "json": {"error": "unknown"}, "then": "sent"},
    {"json": {"errcode": 300001}, "then": "give_up"},
    {"json": {"errcode": 130101}, "then": "wait", "after": "1s"},
    {"code": 400, "json": {"code": 9499}, "then": "wait", "after": "wait.seconds"},
    {"code": 418, "then": "try_again"},
]
# By path: what the receiver answers in turn; status, retries, outcomes and reasons of the alert.
TOLD: dict[str, tuple[list[Answer], int, int, list[str], list[str]]] = {
    "known": ([Answer(404, body=b'{"error": "unknown"}')], 1, 0, ["sent"], ["delivered"]),
    "not-found": ([Answer(404)], 2, 1, ["give_up"], ["http_status"]),
    "token": ([Answer(200, body=b'{"errcode": 300001}')], 2, 1, ["give_up"], ["unexpected_answer"]),
    "limit": (
        [Answer(200, body=b'{"errcode": 130101}'), Answer(200, body=b'{"errcode": 0}')],
        1, 0, ["wait", "sent"], ["held", "delivered"],
    ),
    "place": (
        [Answer(400, body=b'{"code": 9499, "wait": {"seconds": 2}}'), Answer(200, body=b'{"errcode": 0}')],
        1, 0, ["wait", "sent"], ["held", "delivered"],
    ),
    "teapot": (
        [Answer(418), Answer(200, body=b'{"errcode": 0}')], 1, 1, ["try_again", "sent"], ["http_status", "delivered"],
    ),
    "other": (
        [Answer(200, body=b'{"errcode": 1}'), Answer(200, body=b'{"errcode": 0}')],
        1, 1, ["try_again", "sent"], ["unexpected_answer", "delivered"],
    ),
}  # fmt: skip


def test_answers_of_receivers(path: Path, receiver: Receiver) -> None:
    turns = {f"/{name}": in_turn(*answers) for name, (answers, *_) in TOLD.items()}
    receiver.answer = lambda got: turns[got.path](got)
    channels = [
        http_channel(name, receiver, url=receiver.url + name, expect='{"errcode": 0}', answers=ANSWERS) for name in TOLD
    ]
    config = write_config(path.with_name("config.toml"), to_admin(*channels))
    with serving(path, "--config", str(config)) as server:
        push(server.port)
        found = settled(path, len(TOLD))
    for alert, (name, (_, status, retries, outcomes, reasons)) in zip(found, TOLD.items(), strict=True):
        its = [each for each in attempts(path) if each["alertid"] == alert["alertid"]]
        assert (alert["status"], alert["retries"]) == (status, retries), name
        assert [each["outcome"] for each in its] == outcomes, name
        assert [each["reason"] for each in its] == reasons, name
    first, second = [got.at for got in receiver.got if got.path == "/place"]
    assert second - first > 1.95


SCRIPT = """#!/bin/bash
count=$(cat count 2>/dev/null || echo 0)
echo $((count + 1)) > count
case $count in
    0) echo '{"retry": 1}' >&2; exit 3 ;;
    1) exit 7 ;;
    2) echo busy; exit 0 ;;
    *) echo '{"ok": true}'; exit 9 ;;
esac
"""


def test_answers_of_scripts(path: Path) -> None:
    write_script(path.with_name("scripts") / "chat.sh", SCRIPT)
    answers = [
        {"code": [3, 4], "then": "wait", "after": "retry"},
        {"code": 7, "then": "try_again"},
        {"text": "bu.y", "then": "wait", "after": "1s"},
        {"json": {"ok": True}, "then": "sent"},
    ]
    channel = script_channel("chat", "chat.sh", answers=answers)
    config = write_config(path.with_name("config.toml"), to_admin(channel))
    with serving(path, "--config", str(config)) as server:
        push(server.port)
        (alert,) = settled(path, 1)
    assert (alert["status"], alert["retries"]) == (1, 1)
    assert [(each["outcome"], each["reason"], each["code"]) for each in attempts(path)] == [
        ("wait", "held", 3), ("try_again", "exit_status", 7), ("wait", "held", 0), ("sent", "delivered", 9),
    ]  # fmt: skip
    assert alerts(path)[0]["error"] == ""
    assert execute(path, "SELECT COUNT(*) FROM alert_queue") == [(0,)]
