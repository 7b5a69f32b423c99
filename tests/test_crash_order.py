"""kill -9 at any moment, while recoveries wait behind their problems and receivers hold their channels."""

import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.receivers import (
    Answer,
    Got,
    Receiver,
    alerts,
    attempts,
    http_channel,
    push,
    rows,
    settled,
    to_admin,
    write_config,
)
from tests.support import Server, serving
from tests.test_crash import comings, is_free, is_sound
from tests.wire import eventually, execute

ROUNDS = [10, pytest.param(150, marks=pytest.mark.long)]
BODY = '{"target": ${alarm_target_json}, "status": ${alarm_status_json}, "alert": ${alert_id_json}}'


def unruly(chance: random.Random) -> Any:
    """A receiver that fails, asks to wait, or is slow, now and then."""

    def answer(_got: Got) -> Answer:
        time.sleep(chance.choice([0, 0, 0.01, 0.05]))
        return chance.choice([*[Answer()] * 7, Answer(500), Answer(429, {"Retry-After": "1"}), Answer(drop=True)])

    return answer


@pytest.mark.parametrize("rounds", ROUNDS)
def test_order_and_holds_outlast_kills(path: Path, receiver: Receiver, rounds: int) -> None:
    chance = random.Random(rounds)
    receiver.answer = unruly(chance)
    hook = http_channel(
        "hook",
        receiver,
        body=BODY,
        max_sessions=6,
        attempt_growth=1,
        attempt_interval="1s",
        max_attempts=100,
        rate="200/1s",
    )
    config = write_config(path.with_name("config.toml"), to_admin(hook, recovery=True))
    acknowledged: list[str] = []
    sent_before: dict[int, int] = {}
    number = 0
    for _ in range(rounds):
        server = Server(path, "--config", str(config))
        until = time.monotonic() + chance.uniform(0.2, 0.8)
        while time.monotonic() < until:
            number += 1
            for status in ("Active", "Inactive"):
                push(server.port, f"db-{number}", status=status)
            acknowledged.append(f"db-{number}")
            time.sleep(0.02)
        server.kill()
        assert eventually(lambda: is_free(path))
        counts = comings(receiver)
        for (alertid,) in execute(path, "SELECT alertid FROM alerts WHERE status = 1"):
            sent_before.setdefault(alertid, counts[alertid])
    receiver.answer = lambda got: Answer()
    with serving(path) as server:
        found = settled(path, 2 * len(acknowledged))
        assert "Traceback" not in server.log.read_text()
    assert {alert["status"] for alert in found} == {1}
    assert {row["target"] for row in rows(path, "SELECT target FROM alarms")} == set(acknowledged)
    for target in acknowledged:
        told = [got.json["status"] for got in receiver.got if got.json["target"] == target]
        assert told == sorted(told), (target, told)  # every Active before any Inactive
        assert set(told) == {"Active", "Inactive"}
    counts = comings(receiver)
    assert {alertid: counts[alertid] for alertid in sent_before} == sent_before, "what is on record is not sent again"
    held = [(each["alertid"], each["started"]) for each in attempts(path) if each["outcome"] == "wait"]
    assert held
    assert all(alert["retries"] == failures(path, alert["alertid"]) for alert in alerts(path))
    assert execute(path, "SELECT COUNT(*) FROM alert_queue") == [(0,)]
    assert is_sound(path)


def failures(path: Path, alertid: int) -> int:
    return len(rows(path, "SELECT 1 FROM attempts WHERE alertid = ? AND outcome = 'try_again'", alertid))


def test_a_recovery_that_waits_outlasts_a_kill(path: Path, receiver: Receiver) -> None:
    """And so does what became of its problem."""
    receiver.answer = lambda got: Answer(500)
    hook = http_channel("hook", receiver, body=BODY, attempt_interval="2s", attempt_growth=1)
    config = write_config(path.with_name("config.toml"), to_admin(hook, recovery=True))
    server = Server(path, "--config", str(config))
    for target in ("told", "untold"):
        push(server.port, target)
        push(server.port, target, status="Inactive")
    receiver.waits_for(2)
    assert eventually(lambda: len(attempts(path)) == 2)
    server.kill()
    receiver.answer = lambda got: Answer(404 if got.json["target"] == "untold" else 200)
    with serving(path):
        found = settled(path, 4)
    by_target = {
        target: [got.json["status"] for got in receiver.got if got.json["target"] == target]
        for target in ("told", "untold")
    }
    assert by_target == {"told": ["Active", "Active", "Inactive"], "untold": ["Active", "Active"]}
    assert sorted(alert["status"] for alert in found) == [1, 1, 2, 2]
    assert [each["milliseconds"] for each in attempts(path) if each["reason"] == "problem_failed"] == [0]
