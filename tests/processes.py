"""Processes of the command `alertrpc`, forked from one in which it is imported already: a start takes no second.

Each is a process like any other, with signals, files and an exit status of its own; only its imports are shared. What
the start of an interpreter itself does is tested by processes that are `fresh`.
"""

import multiprocessing
import multiprocessing.connection
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TextIO

# Warnings are errors, but for what jsonrpcserver 5.0.9 does that Python 3.11 deprecates.
IGNORED_WARNINGS = ("read_text is deprecated", "open_text is deprecated")
WARNINGS = ["-Werror", *[f"-Wignore:{message}" for message in IGNORED_WARNINGS]]
PRELOADED = ["tests.processes", "alertrpc.server", "alertrpc.configuration.reading", "alertrpc.cli"]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(PRELOADED)


@dataclass(frozen=True)
class Files:
    """The standard streams of a process: what it reads, and where it writes; `stdout` may be a pipe instead."""

    stdin: Path | None = None
    stdout: Path | Connection | None = None
    stderr: Path | None = None


class WarmProcess:
    """A command in a process of its own, with the calls of subprocess.Popen that tests make."""

    def __init__(self, arguments: Sequence[str], files: Files, env: Mapping[str, str], cwd: Path | None) -> None:
        self._process = _context.Process(
            target=_run, args=(list(arguments), files, dict(env), cwd or Path.cwd()), daemon=True
        )
        self._process.start()
        self._looking = threading.Lock()  # the exit status can be read once; a test's threads may ask at one time
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        with self._looking:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        multiprocessing.connection.wait([self._process.sentinel], timeout)
        if (status := self.poll()) is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return status

    def send_signal(self, signum: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start_with_pipe(
    arguments: Sequence[str], stderr: Path, env: Mapping[str, str], cwd: Path
) -> tuple[WarmProcess, TextIO]:
    """A process, and its standard output to read from."""
    reader, writer = _context.Pipe(duplex=False)
    with reader, writer:
        process = WarmProcess(arguments, Files(stdout=writer, stderr=stderr), env, cwd)
        return process, os.fdopen(os.dup(reader.fileno()))


def _run(arguments: list[str], files: Files, env: dict[str, str], cwd: Path) -> None:
    """What a started interpreter finds, then the command."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    _make_warnings_errors(is_server=arguments[:1] == ["serve"])
    _attach(0, os.open(files.stdin or os.devnull, os.O_RDONLY))
    _attach(1, _opened(files.stdout))
    _attach(2, _opened(files.stderr))
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - it stays open as long as the process
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    sys.argv = ["alertrpc", *arguments]
    from alertrpc.cli import main

    main()


def _make_warnings_errors(*, is_server: bool) -> None:
    warnings.simplefilter("error")
    for message in IGNORED_WARNINGS:
        warnings.filterwarnings("ignore", message)
    if is_server:  # uvloop's close never ends when its warning of an unclosed transport is an error
        warnings.simplefilter("default", ResourceWarning)


def _opened(output: Path | Connection | None) -> int:
    if isinstance(output, Connection):
        return os.dup(output.fileno())
    return os.open(output or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _attach(number: int, file: int) -> None:
    os.dup2(file, number)
    os.close(file)
