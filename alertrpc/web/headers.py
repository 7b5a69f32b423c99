"""The headers Expect (RFC 9110, section 10.1.1) and Server."""

from aiohttp import HttpVersion11, web, web_response


async def expect(request: web.Request) -> None:
    """Sends 100 to a client that waits with its body; raises HTTPExpectationFailed for any other expectation.

    aiohttp's own handler fails if the header holds bytes that are not text.
    """
    if request.version < HttpVersion11:  # whose clients do not know 100
        return
    if request.headers["Expect"].lower() != "100-continue":
        raise web.HTTPExpectationFailed
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the answer itself has not begun


def name_server() -> None:
    """Makes every answer of this process say `Server: alertrpc`.

    aiohttp answers invalid HTTP without any hook, so the name that it reads is the only place for all answers.
    """
    web_response.SERVER_SOFTWARE = "alertrpc"  # type: ignore[attr-defined]  # not a public name; a test checks it
