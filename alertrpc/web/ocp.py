"""OCP's form of answers: an envelope around the data, or around an error.

Source: OCP's "API call description"
(https://github.com/oceanbase/ocp-doc/blob/V4.2.2/en-US/1900.reference-guide/200.api-reference/200.api-call-description.md).
"""

import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson
from aiohttp import web

from alertrpc.api.credentials import NO_ACCESS
from alertrpc.api.heavy import Heavy
from alertrpc.errors import (
    ApiError,
    DatabaseBusy,
    DatabaseUnwritable,
    KeyReused,
    QueryStopped,
    QueryTimeout,
    ServerBusy,
)
from alertrpc.intake.alarm import BodyFault
from alertrpc.intake.parsing import Bytes, NoJson, TooManyValues, most_values, parse_json
from alertrpc.records import Json
from alertrpc.web.body import BODIES, BROKEN_BODY, NoRoom
from alertrpc.web.expect import expect
from alertrpc.web.refusals import tell_refusal

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DataHandler = Callable[[web.Request], Awaitable[Any]]
Headers = Mapping[str, str]

NO_HEADERS: Headers = {}
HEADERS: web.RequestKey[dict[str, str]] = web.RequestKey("headers", dict[str, str])  # sent with the answer

NO_SUCH_ALARM, NO_SUCH_CHANNEL = 70001, 40001  # OCP's codes; where it has none, the code is the HTTP status
RETRY_SECONDS = "5"  # after a fault of the database that may pass
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="alertrpc", charset="UTF-8"'}
_LATER = {"Retry-After": RETRY_SECONDS}
# What an exception is answered with: status, text (its own where none stands here) and headers.
FAULTS: Sequence[tuple[type[Exception] | tuple[type[Exception], ...], int, str, Headers]] = (
    (BodyFault, 400, "", NO_HEADERS),
    (ApiError, 401, "", _CHALLENGE),
    (KeyReused, 422, "", NO_HEADERS),
    ((DatabaseBusy, DatabaseUnwritable, ServerBusy, QueryStopped), 503, "", _LATER),
    (NoRoom, 503, "too much is received at this time; try again later", _LATER),
    (QueryTimeout, 504, "", NO_HEADERS),
    (TimeoutError, 408, "the body did not come in time", NO_HEADERS),
    (BROKEN_BODY, 400, "the body broke off or cannot be read", NO_HEADERS),
)

HEAVY = web.AppKey("heavy", Heavy)

log = logging.getLogger(__name__)


class OcpFault(Exception):
    """A request that is refused: HTTP status, OCP's code, one line of text, and headers."""

    def __init__(self, status: int, message: str, *, code: int | None = None, headers: Headers = NO_HEADERS) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = status if code is None else code
        self.headers = headers


def enveloped(handler: DataHandler) -> Handler:
    """The handler, whose data or fault goes out in the envelope. `request[HEADERS]` are sent with either."""

    async def answer(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        trace = secrets.token_hex(8)
        request[HEADERS] = {}
        try:
            content: dict[str, Any] = {"data": await handler(request)}
            status = 200
        except web.HTTPException as error:
            if error.status < 400:
                raise
            fault = OcpFault(error.status, error.text or error.reason)
        except Exception as error:
            fault = _fault(error, trace)
        else:
            return _response(request, status, content, started, trace)
        await tell_refusal(request, fault.status, fault.message)
        request[HEADERS].update(fault.headers)
        content = {"error": {"code": fault.code, "message": fault.message}}
        response = _response(request, fault.status, content, started, trace)
        if not request.content.is_eof():
            response.force_close()
        return response

    return answer


def add_route(app: web.Application, path: str, handlers: Mapping[str, DataHandler]) -> None:
    """Adds the handlers of a path by HTTP method; any other method is answered 405."""
    resource = app.router.add_resource(path)
    for method, handler in handlers.items():
        resource.add_route(method, enveloped(handler), expect_handler=expect)
        if method == "GET":
            resource.add_route("HEAD", enveloped(handler), expect_handler=expect)
    allowed = ", ".join(handlers)

    async def refuse(request: web.Request) -> Any:
        raise OcpFault(405, f"{request.method} is not among the methods here: {allowed}", headers={"Allow": allowed})

    resource.add_route("*", enveloped(refuse), expect_handler=expect)


async def read_json(request: web.Request, use: Callable[[Json, Bytes], T]) -> T:
    """What `use` makes of what the body says, and of the body, of a caller who is known.

    Only the content type of JSON is taken, which no foreign web page can send.
    """
    if request.content_type != "application/json":
        raise OcpFault(415, "the Content-Type application/json is expected")
    async with request.app[BODIES].received(request, _is_known) as body:
        turn = await request.app[HEAVY].turn(len(body.data), most_values(body.data), is_known=True)
        try:
            return await turn.run(lambda: use(_document(body.data), body.data))
        finally:
            turn.leave()


async def _is_known() -> bool:
    return True


def _document(body: Bytes) -> Json:
    try:
        return parse_json(body)
    except NoJson as error:
        raise BodyFault(f"JSON is expected: {error}") from error
    except TooManyValues as error:
        raise BodyFault(str(error)) from error


def _response(
    request: web.Request, status: int, content: dict[str, Any], started: float, trace: str
) -> web.StreamResponse:
    envelope = {
        **content,
        "duration": round(1000 * (time.perf_counter() - started)),
        "server": request.host.encode(errors="replace").decode(),  # a client may send any bytes
        "status": status,
        "successful": status < 400,
        "timestamp": datetime.now().astimezone().isoformat(timespec="milliseconds"),
        "traceId": trace,
    }
    return web.Response(
        status=status, body=orjson.dumps(envelope), content_type="application/json", headers=request[HEADERS]
    )


def _fault(error: Exception, trace: str) -> OcpFault:
    """The fault as the client is told it; one that nobody foresaw is logged with the trace's id."""
    if isinstance(error, OcpFault):
        return error
    if isinstance(error, ApiError) and error.data == NO_ACCESS:
        return OcpFault(403, error.data)
    for kind, status, text, headers in FAULTS:
        if isinstance(error, kind):
            return OcpFault(status, text or str(error), headers=headers)
    log.error("a request failed, trace %s", trace, exc_info=error)
    return OcpFault(500, f"an internal fault, trace {trace}")
