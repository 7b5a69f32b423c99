"""Makes the data, measures every competitor in the same run, and prints each row when it is measured."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from socket import socket

from benchmarks.report import COLUMNS, Report, Row, about
from benchmarks.run import QUICK, Run, Zabbix
from benchmarks.runner import StoppedError, rows_of, stop_signals
from benchmarks.steps import STEPS, Step, chosen

FAILED, STOPPED = 1, 130  # exit statuses
FEWEST_ALERTS = 100  # the least of the three sizes has a hundredth


def main(steps: Sequence[Step] = STEPS) -> int:
    """The exit status."""
    parser = _parser(steps)
    arguments = parser.parse_args()
    settings = dict(QUICK) if arguments.quick else {}
    settings |= {name: given for name in ("alerts", "seconds") if (given := getattr(arguments, name)) is not None}
    zabbix = arguments.zabbix and Zabbix(arguments.zabbix, arguments.zabbix_user, arguments.zabbix_password)
    run, report = Run(Path(), zabbix=zabbix, **settings), Report()
    todo = chosen(steps, arguments.only, run)
    if any(step.needs_zabbix for step in todo) and not zabbix:
        parser.error("the step zabbix needs --zabbix URL")
    if arguments.list:
        _list(report, steps, run)
        return 0
    with stop_signals() as stopped, tempfile.TemporaryDirectory(prefix="alertrpc-bench-") as folder:
        rows, left = _measure(report, todo, run.inside(Path(folder)), stopped)
        report.table(rows, "alertrpc, measured in one run" + (", roughly" if arguments.quick else ""))
        if left:
            report.say(f"stopped; not measured: {', '.join(left)}")
            return STOPPED
        return FAILED if any(row.fault for row in rows) else 0


def _measure(report: Report, todo: Sequence[Step], run: Run, stopped: socket) -> tuple[list[Row], list[str]]:
    """The rows, and what a signal left unmeasured."""
    whole, begun = about(sum(step.seconds(run) for step in todo)), time.monotonic()
    report.say(f"{len(todo)} step{'s' if len(todo) > 1 else ''}, {whole}; Ctrl-C stops and shows what was measured\n")
    report.row(COLUMNS)
    rows: list[Row] = []
    for number, step in enumerate(todo, 1):
        at, before = time.monotonic(), len(rows)
        report.say(
            f"[{number}/{len(todo)}] {step.name}: {step.what}; {about(step.seconds(run))} "
            f"({at - begun:.0f} s so far, of {whole})"
        )

        def tick(step: Step = step, at: float = at) -> None:
            report.progress(f"    {step.name}: {time.monotonic() - at:.0f} s of {about(step.seconds(run))}")

        try:
            with closing(rows_of(step, run, stopped, tick if report.is_live else None)) as measured:
                for row in measured:
                    rows.append(row)
                    report.row(row.cells())
        except StoppedError:
            this = step.name if len(rows) == before else f"the rest of {step.name}"
            return rows, [this, *[later.name for later in todo[number:]]]
    return rows, []


def _list(report: Report, steps: Sequence[Step], run: Run) -> None:
    for step in steps:
        report.say(f"{step.name:<12} {step.group:<7} {about(step.seconds(run)):<17} {step.what}")


def _parser(steps: Sequence[Step]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="rough figures in under a minute, of 20,000 alerts")
    parser.add_argument("--alerts", type=_alerts, help="how many alerts there are (1000000)")
    parser.add_argument("--seconds", type=_seconds, help="how long each load runs (4)")
    parser.add_argument("--list", action="store_true", help="show the steps and about how long each takes")
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="STEP",
        choices=list(dict.fromkeys([*[step.group for step in steps], *[step.name for step in steps]])),
        help="only these steps: names of --list, or its groups",
    )
    parser.add_argument("--zabbix", metavar="URL", help="a Zabbix API to send the same requests to")
    parser.add_argument("--zabbix-user", default="Admin")
    parser.add_argument("--zabbix-password", default="zabbix")
    return parser


def _alerts(text: str) -> int:
    if (alerts := int(text)) < FEWEST_ALERTS:
        raise argparse.ArgumentTypeError(f"at least {FEWEST_ALERTS}")
    return alerts


def _seconds(text: str) -> float:
    if not 0 < (seconds := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError("more than 0")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
