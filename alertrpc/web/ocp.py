"""The paths that answer in OCP's envelope: their routes, faults and bodies."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import getrandbits
from typing import Any, NoReturn, TypeVar

from aiohttp import web

from alertrpc.api.credentials import NO_ACCESS
from alertrpc.api.heavy import Heavy
from alertrpc.errors import ApiError, KeyReused, QueryTimeout, Unanswered
from alertrpc.intake.bodies import BodyFault
from alertrpc.intake.parsing import Bytes, NoJson, TooManyValues, most_values, parse_json
from alertrpc.ocp.envelope import NO_HEADERS, OcpFault, envelope
from alertrpc.records import Json
from alertrpc.web.body import BODIES, BROKEN_BODY, NoRoom
from alertrpc.web.headers import expect
from alertrpc.web.refusals import tell_refusal

T = TypeVar("T")
DataHandler = Callable[[web.Request], Awaitable[Any]]
Routes = Mapping[str, Mapping[str, DataHandler]]

HEADERS: web.RequestKey[dict[str, str]] = web.RequestKey("headers", dict[str, str])  # sent with the answer

# What was cut or left out of a push that was recorded.
WARNINGS: web.RequestKey[Sequence[str]] = web.RequestKey("warnings", Sequence[str])

RETRY_SECONDS = "5"  # after a fault that may pass
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="alertrpc", charset="UTF-8"'}
_LATER = {"Retry-After": RETRY_SECONDS}
# The answers to exceptions: status, text ("": the exception's own) and headers. The first match wins.
FAULTS: Sequence[tuple[type[Exception] | tuple[type[Exception], ...], int, str, Mapping[str, str]]] = (
    ((BodyFault, TooManyValues), 400, "", NO_HEADERS),
    (ApiError, 401, "", _CHALLENGE),
    (KeyReused, 422, "", NO_HEADERS),
    (QueryTimeout, 504, "", NO_HEADERS),
    (Unanswered, 503, "", _LATER),
    (NoRoom, 503, "too much is received at this time; try again later", _LATER),
    (TimeoutError, 408, "the body did not come in time", NO_HEADERS),
    (BROKEN_BODY, 400, "the body broke off or cannot be read", NO_HEADERS),
)

HEAVY = web.AppKey("heavy", Heavy)
# The methods of each path that answers in the envelope.
ALLOWED: web.AppKey[dict[web.AbstractResource | None, str]] = web.AppKey("allowed")
_ELSEWHERE = r"/api/v2/{path:.*(?<!/api_jsonrpc\.php)}"  # all other paths, except JSON-RPC's

log = logging.getLogger(__name__)


def add_routes(app: web.Application, routes: Routes) -> None:
    """Adds the handlers of each path by HTTP method; other methods and paths are refused."""
    app[ALLOWED] = allowed = {}
    for path, handlers in {**routes, _ELSEWHERE: {}}.items():
        resource = app.router.add_resource(path)
        allowed[resource] = ", ".join(handlers)
        head = {"HEAD": handlers["GET"]} if "GET" in handlers else {}
        for method, handler in {**handlers, **head, "*": _refuse}.items():
            resource.add_route(method, handler, expect_handler=expect)


async def _refuse(request: web.Request) -> NoReturn:
    allowed = request.app[ALLOWED][request.match_info.route.resource]
    if not allowed:
        raise OcpFault(404, "there is nothing at this path")
    raise OcpFault(405, f"{request.method} is not among the methods here: {allowed}", headers={"Allow": allowed})


@web.middleware
async def envelop(request: web.Request, handler: DataHandler) -> web.StreamResponse:
    """Answers in the envelope at the paths of `add_routes`, whose handlers return data."""
    if request.match_info.route.resource in request.app[ALLOWED]:
        return await enveloped(request, handler)
    response: web.StreamResponse = await handler(request)
    return response


async def enveloped(request: web.Request, handler: DataHandler) -> web.StreamResponse:
    """The handler's data, or its fault, in the envelope; `request[HEADERS]` are sent with either."""
    started, trace = time.perf_counter(), f"{getrandbits(64):016x}"
    request[HEADERS], request[WARNINGS] = {}, ()
    try:
        content, status = {"data": await handler(request)}, 200
    except Exception as error:
        fault = _fault(error, trace)
        content, status = fault.content, fault.status
        await tell_refusal(request, status, fault.message)
        request[HEADERS].update(fault.headers)
    if request[WARNINGS]:
        content["warnings"] = request[WARNINGS]
    body = envelope(content, status, request.host, started, trace)
    response = web.Response(status=status, body=body, content_type="application/json", headers=request[HEADERS])
    if status != 200 and not request.content.is_eof():
        response.force_close()
    return response


async def read_json(request: web.Request, use: Callable[[Json, Bytes], T]) -> T:
    """What `use` returns for the parsed body and its bytes; the caller is known already.

    Only JSON's Content-Type is accepted, which web pages of other sites cannot send.
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


def _fault(error: Exception, trace: str) -> OcpFault:
    """The fault that the client receives; an unexpected exception is logged with the trace's id."""
    if isinstance(error, OcpFault):
        return error
    if isinstance(error, web.HTTPException):
        return OcpFault(error.status, error.text or error.reason)
    if isinstance(error, ApiError) and error.data == NO_ACCESS:
        return OcpFault(403, error.data)
    for kind, status, text, headers in FAULTS:
        if isinstance(error, kind):
            return OcpFault(status, text or str(error), headers=headers)
    log.error("a request failed, trace %s", trace, exc_info=error)
    return OcpFault(500, f"an internal fault, trace {trace}")
