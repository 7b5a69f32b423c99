"""How quickly a client takes a long answer."""

import asyncio
import fcntl
import socket
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

from alertrpc.store.readers import repeatedly

LEAST_BYTES = 64 * 1024  # that a client takes in each time that it has
_LOOKS = 10  # in that time


class Pace:
    """Ends a write when the client takes too little: LEAST_BYTES within `seconds`, over all of its answer.

    What counts is what the client's machine has acknowledged; the system's buffers may hide a slow reader for minutes.
    """

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport = transport
        self._socket: socket.socket = transport.get_extra_info("socket")
        self._seconds = seconds
        self._written = self._mark = 0
        self._since = time.monotonic()

    @contextmanager
    def writing(self, size: int) -> Iterator[asyncio.Timeout]:
        """Watches the write of so many bytes; the time-out is to be entered within."""
        self._written += size
        timeout = asyncio.timeout(None)

        def look() -> None:
            if self._is_too_slow():
                timeout.reschedule(asyncio.get_running_loop().time())

        with repeatedly(look, self._seconds / _LOOKS):
            yield timeout

    def _is_too_slow(self) -> bool:
        now, taken = time.monotonic(), self._written - self._transport.get_write_buffer_size() - self._unacknowledged()
        if taken >= self._mark + LEAST_BYTES:
            self._mark, self._since = taken, now
        return now - self._since > self._seconds

    def _unacknowledged(self) -> int:
        """Bytes in the system's buffer, where it tells."""
        try:
            answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0" * 4)
        except (OSError, ValueError):  # where the system has closed the connection
            return 0
        unsent: int = struct.unpack("i", answer)[0]
        return unsent
