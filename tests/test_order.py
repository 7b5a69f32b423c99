"""What one address is told of one problem arrives in the order in which it happened, and nothing else waits for it."""

import threading
import time
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from alertrpc.records import Queued
from alertrpc.store.connection import connect
from alertrpc.store.resends import NEVER, make_again
from alertrpc.store.schema import migrate
from tests.receivers import (
    Answer,
    Got,
    Receiver,
    attempts,
    http_channel,
    in_turn,
    older_database,
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
from tests.support import serving
from tests.test_delivery import mailing
from tests.wire import eventually

BODY = (
    '{"target": ${alarm_target_json}, "status": ${alarm_status_json}, "step": ${esc_step_json}, "to": ${sendto_json}}'
)


def channel(receiver: Receiver, **more: Any) -> dict[str, Any]:
    return http_channel("hook", receiver, **{"body": BODY, "attempt_interval": "1s", "attempt_growth": 1, **more})


def configured(path: Path, *channels: dict[str, Any], **action: Any) -> Path:
    return write_config(path.with_name("config.toml"), to_admin(*channels, **{"recovery": True, **action}))


def told(receiver: Receiver, target: str) -> list[str]:
    """The statuses that came of an alarm."""
    return [got.json["status"] for got in receiver.got if got.json["target"] == target]


def failing(path: str, *answers: Answer) -> Any:
    """Answers in turn to what is about a target, and well to anything else."""
    turns = in_turn(*answers)
    return lambda got: turns(got) if got.json["target"] == path else Answer()


def test_a_recovery_waits_for_a_problem_that_is_tried_again(path: Path, receiver: Receiver) -> None:
    receiver.answer = failing("db-1", Answer(500), Answer(500), Answer())
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port)
        receiver.waits_for(1)
        push(server.port, status="Inactive")
        push(server.port, "other")
        push(server.port, "other", status="Inactive")
        assert eventually(lambda: told(receiver, "other") == ["Active", "Inactive"])
        assert told(receiver, "db-1") in (["Active"], ["Active"] * 2), "another problem does not wait"
        found = settled(path, 4)
    assert told(receiver, "db-1") == ["Active", "Active", "Active", "Inactive"]
    assert [alert["status"] for alert in found] == [1, 1, 1, 1]


@pytest.mark.parametrize("first", [Answer(drop=True), Answer(429, {"Retry-After": "1"}), Answer(408)])
def test_a_recovery_waits_whatever_kept_its_problem(path: Path, receiver: Receiver, first: Answer) -> None:
    receiver.answer = failing("db-1", first, Answer())
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port)
        push(server.port, status="Inactive")
        settled(path, 2)
    assert told(receiver, "db-1") == ["Active", "Active", "Inactive"]


def test_a_recovery_waits_for_a_receiver_that_does_not_answer(path: Path, receiver: Receiver) -> None:
    hold = threading.Event()
    receiver.answer = failing("db-1", Answer(hold=hold), Answer())
    with serving(path, "--config", str(configured(path, channel(receiver, timeout="1s", max_sessions=4)))) as server:
        push(server.port)
        push(server.port, status="Inactive")
        settled(path, 2)
        hold.set()
    assert told(receiver, "db-1") == ["Active", "Active", "Inactive"]


def test_a_recovery_waits_for_a_script_that_runs_again(path: Path) -> None:
    text = '#!/bin/bash\necho "$alarm_status" >> told\n[ $(wc -l < told) -gt 1 ]\n'
    write_script(path.with_name("scripts") / "tell.sh", text)
    with serving(path, "--config", str(configured(path, script_channel("pager", "tell.sh", max_sessions=4)))) as server:
        push(server.port)
        push(server.port, status="Inactive")
        settled(path, 2)
    assert (path.with_name("work") / "pager" / "told").read_text().split() == ["Active", "Active", "Inactive"]


def test_a_recovery_waits_for_a_mail_server_that_greylists(path: Path) -> None:
    def reply(count: int) -> str:
        return "451 greylisted" if count < 3 else "250 taken"

    with mailing(path, reply, recovery=True) as (server, mails):
        push(server.port)
        push(server.port, status="Inactive")
        settled(path, 2)
    subjects = [message_from_bytes(mail, policy=policy.default)["Subject"] for mail in mails]
    assert [subject.startswith("Resolved") for subject in subjects] == [False, False, False, True]


def test_a_slow_receiver_with_many_sessions_gets_all_in_order(path: Path, receiver: Receiver) -> None:
    def answer(got: Got) -> Answer:
        time.sleep(0.05 if got.json["status"] == "Active" else 0)
        return Answer()

    receiver.answer = answer
    ended: list[str] = []
    targets = [f"db-{number}" for number in range(40)]
    with serving(path, "--config", str(configured(path, channel(receiver, max_sessions=8)))) as server:
        push_many(server.port, targets)
        for target in targets:
            push(server.port, target, status="Inactive")
            ended.append(target)
        settled(path, 80)
    assert receiver.most > 1
    for target in targets:
        assert told(receiver, target) == ["Active", "Inactive"]


def test_steps_and_repeats_wait_too(path: Path, receiver: Receiver) -> None:
    """A later step is due while the first one is tried again."""
    receiver.answer = failing("db-1", Answer(500), Answer(500), Answer(500), Answer())
    steps = [{"users": ["Admin"], "after": f"{seconds}s"} for seconds in (0, 1, 2)]
    config = configured(path, channel(receiver, max_sessions=4), steps=steps)
    with serving(path, "--config", str(config)) as server:
        push(server.port)
        assert eventually(lambda: len(rows(path, "SELECT * FROM alerts")) == 3)
        push(server.port, status="Inactive")
        settled(path, 4)
    assert [(got.json["status"], got.json["step"]) for got in receiver.got] == [
        ("Active", "1"), ("Active", "1"), ("Active", "1"), ("Active", "1"),
        ("Active", "2"), ("Active", "3"), ("Inactive", "0"),
    ]  # fmt: skip


def test_another_address_does_not_wait(path: Path, receiver: Receiver) -> None:
    receiver.answer = lambda got: Answer(500 if got.json["to"] == "bad" else 200)
    config = configured(path, channel(receiver, attempt_interval="1m", max_sessions=2))
    text = config.read_text().replace(
        '{"media_type" = "hook", "sendto" = "to hook"}',
        '{"media_type" = "hook", "sendto" = "bad"}, {"media_type" = "hook", "sendto" = "good"}',
    )
    assert text != config.read_text()
    config.write_text(text)
    with serving(path, "--config", str(config)) as server:
        push(server.port)
        push(server.port, status="Inactive")
        assert eventually(
            lambda: [got.json["status"] for got in receiver.got if got.json["to"] == "good"] == ["Active", "Inactive"]
        )
    assert [got.json["status"] for got in receiver.got if got.json["to"] == "bad"] == ["Active"]


def test_two_actions_tell_one_address_in_order(path: Path, receiver: Receiver) -> None:
    hold = threading.Event()
    receiver.answer = lambda got: Answer(hold=hold)
    tables = to_admin(channel(receiver, max_sessions=4), recovery=True)
    tables["action"].append({**tables["action"][0], "name": "Another"})
    config = write_config(path.with_name("config.toml"), tables)
    with serving(path, "--config", str(config)) as server:
        push(server.port)
        receiver.waits_for(1)
        time.sleep(0.3)
        assert len(receiver.got) == 1, "the second alert of the same problem and address waits"
        push(server.port, "other")
        receiver.waits_for(2)
        hold.set()
        settled(path, 4)


# --- recoveries of problems that failed


@pytest.mark.parametrize("pushes", ["after", "while it is sent"])
def test_a_recovery_of_a_problem_that_failed_is_not_sent(path: Path, receiver: Receiver, pushes: str) -> None:
    hold = threading.Event()
    receiver.answer = lambda got: Answer(404, hold=hold)
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port)
        receiver.waits_for(1)
        if pushes == "after":
            hold.set()
            settled(path, 1)
        push(server.port, status="Inactive")
        hold.set()
        problem, recovery = settled(path, 2)
    assert len(receiver.got) == 1
    assert (problem["status"], recovery["status"]) == (2, 2)
    (attempt,) = [each for each in attempts(path) if each["alertid"] == recovery["alertid"]]
    assert (attempt["outcome"], attempt["reason"], attempt["milliseconds"], attempt["number"]) == (
        "give_up", "problem_failed", 0, 1,
    )  # fmt: skip
    assert recovery["error"] == attempt["error"] != ""


def test_a_recovery_is_sent_always_if_the_action_says_so(path: Path, receiver: Receiver) -> None:
    receiver.answer = lambda got: Answer(404 if got.json["status"] == "Active" else 200)
    with serving(path, "--config", str(configured(path, channel(receiver), recovery="always"))) as server:
        push(server.port)
        push(server.port, status="Inactive")
        found = settled(path, 2)
    assert [alert["status"] for alert in found] == [2, 1]
    assert told(receiver, "db-1") == ["Active", "Inactive"]


def test_a_recovery_is_sent_to_who_was_told_once(path: Path, receiver: Receiver) -> None:
    """A later step failed, but the first one was sent."""
    receiver.answer = lambda got: Answer(404 if got.json["step"] == "2" else 200)
    steps = [{"users": ["Admin"]}, {"users": ["Admin"], "after": "1s"}]
    with serving(path, "--config", str(configured(path, channel(receiver), steps=steps))) as server:
        push(server.port)
        settled(path, 2)
        push(server.port, status="Inactive")
        found = settled(path, 3)
    assert [alert["status"] for alert in found] == [1, 2, 1]


def test_a_problem_that_was_sent_again_by_hand_was_told(path: Path, receiver: Receiver) -> None:
    receiver.answer = in_turn(Answer(404), Answer())
    with serving(path, "--config", str(configured(path, channel(receiver)))) as server:
        push(server.port)
        settled(path, 1)
        call = {"jsonrpc": "2.0", "method": "alert.resend", "params": {"alertids": ["1"]}, "id": 1}
        post(server.port, "/api_jsonrpc.php", call, **{"Content-Type": "application/json-rpc"})
        settled(path, 2)
        push(server.port, status="Inactive")
        found = settled(path, 3)
    assert [alert["status"] for alert in found] == [2, 1, 1]
    assert told(receiver, "db-1") == ["Active", "Active", "Inactive"]


def test_a_resend_goes_before_the_recovery_that_waits(path: Path, receiver: Receiver) -> None:
    """Else the recovery of a problem whose alerts failed would not be sent, and the resend then would be."""
    steps = [{"users": ["Admin"]}, {"users": ["Admin"], "after": "1s"}]
    refuses = threading.Event()
    refuses.set()

    def answer(got: Got) -> Answer:
        if got.json["step"] == "2":
            return Answer(500)
        return Answer(404 if refuses.is_set() else 200)

    receiver.answer = answer
    hook = channel(receiver, max_attempts=3, attempt_interval="3s")
    with serving(path, "--config", str(configured(path, hook, steps=steps))) as server:
        push(server.port)
        assert eventually(lambda: [each["outcome"] for each in attempts(path)] == ["give_up", "try_again"])
        push(server.port, status="Inactive")
        refuses.clear()
        call = {"jsonrpc": "2.0", "method": "alert.resend", "params": {"alertids": ["1"]}, "id": 1}
        post(server.port, "/api_jsonrpc.php", call, **{"Content-Type": "application/json-rpc"})
        found = settled(path, 4)
    assert [(alert["alertid"], alert["status"]) for alert in found] == [(1, 2), (2, 2), (3, 1), (4, 1)]
    assert (receiver.got[-1].json["status"], [got.json["status"] for got in receiver.got].count("Inactive")) == (
        "Inactive",
        1,
    )


# --- a queue of an older version


def test_a_queue_of_version_4_gets_its_lines(tmp_path: Path) -> None:
    """A problem that is tried again, its recovery, another problem, and a resend that is not created yet."""
    with closing(connect(older_database(tmp_path / "old.db", 4))) as connection:
        connection.executemany(
            "INSERT INTO events (eventid, objectid, clock, value, severity) VALUES (?, 1, 100, 1, ?)", [(1, 4), (2, 2)]
        )
        connection.execute("INSERT INTO media_type (mediatypeid, type, name) VALUES (1, 4, 'hook')")
        columns = "alertid, actionid, eventid, clock, mediatypeid, sendto, p_eventid"
        alert = f"INSERT INTO alerts ({columns}) VALUES (?, 1, ?, ?, 1, ?, ?)"
        connection.executemany(
            alert, [(1, 1, 100, "a", None), (2, 9, 200, "a", 1), (3, 2, 100, "a", None), (4, 1, 100, "b", None)]
        )
        connection.execute("INSERT INTO resends (alertid, resent_alertid) VALUES (5, 3)")
        connection.executemany(
            "INSERT INTO alert_queue (alertid, mediatypeid, due) VALUES (?, 1, ?)",
            [(1, 900), (2, 200), (3, 100), (4, 100), (5, NEVER)],
        )
        assert migrate(connection) == 4
        found = connection.execute("SELECT alertid, state, problemid, sendto, rank, due FROM alert_queue").fetchall()
        assert found == [
            (1, Queued.LATER, 1, "a", 100_000 - 4 * 60_000, 900),
            (2, Queued.BEHIND, 1, "a", 200_000 - 4 * 60_000, 200),
            (3, Queued.LATER, 2, "a", 100_000 - 2 * 60_000, 100),
            (4, Queued.LATER, 1, "b", 100_000 - 4 * 60_000, 100),
            (5, Queued.LATER, 0, "", 0, NEVER),
        ]
        while make_again(1_000_000, connection):
            pass
        made = connection.execute("SELECT state, problemid, sendto, rank FROM alert_queue WHERE alertid = 5").fetchall()
        assert made == [(Queued.BEHIND, 2, "a", 1_000_000 - 2 * 60_000)]
