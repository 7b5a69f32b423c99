"""The documents say everything that there is, and what they show is so."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import docutils.core
import pytest

from alertrpc.api.methods import METHODS
from alertrpc.app import build_app
from alertrpc.cli import cli
from alertrpc.configuration.actions import ACTION, STEP
from alertrpc.configuration.users import MEDIUM, USER, USER_GROUP
from alertrpc.delivery.bell import Bell
from alertrpc.delivery.channels import KINDS
from alertrpc.delivery.channels.script import GIVEN_UP
from alertrpc.delivery.protocol import Reason, Verdict
from alertrpc.ledger.variables import ALARM, ALERT, MESSAGE, OF_LABELS
from alertrpc.query.columns.attempt import ATTEMPT
from alertrpc.settings import NEED_RESTART, OTHER_ENVIRONMENT, TABLE, read_settings
from tests.support import ROOT, Client, environment, run_alertrpc, serving, write_lines

ADVICE = ROOT / "CONTRIBUTING.rst"
DOCUMENTS = [ROOT / "README.rst", ROOT / "CHANGELOG.rst", ADVICE, *sorted((ROOT / "docs").rglob("*.rst"))]
README = (ROOT / "README.rst").read_text()
KEYS = {
    "media_type": {"type", *[key.name for kind in KINDS.values() for key in fields(kind)]},
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


def test_settings_that_need_a_restart_are_documented() -> None:
    [told] = re.findall(
        r"((?:``\w+``[,\s]+|and )+``\w+`` need a restart)", (ROOT / "docs" / "settings.rst").read_text()
    )
    assert set(re.findall(r"``(\w+)``", told)) == set(NEED_RESTART)


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


def named_files() -> list[str]:
    """The paths in the advice to contributors, in backquotes and in commands."""
    text = ADVICE.read_text()
    literals = [
        name for name in re.findall(r"``([^` ]+)``", text) if re.fullmatch(r"[\w.]+/[\w./]*|\w+\.(sql|rst)", name)
    ]
    return literals + re.findall(r"pytest -q (\S+)", text)


@pytest.mark.parametrize("name", named_files())
def test_a_file_that_contributors_are_sent_to_is_there(name: str) -> None:
    path = ROOT / name
    if "NAME" in path.name:  # it is yet to be written, beside others like it
        assert list(path.parent.glob(path.name.replace("NAME", "*")))
    else:
        assert path.is_dir() if name.endswith("/") else path.is_file()


def test_contributors_are_sent_to_files() -> None:
    assert {"alertrpc/settings.py", "alertrpc/intake/NAME.py", "schema.sql", "tests/data/"} <= {*named_files()}


def test_the_archive_has_the_documents_of_its_root() -> None:
    included = (ROOT / "MANIFEST.in").read_text().splitlines()[0].split()
    assert {"CONTRIBUTING.rst", "CHANGELOG.rst", "LICENSE"} <= {*included}


def test_commands_are_in_the_readme_or_its_documents() -> None:
    documents = "\n".join(path.read_text() for path in DOCUMENTS)
    assert [name for name in cli.commands if f"alertrpc {name}" not in documents] == []


def console_commands(text: str) -> list[str]:
    """The commands of a document's console blocks, each on one line or more."""
    blocks = re.findall(r"\.\. code-block:: console\n\n((?:    .*\n|\n)+)", text)
    return [
        command.strip()
        for block in blocks
        for command in re.split(
            r"^\$ ", block.strip("\n").replace("\n    ", "\n").removeprefix("    "), flags=re.MULTILINE
        )
        if command
    ]


def shown_commands() -> list[str]:
    """README's commands that ask the server of `make run` with curl."""
    of_example, _, _ = README.partition("\nAn on-call group\n")  # which test_on_call runs
    return [command for command in console_commands(of_example) if "curl" in command]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_answers_of_curl_end_their_line(path: Path) -> None:
    asking = [command for command in console_commands(path.read_text()) if command.startswith("curl")]
    assert [command for command in asking if not command.startswith("curl -s -w '\\n' ")] == []


@pytest.mark.parametrize("path", DOCUMENTS[:1] + DOCUMENTS[2:], ids=lambda path: path.name)
def test_who_names_ocp_says_what_it_is(path: Path) -> None:
    """Or links the document that does: many read OpenShift."""
    text = path.read_text()
    assert "OCP" not in text or "`OceanBase Cloud Platform <https://" in text or "<alarms.rst>`_" in text


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_shown_requests_give_the_shown_answer(tmp_path: Path) -> None:
    database = tmp_path / "example.db"
    loaded = run_alertrpc("load", str(ROOT / "examples" / "alerts.jsonl"), "--database", f"sqlite:///{database}")
    assert loaded.returncode == 0, loaded.stderr
    with serving(database) as server:
        script = "\n".join(shown_commands()).replace("http://127.0.0.1:8080", server.url)
        done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
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


def outputs(text: str, url: str, folder: Path, env: dict[str, str]) -> list[str]:
    """What each console command of a text writes, run in order in one shell of the folder; each must do well."""
    script = "\n".join(f"echo @@@\n{command}" for command in console_commands(text))
    done = subprocess.run(
        ["bash", "-euc", script.replace("http://127.0.0.1:8080", url)],
        cwd=folder,
        env={**env, "OCP_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("@@@\n")[1:]


OF_THE_READER = """
[[media_type]]
name = "mail"
type = "email"
smtp_server = "127.0.0.1"
smtp_email = "alertrpc@example.com"
"""


def test_a_database_of_your_own(tmp_path: Path) -> None:
    """README's commands do what they say, in a venv; pip has installed for `test_make_run_in_a_clean_clone` already."""
    section = README.partition("\nA database of your own\n")[2].partition("\nAn on-call group\n")[0]
    commands = [command for command in console_commands(section) if not command.startswith("pip install .")]
    assert len(commands) == len(console_commands(section)) - 1
    write_lines(tmp_path / "hosts.jsonl", [{"table": "hosts", "hostid": "10084", "host": "web-1", "name": "Web 1"}])
    (tmp_path / "alertrpc.toml").write_text(OF_THE_READER)
    installed = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = environment(HOME=str(tmp_path), PATH=installed, ALERTRPC_PORT="0")
    serve = f"exec {commands.pop()}"
    assert serve.startswith("exec alertrpc serve ")
    done = subprocess.run(
        ["bash", "-euc", "\n".join(commands)], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if "can see nothing" not in line] == []
    for said in ("The password of Admin is ", "added noc\n", "loaded 1 row ", 'media type "mail": made', "no faults\n"):
        assert said in done.stdout
    process = subprocess.Popen(
        ["bash", "-euc", serve], cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        assert process.stdout is not None
        assert "alertrpc serves on http://127.0.0.1:" in process.stdout.readline()
        process.terminate()
    assert process.returncode == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_make_run_in_a_clean_clone(tmp_path: Path) -> None:
    """`make run` does all its set-up, and README's commands come true; the copy holds what a clone does."""
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
        shown = outputs(
            README.partition("\nA database of your own\n")[0], f"http://127.0.0.1:{found[1]}", tmp_path, kept
        )
        assert [output[-1:] for output in shown] == ["", *["\n"] * (len(shown) - 1)], "TOKEN alone is silent"
        (waited,) = [output for output in shown if "\nTarget: " in output]
        assert waited.startswith("Alarm: your_alarm_type\n")
        assert '"name":"disk_full"' in shown[-1]
        alert = sent_alert(int(found[1]))
        assert alert["subject"] == "Critical: disk_full on db-01"
        assert alert["attempts"] == [{"number": "1", "outcome": "sent", "code": "0"}]
        assert "disk_full" in (tmp_path / "work" / "example" / "alarm_output.txt").read_text()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)
        process.stdout.close()  # type: ignore[union-attr]
