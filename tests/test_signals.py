"""How a server ends, and what its workers do when one of them, or their supervisor, is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.support import Server, environment, run_alertrpc, serving
from tests.wire import PATIENCE, SlowReader, call, eventually, exchange, execute

STOPS = [signal.SIGTERM, signal.SIGINT]
VERSION = call("apiinfo.version", [], id="version")
ANSWERS = 30
WORKERS = 2
SHORTEST_LIFE = 2.5  # seconds; workers that end sooner are not started again
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up as in Linux")


def parents() -> dict[int, tuple[int, str]]:
    """Of each process the parent and the state."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended since
            state, parent, *_ = path.read_text().rpartition(")")[2].split()
            found[int(path.parent.name)] = (int(parent), state)
    return found


def workers(supervisor: int) -> set[int]:
    return {pid for pid, (parent, state) in parents().items() if parent == supervisor and state != "Z"}


def are_gone(pids: set[int]) -> bool:
    return not any(pid in pids and state != "Z" for pid, (_, state) in parents().items())


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_serving(server: Server) -> bool:
    return all(exchange(server.port, VERSION)["result"] == "7.0.22" for _ in range(20))


def long_batch(server: Server) -> list[dict[str, Any]]:
    """Calls with an answer of many megabytes."""
    login = call("user.login", {"username": "Admin", "password": "zabbix"}, id=1)
    auth = exchange(server.port, login)["result"]
    every = call("alert.get", {"selectHosts": "extend", "selectMediatypes": "extend"}, auth=auth)
    return [{**every, "id": number} for number in range(ANSWERS)]


def assert_whole(text: bytes) -> None:
    answers = json.loads(text)
    assert [answer["id"] for answer in answers] == list(range(ANSWERS))
    assert len({len(answer["result"]) for answer in answers}) == 1
    assert len(text) > 10_000_000


def wait_for_stop(server: Server, times: int = 1) -> None:
    assert eventually(lambda: server.log.read_text().count("stopping:") >= times), server.log.read_text()


@pytest.mark.parametrize("signum", STOPS)
@pytest.mark.parametrize("count", [1, WORKERS])
def test_answers_in_flight_are_finished(database: Path, signum: signal.Signals, count: int) -> None:
    with serving(database, "--workers", str(count)) as server:
        with SlowReader(server.port, long_batch(server)) as reader:
            beginning = reader.start()
            server.process.send_signal(signum)
            wait_for_stop(server, count)
            assert server.process.poll() is None
            assert eventually(lambda: not is_listening(server.port))
            assert_whole(beginning + reader.rest())
        assert server.process.wait(PATIENCE) == 0
        assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("count", [1, WORKERS])
def test_serves_and_stops_without_a_complaint(database: Path, count: int) -> None:
    with serving(database, "--workers", str(count)) as server:
        assert is_serving(server)
        assert server.stop() == 0
    assert [line for line in server.log.read_text().splitlines() if " INFO " not in line] == []


@pytest.mark.parametrize("signum", STOPS)
def test_idle_server_stops(server: Server, signum: signal.Signals) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as idle:
        assert is_serving(server)
        server.process.send_signal(signum)
        assert server.process.wait(PATIENCE) == 0
        assert idle.recv(1) == b""
    assert not is_listening(server.port)


@pytest.mark.parametrize("count", [1, WORKERS])
@pytest.mark.parametrize("second", STOPS)
def test_second_signal_stops_at_once(database: Path, count: int, second: signal.Signals) -> None:
    flags = ["--shutdown-timeout", "1h", "--stall-timeout", "1h", "--workers", str(count)]
    with serving(database, *flags) as server, SlowReader(server.port, long_batch(server)) as reader:
        reader.start()
        pids = workers(server.process.pid)
        server.process.send_signal(signal.SIGTERM)
        wait_for_stop(server, count)
        assert server.process.poll() is None
        server.process.send_signal(second)
        assert server.process.wait(PATIENCE) == 130
        assert eventually(lambda: are_gone(pids))
        with pytest.raises((HTTPException, ConnectionError)):
            reader.rest()
        assert not is_listening(server.port)


def test_stop_waits_no_longer_than_it_may(database: Path) -> None:
    flags = ["--shutdown-timeout", "1s", "--stall-timeout", "1h"]
    with serving(database, *flags) as server, SlowReader(server.port, long_batch(server)) as reader:
        reader.start()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
        with pytest.raises((HTTPException, ConnectionError)):
            reader.rest()


# Messages that a search finds soon, each of them long, before many that take it long.
_SHOWN = "SELECT alertid FROM alerts JOIN events USING (eventid) WHERE source = 0 AND object = 0 ORDER BY alertid"
LATE_DATA = (
    f"UPDATE alerts SET message = 'huge' || hex(zeroblob(150000)) WHERE alertid IN ({_SHOWN} LIMIT 40)",
    "INSERT INTO alerts (alertid, actionid, eventid, message) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
    " FROM n WHERE i < 100000) SELECT 10000000 + i, actionid, eventid, replace(hex(zeroblob(50)), '00', 'some ')"
    f" FROM n, alerts WHERE alertid = ({_SHOWN} LIMIT 1)",
)
SLOW = {"searchWildcardsEnabled": True, "searchByAny": True, "output": "extend"}
NOWHERE = [f"*{'m*' * 40}{number}?" for number in range(900)]


@pytest.mark.parametrize("count", [1, WORKERS])
def test_reads_under_way_end_without_a_traceback(database: Path, count: int) -> None:
    """One answer waits for its client while its next piece is searched for, others wait for the database."""
    for statement in LATE_DATA:
        execute(database, statement)
    flags = ["--shutdown-timeout", "1s", "--query-timeout", "8s", "--workers", str(count)]
    with serving(database, *flags) as server, ExitStack() as stack:
        login = call("user.login", {"username": "Admin", "password": "zabbix"}, id=1)
        auth = exchange(server.port, login)["result"]

        def read(params: dict[str, Any]) -> SlowReader:
            return stack.enter_context(SlowReader(server.port, call("alert.get", params, auth=auth, id=1)))

        for _ in range(count):
            assert read({**SLOW, "search": {"message": ["huge*", *NOWHERE]}}).start()
        assert read({"output": "extend"}).start()
        for _ in range(3):
            read({**SLOW, "search": {"message": NOWHERE}})
        assert is_serving(server)
        server.process.send_signal(signal.SIGTERM)
        wait_for_stop(server, count)
        assert server.process.wait(PATIENCE) == 0
    assert [line for line in server.log.read_text().splitlines() if " INFO " not in line] == []


@pytest.fixture
def two_workers(database: Path) -> Iterator[Server]:
    with serving(database, "--workers", str(WORKERS)) as server:
        yield server


def test_killed_worker_is_started_again(two_workers: Server) -> None:
    before = workers(two_workers.process.pid)
    assert len(before) == WORKERS
    time.sleep(SHORTEST_LIFE)
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    assert eventually(lambda: len(workers(two_workers.process.pid) - {killed}) == WORKERS)
    assert is_serving(two_workers)
    assert before - {killed} < workers(two_workers.process.pid)
    assert f"worker {killed} was killed by signal 9; restarting" in two_workers.log.read_text()
    assert two_workers.stop() == 0


@pytest.mark.parametrize("signum", STOPS)
def test_signal_ends_all_processes(two_workers: Server, signum: signal.Signals) -> None:
    pids = workers(two_workers.process.pid)
    assert is_serving(two_workers)
    two_workers.process.send_signal(signum)
    assert two_workers.process.wait(PATIENCE) == 0
    assert are_gone(pids)
    assert not is_listening(two_workers.port)


def test_ctrl_c_ends_all_processes(two_workers: Server) -> None:
    """The terminal sends it to the workers too."""
    pids = workers(two_workers.process.pid)
    for pid in pids:
        os.kill(pid, signal.SIGINT)
    assert is_serving(two_workers)
    two_workers.process.send_signal(signal.SIGINT)
    assert two_workers.process.wait(PATIENCE) == 0
    assert are_gone(pids)


def test_workers_end_with_their_supervisor(two_workers: Server) -> None:
    pids = workers(two_workers.process.pid)
    assert len(pids) == WORKERS
    two_workers.process.kill()
    assert two_workers.process.wait(PATIENCE) == -signal.SIGKILL
    assert eventually(lambda: are_gone(pids))
    assert not is_listening(two_workers.port)


@contextmanager
def starting(database: Path, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server that may not be ready yet; its workers end with it."""
    address = f"sqlite:///{database}"
    command = [sys.executable, "-m", "alertrpc", "serve", "--database", address, "--port", "0", *flags]
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=nowhere, stderr=nowhere, env=environment()) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("already", [1, 2, 3])
def test_signal_while_workers_start_stops_them(database: Path, already: int) -> None:
    with starting(database, "--workers", "4") as process:
        assert eventually(lambda: len(workers(process.pid)) >= already)
        pids = workers(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
        assert eventually(lambda: are_gone(pids))


@pytest.mark.parametrize("first", [1, WORKERS])
@pytest.mark.parametrize("second", [1, WORKERS])
def test_port_in_use_is_one_clear_line(database: Path, first: int, second: int) -> None:
    with serving(database, "--workers", str(first)) as server:
        flags = ["--port", str(server.port), "--workers", str(second)]
        done = run_alertrpc("serve", "--database", f"sqlite:///{database}", *flags)
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr == (
            f"alertrpc: cannot listen on 127.0.0.1 port {server.port}: Address already in use;"
            " --host and --port, or ALERTRPC_HOST and ALERTRPC_PORT, name another address\n"
        )
        assert is_serving(server)
