"""`make bench`: its rows come as they are measured, and whatever ends it, no row is lost and nothing is left behind."""

import importlib
import inspect
import os
import pkgutil
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

import benchmarks
from benchmarks import processes
from benchmarks.__main__ import main
from benchmarks.report import about
from benchmarks.run import QUICK, Run, Zabbix
from benchmarks.steps import STEPS, chosen
from tests.support import ROOT, environment
from tests.wire import PATIENCE, eventually

REAL, MADE_UP = "benchmarks", "tests.made_up_steps"
RUN = Run(Path())
PROGRESS = " s of about 1 minute"
ZABBIX = Zabbix("http://zabbix.example.com/api_jsonrpc.php", "Admin", "zabbix")


def processes_of(folder: Path) -> set[int]:
    """The processes whose temporary folder it is: the run, and what it started, in whatever group or session."""
    found = set()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"TMPDIR={folder}\0".encode() in environ.read_bytes():
                found.add(int(environ.parent.name))
    return found


def command_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


@contextmanager
def started(module: str, *flags: str, folder: Path, wrapped: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    """A run in a session of its own that makes its temporary folder in `folder`."""
    process = subprocess.Popen(
        [*wrapped, sys.executable, "-m", module, *flags],
        cwd=ROOT,
        env=environment(TMPDIR=str(folder), TERM="xterm", COLUMNS="120"),
        text=True,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    patience = threading.Timer(PATIENCE, kill_all, (folder,))  # then whoever reads of the run finds its end
    patience.start()
    try:
        yield process
        assert patience.is_alive(), "the run did not end by itself"
    finally:
        patience.cancel()
        kill_all(folder)
        process.wait(PATIENCE)
        if process.stdout is not None:
            process.stdout.close()


def kill_all(folder: Path) -> None:
    while left := processes_of(folder):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def run(module: str, *flags: str, folder: Path) -> tuple[int, str]:
    """The exit status and what was printed; nothing may be left of the run."""
    with started(module, *flags, folder=folder) as process:
        shown, _ = process.communicate(timeout=PATIENCE)
        assert is_nothing_left(folder)
        return process.returncode, shown


def is_nothing_left(folder: Path) -> bool:
    return not processes_of(folder) and not list(folder.iterdir())


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What is printed up to the line that has the text, while the run goes on."""
    assert process.stdout is not None
    shown = ""
    for line in process.stdout:
        shown += line
        if text in line:
            assert process.poll() is None
            return shown
    raise AssertionError(shown)


def test_every_function_that_measures_is_a_step() -> None:
    modules = [
        importlib.import_module(f"benchmarks.{found.name}") for found in pkgutil.iter_modules(benchmarks.__path__)
    ]
    measuring = {
        function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("measure") and function.__module__ == module.__name__
    }
    assert measuring == {step.measure for step in STEPS}
    assert len({step.name for step in STEPS}) == len(STEPS) == len(measuring)


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ([], {step.name for step in STEPS} - {"zabbix", "crowds"}),
        (["alarms"], {"load", "pushes", "prometheus", "sharing", "webhooks", "scripts", "storm"}),
        (["lists", "points"], {"load", "lists", "points"}),
        (["webhooks"], {"webhooks"}),
        (["zabbix"], {"load", "zabbix"}),
        (["crowds"], {"load", "crowds"}),
    ],
)
def test_only_takes_steps_and_groups_and_loads_what_they_read(only: list[str], names: set[str]) -> None:
    assert {step.name for step in chosen(STEPS, only, RUN)} == names


def test_a_zabbix_is_measured_when_it_is_given() -> None:
    found = chosen(STEPS, [], replace(RUN, zabbix=ZABBIX))
    assert found == [step for step in STEPS if not step.is_extra]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "about 5 seconds"),
        (38, "about 40 seconds"),
        (56, "about 1 minute"),
        (100, "about 2 minutes"),
        (540, "about 9 minutes"),
    ],
)
def test_a_time_is_said_roughly(seconds: float, words: str) -> None:
    assert about(seconds) == words


def expected(run: Run) -> float:
    return sum(step.seconds(run) for step in chosen(STEPS, [], run))


def test_the_expected_time_follows_from_the_flags() -> None:
    assert expected(Run(Path(), **QUICK)) < 60
    assert expected(RUN) < expected(replace(RUN, seconds=8)) < expected(replace(RUN, seconds=8, alerts=2_000_000))


def test_the_list_shows_every_step(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--list"])
    assert main() == 0
    shown = capsys.readouterr().out
    assert [line.split()[:2] for line in shown.splitlines()] == [[step.name, step.group] for step in STEPS]


def test_a_tiny_run_prints_its_rows_and_a_table(tmp_path: Path) -> None:
    status, shown = run(REAL, "--quick", "--alerts", "100", "--only", "lists", folder=tmp_path)
    assert status == 0, shown
    lines, table = shown.split("measured in one run, roughly")
    assert re.match(r"2 steps, about \d+ seconds;", lines), shown
    assert "[2/2] lists: " in lines
    rows = [line for line in lines.splitlines() if re.match(r"6\. \w+\.get, \d+ rows", line)]
    assert len(rows) == 9, shown
    assert len({line.index("bare sqlite3") for line in rows}) == 1, "the columns are aligned"
    assert table.count(".get, ") == 9
    assert re.search(r"load [\d,]+ rows, 100 of them alerts", table)


def test_ctrl_c_keeps_what_was_measured_and_ends_the_servers(tmp_path: Path) -> None:
    with started(REAL, "--quick", "--only", "sharing", "webhooks", "scripts", folder=tmp_path) as process:
        read_until(process, "7. the same in process")
        assert eventually(lambda: any("alertrpc serve" in command_of(pid) for pid in processes_of(tmp_path)))
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert "7. the same in process" in shown
        assert "not measured: webhooks, scripts" in shown
        assert "Traceback" not in shown
        assert is_nothing_left(tmp_path)


def test_what_a_process_said_last_is_its_fault() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('it begins\\nthis is wrong')"]
    with pytest.raises(RuntimeError, match=r"did not start: this is wrong$"), processes.started(command, ""):
        pass
    with pytest.raises(RuntimeError, match=r"json\.tool no-file ended with status 2: .* No such file"):
        processes.ran("json.tool", "no-file")


def test_a_failed_row_and_a_failed_step_are_named_and_the_others_measured(tmp_path: Path) -> None:
    status, shown = run(MADE_UP, "--only", "broken", "dying", "good", folder=tmp_path)
    assert status == 1
    _, table = shown.split("measured in one run")
    rows = [[cell.strip() for cell in line.split("│")[1:4]] for line in table.splitlines() if line.startswith("│")]
    assert rows == [
        ["a row that fails alone", "failed", "ZeroDivisionError: integer division or modulo by zero"],
        ["a row before the fault", "2 ms", ""],
        ["broken: made up", "failed", "RuntimeError: this is what broke"],
        ["dying: made up", "failed", "its process ended with status -9"],
        ["a good row", "1 ms", ""],
    ]


def test_sigterm_ends_what_does_not_want_to_end(tmp_path: Path) -> None:
    with started(MADE_UP, "--only", "waiting", "good", folder=tmp_path) as process:
        read_until(process, "a row before the wait")
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)  # one more changes nothing
        shown, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert "a row before the wait" in shown
        assert "not measured: the rest of waiting, good" in shown
        assert is_nothing_left(tmp_path)


def test_nothing_outlives_a_run_that_is_killed(tmp_path: Path) -> None:
    with started(MADE_UP, "--only", "waiting", folder=tmp_path) as process:
        read_until(process, "a row before the wait")
        assert len(processes_of(tmp_path)) > 3
        process.kill()
        assert eventually(lambda: is_nothing_left(tmp_path))


def test_a_terminal_shows_how_far_a_step_is_and_its_ctrl_c_stops(tmp_path: Path) -> None:
    terminal, other_side = os.openpty()
    # A session's first terminal that is opened without O_NOCTTY is the one whose Ctrl-C reaches it.
    at_terminal = ("bash", "-c", f'exec "$@" <>{os.ttyname(other_side)} >&0 2>&0', "bash")
    with started(MADE_UP, "--only", "waiting", folder=tmp_path, wrapped=at_terminal) as process:
        shown = read_terminal(terminal, lambda text: PROGRESS in text.partition("a row before the wait")[2])
        assert PROGRESS in shown
        os.close(other_side)
        os.write(terminal, b"\x03")
        shown += read_terminal(terminal, lambda text: False)
        assert process.wait(PATIENCE) == 130
        assert shown.count("a row before the wait") == 2, "as it came, and in the table"
        assert is_nothing_left(tmp_path)
    os.close(terminal)


def read_terminal(terminal: int, is_enough: Callable[[str], bool]) -> str:
    """What a terminal shows, until it is enough or the other side is closed."""
    shown = ""
    with suppress(OSError):
        while not is_enough(shown) and select.select([terminal], [], [], PATIENCE)[0]:
            shown += os.read(terminal, 4096).decode()
    return shown
