"""Runs a step in a process of its own, and sees to it that nothing outlives it.

The step's process leads a process group, in which all that it starts stays. However the step ends, the run ends the group;
however the run ends, the step's process sees it and ends the group.
"""

import multiprocessing
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

from benchmarks.report import Row, failed
from benchmarks.run import Run
from benchmarks.steps import Step

STOPPING = (signal.SIGINT, signal.SIGTERM)
GRACE = 5.0  # seconds until what does not end at SIGTERM is killed
LOOK = 0.02  # seconds between two looks at what is left of a group
TICK = 1.0  # seconds between two signs of progress

_context = multiprocessing.get_context("fork")


class StoppedError(Exception):
    """SIGINT or SIGTERM came."""


@contextmanager
def stop_signals() -> Iterator[socket.socket]:
    """A socket that can be read once SIGINT or SIGTERM came; neither does anything else."""
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        before = {signum: signal.signal(signum, lambda *_: None) for signum in STOPPING}
        try:
            yield reader
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)
            signal.set_wakeup_fd(wakeup)


def rows_of(
    step: Step, run: Run, stopped: socket.socket, tick: Callable[[], None] | None
) -> Generator[Row, None, None]:
    """The rows of a step as they are measured, its fault among them; raises StoppedError."""
    receiver, sender = _context.Pipe(duplex=False)
    process = _context.Process(target=_measure, args=(step, run, sender))
    process.start()
    assert process.pid is not None
    with suppress(ProcessLookupError):
        os.setpgid(process.pid, process.pid)  # here too, as either process may be the first to need it
    sender.close()
    try:
        yield from _received(receiver, stopped, tick)
    except EOFError:
        process.join()
        yield Row(f"{step.name}: {step.what}", fault=f"its process ended with status {process.exitcode}")
    finally:
        end_group(process.pid)
        process.join()
        receiver.close()


def _received(receiver: Connection, stopped: socket.socket, tick: Callable[[], None] | None) -> Iterator[Row]:
    """The rows up to the end of the step; raises EOFError when its process is gone before that."""
    while True:
        ready = wait([receiver, stopped], None if tick is None else TICK)
        if stopped in ready:
            raise StoppedError
        if receiver in ready:
            if (row := receiver.recv()) is None:
                return
            yield row
        elif tick is not None:
            tick()


def _measure(step: Step, run: Run, sender: Connection) -> None:
    """What the step's process does."""
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for signum in STOPPING:
        signal.signal(signum, signal.SIG_DFL)
    watch = threading.Thread(target=_end_with_parent, args=(run.folder,), daemon=True)
    watch.start()
    try:
        _send_rows(step, run, sender)
    finally:
        watch.join()  # this process ends with its group, so that until then somebody sees to it


def _send_rows(step: Step, run: Run, sender: Connection) -> None:
    try:
        for row in step.measure(run):
            sender.send(row)
    except BaseException as error:
        sender.send(failed(f"{step.name}: {step.what}", error))
    sender.send(None)


def _end_with_parent(folder: Path) -> None:
    """Does what the run cannot do any more when it was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    end_group(os.getpgid(0), spared=os.getpid())
    shutil.rmtree(folder, ignore_errors=True)
    os.kill(os.getpid(), signal.SIGKILL)


def end_group(group: int, spared: int = 0) -> None:
    """Ends the processes of a group: by SIGTERM, at which a server ends its scripts too, then by SIGKILL."""
    for signum in (signal.SIGTERM, signal.SIGKILL):
        told: set[int] = set()
        ends = time.monotonic() + GRACE
        while (left := members(group) - {spared}) and time.monotonic() < ends:
            for pid in left - told:
                with suppress(ProcessLookupError):
                    os.kill(pid, signum)
            told |= left
            time.sleep(LOOK)


def members(group: int) -> set[int]:
    """The processes of a group, without those that have ended and wait for their parent to look."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.add(int(stat.parent.name))
    return found
