"""The rows of users, sessions and API tokens that logins and credentials are checked against."""

import sqlite3
from typing import Any, NamedTuple

import orjson

from alertrpc.records import Caller, UserType
from alertrpc.store.statements import SQL

_USER_TYPES = {user_type.value: user_type for user_type in UserType}


class Holder(NamedTuple):
    """The holder of a session or token, and whether it may be used; times in seconds, `expires_at` 0 is never."""

    caller: Caller
    lastaccess: int
    is_disabled: bool
    expires_at: int = 0


class LoginRow(NamedTuple):
    """What a login is checked against; `caller` is None if the user may not log in."""

    userid: int
    passwd: bytes
    attempt_failed: int
    attempt_clock: int
    caller: Caller | None


def find_session(hashed: str, connection: sqlite3.Connection) -> Holder | None:
    return _holder(connection.execute(SQL["users.of_session"], (hashed,)).fetchone())


def find_token(hashed: str, connection: sqlite3.Connection) -> Holder | None:
    return _holder(connection.execute(SQL["users.of_token"], (hashed,)).fetchone())


def _holder(row: tuple[int, ...] | None) -> Holder | None:
    if row is None or (caller := caller_of(*row[:4])) is None:
        return None
    lastaccess, is_disabled, *expires_at = row[4:]
    return Holder(caller, lastaccess, bool(is_disabled), *expires_at)


def caller_of(userid: int, user_type: int | None, may_call: int | None, is_sender: int | None) -> Caller | None:
    """None if the role is missing or of an unknown type."""
    known = None if user_type is None else _USER_TYPES.get(user_type)
    return None if known is None else Caller(userid, known, bool(may_call), bool(is_sender))


def find_login(username: str, connection: sqlite3.Connection) -> LoginRow | None:
    row = connection.execute(SQL["users.of_login"], (username,)).fetchone()
    if row is None:
        return None
    passwd, attempt_failed, attempt_clock, is_disabled = row[4:]
    return LoginRow(row[0], passwd, attempt_failed, attempt_clock, None if is_disabled else caller_of(*row[:4]))


def find_username(userid: int, connection: sqlite3.Connection) -> str | None:
    row = connection.execute(SQL["users.username"], (userid,)).fetchone()
    return None if row is None else bytes(row[0]).decode()


def user_data(sql: str, userid: int, connection: sqlite3.Connection) -> dict[str, Any]:
    """The row that a statement finds by the userid."""
    data: dict[str, Any] = orjson.loads(connection.execute(sql, (userid,)).fetchone()[0])
    return data


def record_failure(userid: int, remote: str, now: int, connection: sqlite3.Connection) -> None:
    connection.execute(SQL["users.record_failure"], (remote, now, userid))


def forget_failures(userid: int, connection: sqlite3.Connection) -> None:
    connection.execute(SQL["users.forget_failures"], (userid,))


def start_session(userid: int, hashed: str, now: int, connection: sqlite3.Connection) -> None:
    forget_failures(userid, connection)
    connection.execute(SQL["credentials.start_session"], (hashed, userid, now))


def end_session(hashed: str, connection: sqlite3.Connection) -> None:
    connection.execute(SQL["credentials.end_session"], (hashed,))


def keep(sessions: dict[str, int], tokens: dict[str, int], ended_before: int, connection: sqlite3.Connection) -> None:
    """Stores when sessions and tokens, given by their hashes, were last used; deletes sessions not used since a time."""
    for name, used in (("credentials.session_used", sessions), ("credentials.token_used", tokens)):
        connection.executemany(SQL[name], [(when, hashed) for hashed, when in used.items()])
    connection.execute(SQL["credentials.end_old_sessions"], (ended_before,))
