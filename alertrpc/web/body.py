"""The bodies of requests, and what may be wrong with one before it is read."""

import asyncio

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

STALL_TIMEOUT = web.AppKey("stall_timeout", float)

BROKEN_BODY = (web.RequestPayloadError, ClientPayloadError, HttpProcessingError, ConnectionError)


async def read_body(request: web.Request, most: int | None = None) -> bytes:
    """The request's body, of at most `most` bytes, and no more than all requests may have.

    Raises HTTPRequestEntityTooLarge, one of BROKEN_BODY when it broke off or cannot be read, and TimeoutError when the
    client stalls in the middle of it.
    """
    if request.content.is_eof():
        body = await request.read()
    else:
        async with asyncio.timeout(request.app[STALL_TIMEOUT]):
            body = await request.read()
    if most is not None and len(body) > most:
        raise web.HTTPRequestEntityTooLarge(most, len(body))
    return body
