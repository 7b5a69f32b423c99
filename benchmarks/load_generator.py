"""A load generator in one process: keep-alive connections that send prepared requests as soon as they are answered.

    python -m benchmarks.load_generator PORT CONNECTIONS SECONDS [PATH [MARK [HEADER]]] < REQUESTS

REQUESTS holds one body a line; each connection goes through all of them, from a place of its own. A good answer has MARK
near its start; HEADER is one more header of each request. Prints one JSON object: requests a second, latencies in
milliseconds, the first answer, faults, and the generator's CPU seconds.
"""

import asyncio
import json
import resource
import sys
import time
from functools import partial
from typing import cast

import uvloop

HEAD = "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{header}Content-Length: {size}\r\n\r\n"
PATH = "/api_jsonrpc.php"
MARK = '"result"'


class Connection(asyncio.Protocol):
    """One keep-alive connection; answers must have a Content-Length."""

    def __init__(self, requests: list[bytes], mark: bytes, first: int, latencies: list[float], ends: float) -> None:
        self._requests, self._next, self._latencies, self._ends = requests, first, latencies, ends
        self._mark = mark
        self._buffer = b""
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.first_answer = b""
        self.faults = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        if time.perf_counter() >= self._ends:
            self._transport.close()
            return
        self._next = (self._next + 1) % len(self._requests)
        self._sent = time.perf_counter()
        self._transport.write(self._requests[self._next])

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().find(b"content-length: ")
        size = int(head[at + 16 :].split(b"\r\n", 1)[0])
        if len(body) < size:
            return
        self._latencies.append(time.perf_counter() - self._sent)
        if self._mark not in body[:40] or not head.startswith(b"HTTP/1.1 200"):
            self.faults += 1
        self.first_answer = self.first_answer or body
        self._buffer = b""
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def run(
    port: int, connections: int, seconds: float, path: str, mark: str, header: str, bodies: list[bytes]
) -> dict[str, object]:
    more = f"{header}\r\n" if header else ""
    requests = [HEAD.format(path=path, header=more, size=len(body)).encode() + body for body in bodies]
    latencies: list[float] = []
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    protocols = []
    for index in range(connections):
        first = index * len(requests) // connections
        _, protocol = await loop.create_connection(
            partial(Connection, requests, mark.encode(), first, latencies, started + seconds), "127.0.0.1", port
        )
        protocols.append(protocol)
    await asyncio.gather(*[protocol.done for protocol in protocols])
    elapsed = time.perf_counter() - started
    if not latencies:
        sys.exit("no request was answered")
    ordered = sorted(latencies)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "rate": len(latencies) / elapsed,
        "p50_ms": 1000 * ordered[len(ordered) // 2],
        "p99_ms": 1000 * ordered[len(ordered) * 99 // 100],
        "max_ms": 1000 * ordered[-1],
        "faults": sum(protocol.faults for protocol in protocols),
        "first_answer": protocols[0].first_answer.decode(),
        "cpu_share": (usage.ru_utime + usage.ru_stime) / elapsed,
    }


if __name__ == "__main__":
    port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    path, mark, header = (*sys.argv[4:], *(PATH, MARK, "")[len(sys.argv) - 4 :])
    bodies = sys.stdin.buffer.read().splitlines()
    print(json.dumps(uvloop.run(run(port, connections, seconds, path, mark, header, bodies))))
