"""Runs a script for an alert, as OCP and Zabbix do: variables in its environment, arguments, JSON on its input."""

import asyncio
import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alertrpc.delivery.channels.expect import is_expected
from alertrpc.delivery.masking import kept_text, one_line, secrets_of
from alertrpc.delivery.message import Message
from alertrpc.delivery.outcome import Outcome, Reason, Verdict, failed, sent
from alertrpc.delivery.scripts.files import UnusableScript, find_script, folder_name, make_folder
from alertrpc.delivery.scripts.process import Ended, Run
from alertrpc.records import MediaType

GIVEN_UP = 78  # EX_CONFIG: trying again helps nothing
STARTERS = 2  # scripts that are started at one time
BUSY = frozenset({errno.ENOMEM, errno.EAGAIN, errno.ETXTBSY, errno.EMFILE, errno.ENFILE, errno.ENOSPC})


class ScriptChannel:
    """Runs scripts of one folder, each media type in a working folder of its own.

    They are started in threads, as a start waits until the script is in its process: many would hold the event loop.
    """

    def __init__(self, scripts_dir: Path, work_dir: Path) -> None:
        self._scripts_dir = scripts_dir
        self._work_dir = work_dir
        self._starters = ThreadPoolExecutor(max_workers=STARTERS, thread_name_prefix="script")
        self._abandoned: set[asyncio.Task[Ended]] = set()

    async def send(self, media_type: MediaType, message: Message) -> Outcome:
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

    def _start(self, media_type: MediaType, message: Message) -> Run:
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


async def _outcome(media_type: MediaType, ended: Ended, secrets: tuple[str, ...]) -> Outcome:
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
