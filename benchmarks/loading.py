"""Makes the data and loads it: how quickly `alertrpc load` does so, beside a bare executemany of the same parsed rows."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from benchmarks.data import write
from benchmarks.processes import ran
from benchmarks.report import Row
from benchmarks.run import Run

COLUMNS = 16


def measure(run: Run) -> Iterator[Row]:
    """The rate of all rows of the file beside sqlite3's for the alerts alone, into a table with and without indexes."""
    for size in run.sizes:
        write(run.lines, size)
        seconds = _load(run, size)
    with run.lines.open("rb") as file:
        parsed = (orjson.loads(line) for line in file)
        alerts = [tuple(row.values())[1:] for row in parsed if row["table"] == "alerts"]
    with run.lines.open("rb") as file:
        number = sum(1 for _ in file)
    rate = number / seconds
    for what, statements in (("without indexes", _schema(indexes=False)), ("with its indexes", _schema(indexes=True))):
        bare = _bare_rate(run.folder / "bare.db", statements, alerts)
        yield Row(
            f"load {number:,} rows, {len(alerts):,} of them alerts, in {seconds:.1f} s",
            f"{rate:,.0f} rows/s",
            f"bare executemany of parsed alerts, {what}: {bare:,.0f}",
            f"{rate / bare:.2f}",
            "0.33",
        )


def _load(run: Run, size: int) -> float:
    """Seconds of `alertrpc load`, the whole process; only a database that is loaded gets its name."""
    path = run.folder / "loading.db"
    started = time.perf_counter()
    ran("alertrpc", "load", str(run.lines), "--database", f"sqlite:///{path}")
    taken = time.perf_counter() - started
    path.rename(run.folder / f"{size}.db")
    return taken


def _bare_rate(path: Path, statements: str, alerts: list[tuple[Any, ...]]) -> float:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(statements)
        started = time.perf_counter()
        connection.executemany(f"INSERT INTO alerts VALUES ({', '.join('?' * COLUMNS)})", alerts)
        connection.commit()
        return len(alerts) / (time.perf_counter() - started)


def _schema(*, indexes: bool) -> str:
    """The table of alerts as it stands in schema.sql."""
    script = (Path(__file__).parent.parent / "schema.sql").read_text()
    table = script[script.index("CREATE TABLE alerts") : script.index("-- Version 2:")]
    return table if indexes else table[: table.index("CREATE INDEX")]
