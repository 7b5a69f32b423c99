"""How quickly `alertrpc load` loads, beside a bare executemany of the same parsed rows."""

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import orjson

from benchmarks.processes import ENVIRONMENT
from benchmarks.report import Row

COLUMNS = 16


def load(lines: Path, database: Path) -> float:
    """Seconds of `alertrpc load`, the whole process."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "alertrpc", "load", str(lines), "--database", f"sqlite:///{database}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - started


def measure(lines: Path, folder: Path, loaded_seconds: float) -> list[Row]:
    """The rate of all rows of the file beside sqlite3's for the alerts alone, into a table with and without indexes."""
    with lines.open("rb") as file:
        parsed = (orjson.loads(line) for line in file)
        alerts = [tuple(row.values())[1:] for row in parsed if row["table"] == "alerts"]
    with lines.open("rb") as file:
        number = sum(1 for _ in file)
    rows = []
    for what, statements in (("without indexes", _schema(indexes=False)), ("with its indexes", _schema(indexes=True))):
        path = folder / "bare.db"
        path.unlink(missing_ok=True)
        connection = sqlite3.connect(path)
        connection.executescript(statements)
        started = time.perf_counter()
        connection.executemany(f"INSERT INTO alerts VALUES ({', '.join('?' * COLUMNS)})", alerts)
        connection.commit()
        bare = len(alerts) / (time.perf_counter() - started)
        connection.close()
        rate = number / loaded_seconds
        rows.append(
            Row(
                f"load {number:,} rows, {len(alerts):,} of them alerts, in {loaded_seconds:.1f} s",
                f"{rate:,.0f} rows/s",
                f"bare executemany of parsed alerts, {what}: {bare:,.0f}",
                f"{rate / bare:.2f}",
                "0.33",
            )
        )
    return rows


def _schema(*, indexes: bool) -> str:
    """The table of alerts as it stands in schema.sql."""
    script = (Path(__file__).parent.parent / "schema.sql").read_text()
    table = script[script.index("CREATE TABLE alerts") : script.index("-- Version 2:")]
    return table if indexes else table[: table.index("CREATE INDEX")]
