"""alert.resend, and test messages by JSON-RPC, by OCP's path and by the command."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from alertrpc.api.passwords import hash_password
from tests.receivers import (
    PASSWORD,
    TOKEN,
    Answer,
    Receiver,
    alerts,
    attempts,
    http_channel,
    new_database,
    post,
    push,
    receiving,
    rows,
    script_channel,
    settled,
    to_admin,
    write_config,
    write_script,
)
from tests.support import Client, Server, run_alertrpc, serving
from tests.wire import eventually, execute

SCRIPT = """#!/bin/bash
echo "$1|$2"
case "$1" in
    fail) echo bad >&2; exit 3;;
    never) exit 78;;
esac
"""
SAYS = "outcome", "reason", "code", "stdout", "stderr"
MEMBERS = {"alertid", "outcome", "reason", "code", "error", "answer", "stdout", "stderr", "milliseconds"}


class Place(NamedTuple):
    """A server with a script channel "pager" and an HTTP channel "hook", and its database."""

    server: Server
    path: Path
    receiver: Receiver
    config: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("resend")
    path = new_database(folder / "alertrpc.db")
    write_script(folder / "scripts" / "s.sh", SCRIPT)
    with receiving() as receiver:
        channels = [http_channel("hook", receiver), script_channel("pager", "s.sh")]
        config = write_config(
            folder / "c.toml",
            to_admin(*channels),
            scripts_dir=str(folder / "scripts"),
            work_dir=str(folder / "work"),
            database=f"sqlite:///{path}",
        )
        for userid, (name, role) in enumerate({"user": 1, "admin": 2, "stranger": 2}.items(), 10):
            execute(
                path,
                "INSERT INTO users (userid, username, passwd, roleid) VALUES (?, ?, ?, ?)",
                userid,
                name,
                hash_password(PASSWORD),
                role,
            )
            if name != "stranger":
                execute(path, "INSERT INTO users_groups (usrgrpid, userid) VALUES (7, ?)", userid)
        with serving(path, "--config", str(config)) as server:
            yield Place(server, path, receiver, config)
        assert "Traceback" not in server.log.read_text()


@pytest.fixture
def client(place: Place) -> Iterator[Client]:
    place.receiver.answer = lambda got: Answer()
    client = Client(place.server.port)
    yield client
    client.close()


def call(client: Client, method: str, params: Any, user: str = "Admin") -> Any:
    """The result, or the error's `data`."""
    auth = TOKEN if user == "Admin" else client.login(user, PASSWORD)
    response = client.request(method, params, auth=auth)
    return response["result"] if "result" in response else response["error"]["data"]


def alert_row(path: Path, alertid: str) -> dict[str, Any]:
    (found,) = rows(path, "SELECT * FROM alerts WHERE alertid = ?", alertid)
    return found


# --- alert.resend


@pytest.fixture
def sent(place: Place, client: Client, request: pytest.FixtureRequest) -> list[str]:
    """The ids of two alerts that were sent, of an alarm of the test's own."""
    before = len(alerts(place.path))
    push(place.server.port, request.node.name[:100])
    found = settled(place.path, before + 2)
    execute(
        place.path,
        """INSERT INTO rights (groupid, permission, id) SELECT 7, 2, groupid FROM hstgrp
           WHERE NOT EXISTS (SELECT 1 FROM rights)""",
    )
    return [str(alert["alertid"]) for alert in found[before:]]


@pytest.mark.parametrize("user", ["Admin", "admin"])
def test_alerts_are_sent_again(place: Place, client: Client, sent: list[str], user: str) -> None:
    hook, pager = sent
    came = len(place.receiver.got)
    answer = call(client, "alert.resend", {"alertids": [pager, hook, pager]}, user)
    again = answer["alertids"]
    assert len(set(again) - set(sent)) == 2
    settled(place.path, len(alerts(place.path)))
    told = {"alertids": again, "selectResendOf": "extend", "sortfield": "alertid"}
    found = call(client, "alert.get", told)
    assert [alert["alertid"] for alert in found] == again
    assert [alert["status"] for alert in found] == ["1", "1"]
    assert [[old["alertid"] for old in alert["resendOf"]] for alert in found] == [[pager], [hook]]
    for alert, old in zip(found, [pager, hook], strict=True):
        before = alert_row(place.path, old)
        same = ("actionid", "eventid", "userid", "mediatypeid", "sendto", "subject", "message", "esc_step", "p_eventid")
        now = alert_row(place.path, alert["alertid"])
        assert {name: now[name] for name in same} == {name: before[name] for name in same}
        assert now["retries"] == 0
    first, second = place.receiver.got[came - 1], place.receiver.got[came]
    assert first.json["message"] == second.json["message"]
    assert first.delivery_id != second.delivery_id
    assert [row["number"] for row in attempts(place.path) if str(row["alertid"]) in again] == [1, 1]


def test_an_alert_that_was_given_up_is_sent_again(place: Place, client: Client, sent: list[str]) -> None:
    hook, _ = sent
    execute(place.path, "UPDATE alerts SET status = 2, retries = 3, error = 'down' WHERE alertid = ?", hook)
    (again,) = call(client, "alert.resend", {"alertids": hook})["alertids"]
    assert eventually(lambda: alert_row(place.path, again)["status"] == 1)
    old = alert_row(place.path, hook)
    assert (old["status"], old["retries"], old["error"]) == (2, 3, "down")


NO_OBJECT = "No permissions to referred object or it does not exist!"
NO_CALL = 'No permissions to call "alert.resend".'
REFUSED: list[tuple[str, str, Callable[[list[str]], Any], str]] = [
    ("a plain user", "user", lambda sent: sent, NO_CALL),
    ("who may not see them", "stranger", lambda sent: sent, NO_OBJECT),
    ("one is not there", "Admin", lambda sent: [*sent, "99999"], NO_OBJECT),
    (
        "one is a remote command",
        "Admin",
        lambda sent: [*sent, "90001"],
        'Invalid parameter "/alertids/3": a message sent',
    ),
    (
        "one has no media type",
        "Admin",
        lambda sent: ["90002", *sent],
        'Invalid parameter "/alertids/1": a message sent',
    ),
    ("no ids", "Admin", lambda sent: None, 'Invalid parameter "/alertids"'),
    ("no id", "Admin", lambda sent: ["x"], 'Invalid parameter "/alertids/1"'),
]


@pytest.mark.parametrize(("user", "asked", "error"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_all_or_none_is_sent_again(
    place: Place, client: Client, sent: list[str], user: str, asked: Callable[[list[str]], Any], error: str
) -> None:
    insert = "INSERT INTO alerts (alertid, actionid, eventid, userid, status, alerttype, mediatypeid) VALUES "
    values = f"({{}}, (SELECT actionid FROM alerts WHERE alertid = {sent[0]}), 1, 1, 1, {{}}, {{}})"
    execute(place.path, insert + values.format(90001, 1, 1))
    execute(place.path, insert + values.format(90002, 0, "NULL"))
    try:
        before = len(alerts(place.path))
        answer = call(client, "alert.resend", {"alertids": asked(sent)}, user)
        assert isinstance(answer, str), answer
        assert answer.startswith(error)
        assert len(alerts(place.path)) == before
    finally:
        execute(place.path, "DELETE FROM alerts WHERE alertid IN (90001, 90002)")


# --- test messages


def by_rpc(place: Place, name: str, **given: Any) -> Any:
    ((mediatypeid,),) = execute(place.path, "SELECT mediatypeid FROM media_type WHERE name = ?", name)
    client = Client(place.server.port)
    try:
        return call(client, "mediatype.test", {"mediatypeid": str(mediatypeid), **given})
    finally:
        client.close()


def by_path(place: Place, name: str, **given: Any) -> Any:
    status, envelope = post(place.server.port, f"/api/v2/alarm/channels/{name}/test", given)
    assert status == 200, envelope
    return envelope["data"]


def by_command(place: Place, name: str, **given: Any) -> Any:
    flags = [text for member, value in given.items() for text in (f"--{member}", value)]
    done = run_alertrpc("test-channel", name, *flags, "--config", str(place.config))
    assert done.stderr == ""
    assert done.returncode == (0 if "outcome: sent\n" in done.stdout else 1)
    told: dict[str, Any] = dict.fromkeys(MEMBERS, "")
    told["code"] = None
    last = ""
    for line in done.stdout.splitlines():  # a text of several lines goes on without a name
        name, colon, value = line.partition(": ")
        if colon and name in MEMBERS:
            told[name], last = value, name
        else:
            told[last] += "\n" + line
    told["code"] = None if told["code"] is None else int(told["code"])
    return told


WAYS = pytest.mark.parametrize("test", [by_rpc, by_path, by_command])
# channel, sendto, what the receiver answers; and then: what is told
TESTS: list[tuple[str, str, Answer, tuple[Any, ...]]] = [
    ("hook", "x", Answer(200, body=b"ok"), ("sent", "delivered", 200, "", "")),
    ("hook", "x", Answer(500, body=b"no"), ("try_again", "http_status", 500, "", "")),
    ("hook", "x", Answer(404), ("give_up", "http_status", 404, "", "")),
    ("hook", "x", Answer(drop=True), ("try_again", "network", None, "", "")),
    ("pager", "me", Answer(), ("sent", "delivered", 0, "me|[TEST] hello", "")),
    ("pager", "fail", Answer(), ("try_again", "exit_status", 3, "fail|[TEST] hello", "bad")),
    ("pager", "never", Answer(), ("give_up", "exit_status", 78, "never|[TEST] hello", "")),
]


@WAYS
@pytest.mark.parametrize(("name", "sendto", "answer", "says"), TESTS)
def test_a_channel(
    place: Place, test: Callable[..., Any], name: str, sendto: str, answer: Answer, says: tuple[Any, ...]
) -> None:
    place.receiver.answer = lambda got: answer
    before, came = alerts(place.path), len(place.receiver.got)
    told = test(place, name, sendto=sendto, subject="hello", message="world")
    assert set(told) == MEMBERS
    assert tuple(text.strip() if isinstance(text := told[name], str) else text for name in SAYS) == says
    assert bool(told["error"]) is (told["outcome"] != "sent")
    if says[2] in (200, 500):
        assert told["answer"] == answer.body.decode()
    # kept as an alert, and not tried again
    (alert,) = alerts(place.path)[len(before) :]
    assert str(alert["alertid"]) == told["alertid"]
    assert (alert["subject"], alert["message"], alert["sendto"]) == ("[TEST] hello", "[TEST] world", sendto)
    assert alert["status"] == (1 if says[0] == "sent" else 2)
    assert alert["retries"] == (0 if says[0] == "sent" else 1)
    assert alert["eventid"] == 0
    (attempt,) = [row for row in attempts(place.path) if row["alertid"] == alert["alertid"]]
    assert (attempt["number"], attempt["outcome"], attempt["reason"], attempt["code"]) == (1, *says[:3])
    assert execute(place.path, "SELECT COUNT(*) FROM alert_queue") == [(0,)]
    if name == "hook":
        assert [got.json["subject"] for got in place.receiver.got[came:]] == ["[TEST] hello"]
    ((disabled,),) = execute(place.path, "SELECT status FROM actions WHERE actionid = ?", alert["actionid"])
    assert disabled == 1


@WAYS
def test_the_words_of_the_media_type(place: Place, test: Callable[..., Any]) -> None:
    assert test(place, "pager", sendto="me")["stdout"].strip() == "me|[TEST] Reminder: Test message on alertrpc"
    assert alerts(place.path)[-1]["message"].startswith("[TEST] Alarm: Test message\nTarget: alertrpc\n")


@WAYS
def test_a_subject_of_a_test_is_one_line(place: Place, test: Callable[..., Any]) -> None:
    test(place, "pager", sendto="me", subject="a \n b" * 50)
    assert alerts(place.path)[-1]["subject"] == "[TEST] " + "a   b" * 50


def test_a_test_is_told_by_alert_get(place: Place, client: Client) -> None:
    told = by_path(place, "pager", sendto="me")
    (alert,) = call(client, "alert.get", {"alertids": told["alertid"], "selectAttempts": ["outcome"]})
    assert (alert["subject"][:7], alert["status"]) == ("[TEST] ", "1")
    assert [attempt["outcome"] for attempt in alert["attempts"]] == ["sent"]


def test_a_disabled_media_type_can_be_tried(place: Place, client: Client) -> None:
    execute(place.path, "UPDATE media_type SET status = 1 WHERE name = 'pager'")
    try:
        assert by_path(place, "pager", sendto="me")["outcome"] == "sent"
    finally:
        execute(place.path, "UPDATE media_type SET status = 0 WHERE name = 'pager'")


@pytest.mark.parametrize("user", ["user", "admin"])
def test_only_super_admins_test(place: Place, client: Client, user: str) -> None:
    before = len(alerts(place.path))
    params = {"mediatypeid": "1", "sendto": "x"}
    assert call(client, "mediatype.test", params, user) == 'No permissions to call "mediatype.test".'
    session = client.login(user, PASSWORD)
    status, envelope = post(
        place.server.port, "/api/v2/alarm/channels/hook/test", {"sendto": "x"}, Authorization=f"Bearer {session}"
    )
    assert (status, envelope["successful"], envelope["error"]["code"]) == (403, False, 403)
    assert len(alerts(place.path)) == before


def test_nobody_tests_nothing(place: Place) -> None:
    status, envelope = post(place.server.port, "/api/v2/alarm/channels/hook/test", {"sendto": "x"}, Authorization="")
    assert (status, envelope["error"]["code"]) == (401, 401)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"mediatypeid": "999", "sendto": "x"}, NO_OBJECT),
        ({"mediatypeid": "1"}, 'Invalid parameter "/": the parameter "sendto" is missing.'),
        ({"sendto": "x"}, 'Invalid parameter "/": the parameter "mediatypeid" is missing.'),
        ({"mediatypeid": "x", "sendto": "x"}, 'Invalid parameter "/mediatypeid": a number is expected.'),
        ({"mediatypeid": "1", "sendto": "x" * 1025}, 'Invalid parameter "/sendto": value is too long.'),
        ({"mediatypeid": "1", "sendto": "x", "to": "y"}, 'Invalid parameter "/": unexpected parameter "to".'),
    ],
)
def test_wrong_tests_by_rpc(client: Client, params: dict[str, Any], error: str) -> None:
    assert call(client, "mediatype.test", params) == error


@pytest.mark.parametrize(
    ("name", "body", "status", "code", "message"),
    [
        ("none", {"sendto": "x"}, 404, 40001, "there is no channel of this name"),
        ("hook", {}, 400, 400, "sendto: "),
        ("hook", {"sendto": 1}, 400, 400, "sendto: "),
        ("hook", {"sendto": ""}, 400, 400, "sendto: "),
        ("hook", {"sendto": "x", "to": "y"}, 400, 400, "to: unknown field"),
        ("hook", [], 400, 400, ""),
    ],
)
def test_wrong_tests_by_path(place: Place, name: str, body: Any, status: int, code: int, message: str) -> None:
    found, envelope = post(place.server.port, f"/api/v2/alarm/channels/{name}/test", body)
    assert (found, envelope["error"]["code"]) == (status, code)
    assert envelope["error"]["message"].startswith(message)


def test_a_test_whose_client_goes_away_is_kept(place: Place) -> None:
    """The try comes to its end, and is on record."""
    before, came, hold = len(alerts(place.path)), len(place.receiver.got), threading.Event()
    place.receiver.answer = lambda got: Answer(hold=hold)
    with closing(HTTPConnection("127.0.0.1", place.server.port, timeout=30)) as connection:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connection.request("POST", "/api/v2/alarm/channels/hook/test", '{"sendto": "x"}', headers)
        place.receiver.waits_for(came + 1)
    hold.set()
    assert eventually(lambda: [alert["status"] for alert in alerts(place.path)[before:]] == [1])


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (["none", "--sendto", "x"], 1, "alertrpc: there is no media type 'none'\n"),
        (["pager"], 2, "alertrpc: Missing option '--sendto'.\n"),
        ([], 2, "alertrpc: Missing argument 'NAME'.\n"),
    ],
)
def test_wrong_tests_by_command(place: Place, arguments: list[str], status: int, error: str) -> None:
    done = run_alertrpc("test-channel", *arguments, "--config", str(place.config))
    assert (done.returncode, done.stdout, done.stderr) == (status, "", error)
