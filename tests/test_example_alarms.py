"""The examples that push alarms, the example scripts of channels, and the example configurations."""

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from alertrpc.configuration.reading import read_configuration
from alertrpc.delivery.channels import KINDS
from alertrpc.delivery.channels.script import ScriptMediaType
from alertrpc.intake import ocp
from alertrpc.settings import read_settings
from tests.support import ROOT, WARNINGS, environment

EXAMPLES = ROOT / "examples"
SCRIPTS = EXAMPLES / "scripts"
PUSH_PY = [sys.executable, *WARNINGS, str(EXAMPLES / "push_alarm.py")]
PUSH_SH = ["bash", str(EXAMPLES / "push_alarm.sh")]
SAMPLE = {"alarmType": "your_alarm_type", "labels": {"key": "value"}, "target": "alarm_target"}
PASSWORD = 'wr"o\\ng пароль'
pushes = pytest.mark.parametrize(
    "command",
    [PUSH_PY, pytest.param(PUSH_SH, marks=pytest.mark.skipif(not shutil.which("curl"), reason="no curl"))],
    ids=["push_alarm.py", "push_alarm.sh"],
)


class Receiver(HTTPServer):
    """Keeps what is pushed; a wrong password is answered 401."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests: list[tuple[str, str, str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        user = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        self.server.requests.append((self.path, self.headers["Content-Type"], user, body))
        accepted = user == "Admin:zabbix"
        answer = {"data": {"id": 1}} if accepted else {"error": {"code": 401, "message": "Incorrect\nuser name"}}
        self.send_response(200 if accepted else 401)
        self.end_headers()
        self.wfile.write(json.dumps(answer, indent=1).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(command: list[str], cwd: Path | None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, encoding="utf-8", timeout=60)


def push(command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    return run(command, None, **environment(no_proxy="127.0.0.1", **env))


@pushes
def test_a_push_of_the_sample(receiver: Receiver, command: list[str]) -> None:
    done = push(command, OCP_URL=receiver.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"data": {"id": 1}}
    assert receiver.requests == [("/api/v2/alarm/alarms", "application/json", "Admin:zabbix", SAMPLE)]


@pushes
def test_a_refused_push(receiver: Receiver, command: list[str]) -> None:
    done = push(command, OCP_URL=receiver.url, OCP_USER="me", OCP_PASSWORD=PASSWORD)
    assert done.returncode != 0
    assert "401" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Incorrect" in done.stdout + done.stderr
    assert [user for _, _, user, _ in receiver.requests] == [f"me:{PASSWORD}"]


@pushes
@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "no address"])
def test_a_push_to_nobody_names_the_address_and_how_to_give_another(command: list[str], url: str) -> None:
    done = push(command, OCP_URL=url)
    assert done.returncode != 0
    assert done.stdout.strip() == ""
    assert f"no answer from {url}" in done.stderr.splitlines()[-1]
    assert "OCP_URL" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_push_with_every_option(receiver: Receiver) -> None:
    what = ["--type", "t", "--target", "x", "--level", "1", "--summary", "s", "--inactive", "--label", "a=1=2"]
    where = ["--url", f"{receiver.url}/", "--user", "Admin", "--password", "zabbix", "--label", "b="]
    done = push([*PUSH_PY, *what, *where])
    assert (done.returncode, done.stderr) == (0, "")
    ((_, _, _, body),) = receiver.requests
    assert body == {
        "alarmType": "t",
        "target": "x",
        "labels": {"a": "1=2", "b": ""},
        "level": 1,
        "summary": "s",
        "status": "Inactive",
    }
    assert ocp.parse(body, 0).alarms


@pytest.mark.parametrize("name", ["send_alarm.py", "send_alarm.sh"])
def test_a_script_of_a_channel(tmp_path: Path, name: str) -> None:
    messages = ["one", 'two "quoted"\nlines of $HOME', "-n три"]
    path = os.environ["PATH"]
    for message in messages:
        done = run([str(SCRIPTS / name)], tmp_path, PATH=path, LANG="C.UTF-8", message=message)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"Alert message: {message}\nsend alarm success\n"
    assert (tmp_path / "alarm_output.txt").read_text() == "".join(f"{message}\n" for message in messages)


@pytest.mark.parametrize("name", ["send_alarm.py", "send_alarm.sh"])
def test_a_script_of_a_channel_fails(tmp_path: Path, name: str) -> None:
    done = run([str(SCRIPTS / name)], tmp_path, PATH=os.environ["PATH"])
    assert (done.returncode, done.stdout) == (1, "")
    assert "message" in done.stderr
    (tmp_path / "alarm_output.txt").mkdir()
    done = run([str(SCRIPTS / name)], tmp_path, PATH=os.environ["PATH"], message="m")
    assert (done.returncode, done.stdout) == (1, "Alert message: m\n")
    assert "alarm_output.txt" in done.stderr


@pytest.mark.parametrize("name", ["alertrpc.toml", "media_types.toml"])
def test_a_configuration_is_sound(name: str) -> None:
    path = str(EXAMPLES / name)
    configuration = read_configuration(path, KINDS)
    scripts_dir = ROOT / read_settings(path, {}, {}).scripts_dir
    scripts = [each.script for each in configuration.media_types if isinstance(each, ScriptMediaType)]
    assert scripts
    assert all(os.access(scripts_dir / script, os.X_OK) for script in scripts)


def test_there_is_an_example_of_every_channel() -> None:
    declared = read_configuration(str(EXAMPLES / "media_types.toml"), KINDS).media_types
    media_types: dict[str, Any] = {each.name: each for each in declared}
    assert {each.kind for each in media_types.values()} == set(KINDS)
    assert all(media_types[name].expect for name in ("DingTalk", "Feishu", "WeCom", "Slack", "Telegram"))
