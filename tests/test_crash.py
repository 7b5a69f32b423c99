"""kill -9 at any moment: what was acknowledged is kept, its alerts are sent, and none again that is on record."""

import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.receivers import (
    PUSH,
    TOKEN,
    Answer,
    Got,
    Receiver,
    alerts,
    attempts,
    http_channel,
    push,
    rows,
    script_channel,
    settled,
    to_admin,
    write_config,
    write_script,
)
from tests.support import Server, serving
from tests.wire import eventually, execute

ROUNDS = [12, pytest.param(200, marks=pytest.mark.long)]  # of a life and a kill
SENDERS = 4
LIFE = (0.05, 0.7)  # seconds from a start to the kill


def is_sound(path: Path) -> bool:
    return execute(path, "PRAGMA integrity_check") == [("ok",)]


class Senders:
    """Push alarms with targets of their own to whatever port there is, and keep those that were acknowledged."""

    def __init__(self) -> None:
        self.port: int | None = None
        self.acknowledged: list[str] = []
        self.pushed = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._push, args=(number,)) for number in range(SENDERS)]

    def __enter__(self) -> "Senders":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *fault: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _push(self, sender: int) -> None:
        number = 0
        while not self._over.is_set():
            port = self.port
            if port is None:
                self._over.wait(0.01)
                continue
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            with suppress(OSError, http.client.HTTPException):
                while not self._over.is_set():
                    number += 1
                    self._push_one(connection, f"db-{sender}-{number}")
            connection.close()

    def _push_one(self, connection: http.client.HTTPConnection, target: str) -> None:
        self.pushed += 1
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
        connection.request("POST", PUSH, json.dumps({"alarmType": "slow", "target": target}), headers)
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        self.acknowledged.append(target)
        time.sleep(0.004)  # so that the deliverer keeps up


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("flags", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_killed_again_and_again(path: Path, receiver: Receiver, flags: tuple[str, ...], rounds: int) -> None:
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver, max_sessions=4)))
    chance = random.Random(len(flags))
    sent_before: dict[int, int] = {}  # alertid: how often it had come when it was on record at a kill
    with Senders() as senders:
        for _ in range(rounds // (len(flags) + 1)):
            server = Server(path, "--config", str(config), *flags)
            senders.port = server.port
            time.sleep(chance.uniform(*LIFE))
            server.kill()
            senders.port = None
            assert eventually(lambda: is_free(path)), "the workers end with their supervisor"
            counts = comings(receiver)
            for (alertid,) in execute(path, "SELECT alertid FROM alerts WHERE status = 1"):
                sent_before.setdefault(alertid, counts[alertid])
    with serving(path) as server:
        found = settled(path, len(alerts(path)))
        assert "Traceback" not in server.log.read_text()
    counts = comings(receiver)
    came = {alert["alertid"]: counts[alert["alertid"]] for alert in found}
    assert len(receiver.counts) == len(counts), "each alert has one delivery id"
    assert {alert["status"] for alert in found} == {1}
    targets = [row["target"] for row in rows(path, "SELECT target FROM alarms")]
    assert len(senders.acknowledged) > rounds
    assert set(senders.acknowledged) <= set(targets)
    assert len(targets) == len(set(targets)) == len(found)
    assert {got.json["target"] for got in receiver.got} == set(targets)
    assert min(came.values()) == 1 <= max(came.values())
    assert {alertid: came[alertid] for alertid in sent_before} == sent_before, "what is on record is not sent again"
    assert sum(came.values()) == len(receiver.got)
    assert all(attempt["outcome"] == "sent" for attempt in attempts(path))
    assert is_sound(path)


def is_free(path: Path) -> bool:
    """Whether no process has the lock of the delivery."""
    lock = str(path.with_name(f"{path.name}-delivery"))
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):
            if any(os.readlink(file) == lock for file in folder.iterdir()):  # noqa: PTH115
                return False
    return True


def comings(receiver: Receiver) -> Counter[int]:
    """How often each alert came, by its alertid."""
    with receiver.lock:
        return Counter(int(got.json["alert"]) for got in receiver.got)


# --- killed at a step


class Killed:
    """A server that is killed once, when `now` is called."""

    def __init__(self) -> None:
        self.server: Server | None = None
        self.count = 0

    def now(self) -> None:
        if self.count == 0 and self.server is not None:
            self.count += 1
            self.server.process.kill()
            self.server.process.wait()


def when_it_comes(killed: Killed) -> Callable[[Got], Answer]:
    def answer(got: Got) -> Answer:
        killed.now()
        return Answer()

    return answer


def when_it_is_answered(killed: Killed) -> Callable[[Got], Answer]:
    return lambda got: Answer(then=killed.now)


def when_it_is_refused(killed: Killed) -> Callable[[Got], Answer]:
    answers = iter([Answer(500, then=killed.now)])
    return lambda got: next(answers, Answer())


@pytest.mark.parametrize("moment", [when_it_comes, when_it_is_answered, when_it_is_refused])
def test_killed_while_an_alert_is_sent(
    path: Path, receiver: Receiver, moment: Callable[[Killed], Callable[[Got], Answer]]
) -> None:
    killed = Killed()
    receiver.answer = moment(killed)
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver)))
    killed.server = server = Server(path, "--config", str(config))
    push(server.port)
    assert eventually(lambda: killed.count == 1)
    server.kill()
    was_on_record = alerts(path)[0]["status"] == 1
    with serving(path):
        (alert,) = settled(path, 1)
    assert alert["status"] == 1
    assert len(receiver.counts) == 1, "each time with the same delivery id"
    if moment is when_it_comes:
        assert not was_on_record
    assert len(receiver.got) == (1 if was_on_record else 2)
    assert [attempt["number"] for attempt in attempts(path)] == list(range(1, len(attempts(path)) + 1))
    assert is_sound(path)


KILLER = """#!/bin/bash
echo "$delivery_id" >> runs
if [ ! -e killed ]; then
    touch killed
    kill -9 $PPID
    {then}
fi
"""


@pytest.mark.parametrize("then", ["exit 0", "exit 1", "sleep 1000"])
def test_killed_by_a_script(path: Path, then: str) -> None:
    write_script(path.with_name("scripts") / "killer.sh", KILLER.replace("{then}", then))
    config = write_config(path.with_name("config.toml"), to_admin(script_channel("pager", "killer.sh")))
    server = Server(path, "--config", str(config))
    push(server.port)
    assert server.process.wait(60) == -signal.SIGKILL
    server.kill()
    assert [alert["status"] for alert in alerts(path)] == [0]
    assert attempts(path) == []
    with serving(path):
        (alert,) = settled(path, 1)
    runs = (path.with_name("work") / "pager" / "runs").read_text().split()
    assert (alert["status"], alert["retries"]) == (1, 0)
    assert len(runs) == 2
    assert len(set(runs)) == 1
    end_left(path)


def end_left(path: Path) -> None:
    """Ends what a killed server could not: a script of it that still runs."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (folder / "cwd").readlink() == path.with_name("work") / "pager":
                os.kill(int(folder.name), signal.SIGKILL)


def raw_push(port: int, target: str, kill_now: Callable[[], None]) -> None:
    """Kills when the request is on its way, and takes no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps({"alarmType": "slow", "target": target})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    connection.request("POST", PUSH, body, headers)
    kill_now()
    connection.close()


@pytest.mark.parametrize("delay", [0.0, 0.001, 0.003, 0.01])
def test_killed_while_an_alarm_comes_in(path: Path, receiver: Receiver, delay: float) -> None:
    """It is on record with its alert, or not at all; pushed again, it makes no second one."""
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver)))
    server = Server(path, "--config", str(config))
    push(server.port, "first")  # so that all is warm

    def kill_now() -> None:
        time.sleep(delay)
        server.kill()

    raw_push(server.port, "second", kill_now)
    kept = [row["target"] for row in rows(path, "SELECT target FROM alarms")]
    assert kept in (["first"], ["first", "second"])
    assert len(alerts(path)) == len(kept)
    with serving(path) as again:
        push(again.port, "second")
        found = settled(path, 2)
    assert [alert["status"] for alert in found] == [1, 1]
    assert {got.json["target"] for got in receiver.got} == {"first", "second"}
    assert is_sound(path)


def test_killed_while_alerts_wait(path: Path, receiver: Receiver) -> None:
    """Before a try, between tries and behind others: all are sent by the next server, none twice that was answered."""
    hold = threading.Event()
    refused: set[str] = set()

    def answer(got: Got) -> Answer:
        target: Any = got.json["target"]
        if target == "hold" and not hold.is_set():
            return Answer(hold=hold)
        if target == "refuse" and target not in refused:
            refused.add(target)
            return Answer(500)
        return Answer()

    receiver.answer = answer
    channel = http_channel("hook", receiver, attempt_interval="1s")
    config = write_config(path.with_name("config.toml"), to_admin(channel))
    server = Server(path, "--config", str(config))
    for target in ("sent", "refuse", "hold", "behind", "further behind"):
        push(server.port, target)
        if target == "refuse":
            assert eventually(lambda: len(attempts(path)) == 2)
    receiver.waits_for(3)
    server.kill()
    assert [alert["status"] for alert in alerts(path)][:3] == [1, 0, 0]
    hold.set()
    with serving(path):
        found = settled(path, 5)
    assert [(alert["status"], alert["retries"]) for alert in found] == [(1, 0), (1, 1), (1, 0), (1, 0), (1, 0)]
    came = [got.json["target"] for got in receiver.got]
    assert {target: came.count(target) for target in came} == {
        "sent": 1,
        "refuse": 2,
        "hold": 2,
        "behind": 1,
        "further behind": 1,
    }
    assert [attempt["number"] for attempt in attempts(path) if attempt["alertid"] == 2] == [1, 2]
