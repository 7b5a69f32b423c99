"""The severest alert of a media type goes first, and what waits rises with its age."""

import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from alertrpc.delivery.claims import Claim
from alertrpc.store.connection import connect
from tests.delivering import NOW
from tests.delivering import queue as put
from tests.receivers import (
    PUSH,
    Answer,
    Got,
    Receiver,
    http_channel,
    in_turn,
    post,
    push,
    settled,
    to_admin,
    write_config,
)
from tests.support import serving
from tests.wire import execute


def storm(port: int, count: int, level: int) -> None:
    status, envelope = post(
        port, PUSH, [{"alarmType": "slow", "target": f"{level}-{number}", "level": level} for number in range(count)]
    )
    assert status == 200, envelope


@pytest.mark.parametrize("sessions", [1, 4])
def test_the_severest_goes_first(path: Path, receiver: Receiver, sessions: int) -> None:
    def answer(got: Got) -> Answer:
        time.sleep(0.02)
        return Answer()

    receiver.answer = answer
    config = write_config(
        path.with_name("config.toml"), to_admin(http_channel("hook", receiver, max_sessions=sessions))
    )
    with serving(path, "--config", str(config)) as server:
        storm(server.port, 200, level=5)
        receiver.waits_for(10)
        push(server.port, "urgent", level=1)
        acknowledged = len(receiver.got)
        push(server.port, "less urgent", level=2)
        settled(path, 202)
    came = [got.json["target"] for got in receiver.got]
    assert came.index("urgent") < acknowledged + 20, "the others take four seconds"
    assert came.index("less urgent") < acknowledged + 30


def test_a_later_storm_of_severer_alerts_goes_first(path: Path, receiver: Receiver) -> None:
    hold = threading.Event()
    receiver.answer = lambda got: Answer(hold=hold)
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver, max_sessions=2)))
    with serving(path, "--config", str(config)) as server:
        storm(server.port, 60, level=5)
        receiver.waits_for(2)
        for level in (3, 4, 1, 2):
            storm(server.port, 40, level=level)
        time.sleep(2)  # until the lane knows of them, also on a busy machine
        hold.set()
        settled(path, 220)
    levels = [int(got.json["target"][0]) for got in receiver.got][2:]
    late = [place for place, level in enumerate(levels) if level < max(levels[: place + 1])]
    assert len(late) <= 4, levels  # two that are sent at one time may come the other way round


def test_a_problem_that_becomes_severe_takes_along_what_is_before_it(path: Path, receiver: Receiver) -> None:
    """Its first alert, of a lower severity, would keep the urgent one waiting."""
    hold = threading.Event()

    def answer(got: Got) -> Answer:
        time.sleep(0.02)
        return Answer(hold=hold) if got.json["target"] == "first" else Answer()

    receiver.answer = answer
    tables = to_admin(http_channel("hook", receiver))
    tables["action"].append({**tables["action"][0], "name": "Severe", "min_severity": "Disaster"})
    config = write_config(path.with_name("config.toml"), tables)
    with serving(path, "--config", str(config)) as server:
        push(server.port, "first", level=4)
        receiver.waits_for(1)
        storm(server.port, 30, level=4)
        push(server.port, "growing", level=5)
        push(server.port, "growing", level=1)
        time.sleep(0.3)
        hold.set()
        settled(path, 33)
    came = [got.json["target"] for got in receiver.got]
    assert came[1] == "growing"
    assert "growing" in came[2:12], "the second waits only until the first is on record"


def test_what_waits_rises_a_level_a_minute(path: Path) -> None:
    """Alerts of severities 1 to 5 that were made 0 to 10 minutes ago."""
    made = [(severity, minutes) for severity in range(1, 6) for minutes in range(0, 11, 2)]
    for severity, minutes in made:
        put(path, 1, 1, severity=severity)
        execute(path, "UPDATE alert_queue SET rank = rank - ? WHERE alertid = (SELECT MAX(alertid) FROM alert_queue)",
                minutes * 60_000)  # fmt: skip
    with closing(connect(path)) as connection:
        taken = [alert["alertid"] for alert in Claim(1, lambda: NOW).take(connection).alerts]
    weights = [sum(made[alertid - 1]) for alertid in taken]
    assert len(taken) == len(made)
    assert weights == sorted(weights, reverse=True)


def test_a_retry_keeps_its_place(path: Path, receiver: Receiver) -> None:
    """A severe alert that failed goes before lesser ones when it is due again."""
    turns = in_turn(Answer(500), Answer())

    def answer(got: Got) -> Answer:
        time.sleep(0.02)
        return turns(got) if got.json["target"] == "urgent" else Answer()

    receiver.answer = answer
    hook = http_channel("hook", receiver, attempt_interval="1s", attempt_growth=1)
    config = write_config(path.with_name("config.toml"), to_admin(hook))
    with serving(path, "--config", str(config)) as server:
        push(server.port, "urgent", level=1)
        storm(server.port, 150, level=5)
        settled(path, 151)
    places = [place for place, got in enumerate(receiver.got) if got.json["target"] == "urgent"]
    assert len(places) == 2
    assert places[1] < 120
