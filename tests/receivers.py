"""What deliveries are tested with: a receiver that answers as it is told, a small database, configurations, pushes."""

import contextlib
import functools
import http.client
import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import bcrypt

from alertrpc.api.credentials import hash_token
from alertrpc.store import users
from alertrpc.store.connection import connect, transaction
from alertrpc.store.database import create
from alertrpc.store.schema import APPLICATION_ID, schema_sql
from tests.wire import eventually, execute

TOKEN = "f" * 64  # Admin's
PASSWORD = "zabbix"
PUSH = "/api/v2/alarm/alarms"


@dataclass(frozen=True)
class Got:
    """A request that a receiver got; `at` is in seconds of the monotonic clock."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def delivery_id(self) -> str:
        return self.headers["Idempotency-Key"]


@dataclass(frozen=True)
class Answer:
    """What a receiver answers, when `hold` is set; with `drop`, nothing."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hold: threading.Event | None = None
    drop: bool = False
    then: Callable[[], None] = lambda: None  # called when the answer is on its way


class Receiver(ThreadingHTTPServer):
    """Keeps what it gets, and answers as `answer` says; `most` is how many requests it had at one time."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer: Callable[[Got], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.answer = answer
        self.got: list[Got] = []
        self.now, self.most = 0, 0
        self.lock = threading.Lock()

    def waits_for(self, count: int) -> list[Got]:
        """What it got, when it is so much."""
        assert eventually(lambda: len(self.got) >= count), f"{len(self.got)} of {count} came"
        return list(self.got)

    @property
    def counts(self) -> Counter[str]:
        """How often each delivery came."""
        with self.lock:
            return Counter(got.delivery_id for got in self.got)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever goes away before the answer is no fault of the receiver."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        got = Got(self.path, dict(self.headers), body, time.monotonic())
        with self.server.lock:
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
            self.server.got.append(got)
        answer = self.server.answer(got)
        if answer.hold is not None:
            answer.hold.wait(60)
        with self.server.lock:  # before the answer, after which the next request may come
            self.server.now -= 1
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        if not answer.drop:
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)
            self.wfile.flush()
        answer.then()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def receiving(answer: Callable[[Got], Answer] = lambda got: Answer()) -> Iterator[Receiver]:
    with Receiver(answer) as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


def in_turn(*answers: Answer) -> Callable[[Got], Answer]:
    """One answer after the other; the last one again and again."""
    left = list(answers)
    return lambda got: left.pop(0) if len(left) > 1 else left[0]


# --- databases and configurations


@functools.cache
def quick_hash(password: str) -> str:
    """The hash of a password, sixty times sooner made and checked than those of alertrpc.api.passwords."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def new_database(path: Path) -> Path:
    """A database with the Super admin Admin and the API token TOKEN."""
    create(path)
    with closing(connect(path)) as connection, transaction(connection):
        users.add_user(connection, users.ADMIN, quick_hash(PASSWORD), "super-admin", [users.ADMINISTRATORS[1]])
        users.add_token(connection, users.ADMIN, users.NewToken("tests", hash_token(TOKEN)))
    return path


def older_database(path: Path, version: int) -> Path:
    """An empty database of an older version of the schema."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema_sql().partition(f"-- Version {version + 1}: ")[0])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
    return path


def http_channel(name: str, receiver: Receiver, **more: Any) -> dict[str, Any]:
    members = {"alert": "alert_id", "subject": "subject", "message": "message", "target": "alarm_target"}
    body = "{" + ", ".join(f'"{name}": ${{{variable}_json}}' for name, variable in members.items()) + "}"
    return {"name": name, "type": "http", "url": receiver.url, "body": body, "attempt_interval": "0s", **more}


def script_channel(name: str, script: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "script", "script": script, "attempt_interval": "0s", **more}


def to_admin(*media_types: Mapping[str, Any], **more: Any) -> dict[str, list[dict[str, Any]]]:
    """A configuration: every alarm goes to Admin through each of the media types."""
    media = [
        {
            "media_type": each["name"],
            "sendto": "to@example.com" if each.get("type") == "email" else f"to {each['name']}",
        }
        for each in media_types
    ]
    return {
        "media_type": [dict(media_type) for media_type in media_types],
        "user": [{"username": "Admin", "media": media}],
        "action": [{"name": "All", "steps": [{"users": ["Admin"]}], **more}],
    }


def write_config(path: Path, tables: Mapping[str, Iterable[Mapping[str, Any]]], **settings: Any) -> Path:
    """A TOML file."""
    lines = [f"{name} = {_toml(value)}" for name, value in settings.items()]
    for table, entries in tables.items():
        for entry in entries:
            lines += [f"[[{table}]]", *[f"{_toml(key)} = {_toml(value)}" for key, value in entry.items()]]
    path.write_text("\n".join(lines) + "\n")
    return path


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


def write_script(path: Path, text: str) -> Path:
    """An executable file."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


# --- pushes, and what became of them


def post(port: int, path: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    """The status and the envelope of the answer; as Admin, where nothing else is said."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}", **headers}
        connection.request("POST", path, json.dumps(body), sent)
        response = connection.getresponse()
        envelope: dict[str, Any] = json.loads(response.read())
        return response.status, envelope
    finally:
        connection.close()


def push(port: int, target: str = "db-1", **more: Any) -> Any:
    """The alarm as it was acknowledged."""
    status, envelope = post(port, PUSH, {"alarmType": "slow", "target": target, **more})
    assert status == 200, envelope
    return envelope["data"]


def push_many(port: int, targets: Iterable[str], **more: Any) -> Any:
    status, envelope = post(port, PUSH, [{"alarmType": "slow", "target": target, **more} for target in targets])
    assert status == 200, envelope
    return envelope["data"]


def rows(database: Path, sql: str, *args: Any) -> list[dict[str, Any]]:
    """The rows of a statement by the names of their columns."""
    with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, args)]


def alerts(database: Path) -> list[dict[str, Any]]:
    return rows(database, "SELECT * FROM alerts ORDER BY alertid")


def attempts(database: Path) -> list[dict[str, Any]]:
    return rows(database, "SELECT * FROM attempts ORDER BY alertid, number")


def settled(database: Path, count: int) -> list[dict[str, Any]]:
    """The alerts, when there are so many, and each is sent or given up."""

    def is_settled() -> bool:
        ((done, left),) = execute(
            database, "SELECT COUNT(*) FILTER (WHERE status IN (1, 2)), (SELECT COUNT(*) FROM alert_queue) FROM alerts"
        )
        return bool(done >= count and not left)

    assert eventually(is_settled), alerts(database)
    return alerts(database)
