"""Storms in few messages: alerts that wait for one address go together, and none is lost or sent twice."""

import threading
from collections import Counter
from collections.abc import Mapping
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from alertrpc.ledger.digest import cut, digest_words, fitting
from alertrpc.ledger.variables import Told
from alertrpc.store.digests import MOST_TOGETHER
from tests.receivers import (
    Answer,
    Got,
    Receiver,
    alerts,
    attempts,
    http_channel,
    in_turn,
    post,
    push,
    push_many,
    rows,
    script_channel,
    settled,
    to_admin,
    write_config,
    write_script,
)
from tests.support import Server, serving
from tests.test_alarm_api import Api
from tests.test_alarm_lists import NOTIFICATIONS
from tests.test_delivery import mailing
from tests.wire import eventually

VARIABLES = ("subject", "message", "alarms", "alarm_count", "alarm_target", "alarm_status", "alert_id", "sendto")
BODY = "{" + ", ".join(f'"{name}": ${{{name}_json}}' for name in VARIABLES) + "}"


def channel(receiver: Receiver, **more: Any) -> dict[str, Any]:
    return http_channel("hook", receiver, **{"body": BODY, "digest": 5, "subject": "${alarm_target}", **more})


def configured(path: Path, *channels: Mapping[str, Any], **action: Any) -> Path:
    return write_config(path.with_name("config.toml"), to_admin(*channels, **{"recovery": True, **action}))


def numbered(count: int, name: str = "db") -> list[str]:
    return [f"{name}-{number}" for number in range(count)]


class Gate:
    """Holds the first message until `open`, so that what comes meanwhile waits; answers the others in turn."""

    def __init__(self, *answers: Answer) -> None:
        self._event = threading.Event()
        self._first = True
        self._turns = in_turn(*(answers or (Answer(),)))

    def __call__(self, got: Got) -> Answer:
        if self._first:
            self._first = False
            return Answer(hold=self._event)
        return self._turns(got)

    def open(self) -> None:
        self._event.set()


@pytest.fixture
def gate(receiver: Receiver) -> Gate:
    receiver.answer = gate = Gate()
    return gate


def digests(receiver: Receiver) -> list[Any]:
    return [got.json for got in receiver.got if got.json["alarm_count"] != "1"]


# --- when there is a digest


def test_what_waits_for_an_address_goes_as_one_message(path: Path, receiver: Receiver, gate: Gate) -> None:
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(60))
        gate.open()
        found = settled(path, 61)
    first, together = receiver.got
    assert (first.json["alarm_count"], first.json["alarms"]) == ("1", "first")
    assert together.json["alarm_count"] == "60"
    assert together.json["alarms"].split("\n") == numbered(60)
    assert together.json["subject"] == "60 alarms, the severest: db-0"
    assert together.json["message"] == "60 alarms, the severest first:\n" + together.json["alarms"]
    assert together.json["alarm_target"] == "db-0", "the other variables are those of the first of the severest"
    assert {(alert["status"], alert["retries"], alert["error"]) for alert in found} == {(1, 0, "")}
    assert [(tried["alertid"], tried["digestid"]) for tried in attempts(path)] == [
        (1, None),
        *[(alertid, 1) for alertid in range(2, 62)],
    ]
    assert first.delivery_id != together.delivery_id


@pytest.mark.parametrize(("waiting", "messages"), [(5, 5), (6, 1)])
def test_few_go_alone(path: Path, receiver: Receiver, gate: Gate, waiting: int, messages: int) -> None:
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(waiting))
        gate.open()
        settled(path, waiting + 1)
    assert len(receiver.got) == 1 + messages


def test_none_waits_in_calm_times(path: Path, receiver: Receiver) -> None:
    with serving(path, "--config", str(configured(path, channel(receiver, digest=1)))) as server:
        for number, target in enumerate(numbered(4), 1):
            push(server.port, target)
            receiver.waits_for(number)
    assert [got.json["alarm_count"] for got in receiver.got] == ["1"] * 4
    assert rows(path, "SELECT * FROM digests") == []


def test_without_the_key_each_goes_alone(path: Path, receiver: Receiver, gate: Gate) -> None:
    with serving(path, "--config", str(configured(path, channel(receiver, digest=0, max_sessions=4)))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(40))
        gate.open()
        settled(path, 41)
    assert len(receiver.got) == 41


def test_each_address_has_its_own(path: Path, receiver: Receiver, gate: Gate) -> None:
    tables = to_admin(channel(receiver))
    tables["user"][0]["media"] = [{"media_type": "hook", "sendto": address} for address in ("a", "b")]
    tables["user"][0]["media"].append({"media_type": "hook", "sendto": "c", "severities": ["Disaster"]})
    with serving(path, "--config", str(write_config(path.with_name("config.toml"), tables))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(10))
        push(server.port, "bad", level=1)
        gate.open()
        settled(path, 2 + 20 + 3)
    counts = {(got.json["sendto"], got.json["alarm_count"]) for got in receiver.got}
    assert counts - {("b", "1")} in (
        {("a", "1"), ("a", "11"), ("b", "12"), ("c", "1")},
        {("a", "1"), ("a", "11"), ("b", "11"), ("c", "1")},
    )


def test_a_digest_has_a_thousand_at_most(path: Path, receiver: Receiver, gate: Gate) -> None:
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        for name in ("db", "web", "app"):
            push_many(server.port, numbered(800, name))
        gate.open()
        settled(path, 2401)
    assert [int(got.json["alarm_count"]) for got in receiver.got] == [1, MOST_TOGETHER, MOST_TOGETHER, 400]
    assert len(attempts(path)) == 2401


# --- what it says


def test_the_severest_comes_first_and_stands_for_all(path: Path, receiver: Receiver, gate: Gate) -> None:
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        for number, level in enumerate([5, 4, 3, 1, 2, 3, 1, 5]):
            push(server.port, f"db-{number}", level=level)
        gate.open()
        settled(path, 9)
    assert receiver.got[1].json["alarms"].split() == ["db-3", "db-6", "db-4", "db-2", "db-5", "db-1", "db-0", "db-7"]
    assert receiver.got[1].json["alarm_target"] == "db-3"


def test_what_does_not_fit_is_counted(path: Path, receiver: Receiver, gate: Gate) -> None:
    with serving(path, "--config", str(configured(path, channel(receiver, digest_bytes="256")))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(300, "é"))
        gate.open()
        settled(path, 301)
    message = receiver.got[1].json["message"]
    assert 240 < len(message.encode()) <= 256
    *lines, last = message.split("\n")[1:]
    assert lines == numbered(300, "é")[: len(lines)]
    assert last == f"and {300 - len(lines)} more"


def test_own_words(path: Path, receiver: Receiver, gate: Gate) -> None:
    hook = channel(
        receiver,
        digest_subject="${alarm_count} on ${alarm_target}: ${subject}",
        digest_message="<${alarms}> ${message} ${label_team}",
        message="text of ${alarm_target}",
    )
    with serving(path, "--config", str(configured(path, hook))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(6))
        gate.open()
        settled(path, 7)
    assert receiver.got[1].json["subject"] == "6 on db-0: db-0"
    assert receiver.got[1].json["message"] == "<" + "\n".join(numbered(6)) + "> text of db-0 "


def test_url_and_headers_are_of_the_severest(path: Path, receiver: Receiver, gate: Gate) -> None:
    hook = channel(receiver, url=receiver.url + "${alarm_target}", headers={"X-Count": "${alarm_count}"})
    with serving(path, "--config", str(configured(path, hook))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(6))
        push(server.port, "bad", level=1)
        gate.open()
        settled(path, 8)
    assert [(got.path, got.headers["X-Count"]) for got in receiver.got] == [("/first", "1"), ("/bad", "7")]


def test_scripts_tell_of_all(path: Path) -> None:
    text = """#!/bin/bash
        printf "%s|%s|%s\n" "$alarm_count" "${alarms//$'\n'/,}" "$delivery_id" >> told
        sleep 0.3
    """
    write_script(path.parent / "scripts" / "tell.sh", text.replace("\n        ", "\n"))
    script = script_channel("script", "tell.sh", digest=2, subject="${alarm_target}", max_sessions=1)
    with serving(path, "--config", str(configured(path, script))) as server:
        push_many(server.port, numbered(40))
        settled(path, 40)
    told = [line.split("|") for line in next(path.parent.rglob("told")).read_text().splitlines()]
    assert sum(int(count) for count, *_ in told) == 40
    assert sorted(",".join(names for _, names, _ in told).split(",")) == sorted(numbered(40))
    assert len({delivery_id for *_, delivery_id in told}) == len(told) < 40


def test_a_mail_tells_of_all(path: Path) -> None:
    arrived = threading.Event()

    def reply(count: int) -> str:
        arrived.wait(60)
        return "250 taken"

    with mailing(path, reply, media_type={"digest": 2, "max_sessions": 1}) as (server, mails):
        push_many(server.port, numbered(40))
        assert eventually(lambda: len(alerts(path)) == 40)
        arrived.set()
        settled(path, 40)
    subjects = [message_from_bytes(mail, policy=policy.default)["Subject"] for mail in mails]
    assert len(mails) <= 4
    assert any(subject.split()[1:3] == ["alarms,", "the"] for subject in subjects)
    assert len({message_from_bytes(mail)["Message-ID"] for mail in mails}) == len(mails)


# --- tries


def test_a_digest_is_the_same_at_every_try(path: Path, receiver: Receiver) -> None:
    receiver.answer = gate = Gate(Answer(500), Answer(drop=True), Answer(429, {"Retry-After": "1"}), Answer())
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(10))
        gate.open()
        receiver.waits_for(2)
        push_many(server.port, numbered(10, "late"))
        found = settled(path, 21)
    tries: dict[str, list[Any]] = {}
    for got in receiver.got[1:]:
        tries.setdefault(got.delivery_id, []).append(got.json)
    assert all(each == same[0] for same in tries.values() for each in same)
    assert sorted(same[0]["alarms"] for same in tries.values()) == [
        "\n".join(numbered(10)),
        "\n".join(numbered(10, "late")),
    ]
    assert {alert["status"] for alert in found} == {1}
    assert len(receiver.got) == 5 + len(tries) - 1
    of_db = [(tried["number"], tried["outcome"]) for tried in attempts(path) if tried["digestid"] == 1]
    assert of_db[: len(of_db) // 10] * 10 == of_db, "each alert has every attempt"
    assert {alert["retries"] for alert in found} <= {0, 1, 2}


def test_all_fail_with_a_digest_that_is_given_up(path: Path, receiver: Receiver) -> None:
    receiver.answer = gate = Gate(Answer(400, body=b"no"), Answer())
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(6))
        gate.open()
        settled(path, 7)
        for target in numbered(6):
            push(server.port, target, status="Inactive")
        push(server.port, "next")
        found = settled(path, 14)
    assert [alert["status"] for alert in found] == [1, *[2] * 6, *[2] * 6, 1]
    assert {alert["error"] for alert in found[1:7]} == {found[1]["error"]} != {""}
    assert {tried["reason"] for tried in attempts(path)[7:13]} == {"problem_failed"}
    assert [got.json["alarm_target"] for got in receiver.got] == ["first", "db-0", "next"]


def test_max_attempts_counts_the_attempts_of_the_digest(path: Path, receiver: Receiver) -> None:
    receiver.answer = gate = Gate(Answer(500))
    with serving(path, "--config", str(configured(path, channel(receiver, max_attempts=3)))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(6))
        gate.open()
        found = settled(path, 7)
    assert [(alert["status"], alert["retries"]) for alert in found] == [(1, 0), *[(2, 3)] * 6]
    assert len(receiver.got) == 4


def test_a_kill_loses_and_changes_nothing(path: Path, receiver: Receiver) -> None:
    receiver.answer = gate = Gate(Answer(hold=threading.Event()), Answer())
    config = configured(path, channel(receiver))
    server = Server(path, "--config", str(config))
    push(server.port, "first")
    receiver.waits_for(1)
    push_many(server.port, numbered(300))
    gate.open()
    receiver.waits_for(2)  # the digest is on its way, and its answer never comes
    assert eventually(lambda: alerts(path)[0]["status"] == 1)
    push_many(server.port, numbered(20, "late"))
    server.kill()
    with serving(path, "--config", str(config)):
        found = settled(path, 321)
    again, late = receiver.got[2:]
    if again.json["alarm_target"] != "db-0":
        again, late = late, again
    assert (again.delivery_id, again.json) == (receiver.got[1].delivery_id, receiver.got[1].json)
    assert late.json["alarms"] == "\n".join(numbered(20, "late"))
    assert {(alert["status"], alert["retries"]) for alert in found} == {(1, 0)}
    assert Counter(tried["alertid"] for tried in attempts(path)) == dict.fromkeys(range(1, 322), 1)


@pytest.mark.parametrize("more", [{"rate": "3/1s"}, {"address_rate": "3/1s", "hold": "address"}])
def test_a_digest_takes_one_turn(path: Path, receiver: Receiver, more: dict[str, str]) -> None:
    with serving(path, "--config", str(configured(path, channel(receiver, max_sessions=4, **more)))) as server:
        push_many(server.port, numbered(500))
        settled(path, 500)
    assert sum(int(got.json["alarm_count"]) for got in receiver.got) == 500
    assert len(receiver.got) <= 6, "three or four alone, and then the rest together"
    assert rows(path, "SELECT * FROM turns") != []


# --- order


def test_problems_and_recoveries_share_a_digest_in_order(path: Path, receiver: Receiver, gate: Gate) -> None:
    hook = channel(receiver, subject="up ${alarm_target}", recovery_subject="down ${alarm_target}")
    with serving(path, "--config", str(configured(path, hook))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        for target in numbered(4):
            push(server.port, target)
            push(server.port, target, status="Inactive")
            push(server.port, target)
        push(server.port, "first", status="Inactive")
        gate.open()
        settled(path, 14)
    lines = [line for got in receiver.got for line in got.json["alarms"].split("\n")]
    assert len(receiver.got) in (2, 3), "the recovery of the first may come too late for the digest"
    assert lines.index("up first") < lines.index("down first")
    for target in numbered(4):
        assert [line for line in lines if line.endswith(target)] == [f"up {target}", f"down {target}", f"up {target}"]
    assert digests(receiver)[0]["alarm_count"] in ("8", "9"), "each time is a problem of its own"


def test_what_comes_later_waits_for_the_digest(path: Path, receiver: Receiver) -> None:
    receiver.answer = gate = Gate(Answer(500), Answer(500), Answer())
    with serving(path, "--config", str(configured(path, channel(receiver, attempt_interval="1s")))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(6))
        gate.open()
        receiver.waits_for(2)
        push(server.port, "db-3", status="Inactive")
        settled(path, 8)
    statuses = [(got.json["alarm_count"], got.json["alarm_status"]) for got in receiver.got[1:]]
    assert statuses == [("6", "Active")] * 3 + [("1", "Inactive")]


def test_what_waits_behind_several_of_a_line_is_sent(path: Path, receiver: Receiver) -> None:
    """Two alerts of a problem are in the digest, and its recovery comes while that is on its way."""
    receiver.answer = gate = Gate()
    second = threading.Event()
    steps = [{"users": ["Admin"]}, {"users": ["Admin"]}]
    with serving(path, "--config", str(configured(path, channel(receiver), steps=steps))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        receiver.answer = lambda got: Answer(hold=second)
        push_many(server.port, numbered(6))
        gate.open()
        receiver.waits_for(2)
        push_many(server.port, numbered(6), status="Inactive")
        receiver.answer = lambda got: Answer()
        second.set()
        found = settled(path, 20)
    assert {alert["status"] for alert in found} == {1}
    lines = [line for got in receiver.got[1:] for line in got.json["alarms"].split("\n")]
    assert Counter(lines) >= Counter([*numbered(6), *[f"Resolved: {target}" for target in numbered(6)]])
    assert receiver.got[-1].json["alarm_status"] == "Inactive"


def test_an_alert_of_a_digest_that_is_sent_again(path: Path, receiver: Receiver, gate: Gate) -> None:
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(6))
        gate.open()
        settled(path, 7)
        call = {"jsonrpc": "2.0", "method": "alert.resend", "params": {"alertids": ["4"]}, "id": 1}
        post(server.port, "/api_jsonrpc.php", call)
        settled(path, 8)
    assert receiver.got[2].json["alarms"] == "db-2"


# --- what is told of it


def test_attempts_and_lists_name_the_digest(path: Path, receiver: Receiver, gate: Gate) -> None:
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, numbered(6))
        listed = notifications(server.port)
        gate.open()
        settled(path, 7)
        params = {"selectAttempts": ["digestid"], "sortfield": "alertid", "output": []}
        _, answer = post(
            server.port, "/api_jsonrpc.php", {"jsonrpc": "2.0", "method": "alert.get", "params": params, "id": 1}
        )
        told = notifications(server.port)
    assert [each["attempts"] for each in answer["result"]] == [
        [{"number": "1", "digestid": "0"}],
        *[[{"number": "1", "digestid": "1"}]] * 6,
    ]
    assert [(each["isAggregated"], len(each["alarmIds"])) for each in listed] == [(False, 1)] * 7
    assert [(each["isAggregated"], len(each["alarmIds"])) for each in told] == [*[(True, 6)] * 6, (False, 1)]


def notifications(port: int) -> list[Any]:
    found: list[Any] = Api(port).get(NOTIFICATIONS)["contents"]
    return found


# --- words


LINES = [f"line {number}" for number in range(100)]


@pytest.mark.parametrize("most", [0, 1, 11, 12, 13, 20, 100, 500, 788, 789, 790, 10_000])
def test_lines_fit(most: int) -> None:
    found = fitting(LINES, most).split("\n")
    whole = [line for line in found if line.startswith("line")]
    assert whole == LINES[: len(whole)]
    if len(whole) < len(LINES):
        assert found[-1] == f"and {100 - len(whole)} more"
        assert len("\n".join(found)) <= max(most, len("and 100 more"))
    else:
        assert found == LINES
        assert most >= len("\n".join(LINES))


@pytest.mark.parametrize(
    "template", ["${alarms}", "${alarms} ${alarms}", "é" * 200 + "${alarms}", "${alarms_json}", "no", ""]
)
@pytest.mark.parametrize("most", [256, 300, 4096])
def test_the_message_is_never_longer(template: str, most: int) -> None:
    told = Told(None, is_active=True, now=0.0)
    words = digest_words("", template, most, told, LINES * 9, 900)
    assert len(words.message.encode()) <= most
    assert len(words.alarms.encode()) <= most


def test_a_text_is_cut_between_characters() -> None:
    assert [cut("aé", most) for most in range(4)] == ["", "a", "a", "aé"]
