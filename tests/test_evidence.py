"""What was sent is on record: of requests, of scripts, of mails and of digests, without secrets, and cut."""

import json
import threading
from pathlib import Path
from typing import Any

from tests.receivers import (
    Answer,
    Receiver,
    alerts,
    attempts,
    http_channel,
    post,
    push,
    push_many,
    script_channel,
    settled,
    to_admin,
    write_config,
    write_script,
)
from tests.support import serving
from tests.test_delivery import mailing


def evidence(port: int) -> list[tuple[str, str]]:
    """Of each attempt the request, and whether it is cut."""
    params = {"output": [], "selectAttempts": ["request", "request_cut"], "sortfield": "alertid"}
    call = {"jsonrpc": "2.0", "method": "alert.get", "params": params, "id": 1}
    _, answer = post(port, "/api_jsonrpc.php", call)
    return [(tried["request"], tried["request_cut"]) for alert in answer["result"] for tried in alert["attempts"]]


def test_a_request(path: Path, receiver: Receiver) -> None:
    hook = http_channel(
        "hook",
        receiver,
        headers={"X-Token": "opensesame", "X-Target": "${alarm_target}"},
        url=receiver.url + "a?key=sesame12",
    )
    config = write_config(path.with_name("config.toml"), to_admin(hook))
    with serving(path, "--config", str(config)) as server:
        push(server.port)
        settled(path, 1)
        [(request, cut)] = evidence(server.port)
    head, _, body = request.partition("\n\n")
    lines = head.split("\n")
    assert lines[0] == f"POST {receiver.url}a?key=******"
    assert {"X-Token: ******", "X-Target: db-1", "Content-Type: application/json"} <= set(lines)
    assert f"Idempotency-Key: {receiver.got[0].delivery_id}" in lines
    assert (body.encode(), cut) == (receiver.got[0].body, "0")


def test_a_long_body_is_cut_after_its_secrets_are_masked(path: Path, receiver: Receiver) -> None:
    body = '{"text": "' + "é" * 1020 + '${alarm_description}", "secret": "opensesame"}'
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver, body=body)))
    with serving(path, "--config", str(config)) as server:
        push(server.port, description="opensesame" * 1000)
        settled(path, 1)
        [(request, cut)] = evidence(server.port)
    kept = request.partition("\n\n")[2]
    assert cut == "1"
    assert len(kept.encode()) <= 2048
    assert kept.startswith('{"text": "ééé')
    assert "opens" not in kept


def test_an_attempt_without_an_answer_has_it_too(path: Path, receiver: Receiver) -> None:
    receiver.answer = lambda got: Answer(drop=True)
    hook = http_channel("hook", receiver, max_attempts=1)
    with serving(path, "--config", str(write_config(path.with_name("config.toml"), to_admin(hook)))) as server:
        push(server.port)
        settled(path, 1)
        [(request, _)] = evidence(server.port)
    assert request.startswith(f"POST {receiver.url}\n")


def test_a_script(path: Path) -> None:
    script = write_script(path.parent / "scripts" / "tell.sh", "#!/bin/bash\nexit 0\n")
    config = write_config(path.with_name("config.toml"), to_admin(script_channel("pager", "tell.sh")))
    with serving(path, "--config", str(config)) as server:
        push(server.port, labels={"team": "dba"})
        settled(path, 1)
        [(request, cut)] = evidence(server.port)
    lines = request.split("\n")
    assert lines[0] == f"script: {script.resolve()}"
    assert {"alarm_name", "label_team", "delivery_id"} <= set(lines[1].removeprefix("variables: ").split(", "))
    assert lines[2:5] == ["argument: to pager", "argument: Warning: slow on db-1", "argument: Alarm: slow"]
    assert cut == "0"


def test_a_mail(path: Path) -> None:
    with mailing(path) as (server, _):
        push(server.port)
        settled(path, 1)
        assert evidence(server.port) == [
            ("MAIL FROM:<alerts@example.com>\nRCPT TO:<dba@example.com>\nSubject: Warning: slow on db-1", "0")
        ]


def test_all_alerts_of_a_digest_have_its_request(path: Path, receiver: Receiver) -> None:
    first = threading.Event()
    answers = iter([Answer(hold=first), Answer(500), Answer()])
    receiver.answer = lambda got: next(answers)
    hook = http_channel("hook", receiver, digest=2, attempt_interval="1s")
    with serving(path, "--config", str(write_config(path.with_name("config.toml"), to_admin(hook)))) as server:
        push(server.port, "first")
        receiver.waits_for(1)
        push_many(server.port, [f"db-{number}" for number in range(5)])
        first.set()
        settled(path, 6)
        alone, *together = evidence(server.port)
    assert alone != together[0]
    assert len(together) == 10
    assert len(set(together)) == 1
    assert json.loads(together[0][0].partition("\n\n")[2])["subject"].startswith("5 alarms")
    assert sum(bool(tried["request"]) for tried in attempts(path)) == 3, "it is kept once for each attempt"


# --- redirects


def test_where_a_refused_redirect_leads_is_kept(path: Path, receiver: Receiver) -> None:
    receiver.answer = lambda got: Answer(302, {"Location": "https://login.example.com/?token=opensesame"})
    hook = http_channel("hook", receiver, headers={"X-Token": "opensesame"})
    with serving(path, "--config", str(write_config(path.with_name("config.toml"), to_admin(hook)))) as server:
        push(server.port)
        settled(path, 1)
    assert alerts(path)[0]["error"] == "HTTP 302 Found, Location: https://login.example.com/?token=******"
    assert len(receiver.got) == 1


# --- several addresses of a mail


def replies(given: dict[str, list[str]]) -> Any:
    """What a mail server answers to each RCPT, one after the other; it takes what it does not know."""
    return lambda address: (given.get(address) or ["250 OK"]).pop(0) if given.get(address) else "250 OK"


def test_each_address_has_its_own_receipt(path: Path) -> None:
    with mailing(path, sendto="Ops <a@example.com>, b@example.com, a@example.com") as (server, mails):
        push(server.port)
        [alert] = settled(path, 1)
    assert (alert["status"], alert["error"], len(mails)) == (1, "", 1)
    assert b"To: Ops <a@example.com>,\r\n b@example.com\r\n" in mails[0]
    assert attempts(path)[0]["request"].split("\n")[1:3] == ["RCPT TO:<a@example.com>", "RCPT TO:<b@example.com>"]


def test_who_is_refused_for_good_is_named(path: Path) -> None:
    rcpt = replies({"b@example.com": ["550 no such user"]})
    with mailing(path, sendto="a@example.com, b@example.com", rcpt=rcpt) as (server, mails):
        push(server.port)
        [alert] = settled(path, 1)
    assert (alert["status"], alert["error"]) == (1, "b@example.com: 550 no such user")
    assert len(mails) == len(attempts(path)) == 1


def test_only_who_is_refused_for_now_is_tried_again(path: Path) -> None:
    rcpt = replies({"b@example.com": ["451 later", "250 OK"], "c@example.com": ["550 no such user"]})
    sendto = "a@example.com, b@example.com, c@example.com"
    with mailing(path, sendto=sendto, rcpt=rcpt) as (server, mails):
        push(server.port)
        [alert] = settled(path, 1)
    first, second = attempts(path)
    assert (first["outcome"], first["error"]) == (
        "try_again",
        "b@example.com: 451 later; c@example.com: 550 no such user",
    )
    assert second["request"].split("\n")[1:-1] == ["RCPT TO:<b@example.com>"]
    assert (alert["status"], alert["retries"], len(mails)) == (1, 1, 2)
    assert b"\r\nTo: b@example.com\r\n" in mails[1]


def test_it_is_sent_if_at_least_one_took_it(path: Path) -> None:
    rcpt = replies({"b@example.com": ["451 later"] * 3})
    more = {"max_attempts": 3, "attempt_growth": 1}
    with mailing(path, sendto="a@example.com, b@example.com", rcpt=rcpt, media_type=more) as (server, mails):
        push(server.port)
        [alert] = settled(path, 1)
    assert (alert["status"], alert["error"], len(mails)) == (1, "b@example.com: 451 later", 1)
    assert len(attempts(path)) == 3


def test_it_fails_if_none_took_it(path: Path) -> None:
    rcpt = replies({"a@example.com": ["550 no"], "b@example.com": ["451 later", "550 no"]})
    with mailing(path, sendto="a@example.com, b@example.com", rcpt=rcpt) as (server, mails):
        push(server.port)
        [alert] = settled(path, 1)
    assert (alert["status"], mails) == (2, [])
    assert [tried["request"].count("RCPT") for tried in attempts(path)] == [2, 1]
