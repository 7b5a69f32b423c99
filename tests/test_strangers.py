"""What strangers send leaves few lines in the log, none of them a traceback or forged; faults of ours keep theirs."""

import logging
import re
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from alertrpc.loglines import LONGEST_LINE, MOST_LINES, PERIOD, FewLines, LineFormatter, one_line, printable
from alertrpc.web import http_log
from alertrpc.web.headers import name_server
from tests.raw import BROKEN, GARBAGE, MALFORMED, send
from tests.support import Server, serving
from tests.test_http import ask, health
from tests.wire import PATIENCE, eventually

FEW = [list(MALFORMED)[start : start + MOST_LINES] for start in range(0, len(MALFORMED), MOST_LINES)]


def told(server: Server) -> list[str]:
    """The lines about strangers, without their times."""
    lines = server.log.read_text().splitlines()
    return [line.partition(" alertrpc.strangers: ")[2] for line in lines if " alertrpc.strangers: " in line]


def unexpected(server: Server) -> list[str]:
    """Lines that are neither about strangers nor what every server writes."""
    return [
        line
        for line in server.log.read_text().splitlines()
        if " alertrpc.strangers: " not in line and " INFO alertrpc." not in line
    ]


@pytest.mark.parametrize("names", FEW)
def test_malformed_requests_are_a_line_each(server: Server, names: list[str]) -> None:
    for number, name in enumerate(names, 1):
        assert b" 400 Bad Request\r\n" in send(server.port, MALFORMED[name]), name
        assert eventually(lambda number=number: len(told(server)) == number), name  # type: ignore[misc]
        assert re.fullmatch(r"a request of 127\.0\.0\.1 cannot be read or answered: \w.*", told(server)[-1]), name
    assert max(map(len, told(server))) <= LONGEST_LINE
    assert unexpected(server) == []


def test_garbage_and_broken_bodies_leave_no_line(server: Server) -> None:
    for name, request in GARBAGE.items():
        assert b" 400 Bad Request\r\n" in send(server.port, request), name
    for request in BROKEN.values():
        send(server.port, request, wait=False)
    assert health(server.port) == (200, {"status": "ok"})
    assert server.stop() == 0
    assert unexpected(server) == []
    assert len(told(server)) <= 3  # of two bodies with a Content-Encoding, and of an answer that nobody waited for


@pytest.mark.parametrize("name", [*GARBAGE, *BROKEN])
def test_at_debug_they_are_a_line_each(database: Path, name: str) -> None:
    with serving(database, "--log-level", "debug") as server:
        send(server.port, (GARBAGE | BROKEN)[name], wait=name in GARBAGE)
        assert health(server.port) == (200, {"status": "ok"})
        assert server.stop() == 0
    assert len(told(server)) <= 1
    assert "Traceback" not in server.log.read_text()
    if name in GARBAGE:
        assert told(server)[0].startswith("a request of 127.0.0.1 cannot be read or answered: ")


def test_a_flood_leaves_few_lines(server: Server) -> None:
    started = time.monotonic()
    for _ in range(100):
        send(server.port, MALFORMED["length"])
        send(server.port, b"GET /api/v2/alarm/alarms HTTP/1.0\r\n\r\n")
    periods = 1 + int((time.monotonic() - started) / PERIOD)
    assert MOST_LINES <= len(told(server)) <= periods * MOST_LINES
    assert {line.partition(" ")[0] for line in told(server)} == {"a", "127.0.0.1"}
    assert unexpected(server) == []


def test_the_next_line_says_how_many_were_left_out() -> None:
    now, few, passed = 0.0, FewLines(lambda: now), []

    def log(number: int) -> None:
        record = logging.LogRecord("x", logging.WARNING, "", 0, "line %d", (number,), None)
        if few.filter(record):
            passed.append(record.getMessage())

    for number in range(MOST_LINES + 3):
        now = 0.5 * number
        log(number)
    assert passed == [f"line {number}" for number in range(MOST_LINES)]
    now = PERIOD - 0.001
    log(98)
    now = PERIOD
    log(99)
    log(100)
    now = PERIOD + 0.5
    log(101)
    assert passed[MOST_LINES:] == [
        "line 99 (4 such lines left out before)",
        "line 101 (1 such line left out before)",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb\r\n", "a\\nb\\r\\n"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\0\x7f\x85", "\\x00\\x7f\\x85"),
        ("\u2028\u202e\udcff", "\\u2028\\u202e\\udcff"),
        ("Prüfung ✓ 🎉 100%s", "Prüfung ✓ 🎉 100%s"),
    ],
)
def test_a_line_shows_what_is_not_printable(text: str, line: str) -> None:
    assert printable(text) == line
    record = logging.LogRecord("x", logging.INFO, "", 0, "of %s", (text,), None)
    assert LineFormatter("%(name)s %(message)s").format(record) == f"x of {line}"


def test_a_line_is_cut() -> None:
    assert one_line("a" * 20, 20) == "a" * 20
    assert one_line("a" * 10 + "b" * 11, 20) == "a" * 8 + "..." + "b" * 8
    assert one_line("\n" * 20, 20) == "\\n" * 4 + "..." + "\\n" * 4


@pytest.mark.parametrize("path", [b"/api_jsonrpc.php", b"/healthz", b"/api/v2/alerts", b"/api/v2/x", b"/x"])
def test_another_expectation_is_417(shared_server: Server, path: bytes) -> None:
    request = b"POST %s HTTP/1.%d\r\nHost: test\r\nExpect: %s\r\nConnection: close\r\n\r\n"
    for expected in (b"100-continued", b"\xff"):
        assert b" 417 Expectation Failed\r\n" in send(shared_server.port, request % (path, 1, expected))
    assert send(shared_server.port, request % (path, 1, b"100-Continue")).startswith(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP"
    )
    assert not send(shared_server.port, request % (path, 0, b"100-continue")).startswith(b"HTTP/1.1 100 Continue")
    assert unexpected(shared_server) == []


def test_clients_that_go_away_between_requests_leave_no_line(server: Server) -> None:
    """The second request is looked at when nobody is there any more, which about one of twenty meets."""
    first = b"GET /api/v2/alarm/alarms HTTP/1.1\r\nHost: test\r\nAuthorization: Basic QWRtaW46emFiYml4\r\n\r\n"
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
            connection.sendall(first + BROKEN["body"])
            connection.recv(10)
    assert server.stop() == 0
    assert unexpected(server) == []


async def fail(request: web.Request) -> web.Response:
    raise RuntimeError("a fault of ours")


@pytest.fixture
async def failing_port() -> AsyncIterator[int]:
    """A server whose handler fails, as the real ones are run."""
    name_server()
    app = web.Application()
    app.router.add_get("/", fail)
    runner = web.AppRunner(app, logger=http_log.log)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_a_fault_of_ours_keeps_its_traceback(failing_port: int, caplog: pytest.LogCaptureFixture) -> None:
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{failing_port}/") as answer:
        assert (answer.status, answer.headers["Server"]) == (500, "alertrpc")
    [record] = [record for record in caplog.records if record.name == http_log.log.name]
    assert record.levelno == logging.ERROR
    assert record.exc_info
    assert str(record.exc_info[1]) == "a fault of ours"


def test_health_is_told_when_it_changes(server: Server, database: Path) -> None:
    moved = database.with_suffix(".moved")
    for _ in range(2):
        database.rename(moved)
        assert [health(server.port) for _ in range(3)] == [(503, {"status": "error", "reason": "database"})] * 3
        moved.rename(database)
        assert [health(server.port) for _ in range(3)] == [(200, {"status": "ok"})] * 3
    lines = [line.partition(" alertrpc.web.health: ")[2] for line in unexpected(server)]
    gone = "the database does not answer: StoreError: the database file was moved or replaced"
    assert lines == [gone, "the database answers again"] * 2


def refused(server: Server, path: str, headers: dict[str, str], body: bytes = b"{}") -> int:
    return ask(server.port, "POST", path, body, headers).status


JSON = {"Content-Type": "application/json"}
WORDLESS = [
    (412, {}, b"{}", "its Content-Type is missing, not application/json"),
    (
        412,
        {"Content-Type": "text/x\tpl\xa0ain"},
        b"{}",
        r"its Content-Type is text/x\tpl\udca0ain, not application/json",
    ),
    (413, JSON, b" " * (2**20 + 1), "its body is too large, or too large for a header without a good credential"),
    (415, {**JSON, "Content-Encoding": "gzip"}, b"", "its body has a Content-Encoding"),
]


@pytest.mark.parametrize(("status", "headers", "body", "fault"), WORDLESS, ids=lambda value: str(value)[:30])
def test_an_answer_without_words_is_a_line(
    server: Server, status: int, headers: dict[str, str], body: bytes, fault: str
) -> None:
    assert refused(server, "/zabbix/api_jsonrpc.php", headers, body) == status
    expected = f"127.0.0.1 was answered {status} at POST /zabbix/api_jsonrpc.php: {fault}"
    assert eventually(lambda: told(server) == [expected]), told(server)


def test_a_content_type_of_any_length_is_a_short_line(server: Server) -> None:
    assert refused(server, "/jsonrpc", {"Content-Type": "x" * 5_000}) == 412
    assert eventually(lambda: len(told(server)) == 1)
    assert len(told(server)[0]) <= LONGEST_LINE
