"""Runs a script for an alert, as OCP and Zabbix do: variables in its environment, arguments, JSON on its input.

The script is the leader of a session of its own. When it ends, or its time is over, its whole process group is killed.
"""

import asyncio
import contextlib
import errno
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple

import orjson

from alertrpc.delivery.channels.expect import is_expected
from alertrpc.delivery.masking import READ_BYTES, cut, kept_text, one_line, plain, secrets_of
from alertrpc.delivery.message import Message
from alertrpc.delivery.outcome import Outcome, Reason, Verdict, sent
from alertrpc.errors import AlertrpcError
from alertrpc.ledger.variables import ANNOTATION, LABEL
from alertrpc.records import MediaType

OWN_VARIABLES = ("PATH", "HOME", "LANG")  # all that a script sees of the server's environment
TRUNCATED = b"environment_truncated"
# Linux takes 128 KiB a text, and 2 MiB of them all where the stack has its usual 8 MiB.
TEXT_BYTES = 96 * 1024
TOTAL_BYTES = 1024 * 1024
POINTER_BYTES = 8  # what Linux adds for each text
FOLDER_NAME_BYTES = 200
SHEBANG_BYTES = 256  # Linux reads no more of a first line
KILL_SECONDS = 5.0  # a killed process can take long to end only while it waits for a disk

GIVEN_UP = 78  # EX_CONFIG: trying again helps nothing
BUSY = frozenset({errno.ENOMEM, errno.EAGAIN, errno.ETXTBSY, errno.EMFILE, errno.ENFILE, errno.ENOSPC})

_INTERPRETER = re.compile(r"python(2|3(\.\d+)?)?|bash|sh")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")


class UnusableScript(AlertrpcError, ValueError):
    """A media type's script cannot be run; the text names the script and its fault."""


class Script(NamedTuple):
    """A file to run; `interpreter` is what runs it where the kernel could not find what its shebang asks for."""

    path: str
    interpreter: tuple[str, ...] = ()


class ScriptChannel:
    """Runs scripts of one folder, each media type in a working folder of its own."""

    def __init__(self, scripts_dir: Path, work_dir: Path) -> None:
        self._scripts_dir = scripts_dir
        self._work_dir = work_dir

    async def send(self, media_type: MediaType, message: Message) -> Outcome:
        secrets = secrets_of(media_type)
        try:
            script = find_script(self._scripts_dir, media_type.script)
            folder = self._work_dir.resolve() / folder_name(media_type.name)
        except UnusableScript as error:
            return _not_run(Verdict.GIVE_UP, Reason.UNUSABLE_SCRIPT, str(error), secrets)
        try:
            _make_folder(folder)
        except OSError as error:
            text = f"cannot make the working folder: {error.strerror}"
            return _not_run(Verdict.TRY_AGAIN, Reason.CANNOT_START, text, secrets)
        try:
            run = _Run(script, folder, message)
        except OSError as error:
            verdict = Verdict.TRY_AGAIN if error.errno in BUSY else Verdict.GIVE_UP
            text = f"{media_type.script}: cannot start: {error.strerror}"
            return _not_run(verdict, Reason.CANNOT_START, text, secrets)
        ended = await run.end(media_type.timeout)
        return await _outcome(media_type, ended, secrets)


def find_script(scripts_dir: Path, name: str) -> Script:
    """The file of that name in the folder, checked. Raises UnusableScript."""
    try:
        path = _resolve(scripts_dir, name)
        first_line = _first_line(path)
    except UnusableScript:
        raise
    except OSError as error:
        raise UnusableScript(f"{plain(name)}: {error.strerror}") from None
    except ValueError:
        raise UnusableScript(f"{plain(name)}: not a name of a file") from None
    return Script(path, _missing_interpreter(name, first_line))


def folder_name(media_type_name: str) -> str:
    """The name of a media type's working folder. Raises UnusableScript when it can be none."""
    name = media_type_name
    size = len(name.encode("utf-8", "surrogatepass"))
    if not name or name != plain(name) or "/" in name or name.startswith(".") or size > FOLDER_NAME_BYTES:
        raise UnusableScript(
            f'the media type\'s name "{plain(name)[:FOLDER_NAME_BYTES]}" cannot name its working folder: it must be of '
            f'1 to {FOLDER_NAME_BYTES} bytes, without "/" and NUL, and not start with "."'
        )
    return name


def _resolve(scripts_dir: Path, name: str) -> str:
    if not name:
        raise UnusableScript("no script is named")
    if name.startswith("/") or ".." in name.split("/"):
        raise UnusableScript(f"{name}: not a name within scripts_dir")
    folder = os.path.realpath(scripts_dir)
    path = os.path.realpath(f"{folder}/{name}", strict=True)
    if not path.startswith(folder.rstrip("/") + "/"):
        raise UnusableScript(f"{name}: a link out of scripts_dir")
    if not stat.S_ISREG(os.lstat(path).st_mode):  # opening a FIFO would wait
        raise UnusableScript(f"{name}: not a regular file")
    if not os.access(path, os.X_OK):
        raise UnusableScript(f"{name}: not executable")
    return path


def _first_line(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, SHEBANG_BYTES).split(b"\n")[0]
    finally:
        os.close(file)


def _missing_interpreter(name: str, first_line: bytes) -> tuple[str, ...]:
    """What must stand before the script, empty where the kernel starts it. Raises UnusableScript."""
    if not first_line.startswith(b"#!"):
        raise UnusableScript(f"{name}: its first line is no shebang")
    if first_line.endswith(b"\r"):
        raise UnusableScript(f"{name}: its lines end in CR LF")
    words = first_line[2:].decode("utf-8", "replace").split()
    asked, *arguments = words or [""]
    # the kernel gives all that follows as one argument
    arguments = [" ".join(arguments)] if arguments else []
    by_env = asked.startswith("/") and asked.endswith("/env")
    if by_env:
        asked, *arguments = _words_of_env(name, words[1:])
    if not _INTERPRETER.fullmatch(asked.rpartition("/")[2]) or ("/" in asked and not asked.startswith("/")):
        raise UnusableScript(f"{name}: its shebang asks for neither Python nor Bash")
    found = shutil.which(asked)
    if found is None and asked.rpartition("/")[2] == "python":
        # OCP's samples ask for it, and Debian has none
        return shutil.which("python3") or sys.executable, *arguments
    if found is None:
        raise UnusableScript(f"{name}: its shebang asks for {asked}, which there is not")
    return () if by_env or "/" in asked else (found, *arguments)


def _words_of_env(name: str, words: list[str]) -> list[str]:
    splits = bool(words) and words[0] in ("-S", "--split-string")
    rest = words[1:] if splits else words
    if not rest:
        raise UnusableScript(f"{name}: its shebang names no interpreter")
    if len(rest) > 1 and not splits:
        raise UnusableScript(f"{name}: /usr/bin/env takes arguments in a shebang only after -S")
    return rest


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


@dataclass(slots=True)
class _Room:
    """What is left for arguments and environment, and whether it was too little."""

    left: int
    is_exceeded: bool = False

    def text(self, text: str) -> bytes:
        data = _encoded(text)
        if len(data) <= TEXT_BYTES:
            return data
        self.is_exceeded = True
        return cut(data.decode(), TEXT_BYTES).encode()

    def json(self, text: str) -> bytes:
        """The text as a JSON string; a long text is cut so that it stays one."""
        while len(data := _json(text)) > TEXT_BYTES:
            self.is_exceeded = True
            text = text[: len(text) * TEXT_BYTES // len(data) - 1]
        return data

    def takes(self, size: int) -> bool:
        """Takes so many bytes of it, and what Linux adds for a text, if they are there."""
        size += POINTER_BYTES
        if size > self.left:
            self.is_exceeded = True
            return False
        self.left -= size
        return True


def _encoded(text: str) -> bytes:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace")


def _json(value: str | dict[str, str]) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:  # half a character
        return json.dumps(value).encode()


def _arguments(message: Message, room: _Room) -> list[bytes]:
    arguments = [room.text(text) for text in (message.sendto, message.subject, message.message)]
    for argument in arguments:
        room.takes(len(argument) + 1)
    return arguments


def _environment(variables: Mapping[str, str], room: _Room) -> dict[bytes, bytes]:
    """The server's few variables and the message's, as many as fit; those of labels and annotations come last."""
    environment = {os.fsencode(name): os.fsencode(os.environ[name]) for name in OWN_VARIABLES if name in os.environ}
    environment[TRUNCATED] = b"0"
    for name, data in environment.items():
        room.takes(len(name) + len(data) + 2)
    reserved = {TRUNCATED, *map(os.fsencode, OWN_VARIABLES)}
    for name, data in _named_values(variables, room):
        if name in reserved or name in environment:
            room.is_exceeded = True
        elif room.takes(len(name) + len(data) + 2):
            environment[name] = data
    if room.is_exceeded:
        environment[TRUNCATED] = b"1"
    return environment


def _named_values(variables: Mapping[str, str], room: _Room) -> Iterator[tuple[bytes, bytes]]:
    """Names that shells can read and their values, in the order in which they get room."""
    of_alarm = [name for name in variables if name.startswith((LABEL, ANNOTATION))]
    documented = [name for name in variables if not name.startswith((LABEL, ANNOTATION))]
    for name in documented:
        yield _documented_names(name)[0], room.text(variables[name])
    for name in documented:
        if f"{name}_json" not in variables:
            yield _documented_names(name)[1], room.json(variables[name])
    # a name that needs no change comes before one that is changed to it
    for name in sorted(of_alarm, key=_is_odd):
        yield _variable_name(name), room.text(variables[name])


@lru_cache(maxsize=1000)
def _documented_names(name: str) -> tuple[bytes, bytes]:
    """A variable's name and that of its JSON; there are few of them."""
    return _variable_name(name), _variable_name(f"{name}_json")


def _variable_name(name: str) -> bytes:
    return (_NOT_IN_NAMES.sub("_", name) if _is_odd(name) else name).encode()


def _is_odd(name: str) -> bool:
    return not (name.isascii() and name.isidentifier())


@contextlib.contextmanager
def _input(variables: dict[str, str]) -> Iterator[IO[bytes]]:
    """A file in memory rather than a pipe: a script that does not read it blocks nobody."""
    with open(os.memfd_create("alert"), "w+b") as file:
        file.write(_json(variables))
        file.seek(0)
        yield file


class _Output:
    """What comes out of a pipe: its start is kept, and the rest read and thrown away."""

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
        """Takes what is in the pipe; whoever still holds its other end is not waited for."""
        loop.remove_reader(self._pipe.fileno())
        while len(self._kept) < READ_BYTES and self._take():
            pass
        self._pipe.close()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._take() == b"":
            loop.remove_reader(self._pipe.fileno())

    def _take(self) -> bytes | None:
        """A piece; empty at the end, None when there is nothing yet."""
        piece: bytes | None = self._pipe.read(READ_BYTES)
        self._kept += (piece or b"")[: READ_BYTES - len(self._kept)]
        return piece


class _Ended(NamedTuple):
    """How a script ended; `status` is negative after a signal, and None when its time was over."""

    status: int | None
    stdout: bytes
    stderr: bytes


class _Run:
    """A script from its start to its end. Raises OSError when it cannot be started."""

    def __init__(self, script: Script, folder: Path, message: Message) -> None:
        room = _Room(TOTAL_BYTES)
        arguments = _arguments(message, room)
        variables = dict(message.variables)
        with _input(variables) as stdin:
            self._process = subprocess.Popen(  # noqa: S603 - the operator's own script, and no shell
                [*script.interpreter, script.path, *arguments],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=folder,
                env=_environment(variables, room),
                start_new_session=True,
            )
        self._exited = asyncio.Event()
        self._stdout = _Output(self._process.stdout)
        self._stderr = _Output(self._process.stderr)
        try:
            self._pidfd = os.pidfd_open(self._process.pid)
        except OSError:
            self._kill()
            self._process.communicate()
            raise

    async def end(self, timeout: float) -> _Ended:  # noqa: ASYNC109 - the script's time, not the caller's
        """Waits for the script, and kills what is left of its group, even when the wait is cancelled."""
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
        return _Ended(self._process.returncode if is_in_time else None, self._stdout.kept, self._stderr.kept)

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
        """Kills the group. Its leader is reaped later: till then the group's id can be no other's."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _close(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._stdout.close(loop)
        self._stderr.close(loop)
        if self._process.poll() is None:  # killed, but it waits for a disk
            threading.Thread(target=self._process.wait, daemon=True).start()


async def _outcome(media_type: MediaType, ended: _Ended, secrets: tuple[str, ...]) -> Outcome:
    stdout, stderr = kept_text(ended.stdout, secrets), kept_text(ended.stderr, secrets)
    said = stderr if stderr.strip() else stdout

    def failed(verdict: Verdict, reason: Reason, error: str) -> Outcome:
        code = ended.status
        error = one_line(error, ())
        return Outcome(verdict=verdict, reason=reason, error=error, code=code, stdout=stdout, stderr=stderr)

    if ended.status is None:
        return failed(Verdict.TRY_AGAIN, Reason.TIMEOUT, _with(f"killed after {media_type.timeout} s", said))
    if ended.status < 0:
        return failed(Verdict.TRY_AGAIN, Reason.KILLED, _with(f"killed by signal {-ended.status}", said))
    if ended.status > 0:
        verdict = Verdict.GIVE_UP if ended.status == GIVEN_UP else Verdict.TRY_AGAIN
        return failed(verdict, Reason.EXIT_STATUS, said if said.strip() else f"exit status {ended.status}")
    answer = (ended.stderr.strip() or ended.stdout).decode("utf-8", "replace")
    if not await is_expected(media_type.expect, answer):
        return failed(Verdict.TRY_AGAIN, Reason.UNEXPECTED_ANSWER, _with("unexpected output", said))
    return sent(code=0, stdout=stdout, stderr=stderr)


def _with(fault: str, said: str) -> str:
    return f"{fault}: {said}" if said.strip() else fault


def _not_run(verdict: Verdict, reason: Reason, error: str, secrets: tuple[str, ...]) -> Outcome:
    return Outcome(verdict=verdict, reason=reason, error=one_line(error, secrets))
