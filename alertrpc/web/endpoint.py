"""The JSON-RPC endpoint over HTTP: content types, CORS and sizes as Zabbix has them, answers as streams."""

import asyncio
import logging
from collections.abc import AsyncIterator

from aiohttp import web
from multidict import CIMultiDict

from alertrpc.rpc.answer import Answer
from alertrpc.rpc.dispatch import Dispatcher
from alertrpc.web.body import BROKEN_BODY, STALL_TIMEOUT, read_body

CONTENT_TYPES = frozenset({"application/json-rpc", "application/json", "application/jsonrequest"})
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type,Authorization",
    "Access-Control-Allow-Methods": "POST,OPTIONS",
    "Access-Control-Max-Age": "1000",
    "Server": "alertrpc",
}
HEADERS = CIMultiDict({**CORS, "Content-Type": "application/json"})

DISPATCHER = web.AppKey("dispatcher", Dispatcher)

log = logging.getLogger(__name__)


async def serve_rpc(request: web.Request) -> web.StreamResponse:
    """Answers a JSON-RPC request; its HTTP method does not matter, but for OPTIONS, which asks for the CORS headers."""
    if request.method == "OPTIONS":
        return web.Response(headers=CORS)
    if request.headers.get("Content-Type", "").partition(";")[0] not in CONTENT_TYPES:
        return web.Response(status=412, reason="Precondition Failed", headers=CORS)
    try:
        body = await read_body(request)
    except web.HTTPRequestEntityTooLarge:
        return web.Response(status=413, headers=CORS)
    except TimeoutError:
        return web.Response(status=408, headers=CORS)
    except BROKEN_BODY as error:
        log.debug("%s sent a body that broke off or cannot be read: %s", request.remote, error)
        return web.Response(status=400, headers=CORS)
    dispatcher = request.app[DISPATCHER]
    answer = await dispatcher.answer(body, request.headers.get("Authorization"), request.remote or "")
    if answer is None:
        return web.Response(headers=HEADERS.copy())
    if answer.rest is None:
        return web.Response(body=answer.first, headers=HEADERS.copy())
    return await _stream(request, answer, answer.rest)


async def _stream(request: web.Request, answer: Answer, rest: AsyncIterator[bytes]) -> web.StreamResponse:
    """Sends a long answer as it comes. After its first byte a fault can only break the connection."""
    response = web.StreamResponse(headers=HEADERS.copy())
    stall_timeout = request.app[STALL_TIMEOUT]
    try:
        await response.prepare(request)
        await _send(response, answer.first, stall_timeout)
        async for chunk in rest:
            await _send(response, chunk, stall_timeout)
        async with asyncio.timeout(stall_timeout):
            await response.write_eof()
    except TimeoutError:
        log.warning("%s took too little of its answer in %g s and is cut off", request.remote, stall_timeout)
        _break(request)
    except ConnectionError:
        log.debug("%s went away before the end of its answer", request.remote)
        _break(request)
    except Exception:
        log.exception("an answer to %s broke off", request.remote)
        _break(request)
    finally:
        await answer.close()
    return response


async def _send(response: web.StreamResponse, chunk: bytes, stall_timeout: float) -> None:
    async with asyncio.timeout(stall_timeout):
        await response.write(chunk)


def _break(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def not_found(_request: web.Request) -> web.Response:
    return web.Response(status=404, text="JSON-RPC is at /api_jsonrpc.php\n", headers={"Server": "alertrpc"})


def add_routes(app: web.Application) -> None:
    """The endpoint at /jsonrpc and at every path that ends in /api_jsonrpc.php; nothing elsewhere."""
    app.router.add_route("*", "/api_jsonrpc.php", serve_rpc)
    app.router.add_route("*", "/jsonrpc", serve_rpc)
    app.router.add_route("*", r"/{prefix:.*}/api_jsonrpc.php", serve_rpc)
    app.router.add_route("*", r"/{path:.*}", not_found)
