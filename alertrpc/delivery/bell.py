"""Tells the process that delivers that there is something to deliver."""

import asyncio
import os
from contextlib import suppress


class Bell:
    """Any worker rings, and one listens; created before the workers start."""

    def __init__(self) -> None:
        self._hear, self._ring = os.pipe()
        os.set_blocking(self._hear, False)
        os.set_blocking(self._ring, False)
        self._rung: asyncio.Event | None = None
        self._is_closed = False

    def ring(self) -> None:
        if self._is_closed:  # another file may have the pipe's number now
            return
        if self._rung is not None:
            self._rung.set()
            return
        with suppress(BlockingIOError):  # the pipe is full of rings
            os.write(self._ring, b"!")

    def listen(self) -> None:
        """Makes this process the listener."""
        self._rung = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._hear, self._heard)

    def _heard(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._hear, 65536)
        if self._rung is not None:
            self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Returns when the bell has been rung since the last call, or after `seconds`."""
        assert self._rung is not None, "listen() comes first"
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()

    def close(self) -> None:
        self._is_closed = True
        if self._rung is not None:
            asyncio.get_running_loop().remove_reader(self._hear)
        os.close(self._hear)
        os.close(self._ring)
