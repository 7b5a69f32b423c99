"""The measure of the point read, and the receiver of webhooks: a bare aiohttp handler that returns fixed bytes.

    python -m benchmarks.bare_server asyncio|uvloop < BYTES

Prints its port when it is ready.
"""

import asyncio
import sys

import uvloop
from aiohttp import web


async def serve(body: bytes) -> None:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post("/{path}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    factory = uvloop.new_event_loop if sys.argv[1] == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(sys.stdin.buffer.read()))
