"""Makes the data, measures every competitor in the same run, and prints the table of ratios."""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import beside_zabbix, deliveries, growth, lists, loading, point_reads, pushes, streams
from benchmarks.data import write
from benchmarks.report import Row, show


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--alerts", type=int, default=1_000_000, help="how many alerts there are (1000000)")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each load runs (4)")
    parser.add_argument(
        "--only", choices=["reads", "alarms"], help="only the rows of reading, or of alarms and delivery"
    )
    parser.add_argument("--zabbix", metavar="URL", help="a Zabbix API to send the same requests to")
    parser.add_argument("--zabbix-user", default="Admin")
    parser.add_argument("--zabbix-password", default="zabbix")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alertrpc-bench-") as folder:
        show(measure(Path(folder), arguments))


def measure(folder: Path, arguments: argparse.Namespace) -> list[Row]:
    alerts, seconds = arguments.alerts, arguments.seconds
    databases: dict[int, Path] = {}
    rows: list[Row] = []
    for size in (alerts // 100, alerts // 10, alerts):
        print(f"making and loading {size:,} alerts ...", flush=True)
        lines, databases[size] = folder / "alerts.jsonl", folder / f"{size}.db"
        write(lines, size)
        loaded_seconds = loading.load(lines, databases[size])
    database = databases[alerts]
    reads: list[Callable[[], list[Row]]] = [
        partial(point_reads.measure, database, alerts, seconds),
        partial(streams.measure, database, alerts),
        partial(streams.measure_beside_slow_reader, database, alerts, seconds),
        partial(growth.measure, databases),
        partial(lists.measure, database),
        partial(point_reads.measure_workers, database, alerts, seconds),
        partial(loading.measure, lines, folder, loaded_seconds),
    ]
    alarms: list[Callable[[], list[Row]]] = [
        partial(pushes.measure, database, alerts, seconds),
        partial(deliveries.measure, folder),
    ]
    for step in {"reads": reads, "alarms": alarms}.get(arguments.only, reads + alarms):
        rows += step()
        print(f"{rows[-1].what} ... done", flush=True)
    if arguments.zabbix:
        rows += beside_zabbix.measure(database, arguments.zabbix, arguments.zabbix_user, arguments.zabbix_password)
    return rows


if __name__ == "__main__":
    main()
