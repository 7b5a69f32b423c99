"""What the tests of the wire share: envelopes, sockets that read slowly, changes to a served database, waiting."""

import json
import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support import Client

PATIENCE = 60.0  # seconds; nothing waits so long but on a machine that does nothing at all


def call(method: str, params: Any = (), **members: Any) -> dict[str, Any]:
    """The envelope of a call; a notification, unless `members` hold an id."""
    return {"jsonrpc": "2.0", "method": method, "params": params, **members}


def error(code: int, message: str, data: str, call_id: Any = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "error": {"code": code, "message": message, "data": data}, "id": call_id}


def exchange(port: int, body: Any, headers: dict[str, str] | None = None) -> Any:
    """The answer to a JSON document over a connection of its own; None when it is empty."""
    client = Client(port)
    try:
        status, text = client.post(json.dumps(body), headers=headers)
    finally:
        client.close()
    assert status == 200, (status, text)
    return json.loads(text) if text else None


def execute(database: Path, sql: str, *args: Any) -> list[tuple[Any, ...]]:
    """Runs a statement in the file that a server uses, and returns its rows."""
    with closing(sqlite3.connect(database, timeout=PATIENCE, isolation_level=None)) as connection:
        return connection.execute(sql, args).fetchall()


def eventually(check: Callable[[], bool]) -> bool:
    """Whether `check` holds, soon or after some waiting."""
    end = time.monotonic() + PATIENCE
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class SlowReader:
    """A client that has sent a call and takes the answer when the test says so, through a small window."""

    def __init__(self, port: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        lines = {"Host": "test", "Content-Type": "application/json", "Content-Length": len(content), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(f"POST /api_jsonrpc.php HTTP/1.1\r\n{head}\r\n".encode() + content)
        self._response = HTTPResponse(self.socket)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def start(self, size: int = 1000) -> bytes:
        """The first bytes of the answer's body: what follows is on its way."""
        self._response.begin()
        return self._response.read(size)

    def rest(self) -> bytes:
        """All that is left; raises IncompleteRead or ConnectionError where the server broke off."""
        return self._response.read()

    def leave(self) -> None:
        """Goes away, however much of the answer was taken."""
        self._response.close()
        self.socket.close()
