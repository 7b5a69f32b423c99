"""Row 11: a storm of alarms that a receiver with a limit is told of in digests."""

import json
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from alertrpc.api.passwords import hash_password
from alertrpc.store.database import create
from alertrpc.store.loading import load_file
from benchmarks.deliveries import LONGEST_WAIT, USERS, configure, push
from benchmarks.processes import alertrpc
from benchmarks.report import Row
from benchmarks.run import Run

TAKEN = 10  # requests that the receiver takes in any second; it refuses others with 429


class Receiver(ThreadingHTTPServer):
    """Takes so many requests in any second, and counts them and those that it refuses."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken = self.refused = 0
        self._times: deque[float] = deque(maxlen=TAKEN)
        self._lock = threading.Lock()

    def takes(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if len(self._times) == TAKEN and now - self._times[0] < 1:
                self.refused += 1
                return False
            self._times.append(now)
            self.taken += 1
            return True


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        takes = self.server.takes()
        self.send_response(200 if takes else 429)
        if not takes:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


def media_type(port: int) -> str:
    return f"""
        [[media_type]]
        name = "bench"
        type = "http"
        url = "http://127.0.0.1:{port}/hook"
        rate = "{TAKEN}/1s"
        digest = 5
    """


def measure(run: Run) -> Iterator[Row]:
    """A storm from its first push until the last alarm is told, to a receiver that takes few requests a second."""
    told = run.in_turns({"seconds": lambda: _seconds(run.folder, run.storm)})
    yield Row(
        f"11. {run.storm:,} alarms in a storm, told in digests to a receiver that takes {TAKEN} requests a second",
        f"{told['seconds']:.1f} s",
        f"{run.storm / TAKEN:,.0f} s, one by one",
        f"{told['seconds'] * TAKEN / run.storm:.3f}",
        "5 s",
    )


def _seconds(folder: Path, alarms: int) -> float:
    """From the first push to the end of the last attempt; each alarm is told once, and none is refused."""
    database = folder / "storm.db"
    for left in folder.glob("storm.*"):
        left.unlink()
    create(database)
    load_file(database, [json.dumps(row).encode() for row in USERS], hash_password)
    with receiving() as receiver:
        configure(database, media_type(receiver.server_port))
        with alertrpc(database) as (port, _), closing(sqlite3.connect(database, timeout=60)) as connection:
            began, at = time.time(), time.perf_counter()
            push(port, alarms)
            while connection.execute("SELECT COUNT(*) FROM alert_queue").fetchone()[0]:
                if time.perf_counter() - at > LONGEST_WAIT:
                    raise RuntimeError("the alerts are not delivered")
                time.sleep(0.05)
            sent, last = connection.execute(
                "SELECT COUNT(DISTINCT alertid), MAX(started + milliseconds) FROM attempts WHERE outcome = 'sent'"
            ).fetchone()
        if sent != alarms or receiver.refused:
            raise RuntimeError(f"{sent} of {alarms} alerts were sent, {receiver.refused} requests were refused")
    seconds: float = last / 1000 - began
    return seconds
