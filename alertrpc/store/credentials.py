"""The rows of users, sessions and API tokens: what a login and a credential are checked against."""

import sqlite3
from typing import Any, NamedTuple

import orjson

from alertrpc.records import Caller, UserType
from alertrpc.store.roles import IS_SENDER, MAY_CALL

_IS_DISABLED = """EXISTS (
    SELECT 1 FROM users_groups ug JOIN usrgrp g ON g.usrgrpid = ug.usrgrpid
    WHERE ug.userid = u.userid AND g.users_status = 1)"""

CALLER = f"u.userid, r.type, {MAY_CALL.format('u.roleid')}, {IS_SENDER.format('u.roleid')}"

_SESSION = f"""
SELECT {CALLER}, s.lastaccess, {_IS_DISABLED}
FROM sessions s CROSS JOIN users u ON u.userid = s.userid CROSS JOIN role r ON r.roleid = u.roleid
WHERE s.sessionid = ?"""

_TOKEN = f"""
SELECT {CALLER}, t.lastaccess, {_IS_DISABLED} OR t.status = 1, t.expires_at
FROM token t CROSS JOIN users u ON u.userid = t.userid CROSS JOIN role r ON r.roleid = u.roleid
WHERE t.token = ?"""

_LOGIN = f"""
SELECT {CALLER}, CAST(u.passwd AS BLOB), u.attempt_failed, u.attempt_clock, {_IS_DISABLED}
FROM users u LEFT JOIN role r ON r.roleid = u.roleid WHERE u.username = ?"""

_USER_TYPES = {user_type.value: user_type for user_type in UserType}


class Holder(NamedTuple):
    """Who a session or a token belongs to, and whether it may be used; times in seconds, `expires_at` 0 is never."""

    caller: Caller
    lastaccess: int
    is_disabled: bool
    expires_at: int = 0


class LoginRow(NamedTuple):
    """What a login is checked against; `caller` is None where the user may not come in."""

    userid: int
    passwd: bytes
    attempt_failed: int
    attempt_clock: int
    caller: Caller | None


def find_session(hashed: str, connection: sqlite3.Connection) -> Holder | None:
    return _holder(connection.execute(_SESSION, (hashed,)).fetchone())


def find_token(hashed: str, connection: sqlite3.Connection) -> Holder | None:
    return _holder(connection.execute(_TOKEN, (hashed,)).fetchone())


def _holder(row: tuple[int, ...] | None) -> Holder | None:
    if row is None or (caller := caller_of(*row[:4])) is None:
        return None
    lastaccess, is_disabled, *expires_at = row[4:]
    return Holder(caller, lastaccess, bool(is_disabled), *expires_at)


def caller_of(userid: int, user_type: int | None, may_call: int, is_sender: int) -> Caller | None:
    """The user of the columns CALLER; None where the role is missing, or lets nobody in."""
    known = None if user_type is None else _USER_TYPES.get(user_type)
    return None if known is None else Caller(userid, known, bool(may_call), bool(is_sender))


def find_login(username: str, connection: sqlite3.Connection) -> LoginRow | None:
    row = connection.execute(_LOGIN, (username,)).fetchone()
    if row is None:
        return None
    passwd, attempt_failed, attempt_clock, is_disabled = row[4:]
    return LoginRow(row[0], passwd, attempt_failed, attempt_clock, None if is_disabled else caller_of(*row[:4]))


def find_username(userid: int, connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT CAST(username AS BLOB) FROM users WHERE userid = ?", (userid,)).fetchone()
    return None if row is None else bytes(row[0]).decode()


def user_data(sql: str, userid: int, connection: sqlite3.Connection) -> dict[str, Any]:
    """The row of a statement that finds a user."""
    data: dict[str, Any] = orjson.loads(connection.execute(sql, (userid,)).fetchone()[0])
    return data


def record_failure(userid: int, remote: str, now: int, connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE users SET attempt_failed = attempt_failed + 1, attempt_ip = ?, attempt_clock = ? WHERE userid = ?",
        (remote, now, userid),
    )


def forget_failures(userid: int, connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE users SET attempt_failed = 0 WHERE userid = ? AND attempt_failed > 0", (userid,))


def start_session(userid: int, hashed: str, now: int, connection: sqlite3.Connection) -> None:
    forget_failures(userid, connection)
    connection.execute("INSERT INTO sessions (sessionid, userid, lastaccess) VALUES (?, ?, ?)", (hashed, userid, now))


def end_session(hashed: str, connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM sessions WHERE sessionid = ?", (hashed,))


def keep(sessions: dict[str, int], tokens: dict[str, int], ended_before: int, connection: sqlite3.Connection) -> None:
    """Notes when sessions and tokens, named by their hashes, were last used; deletes sessions not used since a time."""
    for table, key, used in (("sessions", "sessionid", sessions), ("token", "token", tokens)):
        connection.executemany(
            f"UPDATE {table} SET lastaccess = MAX(lastaccess, ?) WHERE {key} = ?",
            [(when, hashed) for hashed, when in used.items()],
        )
    connection.execute("DELETE FROM sessions WHERE lastaccess < ?", (ended_before,))
