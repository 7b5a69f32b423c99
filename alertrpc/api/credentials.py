"""Sessions, API tokens and passwords: the caller of a credential, and background writes of when credentials were used."""

import asyncio
import hashlib
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple, NoReturn
from weakref import WeakValueDictionary

from alertrpc.api.passwords import NOBODY, RememberedPasswords, is_password
from alertrpc.errors import APPLICATION_ERROR, INVALID_PARAMS, AlertrpcError, ApiError
from alertrpc.loglines import quoted, strangers
from alertrpc.records import Caller, Clock
from alertrpc.settings import Settings
from alertrpc.store import credentials as rows
from alertrpc.store.connection import SqlConnection
from alertrpc.store.database import Database

TOKEN_LENGTH = 64  # bytes; a credential of any other length is a session id
NOT_AUTHORIZED = "Not authorized."
SESSION_TERMINATED = "Session terminated, re-login, please."
TOKEN_EXPIRED = "API token expired."
WRONG_LOGIN = "Incorrect user name or password or account is temporarily blocked."
NO_ACCESS = "No permissions for system access."

_MOST_CALLERS = 1_000  # that are remembered
_LAST_CHECKS = 32  # of passwords, whose times are remembered
_MOMENT = 0.01  # seconds
_LONGEST_WAIT = 5.0  # seconds between two writes of when credentials were used

log = logging.getLogger(__name__)


def _bytes(credential: str) -> bytes:
    """The bytes that the client sent; a header may have bytes that are not UTF-8."""
    return credential.encode(errors="surrogateescape")


def is_token(credential: str) -> bool:
    return len(_bytes(credential)) == TOKEN_LENGTH


def hash_session(sessionid: str) -> str:
    return hashlib.sha256(_bytes(sessionid)).hexdigest()


def hash_token(token: str) -> str:
    return hashlib.sha512(_bytes(token)).hexdigest()


def _tell_failure(username: str, remote: str, fault: str) -> None:
    """Logs why a login failed; the client is not told all of it."""
    about = {"user": username, "remote": remote, "fault": fault}
    strangers.warning("login as %s from %s failed: %s", quoted(username), remote, fault, extra=about)


class Held(NamedTuple):
    """A hashed credential, and the read that finds its holder."""

    hashed: str
    find: Callable[[str, SqlConnection], rows.Holder | None]
    is_token: bool


class Remembered(NamedTuple):
    """A credential, and its caller of the last time."""

    held: Held
    caller: Caller


def _session(sessionid: str) -> Held:
    return Held(hash_session(sessionid), rows.find_session, is_token=False)


def _token(token: str) -> Held:
    return Held(hash_token(token), rows.find_token, is_token=True)


def _held(credential: str) -> Held:
    return _token(credential) if is_token(credential) else _session(credential)


class Credentials:
    """Checks credentials in the database at each call, so that the end of one takes effect at once in every process."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._touched_sessions: dict[str, int] = {}
        self._touched_tokens: dict[str, int] = {}
        self._callers: dict[str, Caller] = {}  # of hashed credentials, the latest last
        self._logins: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._remembered = RememberedPasswords(clock)
        self._taken: deque[float] = deque(maxlen=_LAST_CHECKS)  # seconds of the last checks of passwords
        self._decoy = asyncio.Lock()
        self._decoy_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bcrypt for nobody")
        self._workers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="bcrypt")

    async def caller(self, credential: str) -> Caller:
        """The caller of a session or an API token; raises ApiError for an invalid credential."""
        return await self._caller(_held(credential))

    async def session_caller(self, sessionid: str) -> Caller:
        return await self._caller(_session(sessionid))

    async def token_caller(self, token: str) -> Caller:
        return await self._caller(_token(token))

    async def _caller(self, held: Held) -> Caller:
        return await self.checked(held, await self._database.read(held.find, held.hashed))

    def remembered(self, credential: str) -> Remembered | None:
        """Who the caller of the credential was the last time. Whether it still is must be `checked` before an answer."""
        held = _held(credential)
        caller = self._callers.get(held.hashed)
        return None if caller is None else Remembered(held, caller)

    async def checked(self, held: Held, holder: rows.Holder | None) -> Caller:
        """The caller of a credential whose `holder` is what `held.find` returned; raises ApiError as `caller` does."""
        self._callers.pop(held.hashed, None)
        caller = await (self._token_caller if held.is_token else self._session_caller)(held.hashed, holder)
        self._callers[held.hashed] = caller
        if len(self._callers) > _MOST_CALLERS:
            del self._callers[next(iter(self._callers))]
        return caller

    async def _session_caller(self, hashed: str, holder: rows.Holder | None) -> Caller:
        now = int(self._clock())
        if holder is None:
            raise ApiError(INVALID_PARAMS, SESSION_TERMINATED)
        lastaccess = max(holder.lastaccess, self._touched_sessions.get(hashed, 0))
        if holder.is_disabled or lastaccess + self._settings.session_idle < now:
            await self._database.write(partial(rows.end_session, hashed))
            raise ApiError(INVALID_PARAMS, SESSION_TERMINATED)
        if now > holder.lastaccess:
            self._touched_sessions[hashed] = now
        return holder.caller

    async def _token_caller(self, hashed: str, holder: rows.Holder | None) -> Caller:
        now = int(self._clock())
        if holder is None or holder.is_disabled:
            raise ApiError(INVALID_PARAMS, NOT_AUTHORIZED)
        if holder.expires_at and holder.expires_at < now:
            raise ApiError(APPLICATION_ERROR, TOKEN_EXPIRED)
        if now > holder.lastaccess:
            self._touched_tokens[hashed] = now
        return holder.caller

    async def login(self, username: str, password: str, remote: str) -> tuple[int, str]:
        """The userid and the id of a new session; raises ApiError if the password is wrong or the user blocked or disabled.

        The answer takes as long for an unknown user. Logins of one user wait for each other, so that logins at the same
        time cannot make more guesses than a sequence of them.
        """
        async with self._login_lock(username):
            userid = (await self._checked(username, password, remote)).userid
            sessionid = secrets.token_hex(16)
            now = int(self._clock())
            await self._database.write(partial(rows.start_session, userid, hash_session(sessionid), now))
            return userid, sessionid

    async def password_caller(self, username: str, password: str, remote: str) -> Caller:
        """The user whose password is sent with each request; raises ApiError as `login` does.

        A correct password is remembered for minutes, as a keyed hash of it and of the stored hash, so that a change of the
        stored hash takes effect at once.
        """
        if (caller := await self._remembered_caller(username, password)) is not None:
            return caller
        async with self._login_lock(username):
            if (caller := await self._remembered_caller(username, password)) is not None:
                return caller  # another request has checked it meanwhile
            row = await self._checked(username, password, remote)
            self._remembered.add(username, password, row.passwd)
            if row.attempt_failed:
                await self._database.write(partial(rows.forget_failures, row.userid))
        assert row.caller is not None, "the password was checked with it"
        return row.caller

    async def _remembered_caller(self, username: str, password: str) -> Caller | None:
        row = await self._database.read(rows.find_login, username)
        return row.caller if row is not None and self._remembered.knows(username, password, row.passwd) else None

    def _login_lock(self, username: str) -> asyncio.Lock:
        return self._logins.setdefault(username, asyncio.Lock())  # removed with the last login that holds it

    async def _checked(self, username: str, password: str, remote: str) -> rows.LoginRow:
        """The row of the user, if the password is correct and the user may log in."""
        row = await self._database.read(rows.find_login, username)
        if row is None or self._is_blocked(row, int(self._clock())):
            _tell_failure(username, remote, "blocked after failed logins" if row else "no such user")
            await self._refuse(password, row.passwd if row else NOBODY)
        fits = await self._fits(password, row.passwd, self._workers)
        now = int(self._clock())
        if not fits:
            await self._database.write(partial(rows.record_failure, row.userid, remote, now))
            _tell_failure(username, remote, "wrong password")
            raise ApiError(APPLICATION_ERROR, WRONG_LOGIN)
        if row.caller is None:
            _tell_failure(username, remote, "disabled, or without a role")
            raise ApiError(INVALID_PARAMS, NO_ACCESS)
        return row

    async def _fits(self, password: str, hashed: bytes, workers: ThreadPoolExecutor) -> bool:
        started = time.perf_counter()
        fits = await asyncio.get_running_loop().run_in_executor(workers, is_password, password, hashed)
        self._taken.append(time.perf_counter() - started)
        return fits

    async def _refuse(self, password: str, hashed: bytes) -> NoReturn:
        """Refuses a login whatever its password is, after as much time as a check takes.

        It has a worker of its own, so that many such logins do not delay others. While the worker is busy, further ones
        wait for the time of a recent check.
        """
        while self._decoy.locked() and not self._taken:  # noqa: ASYNC110 - short, and once in a process
            await asyncio.sleep(_MOMENT)
        if self._decoy.locked():
            await asyncio.sleep(secrets.choice(self._taken))
        else:
            async with self._decoy:
                await self._fits(password, hashed, self._decoy_worker)
        raise ApiError(APPLICATION_ERROR, WRONG_LOGIN)

    def _is_blocked(self, row: rows.LoginRow, now: int) -> bool:
        return (
            row.attempt_failed >= self._settings.login_attempts and now - row.attempt_clock < self._settings.login_block
        )

    async def logout(self, sessionid: str) -> None:
        hashed = hash_session(sessionid)
        self._touched_sessions.pop(hashed, None)
        await self._database.write(partial(rows.end_session, hashed))

    async def _write_rows(self) -> None:
        sessions, self._touched_sessions = self._touched_sessions, {}
        tokens, self._touched_tokens = self._touched_tokens, {}
        ended = int(self._clock() - self._settings.session_idle)
        try:
            await self._database.write(partial(rows.keep, sessions, tokens, ended))
        except Exception as error:
            text = "when credentials were used could not be written; the next try follows: %s"
            log.error(text, error, exc_info=None if isinstance(error, AlertrpcError) else error)
            self._touched_sessions = sessions | self._touched_sessions
            self._touched_tokens = tokens | self._touched_tokens

    async def _keep_rows(self) -> None:
        """Writes when credentials were used and deletes ended sessions, at intervals."""
        while True:
            await asyncio.sleep(min(_LONGEST_WAIT, self._settings.session_idle / 10))
            await self._write_rows()

    @asynccontextmanager
    async def background_work(self) -> AsyncIterator[None]:
        """Runs the background writes as long as the block runs."""
        work = asyncio.create_task(self._keep_rows())
        try:
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await self._write_rows()
            self._workers.shutdown()
            self._decoy_worker.shutdown(cancel_futures=True)
