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
with suppress(ImportError):  # uvloop is not built for every machine
    from uvloop import new_event_loop

STOPPED_AT_ONCE = 130
STOPPING = (signal.SIGTERM, signal.SIGINT)
_TAKEN = (*STOPPING, signal.SIGHUP)
_LEAVE = signal.SIGQUIT  # tells workers to stop at once
# What workers get at the first signal, the second, the third.
_ESCALATION = (signal.SIGTERM, _LEAVE, signal.SIGKILL)
_SHORTEST_LIFE = 2.0  # seconds; a worker that ends sooner is likely to end again
_MOST_SHORT_LIVES = 5  # in a row
_BACKLOG = 1024
_LAST_SECONDS = 2.0
_ELSEWHERE = "--host and --port, or ALERTRPC_HOST and ALERTRPC_PORT, name another address"

log = logging.getLogger(__name__)


def serve(reload: Reload, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; a second one stops at once. `on_ready` gets the address; SIGHUP does `reload`.

    Raises AlertrpcError if the port cannot be used or the workers do not stay up.
    """
    settings = reload.settings
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # if ignored, as some starters leave it, it hides how scripts end
    shared = settings.workers > 1
    if shared and settings.port:
        # Otherwise two servers could share the port unnoticed.
        _listen(settings.host, settings.port, shared=False).close()
    with _listen(settings.host, settings.port, shared=shared) as listener:
        host, port = listener.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if settings.workers == 1:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(_serve(reload, listener, Bell(), None, lambda: on_ready(address)))
        else:
            prepare(settings.database_path)
            _Workers(reload, port, listener).supervise(lambda: on_ready(address))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the process is at its end


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


async def _serve(
    reload: Reload, listener: socket.socket, bell: Bell, parent: int | None, on_ready: Callable[[], None]
) -> None:
    """Serves on `listener` in this process; the file `parent` ends when the supervisor is gone."""
    memory.give_back_large_blocks()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def leave() -> None:
        kill_running()  # otherwise scripts would run on
        os._exit(STOPPED_AT_ONCE)

    def stop_or_leave() -> None:
        if stop.is_set():
            leave()
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, stop_or_leave)
    loop.add_signal_handler(_LEAVE, leave)
    # Ctrl-C reaches workers and supervisor; only the supervisor acts on it.
    loop.add_signal_handler(signal.SIGINT, stop_or_leave if parent is None else lambda: None)
    if parent is not None:
        loop.add_reader(parent, _orphaned, parent, stop)
    app = build_app(reload.settings, bell)
    runner = web.AppRunner(app, logger=http_log.log, access_log=None, handle_signals=False, auto_decompress=False)

    async def finish_answers(_app: web.Application) -> None:
        assert runner.server is not None, "it was set up"
        # aiohttp waits twice for this time, then cancels; the setting may have changed since the start.
        await runner.server.shutdown(reload.settings.shutdown_timeout / 2)

    app.on_shutdown.append(finish_answers)
    reloads = asyncio.create_task(_reload(reload, parent))
    try:
        await runner.setup()
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        memory.settle()
        on_ready()
        await stop.wait()
        log.info("stopping: finishing requests and deliveries in progress; signal again to stop now")
    finally:
        reloads.cancel()
        await runner.cleanup()
        await _last_tasks()
    log.info("stopped")


async def _reload(reload: Reload, parent: int | None) -> None:
    """Reads the configuration file again at each SIGHUP; of several processes only the supervisor applies it."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    is_alone = parent is None

    def wake() -> None:
        loop.call_soon_threadsafe(came.set)

    reload.hangup.call(wake)
    try:
        while True:
            await came.wait()
            came.clear()
            if (new := await asyncio.to_thread(reload.read_again, declares=is_alone)) is not None:
                reload.take_over(new, is_logged=is_alone)
    finally:
        reload.hangup.keep()


async def _last_tasks() -> None:
    """Waits until cancelled tasks have ended and aborted connections have closed."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        await asyncio.wait(left, timeout=_LAST_SECONDS)
    await asyncio.sleep(0)


def _orphaned(parent: int, stop: asyncio.Event) -> None:
    asyncio.get_running_loop().remove_reader(parent)
    stop.set()


class _Workers:
    """Processes that share the port; one that dies is restarted."""

    def __init__(self, reload: Reload, port: int, listener: socket.socket) -> None:
        self._reload = reload
        self._port = port
        self._reader: int | None = None  # the process that reads the configuration file
        self._is_outdated = False  # SIGHUP came while it read
        self._bell = Bell()  # rung by any worker, heard by the one that delivers
        self._listener = listener  # bound but not listening: it keeps the port for the workers
        self._started: dict[int, float] = {}
        self._signals = 0
        self._alive, self._held = os.pipe()  # it ends when this process is gone

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
            code = os.waitstatus_to_exitcode(status)
            ended = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
            log.error("worker %d %s; restarting", pid, ended)
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
        """Reads and applies the file in a process of its own: a lock of the database may take seconds."""
        if self._reload.read is None:
            self._reload.read_again(declares=True)
        elif self._reader is not None:
            self._is_outdated = True
        elif not self._signals:
            try:
                with _signals_held():
                    self._reader = os.fork() or self._read()
            except OSError as error:
                log.error("the configuration file cannot be read again: %s", error)

    def _read(self) -> NoReturn:
        """Reads and applies the file; ends with status 0 if that succeeds."""
        status = 1
        try:
            self._take_no_signals()
            status = 0 if self._reload.read_again(declares=True) else 1
        finally:
            os._exit(status)

    def _end_reading(self, status: int) -> None:
        """Takes the settings that were read, and tells the workers to read them."""
        self._reader = None
        if status == 0 and not self._signals and (new := self._reload.read_again(declares=False)) is not None:
            self._reload.take_over(new, is_logged=True)
            self._send(signal.SIGHUP)
        if self._is_outdated:
            self._is_outdated = False
            self._on_hangup()

    def _send(self, signum: int) -> None:
        for pid in [*self._started, *([] if self._reader is None else [self._reader])]:
            with suppress(ProcessLookupError):
                os.kill(pid, signum)

    def _start(self) -> None:
        """Starts a worker and waits until it serves or has ended."""
        ready, tell = os.pipe()
        with _signals_held():  # until the child is recorded and has its own handlers
            if pid := os.fork():
                self._started[pid] = time.monotonic()
            else:
                self._be_worker(tell)
        os.close(tell)
        if self._signals:  # one came before the child was recorded
            self._send(signal.SIGTERM)
        os.read(ready, 1)
        os.close(ready)

    def _be_worker(self, tell: int) -> NoReturn:
        """Serves until a signal; closes the file `tell` once it serves."""
        status = 1
        try:
            os.close(self._held)
            self._take_no_signals()
            self._listener.close()
            with (
                _listen(self._reload.settings.host, self._port, shared=True) as listener,
                asyncio.Runner(loop_factory=new_event_loop) as runner,
            ):
                runner.run(_serve(self._reload, listener, self._bell, self._alive, lambda: os.close(tell)))
            status = 0
        except Exception:
            log.exception("a worker failed")
        finally:
            os._exit(status)

    def _take_no_signals(self) -> None:
        """Replaces the supervisor's handlers in a child; signals are held since before the fork."""
        self._reload.hangup.keep()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _TAKEN)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Delays signals to the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
