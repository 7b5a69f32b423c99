"""HTTP requests as they are sent, and what becomes of each answer."""

import asyncio
import gzip
import json
import os
import re
import ssl
import time
import unicodedata
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import example, given
from hypothesis import strategies as st

from alertrpc.delivery.channels.http import METHODS, HttpMediaType
from alertrpc.delivery.channels.http.sending import VERDICTS, HttpChannel, new_session
from alertrpc.delivery.expect import check_expect, is_expected
from alertrpc.delivery.protocol import Message, Outcome, Reason, Verdict
from tests.delivering import sent_by

NOW = 1_600_000_000.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def channel() -> AsyncIterator[HttpChannel]:
    async with new_session() as session:
        yield HttpChannel(session, clock=lambda: NOW)


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}"


@asynccontextmanager
async def answering(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that reads the head of a request and writes these bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def media_type(url: str, **members: Any) -> HttpMediaType:
    return HttpMediaType(**{"name": "chat", "url": url, "timeout": 5, **members})


def message(sendto: str = "bob", **variables: str) -> Message:
    named = {"sendto": sendto, **variables}
    return Message(delivery_id="d1", sendto=sendto, subject="s", message="m", variables=named)


async def received(channel: HttpChannel, given: Message, path: str = "/", **members: Any) -> tuple[web.Request, bytes]:
    """The request as the server got it."""
    requests: list[tuple[web.Request, bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        requests.append((request, await request.read()))
        return web.Response(text="ok")

    async with serving(handler) as url:
        outcome = await sent_by(channel, media_type(url + path, **members), given)
    assert outcome == Outcome(verdict=Verdict.SENT, reason=Reason.DELIVERED, code=200, answer="ok")
    assert len(requests) == 1
    return requests[0]


async def test_a_request(channel: HttpChannel) -> None:
    body = '{"text": ${message_json}, "to": "${sendto}"}'
    given = message(message='say "hi"\n', alarm_id="7")
    request, data = await received(channel, given, headers={"X-Alarm": "no ${alarm_id}"}, body=body)
    assert request.method == "POST"
    assert json.loads(data) == {"text": 'say "hi"\n', "to": "bob"}
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("alertrpc/")
    assert request.headers["Idempotency-Key"] == "d1"
    assert request.headers["X-Alarm"] == "no 7"


@pytest.mark.parametrize("method", METHODS)
async def test_methods(method: str, channel: HttpChannel) -> None:
    headers = {"content-type": "text/plain"}
    request, data = await received(channel, message(), method=method, body="text", headers=headers)
    assert (request.method, data) == (method, b"" if method == "GET" else b"text")
    assert request.headers.getall("Content-Type") == ["text/plain"]


async def test_a_large_body(channel: HttpChannel) -> None:
    _, data = await received(channel, message(message="é\0" * 2**20), body="${message}")
    assert data == "é\0".encode() * 2**20


async def test_values_cannot_break_out_of_url_and_headers(channel: HttpChannel) -> None:
    evil = "a/../b?c=d&e #%0d\r\nX-Evil: 1\0é"
    path = "/x/${sendto}/${alarm_id}?q=${alarm_id}&s=a b%2Fc"
    given = message("to/me?now=1&", alarm_id=evil)
    request, _ = await received(channel, given, path, headers={"X-Alarm": "${alarm_id}"})
    quoted = "a%2F..%2Fb%3Fc%3Dd%26e%20%23%250d%0D%0AX-Evil%3A%201%00%C3%A9"
    assert request.raw_path == f"/x/to/me?now=1&/{quoted}?q={quoted}&s=a%20b%2Fc"
    assert request.headers["X-Alarm"] == "a/../b?c=d&e #%0d  X-Evil: 1 é"
    assert "X-Evil" not in request.headers


CONTROLS = "".join(filter(lambda character: unicodedata.category(character) == "Cc", map(chr, range(0x110000))))
LINE_BREAKS = "\u2028\u2029"


async def test_no_character_of_an_alarm_loses_its_alert(channel: HttpChannel) -> None:
    text = f"a{CONTROLS}é{LINE_BREAKS}\x1b[31mb"
    members = {"headers": {"X-Alarm": "<${alarm_name}>", "X-Json": "${alarm_name_json}"}, "body": "${alarm_name_json}"}
    request, data = await received(channel, message(alarm_name=text), "/?q=${alarm_name}", **members)
    assert json.loads(data) == text
    assert request.headers["X-Alarm"] == f"<a{' ' * len(CONTROLS)}é{LINE_BREAKS} [31mb>"
    assert request.query["q"] == text


@given(st.text(max_size=30))
@example("\x1b[31m")
@example("\t")
@example("\x7f\x80\x9f")
async def test_any_text_goes_into_a_header(text: str) -> None:
    async with new_session() as session:
        headers = {"X-Alarm": "<${alarm_name}>"}
        request, _ = await received(HttpChannel(session), message(alarm_name=text), headers=headers)
    assert request.headers["X-Alarm"] == f"<{''.join(' ' if letter in CONTROLS else letter for letter in text)}>"


@pytest.mark.parametrize(
    "url",
    ["", "/x", "ftp://h/", "http:///x", "http://h:99999/", "http://[::1/", "http://h/\nx", "${sendto}", "http:h:1"],
)
async def test_urls_that_cannot_be(url: str, channel: HttpChannel) -> None:
    outcome = await sent_by(channel, media_type(url), message())
    assert (outcome.verdict, outcome.reason) == (Verdict.GIVE_UP, Reason.INVALID_MESSAGE)
    assert outcome.error


@pytest.mark.parametrize(
    "members", [{"body": "${message_json}"}, {"body": "${message}"}, {"headers": {"A": "${message}"}}]
)
async def test_half_characters_cannot_be_sent(members: dict[str, Any], channel: HttpChannel) -> None:
    outcome = await sent_by(channel, media_type("http://127.0.0.1:1/", **members), message(message="\ud800"))
    assert outcome.reason is Reason.INVALID_MESSAGE


async def test_every_status(channel: HttpChannel) -> None:
    async def handler(request: web.Request) -> web.Response:
        headers = {"Location": "/200", "Retry-After": "7"}
        return web.Response(status=int(request.path[1:]), headers=headers, text="opensesame" * (request.path != "/204"))

    async with serving(handler) as url:
        for status in range(200, 600):
            outcome = await sent_by(
                channel, media_type(f"{url}/{status}", headers={"X-Token": "opensesame"}), message()
            )
            waits = status in (429, 503)
            assert (outcome.verdict, outcome.code) == (Verdict.WAIT if waits else VERDICTS[status], status)
            assert outcome.after == (7 if waits else None)
            assert "opensesame" not in outcome.answer + outcome.error
            if 200 <= status < 300:
                assert (outcome.reason, outcome.error) == (Reason.DELIVERED, "")
            else:
                assert outcome.reason is (Reason.HELD if waits else Reason.HTTP_STATUS)
                assert outcome.error.startswith(f"HTTP {status}")


def test_the_table_of_statuses() -> None:
    assert set(VERDICTS) == set(range(100, 600))
    sent = {status for status, verdict in VERDICTS.items() if verdict is Verdict.SENT}
    again = {status for status, verdict in VERDICTS.items() if verdict is Verdict.TRY_AGAIN}
    assert sent == set(range(200, 300))
    assert again == {408, 425, 429, *range(500, 600)}


async def test_an_error_has_the_start_of_the_answer(channel: HttpChannel) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=503, text="try\nlater " + "x" * 5000)

    async with serving(handler) as url:
        outcome = await sent_by(channel, media_type(url), message())
    assert outcome.error.startswith("HTTP 503 Service Unavailable: try later xxx")
    assert (len(outcome.error), len(outcome.answer)) == (255, 2048)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("0009", 9),
        ("9" * 5000, 86400),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        (formatdate(NOW + 60, usegmt=True), 60),
        (formatdate(NOW + 60), 60),
        (formatdate(NOW - 60, usegmt=True), 0),
        (formatdate(NOW + 10**6, usegmt=True), 86400),
        ("Mon, 32 Jan 2020 00:00:00 GMT", None),
        ("Mon, 01 Jan 99999 00:00:00 +9999", None),
    ],
)
async def test_retry_after(text: str, seconds: float | None, channel: HttpChannel) -> None:
    async with answering(f"HTTP/1.1 429 Slow\r\nRetry-After: {text}\r\nContent-Length: 0\r\n\r\n".encode()) as url:
        assert (await sent_by(channel, media_type(url), message())).after == seconds


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip"])
async def test_a_compressed_answer(encoding: str, channel: HttpChannel) -> None:
    data = zlib.compress(b"fine") if encoding == "deflate" else gzip.compress(b"fine")
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(data)}\r\n\r\n"
    async with answering(head.encode() + data) as url:
        assert (await sent_by(channel, media_type(url, expect="fine"), message())).answer == "fine"


async def test_an_answer_that_is_not_compressed_as_it_says(channel: HttpChannel) -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nfine") as url:
        assert (await sent_by(channel, media_type(url), message())).answer == "fine"


async def test_a_bomb(channel: HttpChannel) -> None:
    data = gzip.compress(b"x" * 100_000_000, 1)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(data)}\r\n\r\n"
    async with answering(head.encode() + data) as url:
        outcome = await sent_by(channel, media_type(url), message())
    assert (outcome.verdict, outcome.answer) == (Verdict.SENT, "x" * 2048)


async def test_an_answer_without_end(channel: HttpChannel) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 10_000)
        except ConnectionError:
            return response

    async with serving(handler) as url:
        outcome = await sent_by(channel, media_type(url), message())
    assert (outcome.verdict, outcome.answer) == (Verdict.SENT, "x" * 2048)


@pytest.mark.alone
@pytest.mark.parametrize("is_begun", [False, True])
async def test_a_slow_answer(is_begun: bool, channel: HttpChannel) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if is_begun:
            await response.prepare(request)
        await asyncio.sleep(1.5)
        return response

    start = time.monotonic()
    async with serving(handler) as url:
        outcome = await sent_by(channel, media_type(url, timeout=1), message())
        assert time.monotonic() - start < 1.4
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.TIMEOUT)
    assert outcome.error == "no complete answer within 1 s"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100_000 + b"\r\n",
    ],
)
async def test_broken_answers(answer: bytes, channel: HttpChannel) -> None:
    async with answering(answer) as url:
        outcome = await sent_by(channel, media_type(url), message())
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.NETWORK), outcome
    assert outcome.error


async def test_strange_bytes_in_an_answer(channel: HttpChannel) -> None:
    async with answering(b"HTTP/1.1 500 \xff\xfe\r\nContent-Length: 3\r\n\r\n\xff\x00a") as url:
        outcome = await sent_by(channel, media_type(url), message())
    assert outcome.answer == "\N{REPLACEMENT CHARACTER}" * 2 + "a"
    (outcome.error + outcome.answer).encode()


@pytest.mark.parametrize(
    ("url", "members", "error"),
    [
        ("http://127.0.0.1:1/", {}, r"cannot connect to 127\.0\.0\.1:1: Connection refused"),
        ("http://[::1]:1/", {}, r"cannot connect to \[::1\]:1: (Connection refused|Cannot assign requested address)"),
        ("https://127.0.0.1:1/", {}, r"cannot connect to 127\.0\.0\.1:1: Connection refused"),
        (
            "http://127.0.0.1:1/",
            {"proxy": "http://127.0.0.1:2"},
            r"the proxy: cannot connect to 127\.0\.0\.1:2: Connection refused",
        ),
        ("http://no-such-host.invalid/", {}, r"cannot connect to no-such-host\.invalid:80: \w[\w ]+"),
    ],
)
async def test_nobody_there(url: str, members: dict[str, Any], error: str, channel: HttpChannel) -> None:
    outcome = await sent_by(channel, media_type(url, **members), message())
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.NETWORK)
    assert re.fullmatch(error, outcome.error), outcome.error


async def test_a_server_without_tls(channel: HttpChannel) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    async with serving(handler) as url:
        outcome = await sent_by(channel, media_type(url.replace("http:", "https:")), message())
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.NETWORK)
    assert re.match(r"cannot connect to 127\.0\.0\.1:\d+: it does not speak TLS as expected: ", outcome.error)


async def test_certificates_of_an_own_authority(channel: HttpChannel, tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted, other = tmp_path / "ca.pem", tmp_path / "other.pem"
    authority.cert_pem.write_to_path(str(trusted))
    trustme.CA().cert_pem.write_to_path(str(other))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with answering(answer, context) as url:
        cases: list[tuple[dict[str, Any], Verdict]] = [
            ({"tls_ca": str(trusted)}, Verdict.SENT),
            ({"tls_ca": str(other)}, Verdict.TRY_AGAIN),
            ({"tls_verify": False}, Verdict.SENT),
            ({"tls_ca": str(tmp_path / "none.pem")}, Verdict.TRY_AGAIN),
        ]
        for members, verdict in cases:
            outcome = await sent_by(channel, media_type(url, **members), message())
            assert outcome.verdict is verdict, (members, outcome)
        other.write_bytes(trusted.read_bytes())
        os.utime(other, (1, 1))
        outcome = await sent_by(channel, media_type(url, tls_ca=str(other)), message())
        assert outcome.verdict is Verdict.SENT, "a file that changed is read again"


async def test_a_certificate_that_is_not_trusted(channel: HttpChannel) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with answering(b"", context) as url:
        outcome = await sent_by(channel, media_type(url), message())
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.NETWORK)
    assert re.match(r"cannot connect to 127\.0\.0\.1:\d+: its certificate cannot be trusted: \w", outcome.error)
    assert "certificate" in outcome.error


async def test_a_proxy(channel: HttpChannel) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.raw_path} {request.headers['Proxy-Authorization']}")

    async with serving(handler) as url:
        proxy = url.replace("://", "://bob:opensesame@")
        outcome = await sent_by(channel, media_type("http://elsewhere.example/x", proxy=proxy), message())
    assert outcome.answer == "http://elsewhere.example/x Basic ******"


async def test_no_secret_comes_back_in_another_spelling(channel: HttpChannel) -> None:
    """A receiver that repeats the request in its own words."""

    async def handler(request: web.Request) -> web.Response:
        scheme, _, digits = request.headers["Authorization"].partition(" ")
        told = {"scheme": scheme, "login": b64decode(digits).decode(), "form": await request.text()}
        return web.Response(status=int(request.path[1:]), text=json.dumps(told).replace("&", "\\u0026"))

    headers = {"Authorization": "Basic dXNlcjpTM2NyZXRQYXNzIQ=="}
    async with serving(handler) as url:
        for status in (200, 500):
            kind = media_type(f"{url}/{status}", headers=headers, body="text=x&token=k%26y%3Dabc")
            outcome = await sent_by(channel, kind, message())
            told = '{"scheme": "Basic", "login": "******", "form": "text=x\\u0026token=******"}'
            assert outcome.answer == told
            assert outcome.error == ("" if status == 200 else f"HTTP 500 Internal Server Error: {told}")


async def test_cookies_are_not_kept() -> None:
    cookies: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "a=b"})

    async with serving(handler) as url, new_session() as session:
        named = url.replace("127.0.0.1", "localhost")  # of an address alone, no jar keeps any
        for _ in range(2):
            await HttpChannel(session).send(media_type(named), message())
        assert isinstance(session, aiohttp.ClientSession)
    assert cookies == [None, None]


async def test_an_unexpected_answer(channel: HttpChannel) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(text='{"errcode": 310000, "errmsg": "keywords"}')

    async with serving(handler) as url:
        outcome = await sent_by(channel, media_type(url, expect='{"errcode": 0}'), message())
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.UNEXPECTED_ANSWER)
    assert outcome.error == 'HTTP 200 OK, but unexpected answer: {"errcode": 310000, "errmsg": "keywords"}'


@pytest.mark.parametrize(
    ("expect", "answer", "fits"),
    [
        ("", "anything", True),
        (" {} ", "anything", True),
        ("ok", " ok\n", True),
        ("ok (1)", "ok (1)", True),
        ("success.*", "success: 7", True),
        ("success.*", "no success", False),
        ("success.*", "success\nsecond line", False),
        ('{"a": 1}', '{"a": 1, "b": 2}', True),
        ('{"a": 1}', '{"a": "1"}', False),
        ('{"a": 1}', '{"a": true}', False),
        ('{"a": false}', '{"a": 0}', False),
        ('{"a": null}', "{}", False),
        ('{"a": {"b": 1}}', '{"a": {"b": 1, "c": 2}}', True),
        ('{"a": {"b": 1}}', '{"a": [1]}', False),
        ('{"a": [1, 2]}', '{"a": [1, 2]}', True),
        ('{"a": [1, 2]}', '{"a": [1, 2, 3]}', False),
        ('{"a": 1}', "no JSON", False),
        ('{"a": 1}', "[" * 60_000, False),
        ('{"a": }', '{"a": 1}', False),
        ("(", "x", False),
    ],
)
async def test_expect(expect: str, answer: str, fits: bool) -> None:
    assert await is_expected(expect, answer) is fits


@pytest.mark.alone
async def test_a_hostile_answer_is_given_a_second() -> None:
    start = time.monotonic()
    assert not await is_expected("(a|a)*b", "a" * 5000)
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("expect", ["", "{}", "ok.*", '{"a": 1}'])
def test_expect_that_can_be_checked(expect: str) -> None:
    check_expect(expect)


@pytest.mark.parametrize(("expect", "fault"), [('{"a": }', "JSON"), ("(", "regular expression")])
def test_expect_that_cannot_be(expect: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        check_expect(expect)
