"""What a receiver gets in any span: rates of media types and addresses, and holds that receivers ask for."""

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.delivery.limits import Limits, Window, limits_of
from alertrpc.records import MediaType
from alertrpc.store.connection import connect
from alertrpc.store.database import create
from alertrpc.store.limits import LONGEST_HOLD, Hold, Holds, hold, take_turns
from alertrpc.store.tables import NewTurn
from alertrpc.values import Rate
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
    settled,
    to_admin,
    write_config,
)
from tests.support import Server, environment, serving
from tests.wire import eventually, execute


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    create(tmp_path / "limits.db")
    with closing(connect(tmp_path / "limits.db")) as connection:
        yield connection


SPAN = 1.0  # seconds


def most_in(times: Sequence[float], span: float = SPAN) -> int:
    """The most in any span."""
    ordered = sorted(times)
    return max(place + 1 - bisect_left(ordered, time - span + 1e-3) for place, time in enumerate(ordered))


def configured(path: Path, receiver: Receiver, addresses: Sequence[str] = ("to",), **more: Any) -> Path:
    members = '{"target": ${alarm_target_json}, "to": ${sendto_json}, "alert": ${alert_id_json}}'
    hook = http_channel("hook", receiver, body=members, attempt_interval="1s", **more)
    tables = to_admin(hook)
    tables["user"][0]["media"] = [{"media_type": "hook", "sendto": address} for address in addresses]
    return write_config(path.with_name("config.toml"), tables)


def targets(count: int, name: str = "db") -> list[str]:
    return [f"{name}-{number}" for number in range(count)]


# --- rates


@pytest.mark.parametrize("sessions", [1, 8])
def test_no_more_than_the_rate_in_any_span(path: Path, receiver: Receiver, sessions: int) -> None:
    config = configured(path, receiver, rate="5/1s", max_sessions=sessions)
    with serving(path, "--config", str(config)) as server:
        push_many(server.port, targets(12))
        receiver.waits_for(6)
        push_many(server.port, targets(10, "web"))
        found = settled(path, 22)
    assert most_in([got.at for got in receiver.got]) <= 5
    assert {(alert["status"], alert["retries"]) for alert in found} == {(1, 0)}
    assert len(attempts(path)) == 22, "what waits for its turn is no attempt"


def test_a_restart_forgets_no_turn(path: Path, receiver: Receiver) -> None:
    config = configured(path, receiver, rate="4/2s", max_sessions=4)
    server = Server(path, "--config", str(config))
    push_many(server.port, targets(14))
    for count in (4, 8):
        receiver.waits_for(count)
        server.kill()
        server = Server(path, "--config", str(config))
    settled(path, 14)
    server.stop()
    assert most_in([got.at for got in receiver.got], 2) <= 4


def test_each_address_has_its_rate(path: Path, receiver: Receiver) -> None:
    """And one whose turns are used up holds up no other."""
    config = configured(path, receiver, ["a", "b", "c"], address_rate="2/1s", max_sessions=4)
    with serving(path, "--config", str(config)) as server:
        push_many(server.port, targets(6))
        settled(path, 18)
    by_address = {to: [got.at for got in receiver.got if got.json["to"] == to] for to in "abc"}
    assert all(most_in(times) <= 2 for times in by_address.values())
    assert Counter(got.json["to"] for got in receiver.got[:6]) == {"a": 2, "b": 2, "c": 2}, (
        "the first two of each at once"
    )


def test_both_rates_count(path: Path, receiver: Receiver) -> None:
    config = configured(path, receiver, ["a", "b"], rate="5/1s", address_rate="3/1s", max_sessions=8)
    with serving(path, "--config", str(config)) as server:
        push_many(server.port, targets(8))
        settled(path, 16)
    assert most_in([got.at for got in receiver.got]) <= 5
    assert all(most_in([got.at for got in receiver.got if got.json["to"] == to]) <= 3 for to in "ab")


def test_tests_and_resends_count(path: Path, receiver: Receiver) -> None:
    config = configured(path, receiver, rate="3/3s", max_sessions=3)
    with serving(path, "--config", str(config)) as server:
        push_many(server.port, targets(2))
        settled(path, 2)
        tested = post(server.port, "/api/v2/alarm/channels/hook/test", {"sendto": "to"})[1]["data"]
        assert tested["outcome"] == "sent"
        refused = post(server.port, "/api/v2/alarm/channels/hook/test", {"sendto": "to"})[1]["data"]
        assert (refused["outcome"], refused["reason"], refused["milliseconds"]) == ("wait", "held", 0)
        assert "nothing may be sent before" in refused["error"]
        command = [sys.executable, "-m", "alertrpc", "test-channel", "hook", "--sendto", "to", "--database"]
        by_command = subprocess.run(
            [*command, f"sqlite:///{path}"], env=environment(), capture_output=True, text=True, timeout=60
        )
        assert by_command.returncode == 1
        assert "nothing may be sent before" in by_command.stdout + by_command.stderr
        call = {"jsonrpc": "2.0", "method": "alert.resend", "params": {"alertids": ["1", "2"]}, "id": 1}
        post(server.port, "/api_jsonrpc.php", call, **{"Content-Type": "application/json-rpc"})
        settled(path, 7)
    assert len(receiver.got) == 5
    assert most_in([got.at for got in receiver.got], 3) <= 3
    assert [alert["status"] for alert in alerts(path)] == [1, 1, 1, 2, 2, 1, 1]


# --- holds


def test_a_receiver_that_asks_to_wait_holds_its_media_type(path: Path, receiver: Receiver) -> None:
    receiver.answer = in_turn(Answer(429, {"Retry-After": "2"}), Answer())
    with serving(path, "--config", str(configured(path, receiver))) as server:
        push_many(server.port, targets(5))
        found = settled(path, 5)
    first, second, *_ = [got.at for got in receiver.got]
    assert second - first > 1.95
    assert [(alert["status"], alert["retries"]) for alert in found] == [(1, 0)] * 5
    held = [attempt for attempt in attempts(path) if attempt["outcome"] == "wait"]
    assert [(attempt["reason"], attempt["code"], attempt["number"]) for attempt in held] == [("held", 429, 1)]


def test_a_hold_of_one_address(path: Path, receiver: Receiver) -> None:
    turns = in_turn(Answer(503, {"Retry-After": "3"}), Answer())
    receiver.answer = lambda got: turns(got) if got.json["to"] == "busy" else Answer()
    config = configured(path, receiver, ["busy", "free"], hold="address")
    with serving(path, "--config", str(config)) as server:
        push_many(server.port, targets(5))
        settled(path, 10)
    free = [got.at for got in receiver.got if got.json["to"] == "free"]
    busy = [got.at for got in receiver.got if got.json["to"] == "busy"]
    assert max(free) < busy[1], "the other address does not wait"
    assert busy[1] - busy[0] > 2.95


def test_a_hold_outlasts_a_kill(path: Path, receiver: Receiver) -> None:
    receiver.answer = in_turn(Answer(429, {"Retry-After": "4"}), Answer())
    config = configured(path, receiver)
    server = Server(path, "--config", str(config))
    push_many(server.port, targets(3))
    assert eventually(lambda: len(attempts(path)) == 1)
    server.kill()
    with serving(path, "--config", str(config)) as again:
        push(again.port, "later")
        settled(path, 4)
    first, second, *_ = [got.at for got in receiver.got]
    assert second - first > 3.95


def test_waits_end_with_give_up_after(path: Path, receiver: Receiver) -> None:
    receiver.answer = lambda got: Answer(429, {"Retry-After": "1"})
    with serving(path, "--config", str(configured(path, receiver, give_up_after="3s"))) as server:
        push(server.port)
        (alert,) = settled(path, 1)
    assert (alert["status"], alert["retries"]) == (2, 0)
    assert 1 <= len(attempts(path)) <= 4
    assert {attempt["outcome"] for attempt in attempts(path)} == {"wait"}
    assert alert["error"].startswith("HTTP 429")


def test_a_receiver_that_asks_for_no_time_is_not_asked_at_once(path: Path, receiver: Receiver) -> None:
    receiver.answer = in_turn(*[Answer(429, {"Retry-After": "0"})] * 2, Answer())
    with serving(path, "--config", str(configured(path, receiver))) as server:
        push(server.port)
        settled(path, 1)
    times = [got.at for got in receiver.got]
    assert min(second - first for first, second in pairwise(times)) > 0.95


# --- the window as a pure thing


@given(
    st.integers(1, 6),
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 2000)), min_size=1, max_size=40),
)
def test_a_window_lets_no_span_have_more(most: int, seconds: int, attempts: list[tuple[int, int]]) -> None:
    """Attempts begin as soon as the window lets them, after some time, and take some time, within which they arrive."""
    rate, now = Rate(most, 1000 * seconds), 0
    ended: list[int] = []
    arrived: list[int] = []
    for idle, took in attempts:
        now += idle
        opens = Window(rate, ended, now).opens()
        now = now if opens is None else opens
        assert Window(rate, ended, now).opens() is None
        ended.append(now + took)
        arrived += [now, now + took][:: 1 if took % 2 else -1][:1]
    arrived.sort()
    for place, time_ in enumerate(arrived):
        assert sum(time_ <= other < time_ + 1000 * seconds for other in arrived[place:]) <= most


def test_limits_of_an_address_and_of_all() -> None:
    media_type = MediaType(name="a", rate=Rate(3, 10_000), address_rate=Rate(2, 10_000), timeout=5)
    limits = Limits(media_type, Holds(None, {"held": 7_000}), [("a", 900)], 1_000)
    assert limits.takes("held") is None
    assert limits.closed == {"held": 7_000}
    assert limits.takes("a") == 7_000
    assert limits.takes("a") is None
    assert limits.closed == {"held": 7_000, "a": 10_900}
    assert limits.takes("b") == 7_000
    assert (limits.opens, limits.takes("c")) == (10_900, None)
    assert Limits(media_type, Holds(5_000, {}), [], 1_000).opens == 5_000


def test_turns_and_holds_that_are_over_are_deleted(path: Path, receiver: Receiver) -> None:
    def answer(got: Got) -> Answer:
        return Answer(429, {"Retry-After": "1"}) if len(receiver.got) == 1 else Answer()

    receiver.answer = answer
    config = configured(path, receiver, rate="9/1s", address_rate="8/1s")
    with serving(path, "--config", str(config)) as server:
        push(server.port)
        settled(path, 1)
        time.sleep(1.1)
        push(server.port, "db-2")
        settled(path, 2)
        assert execute(path, "SELECT COUNT(*) FROM turns") == [(1,)]
        assert execute(path, "SELECT COUNT(*) FROM holds") == [(0,)]


def test_a_changed_media_type_is_held_no_more(path: Path, receiver: Receiver) -> None:
    """Its receiver may be another one: whoever mends it does not wait for a day."""
    receiver.answer = in_turn(Answer(429, {"Retry-After": "80000"}), Answer())
    with serving(path, "--config", str(configured(path, receiver, give_up_after="2d"))) as server:
        push(server.port)
        assert eventually(lambda: len(attempts(path)) == 1)
    with serving(path, "--config", str(configured(path, receiver, give_up_after="3d"))) as server:
        push(server.port, "db-2")
        assert eventually(lambda: [alert["status"] for alert in alerts(path)] == [1, 1])


def test_a_clock_that_was_set_back_blocks_for_no_longer(connection: sqlite3.Connection) -> None:
    """What it wrote counts as late as it can be now; it is not forgotten, as another process may be a moment ahead."""
    media_type = MediaType(name="a", rate=Rate(1, 10_000), timeout=5)
    take_turns([NewTurn(1, "a", 1, 10**12)], connection)
    hold([Hold(1, True, "", 10**12)], connection)
    limits = limits_of(1, media_type, 1_000, connection)
    assert limits.opens == 1_000 + 1000 * LONGEST_HOLD
    assert limits_of(1, media_type, 10_000, connection).opens == 1_000 + 1000 * LONGEST_HOLD
    connection.execute("DELETE FROM holds")
    assert limits_of(1, media_type, 16_999, connection).opens == 17_000
    assert limits_of(1, media_type, 17_000, connection).opens is None


# --- what was found by breaking it


def reloaded(server: Server, config: Path, receiver: Receiver, **more: Any) -> None:
    """Gives the running server another configuration."""
    configured(config, receiver, **more)
    server.process.send_signal(signal.SIGHUP)


def test_a_rate_that_is_added_holds_for_what_is_claimed_too(path: Path, receiver: Receiver) -> None:
    def answer(_got: Got) -> Answer:
        time.sleep(0.02)
        return Answer()

    receiver.answer = answer
    with serving(path, "--config", str(configured(path, receiver, max_sessions=32))) as server:
        for name in ("db", "web", "app"):
            push_many(server.port, targets(500, name))
        receiver.waits_for(50)
        reloaded(server, path, receiver, max_sessions=32, rate="3/10m")
        assert eventually(lambda: execute(path, "SELECT COUNT(*) FROM turns") == [(3,)])
        time.sleep(1)  # until what was on its way has come
        before = len(receiver.got)
        time.sleep(2)
        assert len(receiver.got) == before < 1500


def test_a_change_ends_a_hold_at_once(path: Path, receiver: Receiver) -> None:
    receiver.answer = in_turn(Answer(429, {"Retry-After": "80000"}), Answer())
    with serving(path, "--config", str(configured(path, receiver, give_up_after="2d"))) as server:
        push_many(server.port, targets(3))
        assert eventually(lambda: len(attempts(path)) == 1)
        reloaded(server, path, receiver, give_up_after="3d")
        settled(path, 3)


def test_a_held_address_gets_nothing_more(path: Path, receiver: Receiver) -> None:
    """Not even before the hold is on record."""
    receiver.answer = lambda got: Answer(429, {"Retry-After": "5"})
    with serving(path, "--config", str(configured(path, receiver, hold="address"))) as server:
        push_many(server.port, targets(20))
        receiver.waits_for(1)
        time.sleep(2)
        assert len(receiver.got) == 1


def test_a_hold_is_kept_while_the_database_is_locked(path: Path, receiver: Receiver) -> None:
    """Alerts that cannot be given back are not sent."""
    locked = threading.Event()

    def answer(_got: Got) -> Answer:
        if len(receiver.got) == 1:
            locked.wait(30)
            return Answer(429, {"Retry-After": "16"})
        return Answer()

    receiver.answer = answer
    with serving(path, "--config", str(configured(path, receiver))) as server:
        push_many(server.port, targets(20))
        receiver.waits_for(1)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            locked.set()
            time.sleep(12)
            other.execute("ROLLBACK")
        settled(path, 20)
    assert receiver.got[1].at - receiver.got[0].at > 15


def test_turns_count_from_when_they_are_taken(path: Path, receiver: Receiver) -> None:
    """A claim that waits for the database for longer than a span takes no old turns."""
    config = configured(path, receiver, rate="5/3s", timeout="1s", max_sessions=8)
    with serving(path, "--config", str(config)) as server:
        for part in range(3):
            push_many(server.port, targets(8, f"db{part}"))
            receiver.waits_for(5 * part + 1)
            with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as other:
                other.execute("BEGIN IMMEDIATE")
                time.sleep(5)
                other.execute("ROLLBACK")
        settled(path, 24)
    assert most_in([got.at for got in receiver.got], 3) <= 5


def test_a_test_to_no_address_holds_no_other(path: Path, receiver: Receiver) -> None:
    receiver.answer = in_turn(Answer(429, {"Retry-After": "600"}), Answer())
    with serving(path, "--config", str(configured(path, receiver, hold="address"))) as server:
        call = {"jsonrpc": "2.0", "method": "mediatype.test", "params": {"mediatypeid": "1", "sendto": ""}, "id": 1}
        post(server.port, "/api_jsonrpc.php", call, **{"Content-Type": "application/json-rpc"})
        push(server.port)
        assert eventually(lambda: [alert["status"] for alert in alerts(path)][-1] == 1)
