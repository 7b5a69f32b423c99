"""How fast a client takes a long answer."""

import asyncio
import fcntl
import socket
import struct
import termios
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alertrpc.store.readers import repeatedly

LEAST_BYTES = 64 * 1024  # that a client must take within each stall_timeout
_LOOKS = 10  # in that time


class Pace:
    """Ends a write when the client takes less than LEAST_BYTES within `seconds`, at any point of its answer.

    Only bytes that the client's machine has acknowledged count: the system's buffers may hide a slow reader for minutes.
    """

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport = transport
        self._socket: socket.socket = transport.get_extra_info("socket")
        self._seconds = seconds
        self._written = self._mark = 0
        self._since = time.monotonic()

    @asynccontextmanager
    async def writing(self, size: int) -> AsyncIterator[None]:
        """Watches the write of `size` bytes; raises TimeoutError when the client is too slow."""
        self._written += size
        async with asyncio.timeout(None) as timeout:

            def look() -> None:
                if self._is_too_slow():
                    timeout.reschedule(asyncio.get_running_loop().time())

            with repeatedly(look, self._seconds / _LOOKS):
                yield

    def _is_too_slow(self) -> bool:
        now, taken = time.monotonic(), self._written - self._transport.get_write_buffer_size() - self._unacknowledged()
        if taken >= self._mark + LEAST_BYTES:
            self._mark, self._since = taken, now
        return now - self._since > self._seconds

    def _unacknowledged(self) -> int:
        """Bytes in the system's buffer; 0 if the connection is closed."""
        try:
            answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0" * 4)
        except (OSError, ValueError):
            return 0
        unsent: int = struct.unpack("i", answer)[0]
        return unsent
