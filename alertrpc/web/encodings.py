"""Bodies are read as they are: what a compressed one would become has no bound, and Zabbix does not read them either."""

from collections.abc import Awaitable, Callable
from typing import NoReturn

from aiohttp import web

from alertrpc.ocp.envelope import OcpFault
from alertrpc.web.endpoint import refusal
from alertrpc.web.ocp import enveloped

ENVELOPED = ("/api/v2/", "/alertmanager")  # the beginnings of paths that answer in OCP's form
# RFC 9110, 15.5.16: Accept-Encoding tells what would be taken.
TAKEN = {"Accept-Encoding": "identity"}


@web.middleware
async def refuse_encodings(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answers 415 where the request has a Content-Encoding, on every path, and closes the connection."""
    if "Content-Encoding" not in request.headers:
        return await handler(request)
    if not request.path.startswith(ENVELOPED):
        return refusal(request, 415, "its body has a Content-Encoding", TAKEN)
    response = await enveloped(request, _refuse)
    response.force_close()
    return response


async def _refuse(_request: web.Request) -> NoReturn:
    raise OcpFault(415, "a body without Content-Encoding is expected", headers=TAKEN)
