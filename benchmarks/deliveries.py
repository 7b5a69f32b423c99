"""Rows 9 and 10: alerts that are delivered a second, by HTTP and by scripts."""

import json
import os
import shutil
import sqlite3
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

from alertrpc.api.passwords import hash_password
from alertrpc.store.database import create
from alertrpc.store.loading import load_file
from benchmarks.data import PASSWORDS
from benchmarks.processes import alertrpc, bare_server, ran
from benchmarks.report import Row
from benchmarks.run import Run

HTTP_SESSIONS, SCRIPT_SESSIONS = 32, 8
SCRIPTS = Path(__file__).parent.parent / "examples" / "scripts"
SCRIPT = "send_alarm.py"
PUSHED_TOGETHER = 1000
RECEIVED = '{"errcode": 0}'  # what the receiver of webhooks answers
LONGEST_WAIT = 300  # seconds
USERS = (
    {"table": "role", "roleid": 3, "name": "Super admin role", "type": 3},
    {"table": "users", "userid": 1, "username": "Admin", "roleid": 3, "password": PASSWORDS["Admin"]},
)


def http_media_type(port: int, sessions: int) -> str:
    return f"""
        [[media_type]]
        name = "bench"
        type = "http"
        url = "http://127.0.0.1:{port}/hook"
        expect = '{{"errcode": 0}}'
        max_sessions = {sessions}
    """


def script_media_type(sessions: int) -> str:
    return f"""
        scripts_dir = "{SCRIPTS}"

        [[media_type]]
        name = "bench"
        type = "script"
        script = "{SCRIPT}"
        max_sessions = {sessions}
    """


def configure(database: Path, media_type: str) -> None:
    """Makes Admin the receiver of every alarm, through the media type."""
    path = database.with_suffix(".toml")
    path.write_text(
        media_type
        + """
        [[user]]
        username = "Admin"
        media = [ { media_type = "bench", sendto = "bench" } ]

        [[action]]
        name = "bench"
        steps = [ { users = ["Admin"], media_types = ["bench"] } ]
        """
    )
    ran("alertrpc", "apply", str(path), "--database", f"sqlite:///{database}")


def measure_webhooks(run: Run) -> Iterator[Row]:
    """Due alerts to a receiver of webhooks, beside a bare aiohttp client that posts as many."""
    with bare_server(RECEIVED, "asyncio") as port:
        rates = run.in_turns({
            "alertrpc": partial(_delivery_rate, run.folder, http_media_type(port, HTTP_SESSIONS), run.webhooks),
            "asyncio": partial(_bare_rate, port, run.webhooks, "asyncio"),
            "uvloop": partial(_bare_rate, port, run.webhooks, "uvloop"),
        })  # fmt: skip
    yield Row(
        f"9. {run.webhooks:,} due alerts to a receiver of webhooks, {HTTP_SESSIONS} sessions",
        f"{rates['alertrpc']:,.0f} alerts/s",
        f"bare aiohttp client on asyncio: {rates['asyncio']:,.0f} (on uvloop {rates['uvloop']:,.0f})",
        f"{rates['alertrpc'] / rates['asyncio']:.2f}",
        "0.60",
    )


def _bare_rate(port: int, alerts: int, loop: str) -> float:
    url, body = f"http://127.0.0.1:{port}/hook", json.dumps({"subject": "s" * 40, "message": "m" * 150})
    return float(ran("benchmarks.bare_client", url, str(HTTP_SESSIONS), str(alerts), loop, stdin=body))


def measure_scripts(run: Run) -> Iterator[Row]:
    """Due alerts by a script, beside shell loops that start the same script as often."""
    rates = run.in_turns({
        "alertrpc": partial(_delivery_rate, run.folder, script_media_type(SCRIPT_SESSIONS), run.scripts),
        "loops": partial(_loops_rate, run.folder, run.scripts // SCRIPT_SESSIONS),
    })  # fmt: skip
    yield Row(
        f"10. {run.scripts} due alerts by a Python script, {SCRIPT_SESSIONS} sessions",
        f"{rates['alertrpc']:,.1f} alerts/s",
        f"{SCRIPT_SESSIONS} shell loops that start the script: {rates['loops']:,.1f}",
        f"{rates['alertrpc'] / rates['loops']:.2f}",
        "0.70",
    )


def _loops_rate(folder: Path, each: int) -> float:
    work = folder / "loops"
    work.mkdir(exist_ok=True)
    loop = f'for i in $(seq {each}); do "{SCRIPTS / SCRIPT}" bench subject message >/dev/null </dev/null; done'
    at = time.perf_counter()
    loops = [
        subprocess.Popen(["bash", "-c", loop], cwd=work, env={**os.environ, "message": "m" * 150})
        for _ in range(SCRIPT_SESSIONS)
    ]
    for process in loops:
        process.wait()
    return each * SCRIPT_SESSIONS / (time.perf_counter() - at)


def _delivery_rate(folder: Path, media_type: str, alerts: int) -> float:
    """Alerts a second from the first try to the last record, of a server that finds them due when it starts."""
    database = folder / "deliveries.db"
    for left in folder.glob("deliveries.*"):
        left.unlink()
    create(database)
    load_file(database, [json.dumps(row).encode() for row in USERS], hash_password)
    configure(database, media_type)
    with alertrpc(database, "--deliver", "no") as (port, _):
        push(port, alerts)
    flags = ("--scripts-dir", str(SCRIPTS), "--work-dir", str(folder / "work"))
    at = time.perf_counter()
    with alertrpc(database, *flags), closing(sqlite3.connect(database)) as connection:
        while connection.execute("SELECT COUNT(*) FROM alert_queue").fetchone()[0]:
            if time.perf_counter() - at > LONGEST_WAIT:
                raise RuntimeError("the alerts are not delivered")
            time.sleep(0.05)
        sent, first, last = connection.execute(
            "SELECT COUNT(*), MIN(started), MAX(started + milliseconds) FROM attempts WHERE outcome = 'sent'"
        ).fetchone()
    shutil.rmtree(folder / "work", ignore_errors=True)
    if sent != alerts:
        raise RuntimeError(f"{sent} of {alerts} alerts were sent")
    rate: float = 1000 * alerts / (last - first)
    return rate


def push(port: int, alarms: int) -> None:
    bodies = [{"alarmType": "bench", "target": f"host-{i}", "labels": {"cluster": "prod"}} for i in range(alarms)]
    for start in range(0, alarms, PUSHED_TOGETHER):
        body = json.dumps(bodies[start : start + PUSHED_TOGETHER]).encode()
        request = Request(f"http://127.0.0.1:{port}/api/v2/alarm/alarms", body, {"Content-Type": "application/json"})
        request.add_header("Authorization", basic())
        with urlopen(request, timeout=60) as response:
            response.read()


def basic() -> str:
    return "Basic " + b64encode(f"Admin:{PASSWORDS['Admin']}".encode()).decode()
