"""What many tests use: data files, server processes on free ports, and a small JSON-RPC client."""

import contextlib
import gzip
import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from alertrpc.settings import Settings, read_settings

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
DATASET = DATA / "dataset.jsonl.gz"
EXCHANGES = DATA / "exchanges.jsonl.gz"
READS = DATA / "reads.jsonl.gz"  # exchanges of the get methods beside alert.get
# Warnings are errors, but for what jsonrpcserver 5.0.9 does that Python 3.11 deprecates.
WARNINGS = ["-Werror", "-Wignore:read_text is deprecated", "-Wignore:open_text is deprecated"]
# uvloop's close never ends when its warning of an unclosed transport is an error.
SERVER_WARNINGS = [*WARNINGS, "-Wdefault::ResourceWarning"]
START_SECONDS = 30
DEFAULTS = read_settings(None, {}, {})
COMMAND_SECONDS = 120


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def passwords() -> dict[str, str]:
    """The passwords of the data set's users."""
    return {row["username"]: row["password"] for row in json_lines(DATASET) if row["table"] == "users"}


def settings_of(**values: Any) -> Settings:
    """The default settings but for these."""
    return replace(DEFAULTS, **values)


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALERTRPC_")}
    return {**kept, **more}


def interpreted(*arguments: str) -> list[str]:
    """The command line of `alertrpc` in an interpreter of its own, where warnings are errors."""
    flags = SERVER_WARNINGS if arguments[:1] == ("serve",) else WARNINGS
    return [sys.executable, *flags, "-m", "alertrpc", *arguments]


def run_alertrpc(
    *arguments: str, cwd: Path | None = None, stdin: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; its standard input is no terminal."""
    return subprocess.run(
        interpreted(*arguments),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
        env=environment(**(env or {})),
        cwd=cwd,
    )


class Server:
    """A server process on a free port."""

    def __init__(self, database: Path, *flags: str, env: dict[str, str] | None = None) -> None:
        arguments = ["serve", "--database", f"sqlite:///{database}", "--port", "0", *flags]
        self.log = database.with_suffix(".log")
        self.log.write_text("")
        self.process, self._output = start_with_pipe(arguments, self.log, environment(**(env or {})), database.parent)
        line = self._output.readline()
        found = re.search(r"http://\S+:(\d+)", line)
        if found is None:
            self.kill()
            raise AssertionError(f"no server: {line!r} {self.log.read_text()}")
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> int:
        """Stops as SIGTERM does and returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=2 * START_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._output.close()


def start_with_pipe(
    arguments: Sequence[str], stderr: Path, env: Mapping[str, str], cwd: Path
) -> tuple[subprocess.Popen[str], IO[str]]:
    """A process, and its standard output to read from."""
    with stderr.open("a") as log:
        process = subprocess.Popen(
            interpreted(*arguments),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=dict(env),
            cwd=cwd,
        )
    assert process.stdout is not None
    return process, process.stdout


@contextlib.contextmanager
def serving(database: Path, *flags: str, env: dict[str, str] | None = None) -> Iterator[Server]:
    server = Server(database, *flags, env=env)
    try:
        yield server
    finally:
        server.stop()


def delivering_database(folder: Path, loaded: Path, configuration: str) -> Path:
    """A copy of a database in a folder, beside config.toml and a script scripts/ok.sh that sends whatever it is given."""
    database, script = folder / "alertrpc.db", folder / "scripts" / "ok.sh"
    database.write_bytes(loaded.read_bytes())
    script.parent.mkdir()
    script.write_text("#!/bin/bash\nexit 0\n")
    script.chmod(0o700)
    (folder / "config.toml").write_text(configuration)
    return database


def machine_steps(connection: sqlite3.Connection, sql: str, args: Iterable[Any]) -> int:
    """How many instructions SQLite's machine takes for a statement."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    connection.set_progress_handler(step, 1)
    try:
        connection.execute(sql, tuple(args)).fetchall()
    finally:
        connection.set_progress_handler(None, 1)
    return steps


class Client:
    """Posts to a server over one keep-alive connection."""

    def __init__(self, port: int, path: str = "/api_jsonrpc.php") -> None:
        self.path = path
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._tokens: dict[str, str] = {}

    def post(
        self, body: bytes | str, content_type: str = "application/json", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """The status and the body of the answer."""
        content = body.encode() if isinstance(body, str) else body
        self._connection.request("POST", self.path, content, {"Content-Type": content_type, **(headers or {})})
        response = self._connection.getresponse()
        return response.status, response.read().decode()

    def request(self, method: str, params: Any, **members: Any) -> dict[str, Any]:
        """The whole response object; `members` are other members of the envelope, such as auth."""
        envelope = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1, **members}
        status, text = self.post(json.dumps(envelope))
        assert status == 200, (status, text)
        response: dict[str, Any] = json.loads(text)
        return response

    def call(self, method: str, params: Any, user: str | None = None) -> Any:
        """The result of a call by a user of the data set, or the error's `data`."""
        members = {"auth": self.login(user)} if user else {}
        response = self.request(method, params, **members)
        return response["result"] if "result" in response else response["error"]["data"]

    def login(self, user: str, password: str | None = None) -> str:
        if user not in self._tokens:
            response = self.request(
                "user.login", {"username": user, "password": passwords()[user] if password is None else password}
            )
            self._tokens[user] = response["result"]
        return self._tokens[user]

    def close(self) -> None:
        self._connection.close()


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
