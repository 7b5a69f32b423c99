"""Sends an alert as one HTTP request, made of the media type's templates."""

import asyncio
import io
import re
import ssl
import time
import zlib
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import aiohttp
import orjson
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from alertrpc import __version__
from alertrpc.delivery.answers import Meaning, meaning_of
from alertrpc.delivery.certificates import Contexts, UnusableCertificates
from alertrpc.delivery.channels.http import HttpMediaType
from alertrpc.delivery.channels.http.signing import signed
from alertrpc.delivery.connecting import connection_fault
from alertrpc.delivery.evidence import Evidence, of_http
from alertrpc.delivery.expect import is_expected
from alertrpc.delivery.masking import READ_BYTES, kept_text, one_line
from alertrpc.delivery.protocol import Message, Outcome, Reason, Verdict, failed, sent
from alertrpc.delivery.references import WithReferences
from alertrpc.ledger.filters import URL as URL_FILTER
from alertrpc.ledger.templates import Place, render
from alertrpc.records import Clock
from alertrpc.references import is_reference

LONGEST_RETRY_AFTER = 86400.0

# Alerts are given up after any other status, redirects too.
VERDICTS = dict.fromkeys(range(100, 600), Verdict.GIVE_UP) | {
    **dict.fromkeys(range(200, 300), Verdict.SENT),
    **dict.fromkeys(range(500, 600), Verdict.TRY_AGAIN),
    HTTPStatus.REQUEST_TIMEOUT: Verdict.TRY_AGAIN,
    HTTPStatus.TOO_EARLY: Verdict.TRY_AGAIN,
    HTTPStatus.TOO_MANY_REQUESTS: Verdict.TRY_AGAIN,
}
SAY_WHEN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})  # their Retry-After counts

_HEADERS = {"User-Agent": f"alertrpc/{__version__}", "Accept-Encoding": "gzip, deflate"}
_WITH_BODY = {**_HEADERS, "Content-Type": "application/json"}
_DELAY = re.compile(r"[0-9]+")
_NOT_IN_HEADERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # Unicode's category Cc; aiohttp refuses most of it
_NOT_IN_URLS = re.compile(r"[\x00-\x1f\x7f]")
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)  # `send` limits the whole attempt
_LARGE_BODY = 1024 * 1024  # bytes; aiohttp would send more in one piece, and warns


class _Request(NamedTuple):
    method: str
    url: URL
    headers: CIMultiDict[str]
    body: bytes | None
    signature: str = ""


class _Answer(NamedTuple):
    status: int
    reason: str
    retry_after: str
    location: str
    body: bytes


def new_session() -> aiohttp.ClientSession:
    """A session for HttpChannel, to be made within the event loop and closed by the caller.

    It does not limit connections, because media types have limits of their own, and keeps no cookies.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=_NO_TIMEOUT,
        trust_env=False,
    )


class HttpChannel:
    """Sends through one session, which the caller closes."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock = time.time) -> None:
        self._session = session
        self._clock = clock
        self._contexts = Contexts()

    async def send(self, media_type: HttpMediaType, message: Message) -> Outcome:
        try:
            request = _request(media_type, message, self._clock())
        except (ValueError, orjson.JSONEncodeError) as error:
            fault = f"invalid URL: {error}" if isinstance(error, aiohttp.InvalidURL) else str(error)
            return failed(Verdict.GIVE_UP, Reason.INVALID_MESSAGE, fault, message.secrets)
        secrets = (*message.secrets, request.signature) if request.signature else message.secrets
        evidence = of_http(request.method, str(request.url), request.headers, request.body, secrets)
        outcome = await self._send(media_type, request, message.secrets, evidence)
        return outcome if outcome.request else replace(outcome, **evidence._asdict())

    async def _send(
        self, media_type: HttpMediaType, request: _Request, secrets: tuple[str, ...], evidence: Evidence
    ) -> Outcome:
        try:
            async with asyncio.timeout(media_type.timeout):
                context: ssl.SSLContext | bool = True
                if media_type.tls_ca or not media_type.tls_verify:
                    context = await self._contexts.of(media_type.tls_ca, verify=media_type.tls_verify)
                answer = await self._answer(request, media_type.proxy, context)
        except TimeoutError:
            fault = f"no complete answer within {media_type.timeout} s"
            return failed(Verdict.TRY_AGAIN, Reason.TIMEOUT, fault, secrets)
        except aiohttp.InvalidURL as error:
            return failed(Verdict.GIVE_UP, Reason.INVALID_MESSAGE, f"invalid URL: {error}", secrets)
        except UnusableCertificates as error:
            return failed(Verdict.TRY_AGAIN, Reason.MISSING_REFERENCE, str(error), secrets)
        except (
            aiohttp.ClientError,
            HttpProcessingError,
            OSError,
        ) as error:  # before ValueError: a bad certificate is both
            return failed(Verdict.TRY_AGAIN, Reason.NETWORK, _network_fault(error), secrets)
        except ValueError as error:
            return failed(Verdict.GIVE_UP, Reason.INVALID_MESSAGE, str(error), secrets)
        return await self._outcome(media_type, answer, secrets, evidence)

    async def _answer(self, request: _Request, proxy: str, context: ssl.SSLContext | bool) -> _Answer:
        body = request.body
        async with self._session.request(
            request.method,
            request.url,
            headers=request.headers,
            data=io.BytesIO(body) if body is not None and len(body) > _LARGE_BODY else body,
            allow_redirects=False,
            auto_decompress=False,
            proxy=proxy or None,
            ssl=context,
            timeout=_NO_TIMEOUT,
        ) as response:
            return _Answer(
                response.status,
                response.reason or "",
                response.headers.get("Retry-After", ""),
                response.headers.get("Location", ""),
                _decompressed(await _start(response), response.headers.get("Content-Encoding", "")),
            )

    async def _outcome(
        self, media_type: HttpMediaType, answer: _Answer, secrets: tuple[str, ...], evidence: Evidence
    ) -> Outcome:
        said = answer.body.decode("utf-8-sig", "replace")
        meaning = await meaning_of(media_type.answers, answer.status, said) if media_type.answers else None
        if meaning is None:
            meaning = await self._usual(media_type, answer, said)
        text = kept_text(answer.body, secrets)
        if meaning.verdict is Verdict.SENT:
            return sent(code=answer.status, answer=text, request=evidence.request, request_cut=evidence.request_cut)
        status, reason = f"HTTP {answer.status} {answer.reason}".rstrip(), Reason.HTTP_STATUS
        if answer.location:  # a redirect that is not followed
            status = f"{status}, Location: {kept_text(answer.location.encode(errors='replace'), secrets)}"
        if VERDICTS.get(answer.status) is Verdict.SENT:
            status, reason = f"{status}, but unexpected answer", Reason.UNEXPECTED_ANSWER
        return Outcome(
            verdict=meaning.verdict,
            reason=Reason.HELD if meaning.verdict is Verdict.WAIT else reason,
            error=one_line(f"{status}: {text}" if text.strip() else status, secrets),
            code=answer.status,
            answer=text,
            after=meaning.after,
        )

    async def _usual(self, media_type: HttpMediaType, answer: _Answer, said: str) -> Meaning:
        """The meaning by the table of statuses, Retry-After, and `expect`."""
        verdict = VERDICTS.get(answer.status, Verdict.GIVE_UP)
        if verdict is Verdict.SENT and not await is_expected(media_type.expect, said):
            return Meaning(Verdict.TRY_AGAIN)
        after = _retry_after(answer.retry_after, self._clock()) if answer.status in SAY_WHEN else None
        return Meaning(verdict) if after is None else Meaning(Verdict.WAIT, after)


def _network_fault(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return connection_fault(error.host, error.port, error.certificate_error)
        case aiohttp.ClientProxyConnectionError():
            return f"the proxy: {connection_fault(error.host, error.port, error.os_error)}"
        case aiohttp.ClientConnectorError():
            return connection_fault(error.host, error.port, error.os_error)
        case _:
            return str(error) or type(error).__name__


def _request(media_type: HttpMediaType, message: Message, now: float) -> _Request:
    """Renders the templates, and signs. Raises ValueError, or orjson.JSONEncodeError for lone surrogates."""
    variables = WithReferences(message) if message.references else message.variables
    has_body = media_type.method != "GET"
    headers = CIMultiDict(_WITH_BODY if has_body else _HEADERS)
    headers["Idempotency-Key"] = message.delivery_id
    for name, value in media_type.headers.items():
        headers[name] = _NOT_IN_HEADERS.sub(" ", render(value, variables))
        headers[name].encode()  # raises before a connection is made
    body = render(media_type.body, variables).encode() if has_body else None
    url = render(media_type.url, variables, _quoted_in_url).strip()
    if not media_type.sign:
        return _Request(media_type.method, _parsed_url(url), headers, body)
    changed = signed(media_type.sign, message.delivery_id, now, body or b"")
    headers.update(changed.headers)
    url = f"{url}{'&' if '?' in url else '?'}{changed.query}" if changed.query else url
    return _Request(media_type.method, _parsed_url(url), headers, changed.body if has_body else None, changed.signature)


@lru_cache(maxsize=256)
def _parsed_url(text: str) -> URL:
    """The URL with its escapes unchanged: a receiver may have signed them, and yarl would normalize them."""
    if _NOT_IN_URLS.search(text):
        raise ValueError("the URL has a control character")
    parts, url = urlsplit(text), URL(text)
    if parts.scheme not in ("http", "https") or not url.host:
        raise ValueError("the URL does not start with http:// or https:// and a host")
    return URL.build(
        scheme=url.scheme,
        authority=url.raw_authority,
        path=_escaped(parts.path) or "/",
        query_string=_escaped(parts.query),
        encoded=True,
    )


def _quoted_in_url(place: Place, value: str) -> str:
    """The value with escapes, unless it has some already, or is an address or a reference, which may be parts of a URL."""
    is_whole = place.name == "sendto" or is_reference(place.name) or URL_FILTER in place.filters
    return value if is_whole else quote(value, safe="")


def _escaped(text: str) -> str:
    """The text with escapes for what a URL cannot hold, such as spaces and letters beyond ASCII; escapes stay."""
    return quote(text, safe="!$%&'()*+,/:;=?@[]~")


async def _start(response: aiohttp.ClientResponse) -> bytes:
    """The first READ_BYTES of the answer; the connection is closed if there are more."""
    content = response.content
    if content.is_eof() and content.total_bytes <= READ_BYTES:  # it came with the header
        return content.read_nowait()
    data = bytearray()
    while len(data) < READ_BYTES and (piece := await content.read(READ_BYTES - len(data))):
        data += piece
    return bytes(data)


def _decompressed(data: bytes, encoding: str) -> bytes:
    """The first READ_BYTES of the decompressed data, or the data itself if it is not of that encoding."""
    if encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return data
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # with a header of gzip or zlib; without any
        try:
            return zlib.decompressobj(window).decompress(data, READ_BYTES)
        except zlib.error:
            continue
    return data


def _retry_after(text: str, now: float) -> float | None:
    """The seconds to wait by the header Retry-After, which is a number or a date."""
    if _DELAY.fullmatch(text.strip()):
        # A day has five digits, and very many take long to parse.
        delay = float(text.strip().lstrip("0")[:9] or "0")
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        delay = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    return min(max(0.0, delay), LONGEST_RETRY_AFTER)
