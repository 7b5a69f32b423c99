"""What an operator reads in the log: refused pushes, failed logins, tries that are repeated, alerts that were left out."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alertrpc.loglines import LONGEST_LINE, MOST_LINES
from tests.raw import send
from tests.receivers import (
    PASSWORD,
    PUSH,
    TOKEN,
    Answer,
    Receiver,
    http_channel,
    in_turn,
    post,
    push,
    settled,
    to_admin,
    write_config,
)
from tests.support import Server, run_alertrpc, serving
from tests.wire import call, eventually, exchange

REFUSALS, STRANGERS, LANE = "alertrpc.web.refusals", "alertrpc.strangers", "alertrpc.delivery.lane"
OWN_MEMBERS = ("time", "level", "pid", "logger")
WEBHOOK = {"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "Down"}}]}
OCP = {"alarmType": "slow", "target": "db-1"}


def told(server: Server, logger: str) -> list[dict[str, Any]]:
    """What a logger wrote, without the members of every line."""
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    return [
        {name: value for name, value in line.items() if name not in OWN_MEMBERS}
        for line in lines
        if line["logger"] == logger
    ]


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.fixture
def server(path: Path) -> Iterator[Server]:
    flags = ["--log-format", "json", "--push-limit", "3", "--body-limit", "2000", "--anonymous-body-limit", "1000"]
    with serving(path, *flags) as server:
        yield server


@pytest.mark.parametrize(
    ("path_of_push", "body", "headers", "status", "fault"),
    [
        (PUSH, {"target": "db-1"}, {}, 400, "alarmType: a value is required"),
        (PUSH, {**OCP, "x": "a" * 3000}, {}, 413, "Maximum request body size 2000 exceeded"),
        (PUSH, OCP, {"Content-Type": "text/plain"}, 415, "the Content-Type application/json is expected"),
        (PUSH, [OCP | {"target": str(number)} for number in range(4)], {}, 429, "more than 3 alarms a minute"),
        (
            "/api/v2/alerts",
            [{"labels": {"alertname": "Down"}}, {"labels": {}}],
            {},
            400,
            "[1].labels.alertname: a value is required; 1 of 2 alerts are on record",
        ),
        ("/alertmanager", {**WEBHOOK, "version": "3"}, {}, 400, 'version: "4" is expected'),
        ("/alertmanager", WEBHOOK, {"Authorization": basic("Admin", PASSWORD), "Content-Type": "x/y"}, 415, "the Con"),
    ],
)  # fmt: skip
def test_a_refused_push_is_a_line(
    server: Server, path_of_push: str, body: Any, headers: dict[str, str], status: int, fault: str
) -> None:
    assert post(server.port, path_of_push, body, **headers)[0] == status
    [line] = told(server, REFUSALS)
    assert line.pop("fault").startswith(fault)
    message = f"a push to {path_of_push} by user 'Admin' from 127.0.0.1 was refused with {status}: {fault}"
    assert line.pop("message").startswith(message)
    assert line == {"user": "Admin", "path": path_of_push, "remote": "127.0.0.1", "status": status}


def test_a_repeat_with_another_body_is_a_line(server: Server) -> None:
    key = {"Idempotency-Key": "a"}
    assert post(server.port, PUSH, OCP, **key)[0] == 200
    assert post(server.port, PUSH, {**OCP, "target": "db-2"}, **key)[0] == 422
    assert [line["status"] for line in told(server, REFUSALS)] == [422]


def test_each_refused_push_of_a_user_is_told(server: Server) -> None:
    for _ in range(2 * MOST_LINES):
        assert post(server.port, PUSH, {})[0] == 400
    assert len(told(server, REFUSALS)) == 2 * MOST_LINES


def test_a_fault_of_any_text_is_one_short_line(server: Server) -> None:
    fault = {"labels": {"alertname": 1, "a\nb\u2028" + "c" * 500: [1]}, "startsAt": "x"}
    assert post(server.port, "/api/v2/alerts", [fault])[0] == 400
    kept, refused = told(server, REFUSALS)
    for line in (kept["warnings"], refused["fault"]):
        assert len(line) <= LONGEST_LINE
        assert line.isprintable()


@pytest.mark.parametrize(
    ("authorization", "user"),
    [("", None), (f"Bearer {'0' * 64}", None), (basic("Admin", "wrong"), "Admin"), (basic("a\nb", "x"), "a\\nb")],
)
def test_a_push_of_a_stranger_is_one_of_few_lines(server: Server, authorization: str, user: str | None) -> None:
    for _ in range(2 * MOST_LINES):
        assert post(server.port, PUSH, OCP, Authorization=authorization)[0] == 401
    assert told(server, REFUSALS) == []
    lines = told(server, STRANGERS)
    assert len(lines) >= MOST_LINES
    [line, *_] = [line for line in lines if "push" in line["message"]]
    assert (line["user"], line["path"], line["status"]) == (user, PUSH, 401)


def test_a_push_of_a_user_who_may_not_is_told(server: Server, path: Path) -> None:
    added = run_alertrpc("user", "add", "guest", "--database", f"sqlite:///{path}", env={"ALERTRPC_PASSWORD": "guest"})
    assert added.returncode == 0, added.stderr
    assert post(server.port, PUSH, OCP, Authorization=basic("guest", "guest"))[0] == 403
    [line] = told(server, REFUSALS)
    assert (line["user"], line["status"]) == ("guest", 403)


def test_a_push_with_an_encoding_is_told(server: Server) -> None:
    assert post(server.port, PUSH, OCP, **{"Content-Encoding": "gzip"})[0] == 415
    [line] = told(server, STRANGERS)
    assert line["message"] == (
        f"a push to {PUSH} by somebody from 127.0.0.1 was refused with 415: a body without Content-Encoding is expected"
    )


def test_other_requests_leave_the_lines_of_before(server: Server) -> None:
    send(server.port, b"GET /api/v2/alarm/alarms HTTP/1.0\r\n\r\n")
    send(server.port, b"GET /api/v2/alarm/x HTTP/1.0\r\n\r\n")
    assert [line["message"] for line in told(server, STRANGERS)] == [
        "127.0.0.1 may not GET /api/v2/alarm/alarms: Not authorized."
    ]
    assert told(server, REFUSALS) == []


@pytest.mark.parametrize(("left_out", "is_told"), [(7, True), (0, False), (None, False), ("7", False), (True, False)])
def test_alerts_that_alertmanager_left_out_are_told(server: Server, left_out: Any, is_told: bool) -> None:
    assert post(server.port, "/alertmanager", {**WEBHOOK, "truncatedAlerts": left_out})[0] == 200
    expected = {
        "message": "a push to /alertmanager by user 'Admin' from 127.0.0.1 lacks 7 alerts:"
        " its Alertmanager leaves out those beyond max_alerts",
        "user": "Admin",
        "path": "/alertmanager",
        "remote": "127.0.0.1",
        "left_out": 7,
    }
    assert told(server, REFUSALS) == ([expected] if is_told else [])


def login(server: Server, username: str, password: str) -> None:
    answer = exchange(server.port, call("user.login", {"username": username, "password": password}, id=1))
    assert ("result" in answer) == (password == PASSWORD)


def test_failed_logins_are_told_with_their_reason(server: Server) -> None:
    login(server, "Admin", PASSWORD)
    assert told(server, STRANGERS) == []
    for _ in range(6):
        login(server, "Admin", "wrong")
    odd = "x' from 1.2.3.4\n\u202e"
    login(server, odd, "x")
    lines = told(server, STRANGERS)
    wrong = {
        "message": "login as 'Admin' from 127.0.0.1 failed: wrong password",
        "user": "Admin",
        "remote": "127.0.0.1",
        "fault": "wrong password",
    }
    assert lines[:5] == [wrong] * 5
    assert [line["fault"] for line in lines[5:]] == ["blocked after failed logins", "no such user"]
    assert lines[6]["message"] == 'login as "x\' from 1.2.3.4\\n\\u202e" from 127.0.0.1 failed: no such user'
    assert lines[6]["user"] == "x' from 1.2.3.4\\n\\u202e"


def test_a_failed_login_by_basic_is_told_and_bounded(server: Server) -> None:
    assert post(server.port, PUSH, OCP, Authorization=basic("a" * 3000, "x"))[0] == 401
    lines = told(server, STRANGERS)
    assert [line["message"].partition(" ")[0] for line in lines] == ["login", "a"]
    assert lines[0]["message"].endswith(" from 127.0.0.1 failed: no such user")
    assert all(len(line["message"]) <= LONGEST_LINE and len(line["user"]) <= LONGEST_LINE for line in lines)


def test_a_disabled_user_is_told(server: Server, path: Path) -> None:
    assert run_alertrpc("user", "disable", "Admin", "--database", f"sqlite:///{path}").returncode == 0
    login(server, "Admin", "wrong")
    assert "result" not in exchange(server.port, call("user.login", {"username": "Admin", "password": PASSWORD}, id=1))
    faults = [line["fault"] for line in told(server, STRANGERS)]
    assert faults == ["wrong password", "disabled, or without a role"]


def test_a_try_that_is_repeated_is_told_without_secrets(path: Path, receiver: Receiver) -> None:
    echo = Answer(500, body=f"no {TOKEN}".encode())
    receiver.answer = in_turn(echo, Answer(503, body=b"busy"), Answer())
    channel = http_channel("hook", receiver, headers={"Authorization": f"Bearer {TOKEN}"}, max_attempts=3)
    config = write_config(path.with_name("config.toml"), to_admin(channel))
    with serving(path, "--config", str(config), "--log-format", "json") as server:
        push(server.port)
        [alert] = settled(path, 1)
        first, second = told(server, LANE)
        assert TOKEN not in server.log.read_text()
    for number, line in enumerate((first, second), 1):
        due = line.pop("next")
        assert datetime.fromisoformat(due).tzinfo is not None
        fault = line["fault"]
        assert line.pop("message") == (
            f"alert {alert['alertid']} through hook failed at attempt {number} and is sent again at {due}: {fault}"
        )
        assert "50" in line.pop("fault")
        assert line == {
            "alertid": alert["alertid"], "media_type": "hook", "attempt": number, "reason": "http_status",
        }  # fmt: skip


def test_the_last_try_that_failed_is_told(path: Path, receiver: Receiver) -> None:
    receiver.answer = in_turn(Answer(500, body=b"no"))
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver, max_attempts=1)))
    with serving(path, "--config", str(config)) as server:
        push(server.port)
        [alert] = settled(path, 1)
        assert eventually(lambda: f" alert {alert['alertid']} through hook failed: " in server.log.read_text())
