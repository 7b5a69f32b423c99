"""Every answer says `Server: alertrpc`, those too that aiohttp gives by itself."""

import re

import pytest

from tests.raw import BROKEN, GARBAGE, MALFORMED, send
from tests.support import Server

HEADER = b"Server: alertrpc"
VERSION = b'{"jsonrpc":"2.0","method":"apiinfo.version","params":[],"id":1}'
# Answers of ours and of aiohttp, by their status.
REQUESTS: list[tuple[int, bytes]] = [
    (200, b"GET /healthz HTTP/1.0\r\n\r\n"),
    (200, b"HEAD /healthz HTTP/1.0\r\n\r\n"),
    (200, b"OPTIONS /jsonrpc HTTP/1.0\r\n\r\n"),
    (200, b"POST /jsonrpc HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 63\r\n\r\n" + VERSION),
    (401, b"GET /api/v2/alarm/alarms HTTP/1.0\r\n\r\n"),
    (404, b"GET /x HTTP/1.0\r\n\r\n"),
    (404, b"OPTIONS * HTTP/1.0\r\n\r\n"),
    (404, b"CONNECT a:1 HTTP/1.0\r\n\r\n"),
    (404, b"GET /api/v2/x HTTP/1.0\r\n\r\n"),
    (405, b"DELETE /api/v2/alarm/alarms HTTP/1.0\r\n\r\n"),
    (412, b"GET /jsonrpc HTTP/1.0\r\n\r\n"),
    (
        413,
        b"POST /jsonrpc HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 17000000\r\n\r\n"
        + b" " * 17_000_000,
    ),
    (417, b"GET /healthz HTTP/1.1\r\nHost: test\r\nExpect: x\r\nConnection: close\r\n\r\n"),
]
UNREADABLE = MALFORMED | GARBAGE


def heads(answered: bytes) -> list[list[bytes]]:
    """The lines before the body of each answer."""
    found = re.findall(rb"(HTTP/1\.[01] \d{3} .*?)\r\n\r\n", answered, re.DOTALL)
    return [head.split(b"\r\n") for head in found]


@pytest.mark.parametrize(("status", "request_"), REQUESTS, ids=[request[:40].decode() for _, request in REQUESTS])
def test_an_answer_names_the_server_once(shared_server: Server, status: int, request_: bytes) -> None:
    [head] = heads(send(shared_server.port, request_))
    assert head[0].split()[1] == b"%d" % status
    assert [line for line in head if line.lower().startswith(b"server:")] == [HEADER]


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_http_is_told_no_more(shared_server: Server, name: str) -> None:
    *_, head = heads(send(shared_server.port, UNREADABLE[name]))
    assert head[0].split()[1] == b"400"
    assert [line for line in head if line.lower().startswith(b"server:")] == [HEADER]
    assert not any(b"aiohttp" in line for line in head)


def test_broken_bodies(shared_server: Server) -> None:
    [head] = heads(send(shared_server.port, BROKEN["gzip"]))
    assert HEADER in head


def test_continue_stands_alone(shared_server: Server) -> None:
    """RFC 9110, section 15.2: an interim answer needs no header."""
    request = b"GET /x HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    interim, head = heads(send(shared_server.port, request))
    assert interim == [b"HTTP/1.1 100 Continue"]
    assert HEADER in head
