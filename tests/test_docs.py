"""The documents say everything that there is, and what they show is so."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import docutils.core
import pytest

from alertrpc.api.methods import METHODS
from alertrpc.app import build_app
from alertrpc.cli import cli
from alertrpc.configuration.actions import ACTION, STEP
from alertrpc.configuration.media_types import OF_ALL, OF_KIND
from alertrpc.configuration.user_groups import USER_GROUP
from alertrpc.configuration.users import MEDIUM, USER
from alertrpc.delivery.bell import Bell
from alertrpc.delivery.channels.script import GIVEN_UP
from alertrpc.delivery.outcome import Reason, Verdict
from alertrpc.ledger.variables import ALARM, ALERT, MESSAGE, OF_LABELS
from alertrpc.query.columns.attempt import ATTEMPT
from alertrpc.settings import OTHER_ENVIRONMENT, TABLE, read_settings
from tests.support import ROOT, Client, environment, run_alertrpc, serving

DOCUMENTS = [ROOT / "README.rst", ROOT / "CHANGELOG.rst", *sorted((ROOT / "docs").rglob("*.rst"))]
README = (ROOT / "README.rst").read_text()
KEYS = {
    "media_type": {key for keys in (OF_ALL, *OF_KIND.values()) for key in keys},
    "medium": set(MEDIUM.keys),
    "user": set(USER.keys),
    "user_group": set(USER_GROUP.keys),
    "action": set(ACTION.keys),
    "step": set(STEP.keys),
}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_document_is_sound_markup(path: Path) -> None:
    settings = {"halt_level": 2, "report_level": 2, "syntax_highlight": "none", "file_insertion_enabled": False}
    docutils.core.publish_string(path.read_text(), writer="null", settings_overrides=settings)


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_setting_is_documented_with_its_default(setting: object) -> None:
    text = (ROOT / "docs" / "settings.rst").read_text()
    name, default = getattr(setting, "name"), getattr(setting, "default")  # noqa: B009
    assert re.search(rf"^``{name}``\s+``{re.escape(default)}``\s", text, re.MULTILINE)


def test_other_variables_are_documented() -> None:
    text = (ROOT / "docs" / "settings.rst").read_text()
    assert [name for name in OTHER_ENVIRONMENT if f"``{name}``" not in text] == []


def test_methods_are_documented() -> None:
    """Parameters are checked in test_method_pages."""
    text = (ROOT / "docs" / "api.rst").read_text()
    names = {method.name for method in METHODS.values()}
    assert [name for name in sorted(names) if f"``{name}``" not in text and f"`{name} <" not in text] == []


def in_literals(path: str) -> set[str]:
    """What stands in double backquotes in a document."""
    return set(re.findall(r"``([^`]+)``", (ROOT / "docs" / path).read_text()))


@pytest.mark.parametrize("kind", [*KEYS])
def test_declared_keys_are_documented(kind: str) -> None:
    assert KEYS[kind] - in_literals("configuration.rst") == set()


def test_variables_are_documented_with_their_meanings() -> None:
    text = (ROOT / "docs" / "configuration.rst").read_text()
    for name, variable in {**ALARM, **ALERT, **MESSAGE}.items():
        assert re.search(rf"^``{name}``\s+{re.escape(variable.meaning)}$", text, re.MULTILINE), name
    assert set(OF_LABELS) - in_literals("configuration.rst") == set()


def test_reasons_outcomes_and_attempts_are_documented() -> None:
    named = in_literals("delivery.rst")
    assert {*Reason, *Verdict, *ATTEMPT.columns} - named == set()
    text = (ROOT / "docs" / "delivery.rst").read_text()
    for status in (0, os.EX_TEMPFAIL, GIVEN_UP):
        assert re.search(rf"^{status}\s", text, re.MULTILINE)


def test_routes_are_documented() -> None:
    app = build_app(read_settings(None, {}, {}), Bell())
    documents = "\n".join(path.read_text() for path in DOCUMENTS)
    paths = {resource.canonical for resource in app.router.resources()} - {
        "/{prefix}/api_jsonrpc.php",
        "/{path}",
        "/api/v2/{path}",
    }
    assert [path for path in sorted(paths) if path not in documents] == []


def test_commands_are_in_the_readme_or_its_documents() -> None:
    documents = "\n".join(path.read_text() for path in DOCUMENTS)
    assert [name for name in cli.commands if f"alertrpc {name}" not in documents] == []


def shown_commands() -> list[str]:
    """The commands of README's console blocks that ask the server of `make run`, each on one line or more."""
    of_example, _, _ = README.partition("\nAn on-call group\n")  # which test_on_call runs
    blocks = re.findall(r"\.\. code-block:: console\n\n((?:    .*\n|\n)+)", of_example)
    return [block.replace("\n    ", "\n").strip().removeprefix("$ ") for block in blocks if "curl" in block]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_shown_requests_give_the_shown_answer(tmp_path: Path) -> None:
    database = tmp_path / "example.db"
    loaded = run_alertrpc("load", str(ROOT / "examples" / "alerts.jsonl"), "--database", f"sqlite:///{database}")
    assert loaded.returncode == 0, loaded.stderr
    with serving(database) as server:
        script = "\n".join(shown_commands()).replace("http://127.0.0.1:8080", server.url)
        done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answers, end = [], 0
    while end < len(done.stdout):
        answer, end = json.JSONDecoder().raw_decode(done.stdout, end)
        answers.append(answer)
    shown = re.search(r"\.\. code-block:: json\n\n    (.*)\n", README)
    assert shown
    assert answers[0] == json.loads(shown[1])
    assert {alert["error"] != "" for alert in answers[1]["result"]} == {True}


def sent_alert(port: int) -> dict[str, Any]:
    """The newest alert, when it is sent."""
    client = Client(port)
    client.login("Admin", "zabbix")
    newest = {"sortfield": "alertid", "sortorder": "DESC", "limit": 1, "selectAttempts": ["outcome", "code"]}
    ends = time.monotonic() + 10
    try:
        while (alert := client.call("alert.get", newest, user="Admin")[0])["status"] != "1":
            assert time.monotonic() < ends, alert
            time.sleep(0.05)
    finally:
        client.close()
    found: dict[str, Any] = alert
    return found


def test_make_run_in_a_clean_clone(tmp_path: Path) -> None:
    """`make run` does all its set-up, and the alarm that the example pushes is sent; the copy holds what a clone does."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in files.stdout.rstrip("\0").split("\0"):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, target, follow_symlinks=False)
    kept = {name: value for name, value in environment(ALERTRPC_PORT="0").items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        ["make", "run"], cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=kept, start_new_session=True
    )
    try:
        assert process.stdout is not None
        output = ""
        while not (found := re.search(r"serves on http://127\.0\.0\.1:(\d+)", output)):
            line = process.stdout.readline()
            assert line, output
            output += line
        pushed = subprocess.run(
            [sys.executable, "examples/push_alarm.py"],
            cwd=tmp_path,
            env={**kept, "OCP_URL": f"http://127.0.0.1:{found[1]}"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert pushed.returncode == 0, pushed.stderr
        alert = sent_alert(int(found[1]))
        assert alert["subject"] == "Warning: your_alarm_type on alarm_target"
        assert alert["attempts"] == [{"number": "1", "outcome": "sent", "code": "0"}]
        assert "your_alarm_type" in (tmp_path / "work" / "example" / "alarm_output.txt").read_text()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)
        process.stdout.close()  # type: ignore[union-attr]
