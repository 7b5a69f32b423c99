"""Media types that run a script, as OCP and Zabbix do: variables in its environment, arguments, JSON on its input."""

import asyncio
import errno
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alertrpc.configuration.media_types import key
from alertrpc.configuration.values import text
from alertrpc.delivery.expect import EXPECT, is_expected
from alertrpc.delivery.masking import kept_text, one_line
from alertrpc.delivery.message import Message
from alertrpc.delivery.outcome import Outcome, Reason, Verdict, failed, sent
from alertrpc.delivery.scripts.files import FOLDER_NAME_BYTES, UnusableScript, find_script, folder_name, make_folder
from alertrpc.delivery.scripts.process import Ended, Run
from alertrpc.delivery.secrets import secrets_of
from alertrpc.records import Clock, MediaType
from alertrpc.settings import Settings

GIVEN_UP = 78  # EX_CONFIG: trying again helps nothing
STARTERS = 2  # scripts that are started at one time
BUSY = frozenset({errno.ENOMEM, errno.EAGAIN, errno.ETXTBSY, errno.EMFILE, errno.ENFILE, errno.ENOSPC})


def _name_of_folder(value: Any) -> str:
    """The name of a media type that has a folder of this name."""
    name = text(1, 100)(value)
    if "/" in name or name.startswith(".") or len(name.encode()) > FOLDER_NAME_BYTES:
        raise ValueError(
            f'it names a folder: no "/", no leading "." and at most {FOLDER_NAME_BYTES} bytes are expected'
        )
    return name


def _name_of_script(value: Any) -> str:
    name = text(1, 255)(value)
    if name.startswith("/") or ".." in name.split("/"):
        raise ValueError("the name of a file in scripts_dir is expected")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptMediaType(MediaType):
    kind, zabbix_type = "script", 1

    name: str = key(_name_of_folder)
    script: str = key(_name_of_script, column="exec_path")
    expect: str = key(EXPECT, "")

    @staticmethod
    def channel(settings: Settings, clock: Clock) -> nullcontext["ScriptChannel"]:
        return nullcontext(ScriptChannel(settings.scripts_dir, settings.work_dir))


class ScriptChannel:
    """Runs scripts of one folder, each media type in a working folder of its own.

    They are started in threads, as a start waits until the script is in its process: many would hold the event loop.
    """

    def __init__(self, scripts_dir: Path, work_dir: Path) -> None:
        self._scripts_dir = scripts_dir
        self._work_dir = work_dir
        self._starters = ThreadPoolExecutor(max_workers=STARTERS, thread_name_prefix="script")
        self._abandoned: set[asyncio.Task[Ended]] = set()

    async def send(self, media_type: ScriptMediaType, message: Message) -> Outcome:
        secrets = secrets_of(media_type)
        starting = asyncio.get_running_loop().run_in_executor(self._starters, self._start, media_type, message)
        try:
            run = await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(self._abandon)
            raise
        except UnusableScript as error:
            return failed(Verdict.GIVE_UP, Reason.UNUSABLE_SCRIPT, str(error), secrets)
        except _NoFolder as error:
            return failed(Verdict.TRY_AGAIN, Reason.CANNOT_START, str(error), secrets)
        except OSError as error:
            verdict = Verdict.TRY_AGAIN if error.errno in BUSY else Verdict.GIVE_UP
            text = f"{media_type.script}: cannot start: {error.strerror}"
            return failed(verdict, Reason.CANNOT_START, text, secrets)
        ended = await run.end(media_type.timeout)
        return await _outcome(media_type, ended, secrets)

    def _start(self, media_type: ScriptMediaType, message: Message) -> Run:
        """Raises UnusableScript, _NoFolder, or OSError where the system cannot start it."""
        script = find_script(self._scripts_dir, media_type.script)
        folder = self._work_dir.resolve() / folder_name(media_type.name)
        try:
            make_folder(folder)
        except OSError as error:
            raise _NoFolder(f"cannot make the working folder: {error.strerror}") from error
        return Run(script, folder, message)

    def _abandon(self, starting: asyncio.Future[Run]) -> None:
        """Ends a script at once that nobody waits for any more."""
        if not starting.cancelled() and starting.exception() is None:
            ending = asyncio.ensure_future(starting.result().end(0))
            self._abandoned.add(ending)
            ending.add_done_callback(self._abandoned.discard)


class _NoFolder(Exception):
    """There is no folder to run in."""


async def _outcome(media_type: ScriptMediaType, ended: Ended, secrets: tuple[str, ...]) -> Outcome:
    stdout, stderr = kept_text(ended.stdout, secrets), kept_text(ended.stderr, secrets)
    said = stderr if stderr.strip() else stdout

    def ended_badly(verdict: Verdict, reason: Reason, error: str) -> Outcome:
        code = ended.status
        error = one_line(error, ())
        return Outcome(verdict=verdict, reason=reason, error=error, code=code, stdout=stdout, stderr=stderr)

    if ended.status is None:
        return ended_badly(Verdict.TRY_AGAIN, Reason.TIMEOUT, _with(f"killed after {media_type.timeout} s", said))
    if ended.status < 0:
        return ended_badly(Verdict.TRY_AGAIN, Reason.KILLED, _with(f"killed by signal {-ended.status}", said))
    if ended.status > 0:
        verdict = Verdict.GIVE_UP if ended.status == GIVEN_UP else Verdict.TRY_AGAIN
        return ended_badly(verdict, Reason.EXIT_STATUS, said if said.strip() else f"exit status {ended.status}")
    answer = (ended.stderr.strip() or ended.stdout).decode("utf-8", "replace")
    if not await is_expected(media_type.expect, answer):
        return ended_badly(Verdict.TRY_AGAIN, Reason.UNEXPECTED_ANSWER, _with("unexpected output", said))
    return sent(code=0, stdout=stdout, stderr=stderr)


def _with(fault: str, said: str) -> str:
    return f"{fault}: {said}" if said.strip() else fault


KIND = ScriptMediaType
