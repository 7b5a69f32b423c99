"""Runs the process of a script and reads what it writes.

The script leads a session of its own. When it ends, or its time is over, its whole process group is killed.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import IO, NamedTuple

from alertrpc.delivery.masking import READ_BYTES
from alertrpc.delivery.protocol import Message
from alertrpc.delivery.scripts.environment import TOTAL_BYTES, Room, arguments_of, environment_of, input_of
from alertrpc.delivery.scripts.files import Script

_running: set[int] = set()  # process groups of scripts that have not ended

KILL_SECONDS = 5.0  # a killed process can take long to end only while it waits for a disk


class _Output:
    """Reads a pipe: the start is kept, the rest is thrown away."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._kept = bytearray()
        os.set_blocking(pipe.fileno(), False)

    @property
    def kept(self) -> bytes:
        return bytes(self._kept)

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._pipe.fileno(), self._read, loop)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Takes what is in the pipe, without waiting for processes that still hold its other end."""
        loop.remove_reader(self._pipe.fileno())
        while len(self._kept) < READ_BYTES and self._take():
            pass
        self._pipe.close()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._take() == b"":
            loop.remove_reader(self._pipe.fileno())

    def _take(self) -> bytes | None:
        """A piece: empty at the end, None if there is nothing yet."""
        piece: bytes | None = self._pipe.read(READ_BYTES)
        self._kept += (piece or b"")[: READ_BYTES - len(self._kept)]
        return piece


class Ended(NamedTuple):
    """How a script ended; `status` is negative after a signal, and None after its time was over."""

    status: int | None
    stdout: bytes
    stderr: bytes


class Run:
    """A running script. Raises OSError if it cannot be started."""

    def __init__(self, script: Script, folder: Path, message: Message) -> None:
        self.path = script.path
        room = Room(TOTAL_BYTES)
        arguments = arguments_of(message, room)
        variables = dict(message.variables)
        with input_of(variables) as stdin:
            self._process = subprocess.Popen(  # noqa: S603 - the operator's own script, and no shell
                [*script.interpreter, script.path, *arguments],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=folder,
                env=environment_of(variables, room),
                start_new_session=True,
            )
        _running.add(self._process.pid)
        self._exited = asyncio.Event()
        self._stdout = _Output(self._process.stdout)
        self._stderr = _Output(self._process.stderr)
        try:
            self._pidfd = os.pidfd_open(self._process.pid)
        except OSError:
            self._kill()
            _running.discard(self._process.pid)
            self._process.communicate()
            raise

    async def end(self, timeout: float) -> Ended:  # noqa: ASYNC109 - the script's time, not the caller's
        """Waits for the script, and kills the rest of its group, even if the wait is cancelled."""
        loop = asyncio.get_running_loop()
        try:
            self._watch(loop)
            is_in_time = await self._exits_within(timeout)
        finally:
            self._kill()
            try:
                await self._exits_within(KILL_SECONDS)
            finally:
                self._close(loop)
        return Ended(self._process.returncode if is_in_time else None, self._stdout.kept, self._stderr.kept)

    async def _exits_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._exited.wait()
        return self._exited.is_set()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._pidfd, self._exited.set)
        self._stdout.watch(loop)
        self._stderr.watch(loop)

    def _kill(self) -> None:
        """Kills the group. Its leader is reaped later, so that no other group can have its id yet."""
        _kill_group(self._process.pid)

    def _close(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._stdout.close(loop)
        self._stderr.close(loop)
        _running.discard(self._process.pid)
        if self._process.poll() is None:  # killed, but waiting for a disk
            threading.Thread(target=self._process.wait, daemon=True).start()


def kill_running() -> None:
    """Kills all scripts with their groups, for a server that stops at once."""
    for group in list(_running):
        _kill_group(group)


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
