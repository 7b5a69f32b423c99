"""Row 6: a list of each get method with what is usually selected, beside bare sqlite3."""

import socket
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from alertrpc.api.get import GET_METHODS
from alertrpc.query.functions import FUNCTIONS
from alertrpc.records import Caller, Params, UserType
from alertrpc.store.connection import SqliteConnection
from benchmarks.load_generator import HEAD, MARK, PATH
from benchmarks.processes import alertrpc, login, received, request
from benchmarks.report import Row, attempt
from benchmarks.run import Run

LIMIT = 100
LISTS: Mapping[str, dict[str, Any]] = {
    "hostgroup": {"selectHosts": ["hostid"]},
    "host": {"selectHostGroups": "extend", "selectTriggers": ["triggerid", "description", "priority"]},
    "user": {"selectUsrgrps": "extend", "selectMedias": "extend", "selectRole": "extend"},
    "mediatype": {"selectUsers": ["userid", "username"]},
    "action": {"selectFilter": "extend", "selectOperations": "extend"},
    "trigger": {
        "selectHosts": ["hostid", "name"],
        "selectHostGroups": ["groupid", "name"],
        "selectLastEvent": "extend",
        "sortfield": "triggerid",
        "sortorder": "DESC",
    },
    "event": {
        "value": 1,
        "selectTags": "extend",
        "selectAcknowledges": "extend",
        "selectAlerts": ["alertid", "status", "mediatypeid", "userid"],
        "selectHosts": ["hostid", "name"],
        "selectRelatedObject": ["triggerid", "description"],
        "sortfield": ["clock", "eventid"],
        "sortorder": "DESC",
    },
    # As Grafana's Problems panel asks.
    "problem": {
        "recent": True,
        "selectAcknowledges": "extend",
        "selectSuppressionData": "extend",
        "selectTags": "extend",
        "sortfield": ["eventid"],
        "sortorder": "DESC",
    },
    "proxy": {"selectHosts": ["hostid", "name"]},
}


def measure(run: Run) -> Iterator[Row]:
    """Milliseconds of a list over one kept connection, and of its statement in bare sqlite3, in turns."""
    with alertrpc(run.database) as (port, _):
        auth = login(port, "Admin")
        for name, asked in LISTS.items():
            yield attempt(f"6. {name}.get", partial(_beside_sqlite3, run, name, asked, port, auth))


def _beside_sqlite3(run: Run, name: str, asked: dict[str, Any], port: int, auth: str) -> Row:
    params: Params = {"output": "extend", "limit": LIMIT, **asked}
    body = request(f"{name}.get", params, auth)
    with kept_connection(port) as post, closing(open_bare(run.database)) as connection:
        found = len(orjson.loads(post(body))["result"])
        fetch = bare_list(connection, name, params)
        taken = run.in_turns(
            {
                "alertrpc": partial(_median_milliseconds, partial(post, body), run.calls),
                "sqlite3": partial(_median_milliseconds, fetch, run.calls),
            }
        )
    return Row(
        f"6. {name}.get, {found} rows with {', '.join([select for select in asked if select[:6] == 'select'])}",
        f"{taken['alertrpc']:.2f} ms",
        f"bare sqlite3, the same JSON rows: {taken['sqlite3']:.2f} ms",
        f"{taken['sqlite3'] / taken['alertrpc']:.2f}" if found else "",
        "0.25" if found else "",
    )


def _median_milliseconds(call: Callable[[], bytes], calls: int) -> float:
    taken = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)


@contextmanager
def kept_connection(port: int) -> Iterator[Callable[[str], bytes]]:
    """Posts over one connection that does little work of its own; a call takes a body and gives the answer's."""
    with socket.create_connection(("127.0.0.1", port)) as connection:

        def post(body: str) -> bytes:
            head = HEAD.format(path=PATH, header="", size=len(body))
            connection.sendall(head.encode() + body.encode())
            answer = b""
            while (end := answer.find(b"\r\n\r\n")) < 0:
                answer += received(connection)
            at = answer.lower().find(b"content-length: ", 0, end)
            size = end + 4 + int(answer[at + 16 : answer.index(b"\r\n", at)])
            pieces, got = [answer], len(answer)
            while got < size:
                pieces.append(received(connection))
                got += len(pieces[-1])
            found = b"".join(pieces)[end + 4 :]
            if MARK.encode() not in found[:40]:
                raise RuntimeError(f"{body} was answered {found[:200]!r}")
            return found

        yield post


def open_bare(database: Path) -> sqlite3.Connection:
    """A connection with the functions that the statements need; sqlite3 keeps the statement prepared."""
    connection = sqlite3.connect(database, factory=SqliteConnection)
    connection.text_factory = bytes
    for name, function in FUNCTIONS.items():
        connection.create_function(name, -1, function, deterministic=True)
    return connection


def bare_list(connection: sqlite3.Connection, name: str, params: Params) -> Callable[[], bytes]:
    """Fetches the rows of the list and joins them."""
    statement, args = GET_METHODS[name].statement(params, Caller(1, UserType.SUPER_ADMIN), int(time.time()))

    def fetch() -> bytes:
        return b",".join([row for (row,) in connection.execute(statement.sql, args).fetchall()])

    return fetch
