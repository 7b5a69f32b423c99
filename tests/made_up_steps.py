"""The benchmarks' command with steps that fail, die and wait: python -m tests.made_up_steps FLAGS."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks import runner
from benchmarks.__main__ import main
from benchmarks.report import Row, attempt
from benchmarks.run import Run
from benchmarks.steps import Step

runner.GRACE, runner.TICK = 0.3, 0.05
LOOP = "while :; do sleep 600; done"
STUBBORN = f"trap '' TERM; {LOOP}"


def start(script: str, run: Run) -> subprocess.Popen[bytes]:
    """A shell that has written a file when it is at work."""
    ready = run.folder / "ready"
    ready.unlink(missing_ok=True)
    process = subprocess.Popen(["bash", "-c", script.replace("while", f"echo > {ready}; while", 1)])
    while not ready.exists():
        time.sleep(0.01)
    return process


def good(run: Run) -> Iterator[Row]:
    yield Row("a good row", "1 ms")


def broken(run: Run) -> Iterator[Row]:
    yield attempt("a row that fails alone", lambda: Row("x", str(1 // 0)))
    yield Row("a row before the fault", "2 ms")
    start(LOOP, run)
    raise RuntimeError("this is what broke")


def dying(run: Run) -> Iterator[Row]:
    start(LOOP, run)
    os.kill(os.getpid(), signal.SIGKILL)
    yield from ()


def waiting(run: Run) -> Iterator[Row]:
    start(STUBBORN, run)
    loop = start(LOOP, run)
    yield Row("a row before the wait", "3 ms")
    raise RuntimeError(f"the loop ended with status {loop.wait()}")


STEPS = tuple(
    Step(measure.__name__, "made-up", "made up", measure, lambda run: 60, reads_data=False)
    for measure in (broken, dying, waiting, good)
)

if __name__ == "__main__":
    sys.exit(main(STEPS))
