"""Secrets that stand in the environment or in files: read when a message is sent, stored nowhere, and told nowhere."""

import base64
import json
import os
import threading
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from alertrpc.references import (
    LARGEST_REFERENCE,
    MissingReference,
    absolute,
    filled,
    is_readable_by_all,
    read_reference,
    references_in,
)
from tests.receivers import (
    Answer,
    Got,
    Receiver,
    alerts,
    attempts,
    http_channel,
    post,
    push,
    script_channel,
    settled,
    to_admin,
    write_config,
    write_script,
)
from tests.support import run_alertrpc, serving
from tests.wire import eventually, execute

TOKEN_VALUE = 's3cr3t-T0ken/+&"x'


# --- as values


def test_what_is_a_reference() -> None:
    text = "a ${env:A} ${file:/b c/d} ${env:1} ${env:} ${file:} ${label_env:A} ${env:B|url} ${env:C_json}"
    assert references_in(text) == ["env:A", "file:/b c/d", "env:B", "env:C"]
    assert filled("<${env:A}> ${x}", {"env:A": "${env:B}"}) == "<${env:B}> ${x}"
    assert absolute("${file:a/b} ${file:/c} ${env:file}", Path("/etc")) == "${file:/etc/a/b} ${file:/c} ${env:file}"


def test_a_file_is_read_without_its_last_line_break(tmp_path: Path) -> None:
    for text, value in [("a\n", "a"), ("a", "a"), ("a\n\n", "a\n"), ("a\r\n", "a"), (" a \n", " a ")]:
        (tmp_path / "f").write_bytes(text.encode())
        assert read_reference(f"file:{tmp_path / 'f'}") == value


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "long").write_text("x" * (LARGEST_REFERENCE + 1))
    (tmp_path / "fits").write_text("x" * LARGEST_REFERENCE)
    (tmp_path / "bytes").write_bytes(b"\xff")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "nul").write_text("a\0")
    assert len(read_reference(f"file:{tmp_path / 'fits'}")) == LARGEST_REFERENCE
    wrong = {
        "pipe": "is no regular file",
        "long": "has more than 64 KiB",
        "bytes": "is not in UTF-8",
        "empty": "is empty",
        "nul": "has a NUL",
        "none": "cannot be read: No such file or directory",
        "": "is no regular file",
    }
    for name, fault in wrong.items():
        with pytest.raises(MissingReference, match=fault):
            read_reference(f"file:{tmp_path / name}")
    with pytest.raises(MissingReference, match="the environment has no variable NOT_THERE"):
        read_reference("env:NOT_THERE", {})


def test_who_may_read_a_file(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("x")
    file.chmod(0o640)
    assert not is_readable_by_all(f"file:{file}")
    file.chmod(0o644)
    assert is_readable_by_all(f"file:{file}")
    assert not is_readable_by_all("env:HOME")


# --- on servers


def test_they_are_read_when_a_message_is_sent(path: Path, receiver: Receiver) -> None:
    (path.parent / "secrets").mkdir()
    token = path.parent / "secrets" / "token"
    token.write_text("first-token\n")
    hook = http_channel(
        "hook",
        receiver,
        url="${env:HOOK}/x?key=${file:secrets/token}",
        headers={"Authorization": "Bearer ${env:BEARER}", "X-Json": "${env:BEARER_json}"},
        body='{"text": ${message_json}, "token": "${file:secrets/token}"}',
        message="on ${alarm_target}",
    )
    config = write_config(path.with_name("config.toml"), to_admin(hook))
    env = {"HOOK": receiver.url.rstrip("/"), "BEARER": TOKEN_VALUE}
    with serving(path, "--config", str(config), env=env) as server:
        push(server.port, "${env:BEARER}")
        receiver.waits_for(1)
        token.write_text("second-token\n")
        push(server.port, "db-2")
        settled(path, 2)
    first, second = receiver.got
    assert (first.path, second.path) == ("/x?key=first-token", "/x?key=second-token")
    assert (first.headers["Authorization"], first.headers["X-Json"]) == (
        f"Bearer {TOKEN_VALUE}",
        json.dumps(TOKEN_VALUE),
    )
    assert first.json == {"text": "on ${env:BEARER}", "token": "first-token"}, "a text of an alarm is no template"
    stored = b"".join([file.read_bytes() for file in path.parent.glob(path.name + "*") if file.is_file()])
    assert TOKEN_VALUE.encode() not in stored
    assert b"first-token" not in stored


def test_a_missing_one_is_tried_again(path: Path, receiver: Receiver) -> None:
    hook = http_channel("hook", receiver, headers={"X-Token": "${file:token}"}, attempt_growth=1)
    hook["attempt_interval"] = "1s"
    config = write_config(path.with_name("config.toml"), to_admin(hook))
    with serving(path, "--config", str(config)) as server:
        assert eventually(lambda: "token cannot be read" in server.log.read_text())
        push(server.port)
        assert eventually(lambda: len(attempts(path)) >= 1)
        (path.parent / "token").write_text("here-it-is")
        settled(path, 1)
    first = attempts(path)[0]
    assert (first["outcome"], first["reason"]) == ("try_again", "missing_reference")
    assert first["error"] == f"the file {path.parent / 'token'} cannot be read: No such file or directory"
    assert receiver.got[0].headers["X-Token"] == "here-it-is"


def test_a_script_does_not_get_them(path: Path) -> None:
    write_script(path.parent / "scripts" / "tell.sh", "#!/bin/bash\nenv\n")
    script = script_channel("pager", "tell.sh", expect="${env:EXPECTED}")
    config = write_config(path.with_name("config.toml"), to_admin(script))
    with serving(path, "--config", str(config), env={"EXPECTED": "{}"}) as server:
        push(server.port)
        settled(path, 1)
    assert "EXPECTED" not in attempts(path)[0]["stdout"]


def test_check_says_what_is_missing_or_readable_by_everybody(path: Path, receiver: Receiver) -> None:
    (path.parent / "open").write_text("x-secret")
    (path.parent / "open").chmod(0o644)
    hook = http_channel("hook", receiver, headers={"A": "${env:NOT_THERE}", "B": "${file:open}", "C": "${file:gone}"})
    config = write_config(path.with_name("config.toml"), to_admin({**hook, "tls_ca": "gone.pem"}))
    done = run_alertrpc("check", str(config), "--database", f"sqlite:///{path}")
    assert done.returncode == 2
    here = f'{config}: media_type 1 "hook": '
    for fault in (
        f"warning: {here}everybody may read the file {path.parent / 'open'}",
        f"{here}headers: the environment has no variable NOT_THERE",
        f"{here}headers: the file {path.parent / 'gone'} cannot be read: No such file or directory",
        f"{here}tls_ca: the file {path.parent / 'gone.pem'} has no certificates: No such file or directory",
    ):
        assert fault in done.stderr
    assert "x-secret" not in done.stderr + done.stdout


# --- what a receiver echoes

SECRETS = {
    "in the URL": "url-Segment-0123456789abcdef",
    "of the query": "qu3ry+t0ken/=x",
    "of a header": "h3ader-t0ken-é",
    "of Basic": "basic-passw0rd",
    "of the body": 'b0dy "secret" <x>',
    "of the environment": "env1ronment&secret",
    "of a file": "f1le-secret\\n",
    "of the signature": "s1gnature-secret",
}
SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: quote(text, safe=""),
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: escape(text),
    lambda text: "".join(f"&#{ord(each)};" for each in text),
    lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    lambda text: text.encode().hex(),
    lambda text: text.encode().hex().upper(),
)


def test_no_secret_of_any_kind_is_told(path: Path, receiver: Receiver) -> None:
    """The receiver echoes each secret in each spelling, in many pieces, and all that it got."""
    (path.parent / "secret").write_text(SECRETS["of a file"] + "\n")
    pieces = [f"{place}={spelled(secret)}" for place, secret in SECRETS.items() for spelled in SPELLINGS]
    left = iter([pieces[start : start + 6] for start in range(0, len(pieces), 6)] * 2)
    lock = threading.Lock()

    def echo(got: Got) -> Answer:
        with lock:
            some = next(left, [])
        answer = "\n".join([*some, got.path, *[f"{name}: {value}" for name, value in got.headers.items()]])
        return Answer(500, body=answer.encode("utf-8", "replace") + b"\n" + got.body[:1500])

    receiver.answer = echo
    query = quote(SECRETS["of the query"], safe="")
    hook = http_channel(
        "hook",
        receiver,
        url=f"{receiver.url}{SECRETS['in the URL']}/x?token={query}&e=${{env:SECRET|url}}",
        headers={
            "X-Api-Key": SECRETS["of a header"],
            "Authorization": "Basic " + base64.b64encode(f"bob:{SECRETS['of Basic']}".encode()).decode(),
            "X-File": "${file:secret}",
            "X-Env": "${env:SECRET}",
        },
        body='{"text": ${message_json}, "secret": '
        + json.dumps(SECRETS["of the body"])
        + ', "f": ${file:secret|json}}',
        sign={"scheme": "dingtalk", "secret": SECRETS["of the signature"]},
        max_attempts=2 * len(pieces) // 6,
        attempt_growth=1,
    )
    config = write_config(path.with_name("config.toml"), to_admin(hook))
    env = {"SECRET": SECRETS["of the environment"]}
    with serving(path, "--config", str(config), env=env) as server:
        push(server.port)
        settled(path, 1)
        params = {"selectAttempts": "extend", "output": "extend"}
        call = {"jsonrpc": "2.0", "method": "alert.get", "params": params, "id": 1}
        _, answer = post(server.port, "/api_jsonrpc.php", call)
        log = server.log.read_text()
    assert len(answer["result"][0]["attempts"]) == 2 * len(pieces) // 6
    kept = json.dumps(answer, ensure_ascii=False) + log + json.dumps(attempts(path) + alerts(path), ensure_ascii=False)
    told = json.loads(json.dumps([answer, attempts(path), alerts(path)]))
    texts = "\n".join(all_texts(told)) + log
    for place, secret in SECRETS.items():
        for number, spelled in enumerate(SPELLINGS):
            assert spelled(secret) not in texts, (place, number)
    assert kept.count("******") > 100
    whole = path.read_bytes()
    for place in ("of the environment", "of a file"):
        assert SECRETS[place].encode() not in whole
    masked = "SELECT COUNT(*) FROM attempts WHERE request LIKE 'POST http%' AND request LIKE '%X-Env: ******%'"
    assert execute(path, masked) == [(2 * len(pieces) // 6,)]


def all_texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for each in value for text in all_texts(each)]
    return [text for each in value.values() for text in all_texts(each)] if isinstance(value, dict) else []
