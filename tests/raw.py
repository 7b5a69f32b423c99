"""Requests as bytes, and what is answered: for what no client of HTTP would send."""

import socket
from contextlib import suppress

from tests.wire import PATIENCE

_POST = b"POST /api_jsonrpc.php HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
_GET = b"GET /healthz HTTP/1.1\r\nHost: test\r\n"

# What cannot be read as HTTP.
MALFORMED: dict[str, bytes] = {
    "version": b"GET / HTTP/9.x\r\nHost: test\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no colon": _GET + b"bad header\r\n\r\n",
    "control character": _GET + b"A\x07: b\r\n\r\n",
    "NUL in a value": _GET + b"A: b\0c\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "bytes in the path": b"GET /\xff HTTP/1.1\r\nHost: test\r\n\r\n",
    "port": b"GET http://a:999999/ HTTP/1.1\r\nHost: test\r\n\r\n",
    "address": b"GET http://[::a/ HTTP/1.1\r\nHost: test\r\n\r\n",
    "long line": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    "long header": _GET + b"A: " + b"b" * 20_000 + b"\r\n\r\n",
    "many headers": _GET + b"A: b\r\n" * 500 + b"\r\n",
    "length": _POST + b"Content-Length: x\r\n\r\n",
    "negative length": _POST + b"Content-Length: -1\r\n\r\n",
    "two lengths": _POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "length and chunks": _POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "transfer encoding": _POST + b"Transfer-Encoding: gzip, foo\r\n\r\n",
    "chunk size": _POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "end of a chunk": _POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx",
    "upgrade": _GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n\0garbage\r\n\r\n",
}
# What is common where strangers reach a port, so that nothing is said of it but at log_level debug.
GARBAGE: dict[str, bytes] = {
    "request line": b"GET\r\n\r\n",
    "method": b"G\x01T / HTTP/1.1\r\n\r\n",
    "NULs": b"\0" * 100 + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
}
# Bodies that break off, or are not what they are said to be.
BROKEN: dict[str, bytes] = {
    "body": _POST + b"Content-Length: 100\r\n\r\n{",
    "chunk": _POST + b"Transfer-Encoding: chunked\r\n\r\n100\r\n{",
    "gzip": _POST + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    "pushed gzip": _POST.replace(b"/api_jsonrpc.php", b"/api/v2/alerts") + b"Content-Encoding: gzip\r\n"
    b"Content-Length: 3\r\n\r\nabc",
    "no answer wanted": _POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
}


def send(port: int, request: bytes, *, wait: bool = True) -> bytes:
    """The answers to what is sent until the server closes; with `wait` False we go away at once."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        answered = b""
        with suppress(ConnectionError):
            connection.sendall(request)
            if not wait:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answered += piece
        return answered
