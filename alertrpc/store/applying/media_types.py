"""Brings a media type to what is declared: its columns, its parameters, its templates."""

import sqlite3
from typing import Any

from alertrpc.records import Kind, MediaType, SmtpSecurity
from alertrpc.store.applying.columns import ENABLED, Column, Key, from_to, one_of, only, update, yes_or_no
from alertrpc.store.applying.names import as_json, quoted

TYPES = {Kind.EMAIL: 0, Kind.SCRIPT: 1, Kind.HTTP: 4}
SECURITIES = {SmtpSecurity.NONE: 0, SmtpSecurity.STARTTLS: 1, SmtpSecurity.TLS: 2}
_PARAMETERS = {Kind.SCRIPT: ("expect",), Kind.HTTP: ("method", "url", "headers", "body", "expect", "proxy")}
_SHOWN_PARAMETERS = frozenset({"method"})  # the others may hold secrets or are long
_TEMPLATES = (("subject", "message"), ("recovery_subject", "recovery_message"))  # in the order of `recovery`

_MEDIA_TYPE = (
    ENABLED,
    Column("type", lambda m: TYPES[m.kind], from_to("type", one_of(TYPES))),
    Column("timeout", lambda m: f"{m.timeout}s", from_to("timeout")),
    Column("maxattempts", lambda m: m.max_attempts, from_to("max_attempts")),
    Column("attempt_interval", lambda m: f"{m.attempt_interval}s", from_to("attempt_interval")),
    Column("maxsessions", lambda m: m.max_sessions, from_to("max_sessions")),
    Column("message_format", lambda m: 0, only("message format changed to plain text")),
    Column("exec_path", lambda m: m.script, from_to("script", quoted)),
    Column("smtp_server", lambda m: m.smtp_server, from_to("smtp_server", quoted)),
    Column("smtp_port", lambda m: m.smtp_port, from_to("smtp_port")),
    Column("smtp_email", lambda m: m.smtp_email, from_to("smtp_email", quoted)),
    Column("smtp_helo", lambda m: m.smtp_helo, from_to("smtp_helo", quoted)),
    Column("smtp_security", lambda m: SECURITIES[m.smtp_security], from_to("smtp_security", one_of(SECURITIES))),
    Column("smtp_verify_peer", lambda m: int(m.smtp_verify), from_to("smtp_verify", yes_or_no)),
    Column("smtp_verify_host", lambda m: int(m.smtp_verify), from_to("smtp_verify", yes_or_no)),
    Column("smtp_authentication", lambda m: int(bool(m.username)), from_to("login", yes_or_no)),
    Column("username", lambda m: m.username, from_to("username", quoted)),
    Column("passwd", lambda m: m.password, only("password changed")),
)


def bring_media_type(mediatypeid: int, media_type: MediaType, connection: sqlite3.Connection) -> list[str]:
    return [
        *update(Key("media_type", "mediatypeid", mediatypeid), _MEDIA_TYPE, media_type, connection),
        *_bring_parameters(mediatypeid, media_type, connection),
        *_bring_templates(mediatypeid, media_type, connection),
    ]


def _bring_parameters(mediatypeid: int, media_type: MediaType, connection: sqlite3.Connection) -> list[str]:
    names = _PARAMETERS.get(media_type.kind, ())
    new = {name: _parameter(getattr(media_type, name)) for name in names}
    old = dict(
        connection.execute("SELECT name, value FROM media_type_param WHERE mediatypeid = ?", (mediatypeid,)).fetchall()
    )
    if old == new:
        return []
    connection.execute("DELETE FROM media_type_param WHERE mediatypeid = ?", (mediatypeid,))
    connection.executemany(
        "INSERT INTO media_type_param (mediatypeid, name, value, sortorder) VALUES (?, ?, ?, ?)",
        [(mediatypeid, name, value, order) for order, (name, value) in enumerate(new.items())],
    )
    return [
        from_to(name)(old[name], new[name])
        if name in _SHOWN_PARAMETERS and name in old and name in new
        else f"{name} changed"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]


def _parameter(value: Any) -> str:
    return value if isinstance(value, str) else as_json(dict(value))


def _bring_templates(mediatypeid: int, media_type: MediaType, connection: sqlite3.Connection) -> list[str]:
    changes = []
    for recovery, keys in enumerate(_TEMPLATES):
        here = (mediatypeid, recovery)
        new = tuple(getattr(media_type, key) for key in keys)
        old = connection.execute(
            "SELECT subject, message FROM media_type_message WHERE mediatypeid = ? AND eventsource = 0 AND recovery = ?",
            here,
        ).fetchone() or ("", "")
        if old == new:
            continue
        connection.execute(
            "DELETE FROM media_type_message WHERE mediatypeid = ? AND eventsource = 0 AND recovery = ?", here
        )
        if any(new):
            connection.execute(
                "INSERT INTO media_type_message (mediatypeid, recovery, subject, message) VALUES (?, ?, ?, ?)",
                (*here, *new),
            )
        changes += [f"{key} changed" for key, was, is_now in zip(keys, old, new, strict=True) if was != is_now]
    return changes
