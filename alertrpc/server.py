"""Runs the server: in this process, or in several that share the port."""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from aiohttp import web

from alertrpc import memory
from alertrpc.app import build_app
from alertrpc.delivery.bell import Bell
from alertrpc.delivery.scripts.process import kill_running
from alertrpc.errors import AlertrpcError
from alertrpc.settings import Settings
from alertrpc.store.database import prepare
from alertrpc.web import http_log

new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with suppress(ImportError):  # there is not a build of uvloop for every machine
    from uvloop import new_event_loop

STOPPED_AT_ONCE = 130
STOPPING = (signal.SIGTERM, signal.SIGINT)
_LEAVE = signal.SIGQUIT  # of the supervisor to its workers: stop at once
_ESCALATION = (
    signal.SIGTERM,
    _LEAVE,
    signal.SIGKILL,
)  # what workers are sent at the first signal, the second, the third
_SHORTEST_LIFE = 2.0  # seconds; a worker that ends sooner may only end again
_MOST_SHORT_LIVES = 5  # in a row
_BACKLOG = 1024
_LAST_SECONDS = 2.0
_ELSEWHERE = "--host and --port, or ALERTRPC_HOST and ALERTRPC_PORT, name another address"

log = logging.getLogger(__name__)


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; a second one stops at once. `on_ready` is told the address.

    Raises AlertrpcError when the port cannot be had or the workers do not stay up.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, as some starters leave it, it hides how scripts ended
    shared = settings.workers > 1
    if shared and settings.port:
        _listen(settings, shared=False).close()  # else two servers could share the port and not know it
    with _listen(settings, shared=shared) as listener:
        host, port = listener.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if settings.workers == 1:
            _run(settings, listener, Bell(), None, lambda: on_ready(address))
        else:
            prepare(settings.database_path)
            _Workers(replace(settings, port=port), listener).supervise(lambda: on_ready(address))


def _listen(settings: Settings, *, shared: bool) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise AlertrpcError(f"cannot listen on {settings.host}: {error.strerror}; {_ELSEWHERE}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        asked = f"{settings.host} port {settings.port}"
        raise AlertrpcError(f"cannot listen on {asked}: {error.strerror}; {_ELSEWHERE}") from error
    return listener


def _run(
    settings: Settings, listener: socket.socket, bell: Bell, parent: int | None, on_ready: Callable[[], None]
) -> None:
    """Serves on `listener` in this process; the end of the file `parent` tells that the supervisor is gone."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(settings, listener, bell, parent, on_ready))


async def _serve(
    settings: Settings, listener: socket.socket, bell: Bell, parent: int | None, on_ready: Callable[[], None]
) -> None:
    memory.give_back_large_blocks()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def leave() -> None:
        kill_running()  # else scripts would run on, and nobody would end them
        os._exit(STOPPED_AT_ONCE)

    def stop_or_leave() -> None:
        if stop.is_set():
            leave()
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, stop_or_leave)
    loop.add_signal_handler(_LEAVE, leave)
    # Ctrl-C reaches workers and supervisor alike; the supervisor alone acts on it.
    loop.add_signal_handler(signal.SIGINT, stop_or_leave if parent is None else lambda: None)
    if parent is not None:
        loop.add_reader(parent, _orphaned, parent, stop)
    runner = web.AppRunner(
        build_app(settings, bell),
        logger=http_log.log,
        access_log=None,
        shutdown_timeout=settings.shutdown_timeout / 2,  # aiohttp waits twice, and then cancels
        handle_signals=False,
        auto_decompress=False,
    )
    try:
        await runner.setup()
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        memory.settle()
        on_ready()
        await stop.wait()
        log.info("stopping; answers and tries under way come to their end, a second signal stops at once")
    finally:
        await runner.cleanup()
        await _last_tasks()
    log.info("stopped")


async def _last_tasks() -> None:
    """Lets what was cancelled come to its end, and connections that were cut off close."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        await asyncio.wait(left, timeout=_LAST_SECONDS)
    await asyncio.sleep(0)


def _orphaned(parent: int, stop: asyncio.Event) -> None:
    asyncio.get_running_loop().remove_reader(parent)
    stop.set()


class _Workers:
    """Processes that share the port, started again when one dies."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._bell = Bell()  # rung by any worker, heard by the one that delivers
        self._listener = listener  # bound, never listening: it keeps the port for the workers
        self._started: dict[int, float] = {}
        self._signals = 0
        self._alive, self._held = os.pipe()  # the workers see its end when this process is gone

    def supervise(self, on_ready: Callable[[], None]) -> None:
        for signum in STOPPING:
            signal.signal(signum, self._on_signal)
        while len(self._started) < self._settings.workers and not self._signals:
            self._start()
        if not self._signals:
            on_ready()
        failed, short_lives = False, 0
        while self._started:
            pid, status = os.wait()
            age = time.monotonic() - self._started.pop(pid)
            if self._signals or failed:
                continue
            log.error("worker %d ended with status %d and is started again", pid, os.waitstatus_to_exitcode(status))
            short_lives = short_lives + 1 if age < _SHORTEST_LIFE else 0
            if short_lives < _MOST_SHORT_LIVES:
                self._start()
            else:
                failed = True
                self._send(signal.SIGTERM)
        if failed:
            raise AlertrpcError("the workers do not stay up; the log says why")
        if self._signals > 1:
            sys.exit(STOPPED_AT_ONCE)

    def _on_signal(self, _signum: int, _frame: object) -> None:
        self._signals += 1
        self._send(_ESCALATION[min(self._signals, len(_ESCALATION)) - 1])

    def _send(self, signum: int) -> None:
        for pid in list(self._started):
            with suppress(ProcessLookupError):
                os.kill(pid, signum)

    def _start(self) -> None:
        """Starts a worker and waits until it serves, or has ended."""
        ready, tell = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # until the child is known, and deaf to our handlers
        if pid := os.fork():
            self._started[pid] = time.monotonic()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
            os.close(tell)
            if self._signals:  # it came before the child was known
                self._send(signal.SIGTERM)
            os.read(ready, 1)
            os.close(ready)
            return
        status = 1
        try:
            os.close(self._held)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
            self._listener.close()
            settings = self._settings
            with _listen(settings, shared=True) as listener:
                _run(settings, listener, self._bell, self._alive, lambda: os.close(tell))
            status = 0
        except Exception:
            log.exception("a worker failed")
        finally:
            os._exit(status)
