"""SIGHUP reads the configuration file again, in one process and in several, and ends none of them."""

import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from alertrpc.settings import BY_NAME, NEED_RESTART
from tests.support import DEFAULTS, Client, Server, environment, run_alertrpc, serving, settings_of, start_with_pipe
from tests.test_http import health
from tests.test_signals import WORKERS, is_serving, long_batch, wait_for_stop, workers
from tests.wire import PATIENCE, SlowReader, call, eventually, exchange, execute

MANY = 20  # requests, of which each worker gets some
COUNTS = pytest.mark.parametrize("count", [1, WORKERS])
MEDIA_TYPE = '[[media_type]]\nname = "made again"\ntype = "http"\nurl = "http://127.0.0.1:1/"\n'
READ_AGAIN = "the configuration file is read again"
NOTHING = "nothing has changed, as the configuration file is faulty or cannot be applied"


class Reloading:
    """A server with a configuration file, its first limit for bodies beside it."""

    def __init__(self, server: Server, database: Path, config: Path) -> None:
        self.server = server
        self.database = database
        self.config = config

    def hang_up(self, text: str, *lines: str) -> None:
        """Writes the file and has it read again; each of `lines` is in the log then once more."""
        before = [self.told(line) for line in lines]
        self.config.write_text(text)
        self.server.process.send_signal(signal.SIGHUP)
        for line, times in zip(lines, before, strict=True):
            assert eventually(lambda line=line, times=times: self.told(line) == times + 1), self.log  # type: ignore[misc]

    @property
    def log(self) -> str:
        return self.server.log.read_text()

    def told(self, line: str) -> int:
        return sum(each.endswith(line) for each in self.log.splitlines())

    def refuses(self, size: int) -> bool:
        """Whether every worker refuses a body of so many bytes; none may differ for long."""
        return {self._status(size) for _ in range(MANY)} == {413}

    def takes(self, size: int) -> bool:
        return {self._status(size) for _ in range(MANY)} == {200}

    def _status(self, size: int) -> int:
        client = Client(self.server.port)
        try:
            return client.post(json.dumps(call("apiinfo.version", [], id=1)).ljust(size))[0]
        finally:
            client.close()

    def media_types(self) -> int:
        [(count,)] = execute(self.database, "SELECT count(*) FROM media_type WHERE name = 'made again'")
        return int(count)


@contextmanager
def reloading(database: Path, count: int, text: str = "", *flags: str) -> Iterator[Reloading]:
    config = database.with_name("config.toml")
    config.write_text(text)
    with serving(database, "--config", str(config), "--workers", str(count), *flags) as server:
        yield Reloading(server, database, config)
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()


@COUNTS
def test_settings_change_in_every_process(database: Path, count: int) -> None:
    with reloading(database, count) as run:
        assert run.takes(100_000)
        run.hang_up("anonymous_body_limit = 90000", READ_AGAIN)
        assert eventually(lambda: run.refuses(100_000))
        run.hang_up("", READ_AGAIN)
        assert eventually(lambda: run.takes(100_000))


def test_a_worker_that_is_started_again_has_the_new_settings(database: Path) -> None:
    with reloading(database, WORKERS) as run:
        run.hang_up("anonymous_body_limit = 90000", READ_AGAIN)
        assert eventually(lambda: run.refuses(100_000))
        before = workers(run.server.process.pid)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
            assert eventually(lambda pid=pid: len(workers(run.server.process.pid) - {pid}) == WORKERS)  # type: ignore[misc]
        assert not before & workers(run.server.process.pid)
        assert eventually(lambda: is_serving(run.server))
        assert run.refuses(100_000)


@COUNTS
def test_what_the_file_declares_is_applied_once(database: Path, count: int) -> None:
    with reloading(database, count) as run:
        run.hang_up(MEDIA_TYPE, READ_AGAIN)
        assert run.media_types() == 1
        assert len([line for line in run.log.splitlines() if "made again" in line]) == 1


@COUNTS
def test_what_needs_a_restart_is_named_in_one_line(database: Path, count: int) -> None:
    with reloading(database, count, 'api_version = "7.0.1"') as run:
        text = 'api_version = "7.0.2"\nscan_connections = 2\nworkers = 3\nport = 1\nanonymous_body_limit = 90000'
        run.hang_up(text, "these settings have changed and need a restart: api_version, scan_connections")
        assert eventually(lambda: run.refuses(100_000))
        assert exchange(run.server.port, call("apiinfo.version", [], id=1))["result"] == "7.0.1"
        assert run.log.count("need a restart") == 1


@COUNTS
def test_flag_and_environment_still_win(database: Path, count: int) -> None:
    with reloading(database, count, "", "--anonymous-body-limit", "90000") as run:
        run.hang_up("anonymous_body_limit = 500", READ_AGAIN)
        assert run.takes(80_000)
        assert run.refuses(100_000)


@COUNTS
def test_a_faulty_file_is_told_and_changes_nothing(database: Path, count: int) -> None:
    with reloading(database, count) as run:
        faulty = 'anonymous_body_limit = 90000\npush_limit = "x"\nprot = 1\n'
        run.hang_up(faulty, "unknown setting 'prot'; did you mean \"port\"?", NOTHING)
        wrong = "anonymous_body_limit = 90000\npush_limit = -1\nquery_timeout = 0\n"
        run.hang_up(
            wrong,
            "push_limit: a whole number from 0 to 1000000 is expected, not '-1'",
            "query_timeout: a value above 0 is expected, not '0'",
            NOTHING,
        )
        run.hang_up(
            f'anonymous_body_limit = 90000\n{MEDIA_TYPE}[[media_type]]\nname = "x"\n[[action]]\n',
            'media_type 2 "x": type: it is missing',
            "action 1: name: it is missing",
            NOTHING,
        )
        assert (run.media_types(), run.takes(100_000)) == (0, True)
        unknown = (
            f'anonymous_body_limit = 90000\n{MEDIA_TYPE}[[action]]\nname = "a"\n[[action.steps]]\nusers = ["nobody"]\n'
        )
        run.hang_up(unknown, NOTHING)
        assert (run.media_types(), run.takes(100_000)) == (0, True)
        run.config.unlink()
        run.server.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: run.log.count("config.toml: No such file or directory") == 1)
        assert READ_AGAIN not in run.log
        run.hang_up("anonymous_body_limit = 90000", READ_AGAIN)
        assert eventually(lambda: run.refuses(100_000))


@COUNTS
def test_without_a_file_it_is_a_line(database: Path, count: int) -> None:
    with serving(database, "--workers", str(count)) as server:
        server.process.send_signal(signal.SIGHUP)
        line = "SIGHUP does nothing, as there is no configuration file"
        assert eventually(lambda: line in server.log.read_text())
        assert health(server.port) == (200, {"status": "ok"})
        assert server.stop() == 0
    assert server.log.read_text().count(line) == 1


@COUNTS
def test_the_log_changes_its_level_and_its_format(database: Path, count: int) -> None:
    with reloading(database, count) as run:
        run.hang_up('log_level = "debug"\nlog_format = "json"')
        assert eventually(lambda: READ_AGAIN in run.log)
        assert json.loads(run.log.splitlines()[-1])["message"] == READ_AGAIN
        run.hang_up('log_level = "error"')
        assert eventually(lambda: (exchange(run.server.port, call("x.y", id=1)), run.log.count(READ_AGAIN))[1] == 1)


def holds_hangups(pid: int) -> bool:
    """Whether a process has a handler of SIGHUP, which is the lowest bit."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & 1)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Nobody can write while the block runs."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


@COUNTS
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="handlers of signals are looked up as in Linux")
def test_it_ends_no_server_that_starts(database: Path, count: int) -> None:
    """The file is read at the start before it changes, and what is declared waits for the database."""
    config = database.with_name("config.toml")
    config.write_text(MEDIA_TYPE)
    log = database.with_suffix(".log")
    flags = ["--database", f"sqlite:///{database}", "--port", "0", "--workers", str(count), "--config", str(config)]
    log.write_text("")
    with locked(database):
        process, output = start_with_pipe(["serve", *flags], log, environment(), database.parent)
        assert eventually(lambda: holds_hangups(process.pid))
        process.send_signal(signal.SIGHUP)
    try:
        assert "serves on" in output.readline(), log.read_text()
        assert eventually(lambda: READ_AGAIN in log.read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        output.close()


@COUNTS
def test_it_ends_no_server_that_stops(database: Path, count: int) -> None:
    with reloading(database, count) as run, SlowReader(run.server.port, long_batch(run.server)) as reader:
        beginning = reader.start()
        run.server.process.send_signal(signal.SIGTERM)
        wait_for_stop(run.server, count)
        for _ in range(3):
            run.server.process.send_signal(signal.SIGHUP)
        json.loads(beginning + reader.rest())
        assert run.server.process.wait(PATIENCE) == 0
        assert READ_AGAIN not in run.log


@COUNTS
def test_many_in_a_row_are_done(database: Path, count: int) -> None:
    with reloading(database, count) as run:
        for limit in range(90_000, 90_050):
            run.config.write_text(f"anonymous_body_limit = {limit}")
            run.server.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: run.refuses(90_050) and run.takes(90_049))


@COUNTS
def test_requests_and_a_stop_do_not_wait_for_it(database: Path, count: int) -> None:
    """What the file declares waits for the database, and the supervisor has an ear for signals meanwhile."""
    with reloading(database, count) as run:
        with locked(database):
            run.hang_up(MEDIA_TYPE)
            assert {health(run.server.port)[0] for _ in range(MANY)} == {200}
            if count > 1:
                run.server.process.send_signal(signal.SIGTERM)
                wait_for_stop(run.server, count)
        if count > 1:
            assert run.server.process.wait(PATIENCE) == 0
            assert (READ_AGAIN in run.log, run.media_types()) == (False, 0)
        else:
            assert eventually(lambda: run.media_types() == 1)


@pytest.mark.parametrize("name", [name for name in BY_NAME if name not in NEED_RESTART])
def test_a_setting_is_taken_over(name: str) -> None:
    settings = settings_of()
    assert settings.take_over(settings_of(**{name: "other"})) == []
    assert getattr(settings, name) == "other"


@pytest.mark.parametrize("name", NEED_RESTART)
def test_a_setting_is_kept(name: str) -> None:
    settings = settings_of()
    assert settings.take_over(settings_of(**{name: "other"})) == [name]
    assert settings == DEFAULTS


def test_the_command_tells_of_it() -> None:
    assert "SIGHUP reads the file of --config again." in " ".join(run_alertrpc("serve", "--help").stdout.split())
