"""Runs the server: in this process, or in several that share the port."""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from aiohttp import web

from alertrpc import memory
from alertrpc.app import build_app
from alertrpc.delivery.bell import Bell
from alertrpc.delivery.scripts.process import kill_running
from alertrpc.errors import AlertrpcError
from alertrpc.reloading import Reload
from alertrpc.store.database import prepare
from alertrpc.web import http_log

new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with suppress(ImportError):  # there is not a build of uvloop for every machine
    from uvloop import new_event_loop

STOPPED_AT_ONCE = 130
STOPPING = (signal.SIGTERM, signal.SIGINT)
_TAKEN = (*STOPPING, signal.SIGHUP)
_LEAVE = signal.SIGQUIT  # of the supervisor to its workers: stop at once
# What workers are sent at the first signal, the second, the third.
_ESCALATION = (signal.SIGTERM, _LEAVE, signal.SIGKILL)
_SHORTEST_LIFE = 2.0  # seconds; a worker that ends sooner may only end again
_MOST_SHORT_LIVES = 5  # in a row
_BACKLOG = 1024
_LAST_SECONDS = 2.0
_ELSEWHERE = "--host and --port, or ALERTRPC_HOST and ALERTRPC_PORT, name another address"

log = logging.getLogger(__name__)


def serve(reload: Reload, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; a second one stops at once. `on_ready` is told the address; SIGHUP does `reload`.

    Raises AlertrpcError when the port cannot be had or the workers do not stay up.
    """
    settings = reload.settings
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, as some starters leave it, it hides how scripts ended
    shared = settings.workers > 1
    if shared and settings.port:
        # Else two servers could share the port and not know it.
        _listen(settings.host, settings.port, shared=False).close()
    with _listen(settings.host, settings.port, shared=shared) as listener:
        host, port = listener.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if settings.workers == 1:
            _run(reload, listener, Bell(), None, lambda: on_ready(address))
        else:
            prepare(settings.database_path)
            _Workers(reload, port, listener).supervise(lambda: on_ready(address))
    reload.hangup.end()


def _listen(host: str, port: int, *, shared: bool) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise AlertrpcError(f"cannot listen on {host}: {error.strerror}; {_ELSEWHERE}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise AlertrpcError(f"cannot listen on {host} port {port}: {error.strerror}; {_ELSEWHERE}") from error
    return listener


def _run(reload: Reload, listener: socket.socket, bell: Bell, parent: int | None, on_ready: Callable[[], None]) -> None:
    """Serves on `listener` in this process; the end of the file `parent` tells that the supervisor is gone."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(reload, listener, bell, parent, on_ready))


async def _serve(
    reload: Reload, listener: socket.socket, bell: Bell, parent: int | None, on_ready: Callable[[], None]
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
    app = build_app(reload.settings, bell)
    runner = web.AppRunner(app, logger=http_log.log, access_log=None, handle_signals=False, auto_decompress=False)

    async def finish_answers(_app: web.Application) -> None:
        assert runner.server is not None, "it was set up"
        # The time as it is now, of which aiohttp waits twice, and then cancels.
        await runner.server.shutdown(reload.settings.shutdown_timeout / 2)

    app.on_shutdown.append(finish_answers)
    reloads = asyncio.create_task(_reload(reload, parent))
    try:
        await runner.setup()
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        memory.settle()
        on_ready()
        await stop.wait()
        log.info("stopping; answers and tries under way come to their end, a second signal stops at once")
    finally:
        reloads.cancel()
        await runner.cleanup()
        await _last_tasks()
    log.info("stopped")


async def _reload(reload: Reload, parent: int | None) -> None:
    """Reads the configuration file again at each SIGHUP; a worker leaves what it declares to the supervisor."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    read, take = (reload.read_all, reload.take_over) if parent is None else (reload.read_settings, reload.change_to)

    def wake() -> None:
        loop.call_soon_threadsafe(came.set)

    reload.hangup.call(wake)
    try:
        while True:
            await came.wait()
            came.clear()
            if (new := await asyncio.to_thread(read)) is not None:
                take(new)
    finally:
        reload.hangup.keep()


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

    def __init__(self, reload: Reload, port: int, listener: socket.socket) -> None:
        self._reload = reload
        self._port = port
        self._reader: int | None = None  # the process that reads the configuration file again
        self._is_outdated = False  # SIGHUP came while it did
        self._bell = Bell()  # rung by any worker, heard by the one that delivers
        self._listener = listener  # bound, never listening: it keeps the port for the workers
        self._started: dict[int, float] = {}
        self._signals = 0
        self._alive, self._held = os.pipe()  # the workers see its end when this process is gone

    def supervise(self, on_ready: Callable[[], None]) -> None:
        for signum in STOPPING:
            signal.signal(signum, self._on_signal)
        self._reload.hangup.call(self._on_hangup)
        while len(self._started) < self._reload.settings.workers and not self._signals:
            self._start()
        if not self._signals:
            on_ready()
        failed, short_lives = False, 0
        while self._started:
            pid, status = os.wait()
            if pid == self._reader:
                self._end_reading(status)
            if pid not in self._started:
                continue
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

    def _on_hangup(self) -> None:
        """Has a process of its own read the file and apply what it declares: a lock of the database may take seconds."""
        if self._reload.read is None:
            self._reload.read_all()
        elif self._reader is not None:
            self._is_outdated = True
        elif not self._signals:
            try:
                with _signals_held():
                    self._reader = os.fork() or self._read()
            except OSError as error:
                log.error("the configuration file cannot be read again: %s", error)

    def _read(self) -> NoReturn:
        """Reads the file and ends with status 0 where it could be applied."""
        status = 1
        try:
            self._take_no_signals()
            status = 0 if self._reload.read_all() else 1
        finally:
            os._exit(status)

    def _end_reading(self, status: int) -> None:
        """Goes on with the settings that were read, and has the workers read them too."""
        self._reader = None
        if status == 0 and not self._signals and (new := self._reload.read_settings()) is not None:
            self._reload.take_over(new)
            self._send(signal.SIGHUP)
        if self._is_outdated:
            self._is_outdated = False
            self._on_hangup()

    def _send(self, signum: int) -> None:
        for pid in [*self._started, *([] if self._reader is None else [self._reader])]:
            with suppress(ProcessLookupError):
                os.kill(pid, signum)

    def _start(self) -> None:
        """Starts a worker and waits until it serves, or has ended."""
        ready, tell = os.pipe()
        with _signals_held():  # until the child is known, and deaf to our handlers
            if pid := os.fork():
                self._started[pid] = time.monotonic()
            else:
                self._be_worker(tell)
        os.close(tell)
        if self._signals:  # it came before the child was known
            self._send(signal.SIGTERM)
        os.read(ready, 1)
        os.close(ready)

    def _be_worker(self, tell: int) -> NoReturn:
        """Serves until a signal; the file `tell` is closed when it does."""
        status = 1
        try:
            os.close(self._held)
            self._take_no_signals()
            self._listener.close()
            with _listen(self._reload.settings.host, self._port, shared=True) as listener:
                _run(self._reload, listener, self._bell, self._alive, lambda: os.close(tell))
            status = 0
        except Exception:
            log.exception("a worker failed")
        finally:
            os._exit(status)

    def _take_no_signals(self) -> None:
        """Undoes in a child what the supervisor does at signals, which wait since before the fork."""
        self._reload.hangup.keep()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _TAKEN)


@contextmanager
def _signals_held() -> Iterator[None]:
    """What comes while the block runs is taken at its end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
