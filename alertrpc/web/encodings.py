"""Refuses compressed bodies: their size has no limit, and Zabbix does not read them either."""

from typing import NoReturn

from aiohttp import web
from aiohttp.typedefs import Handler

from alertrpc.ocp.envelope import OcpFault
from alertrpc.web.endpoint import refusal
from alertrpc.web.ocp import enveloped

ENVELOPED = ("/api/v2/", "/alertmanager")  # prefixes of the paths that answer in OCP's form
# RFC 9110, 15.5.16: Accept-Encoding names what is accepted.
TAKEN = {"Accept-Encoding": "identity"}


@web.middleware
async def refuse_encodings(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers 415 to a request with a Content-Encoding, on every path, and closes the connection."""
    if "Content-Encoding" not in request.headers:
        return await handler(request)
    if not request.path.startswith(ENVELOPED):
        return refusal(request, 415, "its body has a Content-Encoding", TAKEN)
    response = await enveloped(request, _refuse)
    response.force_close()
    return response


async def _refuse(_request: web.Request) -> NoReturn:
    raise OcpFault(415, "a body without Content-Encoding is expected", headers=TAKEN)
