"""kill -9 at any moment, while alerts go in digests and alarms settle: nothing is lost, changed, or sent twice."""

import random
import time
from collections import defaultdict
from pathlib import Path

import pytest

from tests.receivers import (
    Answer,
    Receiver,
    alerts,
    attempts,
    http_channel,
    push_many,
    rows,
    settled,
    to_admin,
    write_config,
)
from tests.support import Server, serving
from tests.test_crash import is_free, is_sound
from tests.test_crash_order import failures, unruly
from tests.wire import eventually, execute

ROUNDS = [8, pytest.param(100, marks=pytest.mark.long)]
BODY = '{"alarms": ${alarms_json}, "subject": ${subject_json}, "message": ${message_json}, "alert": ${alert_id_json}}'
STATUSES = ("Active", "Inactive")


@pytest.mark.parametrize("settle", ["0s", "1s"])
@pytest.mark.parametrize("rounds", ROUNDS)
def test_digests_outlast_kills(path: Path, receiver: Receiver, rounds: int, settle: str) -> None:
    chance = random.Random(rounds)
    receiver.answer = unruly(chance)
    hook = http_channel(
        "hook",
        receiver,
        body=BODY,
        subject="Active ${alarm_target}",
        recovery_subject="Inactive ${alarm_target}",
        digest=2,
        digest_bytes="64K",
        max_sessions=4,
        attempt_growth=1,
        attempt_interval="1s",
        max_attempts=100,
        rate="100/1s",
    )
    config = write_config(path.with_name("config.toml"), to_admin(hook, recovery=True, settle=settle))
    acknowledged: list[str] = []
    attempts_before: dict[int, int] = {}
    for _ in range(rounds):
        server = Server(path, "--config", str(config))
        until = time.monotonic() + chance.uniform(0.2, 0.8)
        while time.monotonic() < until:
            targets = [f"db-{len(acknowledged) + number}" for number in range(chance.choice([1, 3, 40]))]
            push_many(server.port, targets)
            push_many(server.port, targets, status="Inactive")
            acknowledged += targets
            time.sleep(0.03)
        server.kill()
        assert eventually(lambda: is_free(path))
        for alertid, tried in execute(
            path,
            "SELECT alertid, COUNT(*) FROM attempts JOIN alerts USING (alertid) WHERE status = 1 GROUP BY alertid",
        ):
            attempts_before.setdefault(alertid, tried)
    receiver.answer = lambda got: Answer()
    with serving(path) as server:
        found = settled(path, 2 * len(acknowledged))
        assert "Traceback" not in server.log.read_text()
    assert {alert["status"] for alert in found} == {1}
    assert len(found) == 2 * len(acknowledged)
    tried = attempts(path)
    counts: dict[int, int] = defaultdict(int)
    for attempt in tried:
        counts[attempt["alertid"]] += 1
    assert {alertid: counts[alertid] for alertid in attempts_before} == attempts_before, (
        "what is sent is not sent again"
    )
    assert all(alert["retries"] == failures(path, alert["alertid"]) for alert in alerts(path)[:50])
    assert_told(receiver, acknowledged)
    digests_of = {(attempt["alertid"], attempt["digestid"]) for attempt in tried if attempt["digestid"]}
    assert len(digests_of) == len({alertid for alertid, _ in digests_of}), "an alert is in one digest"
    assert rows(path, "SELECT 1 FROM digests") != []
    assert execute(path, "SELECT COUNT(*) FROM alert_queue") == [(0,)]
    assert is_sound(path)


def assert_told(receiver: Receiver, targets: list[str]) -> None:
    """A message that came again is the same, and what came for the first time tells of each alarm in order."""
    messages: dict[str, bytes] = {}
    told: dict[str, list[str]] = defaultdict(list)
    for got in receiver.got:
        if got.delivery_id in messages:
            assert messages[got.delivery_id] == got.body
            continue
        messages[got.delivery_id] = got.body
        for line in got.json["alarms"].split("\n"):
            status, target = line.split()
            told[target].append(status)
    assert set(told) == set(targets)
    for target, statuses in told.items():
        assert statuses == sorted(statuses), (target, statuses)  # every Active before any Inactive
        assert set(statuses) == set(STATUSES)
