"""Processes under measure: the server, its competitors, the load generator; and what they use."""

import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.data import PASSWORDS
from benchmarks.load_generator import MARK, PATH

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("ALERTRPC_")}


def ran(*command: str, stdin: str = "") -> str:
    """What a command of a module prints, run to its end."""
    done = subprocess.run(
        [sys.executable, "-m", *command], input=stdin, capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:2])} ended with status {done.returncode}: {last_line(done.stderr)}")
    return done.stdout


def last_line(text: str) -> str:
    """Where a fault is named in what a process said."""
    return text.strip().rpartition("\n")[2]


@contextmanager
def alertrpc(database: Path, *flags: str) -> Iterator[tuple[int, int]]:
    """A server; its port and process id."""
    command = [sys.executable, "-m", "alertrpc", "serve", "--database", f"sqlite:///{database}", "--port", "0", *flags]
    with started(command, "") as (line, pid):
        yield int(line.rsplit(":", 1)[1]), pid


@contextmanager
def bare_server(body: str, loop: str) -> Iterator[int]:
    """A bare aiohttp handler on the named event loop that answers `body`; its port."""
    with started([sys.executable, "-m", "benchmarks.bare_server", loop], body) as (line, _):
        yield int(line)


@contextmanager
def started(command: Sequence[str], stdin: str) -> Iterator[tuple[str, int]]:
    """A process that says a line when it is ready; that line and the process id."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=ENVIRONMENT
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(stdin)
            process.stdin.close()
            line = process.stdout.readline().strip()
            if not line:
                log.seek(0)
                raise RuntimeError(f"{' '.join(command)} did not start: {last_line(log.read())}")
            yield line, process.pid
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)
            process.kill()
            process.wait()
            process.stdout.close()


class Target(NamedTuple):
    """What is posted to: path, what a good answer has near its start, and one more header."""

    path: str = PATH
    mark: str = MARK
    header: str = ""


JSON_RPC = Target()


def generate_load(
    port: int, connections: int, seconds: float, bodies: Sequence[str], target: Target = JSON_RPC
) -> dict[str, Any]:
    """What the load generator, in a process of its own, reports."""
    with start_load(port, connections, seconds, bodies, target) as load:
        return load()


@contextmanager
def start_load(
    port: int, connections: int, seconds: float, bodies: Sequence[str], target: Target = JSON_RPC
) -> Iterator[Callable[[], dict[str, Any]]]:
    """A load generator at work; the call waits for its end and gives its report."""
    command = [sys.executable, "-m", "benchmarks.load_generator", str(port), str(connections), str(seconds), *target]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write("\n".join(bodies))
    process.stdin.close()

    def report() -> dict[str, Any]:
        assert process.stdout is not None
        output = process.stdout.read()
        if not output:
            raise RuntimeError(f"the load generator ended with status {process.wait()}; the server may have ended")
        found: dict[str, Any] = json.loads(output)
        if found["faults"]:
            raise RuntimeError(f"{found['faults']} faults, such as {found['first_answer']}")
        return found

    try:
        yield report
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def request(method: str, params: Any, auth: str | None = None) -> str:
    envelope = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
    return json.dumps(envelope | ({"auth": auth} if auth else {}))


def received(connection: socket.socket, size: int = 2**20) -> bytes:
    """What has come, at least a byte."""
    if not (chunk := connection.recv(size)):
        raise RuntimeError("the answer broke off")
    return chunk


@contextmanager
def caller(address: str, path: str = PATH) -> Iterator[Callable[[str], Any]]:
    """Calls over one connection to the server at `address` (host:port); a call takes a body and gives its result."""
    connection = http.client.HTTPConnection(address, timeout=300)

    def call(body: str) -> Any:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        text = connection.getresponse().read()
        answer = json.loads(text)
        if "result" not in answer:
            raise RuntimeError(f"{body} was answered {text[:200]!r}")
        return answer["result"]

    with closing(connection):
        yield call


def median_milliseconds(call: Callable[[str], Any], body: str, repeats: int = 5) -> float:
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        call(body)
        taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)


def login(port: int, user: str) -> str:
    with caller(f"127.0.0.1:{port}") as call:
        token: str = call(request("user.login", {"username": user, "password": PASSWORDS[user]}))
    return token


def peak_memory(pid: int) -> float:
    """The most memory the process has held since `reset_peak_memory`, in MiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def reset_peak_memory(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def cpu_seconds(pid: int) -> float:
    times = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
