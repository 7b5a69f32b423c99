"""Media types that run a script, as in OCP and Zabbix, with arguments, variables in its environment, and JSON as input."""

import asyncio
import errno
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alertrpc.configuration.media_types import key
from alertrpc.configuration.values import text
from alertrpc.delivery.answers import Meaning, answers_within, meaning_of
from alertrpc.delivery.evidence import Evidence, of_lines
from alertrpc.delivery.expect import EXPECT, is_expected
from alertrpc.delivery.masking import kept_text, one_line
from alertrpc.delivery.protocol import Message, Outcome, Reason, Verdict, failed, sent
from alertrpc.delivery.scripts import files
from alertrpc.delivery.scripts.process import Ended, Run
from alertrpc.records import Clock, MediaType
from alertrpc.settings import Settings

GIVEN_UP = 78  # EX_CONFIG: another attempt would fail too
STARTERS = 2  # scripts that are started at one time
BUSY = frozenset({errno.ENOMEM, errno.EAGAIN, errno.ETXTBSY, errno.EMFILE, errno.ENFILE, errno.ENOSPC})


def _name_of_folder(value: Any) -> str:
    """The name of a media type and of its working folder."""
    name = text(1, 100)(value)
    if not files.can_name_folder(name):
        most = files.FOLDER_NAME_BYTES
        raise ValueError(f'it names a folder: no "/", no leading "." and at most {most} bytes are expected')
    return name


def _name_of_script(value: Any) -> str:
    name = text(1, 255)(value)
    if not files.is_name_within(name):
        raise ValueError("the name of a file in scripts_dir is expected")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptMediaType(MediaType):
    kind, zabbix_type = "script", 1

    name: str = key(_name_of_folder)
    script: str = key(_name_of_script, column="exec_path")
    expect: str = key(EXPECT, "")
    answers: list[dict[str, Any]] = key(answers_within(0, 255), [])

    @staticmethod
    def channel(settings: Settings, clock: Clock) -> nullcontext["ScriptChannel"]:
        return nullcontext(ScriptChannel(settings.scripts_dir, settings.work_dir))


class ScriptChannel:
    """Runs scripts of one folder, each media type in a working folder of its own.

    Threads start them: a start waits for the new process, and would block the event loop.
    """

    def __init__(self, scripts_dir: Path, work_dir: Path) -> None:
        self._scripts_dir = scripts_dir
        self._work_dir = work_dir
        self._starters = ThreadPoolExecutor(max_workers=STARTERS, thread_name_prefix="script")
        self._abandoned: set[asyncio.Task[Ended]] = set()

    async def send(self, media_type: ScriptMediaType, message: Message) -> Outcome:
        secrets = message.secrets
        starting = asyncio.get_running_loop().run_in_executor(self._starters, self._start, media_type, message)
        try:
            run = await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(self._abandon)
            raise
        except files.UnusableScript as error:
            return failed(Verdict.GIVE_UP, Reason.UNUSABLE_SCRIPT, str(error), secrets)
        except _NoFolder as error:
            return failed(Verdict.TRY_AGAIN, Reason.CANNOT_START, str(error), secrets)
        except OSError as error:
            verdict = Verdict.TRY_AGAIN if error.errno in BUSY else Verdict.GIVE_UP
            text = f"{media_type.script}: cannot start: {error.strerror}"
            return failed(verdict, Reason.CANNOT_START, text, secrets)
        outcome = await _outcome(media_type, await run.end(media_type.timeout), secrets)
        return replace(outcome, **_request(run.path, message)._asdict())

    def _start(self, media_type: ScriptMediaType, message: Message) -> Run:
        """Raises UnusableScript, _NoFolder, or OSError if the system cannot start it."""
        script = files.find_script(self._scripts_dir, media_type.script)
        folder = self._work_dir.resolve() / files.folder_name(media_type.name)
        try:
            files.make_folder(folder)
        except OSError as error:
            raise _NoFolder(f"cannot make the working folder: {error.strerror}") from error
        return Run(script, folder, message)

    def _abandon(self, starting: asyncio.Future[Run]) -> None:
        """Kills a script whose sender was cancelled while it started."""
        if not starting.cancelled() and starting.exception() is None:
            ending = asyncio.ensure_future(starting.result().end(0))
            self._abandoned.add(ending)
            ending.add_done_callback(self._abandoned.discard)


class _NoFolder(Exception):
    """The working folder cannot be created."""


def _request(path: str, message: Message) -> Evidence:
    """The file, its arguments, and the names of its variables."""
    arguments = [f"argument: {text}" for text in (message.sendto, message.subject, message.message)]
    return of_lines([f"script: {path}", f"variables: {', '.join(message.variables)}", *arguments], message.secrets)


async def _outcome(media_type: ScriptMediaType, ended: Ended, secrets: tuple[str, ...]) -> Outcome:
    answer = (ended.stderr.strip() or ended.stdout).decode("utf-8", "replace")
    meaning, reason, fault = await _judged(media_type, ended, answer)
    stdout, stderr = kept_text(ended.stdout, secrets), kept_text(ended.stderr, secrets)
    if meaning.verdict is Verdict.SENT:
        return sent(code=ended.status, stdout=stdout, stderr=stderr)
    said = stderr if stderr.strip() else stdout
    texts = [said] if ended.status and ended.status > 0 and said.strip() else [fault, said]
    return Outcome(
        verdict=meaning.verdict,
        reason=reason,
        error=one_line(": ".join(filter(str.strip, texts)), ()),
        code=ended.status,
        stdout=stdout,
        stderr=stderr,
        after=meaning.after,
    )


async def _judged(media_type: ScriptMediaType, ended: Ended, answer: str) -> tuple[Meaning, Reason, str]:
    """The meaning of the script's end, its reason, and the fault."""
    if ended.status is None:
        return Meaning(Verdict.TRY_AGAIN), Reason.TIMEOUT, f"killed after {media_type.timeout} s"
    if ended.status < 0:
        return Meaning(Verdict.TRY_AGAIN), Reason.KILLED, f"killed by signal {-ended.status}"
    reason = Reason.EXIT_STATUS if ended.status else Reason.UNEXPECTED_ANSWER
    fault = f"exit status {ended.status}" if ended.status else "unexpected output"
    meaning = await meaning_of(media_type.answers, ended.status, answer) or await _usual(
        media_type, ended.status, answer
    )
    return meaning, Reason.HELD if meaning.verdict is Verdict.WAIT else reason, fault


async def _usual(media_type: ScriptMediaType, status: int, answer: str) -> Meaning:
    if status:
        return Meaning(Verdict.GIVE_UP if status == GIVEN_UP else Verdict.TRY_AGAIN)
    return Meaning(Verdict.SENT if await is_expected(media_type.expect, answer) else Verdict.TRY_AGAIN)


KIND = ScriptMediaType
