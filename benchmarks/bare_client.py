"""The measure of delivery by HTTP: a bare aiohttp client with so many connections that posts a fixed body.

    python -m benchmarks.bare_client URL CONNECTIONS REQUESTS asyncio|uvloop < BODY

Prints the requests a second.
"""

import asyncio
import sys
import time
from itertools import repeat

import uvloop
from aiohttp import ClientSession, TCPConnector


async def post(url: str, connections: int, requests: int, body: bytes) -> float:
    left = repeat(None, requests)

    async def send(session: ClientSession) -> None:
        for _ in left:
            async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as response:
                await response.read()

    async with ClientSession(connector=TCPConnector(limit=connections)) as session:
        started = time.perf_counter()
        await asyncio.gather(*[send(session) for _ in range(connections)])
        return requests / (time.perf_counter() - started)


if __name__ == "__main__":
    url, connections, requests, loop = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        print(runner.run(post(url, connections, requests, sys.stdin.buffer.read())))
