"""The header Expect (RFC 9110, section 10.1.1). aiohttp's own answer fails where the header holds bytes that are no text."""

from aiohttp import HttpVersion11, web


async def expect(request: web.Request) -> None:
    """Sends 100 to a client that waits with its body; raises HTTPExpectationFailed for any other expectation."""
    if request.version < HttpVersion11:  # whose clients do not know of 100
        return
    if request.headers["Expect"].lower() != "100-continue":
        raise web.HTTPExpectationFailed
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the answer itself has not begun
