"""Delivery by real servers to real receivers: when alerts are sent, how often, at how many at one time, and the record."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from alertrpc.api.passwords import hash_password
from tests.receivers import (
    PASSWORD,
    PUSH,
    TOKEN,
    Answer,
    Got,
    Receiver,
    alerts,
    attempts,
    http_channel,
    in_turn,
    new_database,
    post,
    push,
    push_many,
    receiving,
    rows,
    script_channel,
    settled,
    to_admin,
    write_config,
    write_script,
)
from tests.support import ROOT, WARNINGS, Client, Server, environment, run_alertrpc, serving, write_lines
from tests.test_signals import are_gone, workers
from tests.wire import PATIENCE, eventually, execute

AT_ONCE = 0.5  # seconds from the acknowledgement of a push to its receiver
RETRY_AFTER = 2
ATTEMPT_FIELDS = {
    "alertid", "number", "started", "milliseconds", "outcome", "reason", "code", "error", "answer", "stdout", "stderr",
}  # fmt: skip


@contextmanager
def delivering(path: Path, *media_types: Any, flags: tuple[str, ...] = (), **more: Any) -> Iterator[Server]:
    """A server that sends every alarm to Admin through the media types; its log holds no tracebacks in the end."""
    config = write_config(path.with_name("config.toml"), to_admin(*media_types, **more))
    with serving(path, "--config", str(config), *flags) as server:
        yield server
    assert "Traceback" not in server.log.read_text(), server.log.read_text()
    assert "never retrieved" not in server.log.read_text(), server.log.read_text()


def names(found: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in found]


# --- one alert


@pytest.mark.alone
def test_an_alert_is_sent_at_once(path: Path, receiver: Receiver) -> None:
    with delivering(path, http_channel("hook", receiver)) as server:
        waits = []
        for number in range(5):
            started = time.monotonic()
            push(server.port, f"db-{number}")
            waits.append(receiver.waits_for(number + 1)[number].at - started)
        (alert, *_) = settled(path, 5)
    assert max(waits) < AT_ONCE
    assert (alert["status"], alert["retries"], alert["error"], alert["sendto"]) == (1, 0, "", "to hook")
    assert (alert["subject"], alert["esc_step"], alert["alerttype"]) == ("Warning: slow on db-0", 1, 0)
    (attempt, *_) = attempts(path)
    assert names([attempt], "alertid", "number", "outcome", "reason", "code") == [(1, 1, "sent", "delivered", 200)]
    assert 0 <= attempt["milliseconds"] < 5000
    assert abs(attempt["started"] / 1000 - time.time()) < 60
    assert receiver.got[0].json["subject"] == alert["subject"]


def test_a_recovery_is_sent(path: Path, receiver: Receiver) -> None:
    with delivering(path, http_channel("hook", receiver), recovery=True) as server:
        push(server.port)
        push(server.port, status="Inactive")
        settled(path, 2)
    assert [got.json["subject"] for got in receiver.got] == ["Warning: slow on db-1", "Resolved: Warning: slow on db-1"]


def test_a_later_step_is_sent_when_it_is_due(path: Path, receiver: Receiver) -> None:
    steps = [{"users": ["Admin"]}, {"after": "2s", "users": ["Admin"]}]
    with delivering(path, http_channel("hook", receiver), steps=steps) as server:
        started = time.time()
        push(server.port)
        receiver.waits_for(2)
        assert int(started) + 2 <= time.time() < started + 4
        assert names(settled(path, 2), "esc_step", "status") == [(1, 1), (2, 1)]


# What a receiver answers, try by try, of three; and then: status, retries, outcomes, reasons.
TRIES: list[tuple[list[Answer], int, int, list[str], list[str]]] = [
    ([Answer(500), Answer(200)], 1, 1, ["try_again", "sent"], ["http_status", "delivered"]),
    ([Answer(drop=True), Answer(200)], 1, 1, ["try_again", "sent"], ["network", "delivered"]),
    ([Answer(503), Answer(429), Answer(204)], 1, 2, ["try_again", "try_again", "sent"], ["http_status"] * 2 + ["delivered"]),
    ([Answer(503)], 2, 3, ["try_again"] * 3, ["http_status"] * 3),
    ([Answer(404)], 2, 1, ["give_up"], ["http_status"]),
    ([Answer(500), Answer(400)], 2, 2, ["try_again", "give_up"], ["http_status"] * 2),
]  # fmt: skip


def test_tries(path: Path, receiver: Receiver) -> None:
    """All of the table at one time, each with a media type of its own."""
    by_path = {f"/{number}": in_turn(*answers) for number, (answers, *_) in enumerate(TRIES)}
    receiver.answer = lambda got: by_path[got.path](got)
    channels = [
        http_channel(f"hook {number}", receiver, url=f"{receiver.url}{number}", max_attempts=3)
        for number in range(len(TRIES))
    ]
    with delivering(path, *channels) as server:
        push(server.port)
        found = settled(path, len(TRIES))
        tried = attempts(path)
    for alert, (_, status, retries, outcomes, reasons) in zip(found, TRIES, strict=True):
        its = [attempt for attempt in tried if attempt["alertid"] == alert["alertid"]]
        assert names(its, "number", "outcome", "reason") == list(
            zip(range(1, len(its) + 1), outcomes, reasons, strict=True)
        )
        assert (alert["status"], alert["retries"]) == (status, retries)
        assert bool(alert["error"]) is (status == 2)
        assert alert["error"] == its[-1]["error"]
    for number, (_, _, _, outcomes, _) in enumerate(TRIES):
        came = [got.delivery_id for got in receiver.got if got.path == f"/{number}"]
        assert len(came) == len(outcomes)
        assert len(set(came)) == 1, "a repeat has the same delivery id"
    assert len(receiver.counts) == len(TRIES), "and another alert another one"


def test_pauses_between_tries(path: Path, receiver: Receiver) -> None:
    """The interval of the media type, or what the receiver asks for."""
    by_path = {
        "/interval": in_turn(Answer(500), Answer(200)),
        "/after": in_turn(Answer(503, {"Retry-After": str(RETRY_AFTER)}), Answer(200)),
        "/sooner": in_turn(Answer(503, {"Retry-After": "1"}), Answer(200)),
    }
    receiver.answer = lambda got: by_path[got.path](got)
    intervals = {"interval": 1, "after": 0, "sooner": RETRY_AFTER}
    channels = [
        http_channel(name, receiver, url=receiver.url + name, attempt_interval=f"{seconds}s")
        for name, seconds in intervals.items()
    ]
    with delivering(path, *channels) as server:
        push(server.port)
        settled(path, 3)
    for name, pause in {"interval": 1, "after": RETRY_AFTER, "sooner": 1}.items():
        first, second = [got.at for got in receiver.got if got.path == f"/{name}"]
        assert pause - 0.05 < second - first < pause + AT_ONCE, name


# --- many alerts


def holding(receiver: Receiver) -> threading.Event:
    """Has the receiver answer nobody before the event is set."""
    hold = threading.Event()
    receiver.answer = lambda got: Answer(hold=hold)
    return hold


@pytest.mark.parametrize("sessions", [1, 3])
def test_no_more_at_one_time_than_allowed(path: Path, receiver: Receiver, sessions: int) -> None:
    hold = holding(receiver)
    with delivering(path, http_channel("hook", receiver, max_sessions=sessions)) as server:
        push_many(server.port, [f"db-{number}" for number in range(20)])
        receiver.waits_for(sessions)
        push_many(server.port, [f"web-{number}" for number in range(20)])
        hold.set()
        receiver.answer = lambda got: Answer()
        settled(path, 40)
    assert receiver.most == sessions
    assert set(receiver.counts.values()) == {1}
    assert len(receiver.got) == 40


@pytest.mark.alone
def test_as_many_at_one_time_as_allowed_when_they_come_one_by_one(path: Path, receiver: Receiver) -> None:
    """A slow alert holds no free session of its own media type."""
    hold = holding(receiver)
    with delivering(path, http_channel("hook", receiver, max_sessions=3)) as server:
        for number in range(3):
            started = time.monotonic()
            push(server.port, f"db-{number}")
            assert receiver.waits_for(number + 1)[number].at - started < AT_ONCE
        push(server.port, "db-3")
        hold.set()
        settled(path, 4)
    assert receiver.most == 3


def test_a_limit_that_shrinks(path: Path, receiver: Receiver) -> None:
    hold = holding(receiver)
    with delivering(path, http_channel("hook", receiver, max_sessions=6)) as server:
        push_many(server.port, [f"db-{number}" for number in range(60)])
        receiver.waits_for(6)
        execute(path, "UPDATE media_type SET maxsessions = 2")
        hold.set()
        receiver.answer = lambda got: Answer()
        settled(path, 60)
        receiver.most = 0
        hold = holding(receiver)
        push_many(server.port, [f"web-{number}" for number in range(20)])
        receiver.waits_for(62)
        hold.set()
        settled(path, 80)
    assert receiver.most == 2
    assert set(receiver.counts.values()) == {1}


@pytest.mark.alone
def test_a_slow_media_type_delays_no_other(path: Path, receiver: Receiver) -> None:
    with receiving() as slow:
        hold = holding(slow)
        with delivering(path, http_channel("slow", slow), http_channel("quick", receiver)) as server:
            push_many(server.port, [f"db-{number}" for number in range(50)])
            slow.waits_for(1)
            started = time.monotonic()
            push(server.port, "web-1")
            assert receiver.waits_for(51)[-1].at - started < AT_ONCE
            assert len(slow.got) == 1
            hold.set()
            settled(path, 102)


@pytest.mark.alone
def test_alerts_that_come_one_behind_the_other_wait_for_no_look(path: Path, receiver: Receiver) -> None:
    """A push that meets the end of the send before it is not left until somebody looks again."""
    with delivering(path, http_channel("hook", receiver)) as server:
        waits = []
        for number in range(50):
            started = time.monotonic()
            push(server.port, f"db-{number}")
            time.sleep(number % 10 / 2000)
            waits.append(receiver.waits_for(number + 1)[number].at - started)
        settled(path, 50)
    assert max(waits) < AT_ONCE


def test_a_try_that_cannot_be_on_record_holds_no_other(path: Path, receiver: Receiver) -> None:
    """Such as one of a number that there is already; it is sent again by the next process alone."""
    hold = holding(receiver)
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver, max_sessions=3)))
    with serving(path, "--config", str(config)) as server:
        push_many(server.port, [f"db-{number}" for number in range(3)])
        receiver.waits_for(3)
        execute(
            path,
            "INSERT INTO attempts (alertid, number, started, milliseconds, outcome, reason) VALUES (2, 1, 0, 0, '', '')",
        )
        hold.set()
        push_many(server.port, [f"web-{number}" for number in range(10)])
        assert eventually(lambda: [alert["status"] for alert in alerts(path)] == [1, 0, *[1] * 11])
        assert "alert 2" in server.log.read_text()
        assert len(receiver.got) == 13
    with serving(path):
        settled(path, 13)
    assert len(receiver.got) == 14
    assert [row["number"] for row in attempts(path) if row["alertid"] == 2] == [1, 2]


def test_nothing_is_left_open(path: Path, receiver: Receiver) -> None:
    flaky = in_turn(*[Answer(500), Answer(drop=True), Answer()] * 20)
    receiver.answer = flaky
    script = write_script(path.with_name("scripts") / "ok.sh", "#!/bin/bash\nexit 0\n")
    channels = [http_channel("hook", receiver, max_sessions=4), script_channel("pager", script.name, max_sessions=4)]
    with delivering(path, *channels, flags=("--scripts-dir", str(script.parent))) as server:
        folder = Path(f"/proc/{server.process.pid}")
        push_many(server.port, [f"db-{number}" for number in range(10)])
        settled(path, 20)
        counted = []
        for batch in range(3):
            push_many(server.port, [f"db-{batch}-{number}" for number in range(20)])
            settled(path, 20 + 40 * (batch + 1))
            assert eventually(lambda: not workers(server.process.pid))
            counted.append((len(os.listdir(folder / "fd")), len(os.listdir(folder / "task"))))  # noqa: PTH208
    assert counted[-1] <= (counted[0][0] + 8, counted[0][1] + 1), counted


# --- media types that cannot send


@pytest.mark.parametrize(
    ("change", "name", "error"),
    [
        ("UPDATE media_type SET status = 1", "hook", "the media type is disabled"),
        ("DELETE FROM media_type", r"media type \d+", "the media type is not there any more"),
        ("UPDATE media_type SET timeout = 'soon'", "hook", "the media type cannot be read: a time"),
        ("UPDATE media_type SET type = 2", "hook", "alertrpc sends script, http, email"),
        ("DELETE FROM media_type_param", "hook", "alertrpc sends script, http, email"),
    ],
)
def test_a_media_type_that_became_unusable(path: Path, receiver: Receiver, change: str, name: str, error: str) -> None:
    receiver.answer = lambda got: Answer(500)
    with delivering(path, http_channel("hook", receiver, attempt_interval="1s", max_attempts=9)) as server:
        push(server.port)
        receiver.waits_for(1)
        execute(path, change)
        (alert,) = settled(path, 1)
    assert (alert["status"], alert["retries"]) == (2, 2)
    assert alert["error"].startswith(error)
    assert attempts(path)[-1]["outcome"] == "give_up"
    assert attempts(path)[-1]["reason"] == "unusable_media_type"
    assert re.search(rf": alert {alert['alertid']} through {name} failed: {error}", server.log.read_text())


# --- loaded alerts, servers that do not deliver, several servers


def test_loaded_alerts_are_not_sent(path: Path, receiver: Receiver) -> None:
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver)))
    done = run_alertrpc("apply", str(config), "--database", f"sqlite:///{path}")
    assert done.returncode == 0, done.stderr
    alert = {"table": "alerts", "actionid": 1, "eventid": 1, "userid": 1, "mediatypeid": 1, "sendto": "x"}
    lines = [{**alert, "alertid": 10 + status, "status": status} for status in (0, 3)]
    done = run_alertrpc("load", str(write_lines(path.with_name("a.jsonl"), lines)), "--database", f"sqlite:///{path}")
    assert done.returncode == 0, done.stderr
    with serving(path) as server:
        push(server.port)
        receiver.waits_for(1)
        assert eventually(lambda: [alert["status"] for alert in alerts(path)] == [0, 3, 1])
    assert len(receiver.got) == 1


def test_a_server_that_does_not_deliver(path: Path, receiver: Receiver) -> None:
    with delivering(path, http_channel("hook", receiver), flags=("--deliver", "no")) as server:
        push(server.port)
        assert [alert["status"] for alert in alerts(path)] == [3]
        with serving(path) as other:
            settled(path, 1)
            push(server.port, "db-2")
            settled(path, 2)
            assert other.process.poll() is None
    assert len(receiver.got) == 2


@pytest.mark.alone
def test_workers_deliver_at_once_and_once(path: Path, receiver: Receiver) -> None:
    with delivering(path, http_channel("hook", receiver, max_sessions=4), flags=("--workers", "2")) as server:
        waits = []
        for number in range(20):  # each by a connection of its own, to one worker or the other
            started = time.monotonic()
            push(server.port, f"db-{number}")
            waits.append(receiver.waits_for(number + 1)[number].at - started)
        settled(path, 20)
    assert max(waits) < AT_ONCE
    assert set(receiver.counts.values()) == {1}


@pytest.mark.alone
def test_a_worker_takes_over(path: Path, receiver: Receiver) -> None:
    with delivering(path, http_channel("hook", receiver), flags=("--workers", "2")) as server:
        push(server.port)
        receiver.waits_for(1)
        time.sleep(2.5)  # workers that end sooner are not started again
        (deliverer,) = [pid for pid in workers(server.process.pid) if f"{path}-delivery" in open_files(pid)]
        os.kill(deliverer, signal.SIGKILL)
        assert eventually(lambda: len(workers(server.process.pid) - {deliverer}) == 2)
        push(server.port, "db-2")
        settled(path, 2)
        started = time.monotonic()
        push(server.port, "db-3")
        assert receiver.waits_for(3)[2].at - started < AT_ONCE, "the bell is heard by the one that took over"
        settled(path, 3)
    assert set(receiver.counts.values()) == {1}


def open_files(pid: int) -> list[str]:
    return [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink()]


@pytest.mark.alone
def test_another_server_takes_over_when_the_first_is_killed(path: Path, receiver: Receiver) -> None:
    with delivering(path, http_channel("hook", receiver)) as first, serving(path) as second:
        push_many(second.port, [f"db-{number}" for number in range(20)])
        push_many(first.port, [f"web-{number}" for number in range(20)])
        settled(path, 40)
        assert set(receiver.counts.values()) == {1}
        lock = f"{path}-delivery"
        assert (lock in open_files(first.process.pid), lock in open_files(second.process.pid)) == (True, False)
        first.process.kill()
        first.process.wait()
        started = time.monotonic()
        push(second.port, "db-1000")
        assert receiver.waits_for(41)[40].at - started < AT_ONCE + 1
        settled(path, 41)
    assert len(receiver.got) == 41


# --- scripts and mail


def test_the_examples(path: Path, tmp_path: Path) -> None:
    """The owner's two scripts, as a new user runs them."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    with serving(path, "--config", str(tmp_path / "examples" / "alertrpc.toml")) as server:
        command = [sys.executable, *WARNINGS, str(tmp_path / "examples" / "push_alarm.py")]
        env = environment(OCP_URL=server.url, OCP_USER="Admin", OCP_PASSWORD=PASSWORD, no_proxy="127.0.0.1")
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["data"]["alarmType"] == "your_alarm_type"
        (alert,) = settled(path, 1)
    assert (alert["status"], alert["error"], alert["sendto"]) == (1, "", "on-duty")
    (attempt,) = attempts(path)
    assert (attempt["code"], attempt["stderr"]) == (0, "")
    assert attempt["stdout"].startswith("Alert message: Alarm: your_alarm_type\n")
    written = (tmp_path / "work" / "example" / "alarm_output.txt").read_text()
    assert written == alert["message"] + "\n"


SCRIPT = """#!/bin/bash
echo "$1|$2|$delivery_id" >> runs
echo out
echo err >&2
[ $(wc -l < runs) -ge 3 ] && exit 0
exit 75
"""


def test_a_script_is_tried_again(path: Path, tmp_path: Path) -> None:
    write_script(tmp_path / "scripts" / "s.sh", SCRIPT)
    with delivering(path, script_channel("pager", "s.sh")) as server:
        push(server.port)
        (alert,) = settled(path, 1)
    assert (alert["status"], alert["retries"]) == (1, 2)
    runs = (tmp_path / "work" / "pager" / "runs").read_text().splitlines()
    assert len(runs) == 3
    assert len(set(runs)) == 1
    assert names(attempts(path), "outcome", "reason", "code", "stdout", "stderr", "error") == [
        ("try_again", "exit_status", 75, "out\n", "err\n", "err"),
        ("try_again", "exit_status", 75, "out\n", "err\n", "err"),
        ("sent", "delivered", 0, "out\n", "err\n", ""),
    ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mailing(
    path: Path,
    reply: Callable[[int], str] = lambda count: "250 taken",
    media_type: Mapping[str, Any] = MappingProxyType({}),
    sendto: str = "dba@example.com",
    rcpt: Callable[[str], str] = lambda address: "250 OK",
    **action: Any,
) -> Iterator[tuple[Server, list[bytes]]]:
    """A server that mails every alarm, and the bytes of the mails; `reply` answers the nth, `rcpt` each address."""
    controller = pytest.importorskip("aiosmtpd.controller")
    mails: list[bytes] = []

    class Keeper:
        async def handle_RCPT(  # noqa: N802
            self, server: Any, session: Any, envelope: Any, address: str, options: Any
        ) -> str:
            if (answer := rcpt(address)).startswith("250"):
                envelope.rcpt_tos.append(address)
            return answer

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            mails.append(envelope.content)
            return reply(len(mails))

    server_of_mail = controller.Controller(Keeper(), hostname="127.0.0.1", port=free_port())
    server_of_mail.start()
    try:
        mail = {"name": "mail", "type": "email", "smtp_server": "127.0.0.1", "smtp_port": server_of_mail.port,
                "smtp_email": "alerts@example.com", "attempt_interval": "0s", **media_type}  # fmt: skip
        config = to_admin(mail, **action)
        config["user"][0]["media"][0]["sendto"] = sendto
        with serving(path, "--config", str(write_config(path.with_name("config.toml"), config))) as server:
            yield server, mails
    finally:
        server_of_mail.stop()


def test_mail(path: Path) -> None:
    with mailing(path, lambda count: "451 later" if count == 1 else "250 taken") as (server, mails):
        push(server.port, summary="Медленно")
        (alert,) = settled(path, 1)
    assert (alert["status"], alert["retries"]) == (1, 1)
    assert names(attempts(path), "outcome", "reason", "code") == [
        ("try_again", "smtp_reply", 451),
        ("sent", "delivered", 250),
    ]
    first, second = (message_from_bytes(mail, policy=policy.default) for mail in mails)
    assert first["Message-ID"] == second["Message-ID"]
    assert second["Subject"] == alert["subject"]
    assert "Summary: Медленно" in second.get_content()


LIKE_HEADERS = "=?utf-8?q?=0d=0aBcc:_x@y?=", "=?utf-8?q?=0d=0a=0d=0aother_body?=", " two  spaces \n =?"


def test_no_alarm_makes_a_header_of_a_mail(path: Path) -> None:
    with mailing(path) as (server, mails):
        for text in LIKE_HEADERS:
            body = {"alarmType": text, "target": "h", "name": text}
            assert post(server.port, PUSH, body)[0] == 200
            labels = {"alertname": text, "severity": "critical", "instance": text}
            assert post(server.port, "/api/v2/alerts", [{"labels": labels}])[0] == 200
        settled(path, 2 * len(LIKE_HEADERS))
    lines = [text.replace("\n", " ") for text in LIKE_HEADERS]
    expected = {f"Warning: {line} on h" for line in lines} | {f"Critical: {line} on {line}" for line in lines}
    found = [message_from_bytes(mail, policy=policy.default) for mail in mails]
    assert {mail["Subject"] for mail in found} == expected
    assert {" ".join(mail.keys()) for mail in found} == {
        "From To Subject Date Message-ID Auto-Submitted Content-Type Content-Transfer-Encoding MIME-Version"
    }
    assert all(mail.get_content().startswith("Alarm: ") for mail in found)


# --- what alert.get tells of tries


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, str]]:
    """A server that has tried one alert twice, and the session of a plain user who shares Admin's group."""
    path = new_database(tmp_path_factory.mktemp("told") / "alertrpc.db")
    execute(path, "INSERT INTO users (username, passwd, roleid) VALUES ('plain', ?, 1)", hash_password(PASSWORD))
    execute(path, "INSERT INTO users_groups (usrgrpid, userid) SELECT 7, userid FROM users WHERE username = 'plain'")
    answer = in_turn(Answer(500, body=b"no"), Answer(200, body=b"yes"))
    with receiving(answer) as receiver, delivering(path, http_channel("hook", receiver)) as server:
        push(server.port)
        settled(path, 1)
        execute(path, "INSERT INTO rights (groupid, permission, id) SELECT 7, 2, groupid FROM hstgrp")
        client = Client(server.port)
        yield client, client.login("plain", PASSWORD)
        client.close()


def test_tries_are_told(told: tuple[Client, str]) -> None:
    (alert,) = told[0].request("alert.get", {"selectAttempts": "extend"}, auth=TOKEN)["result"]
    first, second = alert["attempts"]
    assert set(first) >= ATTEMPT_FIELDS - {"alertid"}
    assert (first["number"], first["outcome"], first["code"], first["answer"]) == ("1", "try_again", "500", "no")
    assert (second["number"], second["outcome"], second["code"], second["answer"]) == ("2", "sent", "200", "yes")
    (alert,) = told[0].request("alert.get", {"selectAttempts": ["outcome", "code"]}, auth=TOKEN)["result"]
    assert alert["attempts"] == [
        {"number": "1", "outcome": "try_again", "code": "500"},
        {"number": "2", "outcome": "sent", "code": "200"},
    ]
    (alert,) = told[0].request("alert.get", {}, auth=TOKEN)["result"]
    assert "attempts" not in alert


def test_a_wrong_field_of_tries(told: tuple[Client, str]) -> None:
    error = told[0].request("alert.get", {"selectAttempts": ["secret"]}, auth=TOKEN)["error"]
    assert error["code"] == -32602
    assert 'Invalid parameter "/selectAttempts/1"' in error["data"]


def test_a_plain_user_sees_tries_of_the_alerts_that_it_sees(told: tuple[Client, str]) -> None:
    client, session = told
    (alert,) = client.request("alert.get", {"selectAttempts": ["outcome"]}, auth=session)["result"]
    assert [attempt["outcome"] for attempt in alert["attempts"]] == ["try_again", "sent"]


# --- the end of a server


def test_a_stop_waits_for_what_is_under_way(path: Path, receiver: Receiver) -> None:
    hold = holding(receiver)
    with delivering(path, http_channel("hook", receiver, max_sessions=2)) as server:
        push_many(server.port, [f"db-{number}" for number in range(10)])
        receiver.waits_for(2)
        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: "stopping:" in server.log.read_text())
        hold.set()
        assert server.process.wait(PATIENCE) == 0
        assert sorted(alert["status"] for alert in alerts(path)) == [0] * 8 + [1] * 2
    with serving(path):
        settled(path, 10)
    assert set(receiver.counts.values()) == {1}


@pytest.mark.alone
def test_a_stop_waits_no_longer_than_it_may(path: Path, receiver: Receiver) -> None:
    hold = holding(receiver)
    write_script(path.with_name("scripts") / "hang.sh", "#!/bin/bash\necho $$ > pid\nsleep 1000\n")
    channels = [http_channel("hook", receiver, max_sessions=3), script_channel("pager", "hang.sh")]
    with delivering(path, *channels, flags=("--shutdown-timeout", "1s")) as server:
        push_many(server.port, [f"db-{number}" for number in range(5)])
        receiver.waits_for(3)
        pid = path.with_name("work") / "pager" / "pid"
        assert eventually(lambda: pid.exists() and bool(pid.read_text()))
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
        assert 0.9 < time.monotonic() - started < 5
        assert attempts(path) == []
        assert not Path(f"/proc/{pid.read_text().strip()}").exists()
    hold.set()
    with serving(path, "--shutdown-timeout", "1s"):
        assert eventually(lambda: len([alert for alert in alerts(path) if alert["status"] == 1]) == 5)
    assert len(receiver.counts) == 5


def test_a_stop_keeps_the_record_of_what_was_sent(path: Path, receiver: Receiver) -> None:
    """Stopped while alerts are sent as fast as they can be: each one that was answered is on record."""
    answered: list[str] = []
    lock = threading.Lock()

    def answer(got: Got) -> Answer:
        with lock:
            answered.append(got.delivery_id)
        return Answer()

    receiver.answer = answer
    with delivering(path, http_channel("hook", receiver, max_sessions=16)) as server:
        push_many(server.port, [f"db-{number}" for number in range(1000)])
        receiver.waits_for(100)
        assert server.stop() == 0
        sent = rows(path, "SELECT COUNT(*) AS sent FROM alerts WHERE status = 1")[0]["sent"]
    assert sent == len(answered) == len(set(answered))
    assert sent < 1000
    with serving(path):
        settled(path, 1000)
    assert set(receiver.counts.values()) == {1}


# --- faults of the record


def test_an_alarm_that_cannot_end_holds_up_no_other(path: Path, receiver: Receiver) -> None:
    """A row is left over of an event that is gone, so that the end of its successor cannot be put on record."""
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver), resolve_after="1s"))
    with serving(path, "--config", str(config)) as server:
        push(server.port, "db-bad")
        push(server.port, "db-good")
        execute(path, "INSERT INTO event_recovery (eventid, r_eventid) VALUES (1, 999)")
        assert eventually(lambda: rows(path, "SELECT * FROM alarms WHERE resolved_at IS NOT NULL") != [])
        push(server.port, "db-later")
        receiver.waits_for(3)
    assert rows(path, "SELECT target FROM alarms WHERE resolved_at IS NULL AND expires_at IS NULL") == [
        {"target": "db-bad"}
    ]
    assert "is put aside" in server.log.read_text()


def test_a_file_that_was_replaced_takes_no_alarms(path: Path, receiver: Receiver) -> None:
    with serving(path, "--config", str(write_config(path.with_name("c.toml"), to_admin()))) as server:
        path.rename(path.with_suffix(".moved"))
        status, answer = post(
            server.port,
            "/api/v2/alarm/alarms",
            {"alarmType": "slow", "target": "db-1"},
        )
        assert (status, answer["error"]["message"]) == (
            503,
            f"The database {path} was moved or replaced; start the server again.",
        )
        path.with_suffix(".moved").rename(path)
        push(server.port)


def test_a_script_dies_with_a_server_that_stops_at_once(path: Path, tmp_path: Path) -> None:
    script = write_script(tmp_path / "scripts" / "slow.sh", "#!/bin/bash\necho $$ > pid\nexec sleep 60\n")
    config = write_config(
        path.with_name("config.toml"),
        to_admin(script_channel("slow", script.name)),
        scripts_dir=str(script.parent),
        work_dir=str(tmp_path / "work"),
    )
    with serving(path, "--config", str(config)) as server:
        push(server.port)
        pid = tmp_path / "work" / "slow" / "pid"
        assert eventually(lambda: pid.exists() and pid.read_text().strip() != "")
        server.process.send_signal(signal.SIGINT)
        assert eventually(lambda: "stopping:" in server.log.read_text())
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 130
        assert eventually(lambda: are_gone({int(pid.read_text())}))
