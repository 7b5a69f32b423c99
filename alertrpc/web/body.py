"""The bodies of requests, and what may be wrong with one before it is read."""

import asyncio

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

STALL_TIMEOUT = web.AppKey("stall_timeout", float)

BROKEN_BODY = (web.RequestPayloadError, ClientPayloadError, HttpProcessingError, ConnectionError)


async def read_body(request: web.Request) -> bytes:
    """The request's body.

    Raises HTTPRequestEntityTooLarge, one of BROKEN_BODY when it broke off or cannot be read, and TimeoutError when the
    client stalls in the middle of it.
    """
    if request.content.is_eof():
        return await request.read()
    async with asyncio.timeout(request.app[STALL_TIMEOUT]):
        return await request.read()
