"""A user's way from nothing to an on-call group that is paged, by the file and the commands that README shows."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT, environment
from tests.wire import eventually, execute

SECTION = (ROOT / "README.rst").read_text().partition("\nAn on-call group\n")[2].partition("\nSpeed\n")[0]
ADDRESS = "http://127.0.0.1:8080"

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")


def blocks(kind: str) -> list[str]:
    found = re.findall(rf"\.\. code-block:: {kind}\n\n((?:    .*\n|\n)+)", SECTION)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in found]


def commands() -> list[str]:
    """The commands of the console blocks, each of one line or more."""
    return [
        command.strip() for block in blocks("console") for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    ]


class Shell:
    """Runs commands as a person does, in one folder, where the installed command `alertrpc` is found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.env = environment(PATH=path, ALERTRPC_PORT="0", no_proxy="127.0.0.1")
        self.url = ADDRESS

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-euc", command.replace(ADDRESS, self.url)],
            cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, (command, done.stderr)
        return done

    def ask(self, command: str) -> Any:
        """The answer of a curl command."""
        return json.loads(self.run(command).stdout)

    def alerts(self, command: str) -> list[tuple[str, str]]:
        """The hosts and states of the alerts that a command of alert.get gives."""
        return [(alert["hosts"][0]["host"], alert["status"]) for alert in self.ask(command)["result"]]

    @contextmanager
    def serving(self, command: str) -> Iterator[None]:
        process = subprocess.Popen(
            ["bash", "-euc", f"exec {command}"],
            cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+:\d+", process.stdout.readline())
            assert found, process.communicate()
            self.url = found[0]
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return Shell(tmp_path)


def test_from_nothing_to_a_page(shell: Shell) -> None:
    (declared,) = blocks("toml")
    (shell.folder / "alertrpc.toml").write_text(declared)
    *preparing, serve, push, ask = commands()
    assert (serve.split()[1], push.split()[0], ask.split()[0]) == ("serve", "curl", "curl")
    told = [shell.run(command).stderr for command in preparing]
    assert '"noc" can see nothing' in told[1]
    assert shell.run("alertrpc check alertrpc.toml").stderr == ""

    with shell.serving(serve):
        assert shell.ask(push)["data"]["status"] == "Active"
        paged = shell.folder / "work" / "pager" / "alarm_output.txt"
        assert eventually(lambda: paged.exists() and "db-01" in paged.read_text())
        assert eventually(lambda: shell.alerts(ask) == [("db-01", "1")])

        # What the group may not read its member does not see, and a Super admin does; nor does who is in no group.
        shell.ask(push.replace("db-01", "hr-01"))
        assert eventually(lambda: shell.alerts(ask) == [("db-01", "1"), ("hr-01", "1")])
        shell.run("alertrpc group add Payroll --read Payroll")
        execute(
            shell.folder / "alertrpc.db",
            "UPDATE hosts_groups SET groupid = (SELECT groupid FROM hstgrp WHERE name = 'Payroll')"
            " WHERE hostid = (SELECT hostid FROM hosts WHERE host = 'hr-01')",
        )
        assert shell.alerts(ask) == [("db-01", "1")]
        shell.run("alertrpc user add stranger; alertrpc token add stranger t > stranger.token")
        shell.run("alertrpc token add Admin t > Admin.token")
        assert shell.alerts(ask.replace("noc.token", "stranger.token")) == []
        assert shell.alerts(ask.replace("noc.token", "Admin.token")) == [("db-01", "1"), ("hr-01", "1")]
        refused = shell.ask(ask.replace("noc.token", "push.token"))["error"]["data"]
        assert refused == 'No permissions to call "alert.get".'

        # A change by the file and one by a command count at once.
        shell.run("alertrpc group join Payroll noc ann")
        assert shell.alerts(ask) == [("db-01", "1"), ("hr-01", "1")]
        (shell.folder / "alertrpc.toml").write_text(declared.replace('["ann", "noc"]', '["ann"]'))
        assert 'user "noc": leaves user group "Operations"' in shell.run("alertrpc apply alertrpc.toml").stdout
        assert shell.alerts(ask) == [("hr-01", "1")]
