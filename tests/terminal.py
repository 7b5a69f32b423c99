"""Runs a command at a terminal of its own and answers what it asks."""

import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.support import WARNINGS, environment


def at_terminal(*arguments: str, cwd: Path, answers: Sequence[tuple[str, str]] = ()) -> tuple[int, str]:
    """The exit status and what the terminal showed; each of `answers` is a prompt and what is typed at it."""
    terminal, command_side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *WARNINGS, "-m", "alertrpc", *arguments],
        cwd=cwd,
        stdin=command_side,
        stdout=command_side,
        stderr=command_side,
        start_new_session=True,
        env=environment(TERM="xterm", COLUMNS="200"),
    )
    os.close(command_side)
    try:
        shown = _talk(terminal, answers)
        return process.wait(timeout=60), shown
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def _talk(terminal: int, answers: Sequence[tuple[str, str]]) -> str:
    """Types each answer when its prompt is there; what was typed before a prompt would be thrown away."""
    shown, waiting, looked_at = "", list(answers), 0
    with suppress(OSError):  # the command closed its side: its end
        while chunk := os.read(terminal, 4096):
            shown += chunk.decode()
            if waiting and waiting[0][0] in shown[looked_at:]:
                looked_at = len(shown)
                os.write(terminal, waiting.pop(0)[1].encode() + b"\n")
    assert not waiting, shown
    return shown
