"""The JSON-RPC endpoint over HTTP: content types, CORS and sizes like Zabbix, answers as streams."""

import asyncio
import logging
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from aiohttp import web
from multidict import CIMultiDict

from alertrpc.errors import ApiError, QueryStopped, QueryTimeout, SlowClient
from alertrpc.loglines import strangers
from alertrpc.ocp.envelope import NO_HEADERS
from alertrpc.rpc.answer import Answer
from alertrpc.rpc.dispatch import Client, Dispatcher, bearer_of
from alertrpc.web.body import BODIES, BROKEN_BODY, SETTINGS, NoRoom, is_gone
from alertrpc.web.callers import CREDENTIALS
from alertrpc.web.clients import address_of
from alertrpc.web.headers import expect
from alertrpc.web.ocp import RETRY_SECONDS
from alertrpc.web.pace import Pace

CONTENT_TYPES = frozenset({"application/json-rpc", "application/json", "application/jsonrequest"})
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type,Authorization",
    "Access-Control-Allow-Methods": "POST,OPTIONS",
    "Access-Control-Max-Age": "1000",
}
HEADERS = CIMultiDict({**CORS, "Content-Type": "application/json"})

DISPATCHER = web.AppKey("dispatcher", Dispatcher)

log = logging.getLogger(__name__)


async def serve_rpc(request: web.Request) -> web.StreamResponse:
    """Answers a JSON-RPC request; its HTTP method is ignored, except OPTIONS, which returns the CORS headers."""
    if request.method == "OPTIONS":
        return web.Response(headers=CORS)
    content_type = request.headers.get("Content-Type", "")
    if content_type.partition(";")[0] not in CONTENT_TYPES:
        _log_refusal(request, 412, f"its Content-Type is {content_type or 'missing'}, not application/json")
        return web.Response(status=412, reason="Precondition Failed", headers=CORS)
    dispatcher = request.app[DISPATCHER]
    try:
        async with request.app[BODIES].received(request, partial(_is_known, request)) as body:
            asked = await dispatcher.parse(body.data, is_known=body.is_known)
            body.data.clear()
    except web.HTTPRequestEntityTooLarge:
        return refusal(request, 413, "its body is too large, or too large for a header without a good credential")
    except TimeoutError:
        return refusal(request, 408, "its body did not come in time")
    except NoRoom:
        return refusal(request, 503, "too much is received at this time", {"Retry-After": RETRY_SECONDS})
    except BROKEN_BODY as error:
        strangers.debug("%s sent a body that broke off or cannot be read: %s", address_of(request), error)
        return _closing(400)
    client = Client(request.headers.get("Authorization"), address_of(request), partial(is_gone, request))
    answer = await dispatcher.answer(asked, client)
    if answer is None:
        return web.Response(headers=HEADERS.copy())
    if answer.rest is None:
        return web.Response(body=answer.first, headers=HEADERS.copy())
    return await _stream(request, answer)


def refusal(request: web.Request, status: int, fault: str, more: Mapping[str, str] = NO_HEADERS) -> web.Response:
    """The answer to a body that was not fully read. It is empty, like Zabbix's; `fault` is logged."""
    _log_refusal(request, status, fault)
    return _closing(status, more)


def _log_refusal(request: web.Request, status: int, fault: str) -> None:
    remote, path = address_of(request), request.rel_url.raw_path
    about = {"path": path, "remote": remote, "status": status, "fault": fault}
    strangers.warning("%s was answered %d at %s %s: %s", remote, status, request.method, path, fault, extra=about)


def _closing(status: int, more: Mapping[str, str] = NO_HEADERS) -> web.Response:
    """An answer after which the connection is closed."""
    response = web.Response(status=status, headers={**CORS, **more})
    response.force_close()
    return response


async def _is_known(request: web.Request) -> bool:
    """Whether the header has a valid session or API token."""
    bearer = bearer_of(request.headers.get("Authorization"))
    if bearer is None:
        return False
    try:
        return (await request.app[CREDENTIALS].caller(bearer)).may_call
    except ApiError:
        return False


async def _stream(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Sends a long answer. After its first byte a fault can only break the connection."""
    response = web.StreamResponse(headers=HEADERS.copy())
    transport = request.transport  # the request forgets it when the server stops
    if transport is None:
        await answer.close()
        return response
    pace = Pace(transport, request.app[SETTINGS].stall_timeout)
    try:
        await response.prepare(request)
        async for chunk in answer.chunks():
            async with pace.writing(len(chunk)):
                await response.write(chunk)
        async with pace.writing(0):
            await response.write_eof()
    except BaseException as fault:
        cut_off(transport)
        if not isinstance(fault, Exception):
            raise
        _tell(request, fault)
    finally:
        await answer.close()
    return response


def _tell(request: web.Request, fault: Exception) -> None:
    """Logs why an answer broke off."""
    remote = address_of(request)
    about = {"path": request.rel_url.raw_path, "remote": remote}
    if isinstance(fault, TimeoutError | SlowClient):
        seconds = request.app[SETTINGS].stall_timeout
        strangers.warning("%s took too little of its answer in %g s and is cut off", remote, seconds, extra=about)
    elif isinstance(fault, ConnectionError | QueryStopped):
        strangers.debug("%s went away before the end of its answer", remote, extra=about)
    elif isinstance(fault, QueryTimeout):
        strangers.warning("an answer to %s broke off: %s", remote, fault, extra=about)
    else:
        log.error("an answer to %s broke off", remote, exc_info=fault, extra=about)


def cut_off(transport: asyncio.Transport) -> None:
    """Ends a connection at once and discards its buffers: the client may never read them."""
    with suppress(OSError, ValueError):  # the system has closed it already
        found: socket.socket = transport.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def not_found(_request: web.Request) -> web.Response:
    return web.Response(status=404, text="JSON-RPC is at /api_jsonrpc.php\n")


def add_routes(app: web.Application) -> None:
    """Serves /jsonrpc and every path that ends in /api_jsonrpc.php; answers 404 elsewhere."""
    for path in ("/api_jsonrpc.php", "/jsonrpc", r"/{prefix:.*}/api_jsonrpc.php"):
        app.router.add_route("*", path, serve_rpc, expect_handler=expect)
    app.router.add_route("*", r"/{path:.*}", not_found, expect_handler=expect)
