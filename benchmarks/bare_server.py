"""The measure of the point read: a bare aiohttp handler that returns fixed bytes, on the same event loop.

python -m benchmarks.bare_server PORT < BYTES
"""

import asyncio
import sys

import uvloop
from aiohttp import web

body = b""


async def answer(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=body, content_type="application/json")


async def serve(port: int) -> None:
    app = web.Application()
    app.router.add_post("/api_jsonrpc.php", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    body = sys.stdin.buffer.read()
    uvloop.run(serve(int(sys.argv[1])))
