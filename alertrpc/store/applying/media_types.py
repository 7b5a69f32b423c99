"""Brings a media type to its declaration: columns, parameters and templates."""

import sqlite3
from collections.abc import Callable, Mapping

from alertrpc.records import SMTP_SECURITIES, MediaType
from alertrpc.store.applying.columns import ENABLED, Column, Key, from_to, one_of, only, update, yes_or_no
from alertrpc.store.applying.names import as_json, quoted
from alertrpc.store.statements import SQL

_KINDS = {0: "email", 1: "script", 4: "http"}  # by Zabbix's numbers; a parameter names any other kind
_KIND = "alertrpc_type"
_SHOWN_PARAMETERS = frozenset({"method"})  # the others may be secret or long
# In the order of `recovery`.
_TEMPLATES = (
    ("subject", "message"),
    ("recovery_subject", "recovery_message"),
    ("update_subject", "update_message"),
)


def _key_in(column: str, otherwise: str | int = "") -> Callable[[MediaType], str | int]:
    """The value of the kind's key that belongs to the column; `otherwise` if the kind has none."""
    return lambda m: next((getattr(m, key.name) for key in m.own() if key.metadata["column"] == column), otherwise)


def _rate_or_none(value: str) -> str:
    return value or "none"


_USERNAME = _key_in("username")
_COLUMNS = (
    Column("timeout", lambda m: f"{m.timeout}s", from_to("timeout")),
    Column("maxattempts", lambda m: m.max_attempts, from_to("max_attempts")),
    Column("attempt_interval", lambda m: f"{m.attempt_interval}s", from_to("attempt_interval")),
    Column("maxsessions", lambda m: m.max_sessions, from_to("max_sessions")),
    Column("message_format", lambda m: 0, only("message format changed to plain text")),
    Column("exec_path", _key_in("exec_path"), from_to("script", quoted)),
    Column("smtp_server", _key_in("smtp_server"), from_to("smtp_server", quoted)),
    Column("smtp_port", _key_in("smtp_port", 25), from_to("smtp_port")),
    Column("smtp_email", _key_in("smtp_email"), from_to("smtp_email", quoted)),
    Column("smtp_helo", _key_in("smtp_helo"), from_to("smtp_helo", quoted)),
    Column("smtp_security", _key_in("smtp_security", 0), from_to("smtp_security", one_of(SMTP_SECURITIES))),
    Column("smtp_verify_peer", _key_in("smtp_verify_peer", 1), from_to("smtp_verify", yes_or_no)),
    Column("smtp_verify_host", _key_in("smtp_verify_peer", 1), from_to("smtp_verify", yes_or_no)),
    Column("smtp_authentication", lambda m: int(bool(_USERNAME(m))), from_to("login", yes_or_no)),
    Column("username", _USERNAME, from_to("username", quoted)),
    Column("passwd", _key_in("passwd"), only("password changed")),
)

_RULES = (
    Column("attempt_growth", lambda m: m.attempt_growth, from_to("attempt_growth", "{:g}".format)),
    Column("give_up_after", lambda m: m.give_up_after, from_to("give_up_after", "{}s".format)),
    Column("rate", lambda m: str(m.rate or ""), from_to("rate", _rate_or_none)),
    Column("address_rate", lambda m: str(m.address_rate or ""), from_to("address_rate", _rate_or_none)),
    Column("hold", lambda m: m.hold, from_to("hold")),
    Column("digest", lambda m: m.digest, from_to("digest")),
    Column("digest_bytes", lambda m: m.digest_bytes, from_to("digest_bytes")),
    Column("digest_subject", lambda m: m.digest_subject, only("digest_subject changed")),
    Column("digest_message", lambda m: m.digest_message, only("digest_message changed")),
)


def kind_of(number: int, parameters: Mapping[str, str]) -> str:
    """The kind of a media type by Zabbix's number and its parameters; alertrpc may not know the kind."""
    return parameters.get(_KIND) or _KINDS.get(number, str(number))


def bring_media_type(mediatypeid: int, media_type: MediaType, connection: sqlite3.Connection) -> list[str]:
    here = (mediatypeid,)
    old = dict(connection.execute("SELECT name, value FROM media_type_param WHERE mediatypeid = ?", here).fetchall())
    (number,) = connection.execute("SELECT type FROM media_type WHERE mediatypeid = ?", here).fetchone()
    was = kind_of(number, old)
    retyped = f"type {was} -> {media_type.kind}"
    columns = (ENABLED, Column("type", lambda m: m.zabbix_type, only(retyped)), *_COLUMNS)
    new = _parameters(media_type)
    connection.execute(SQL["media_types.add_rules"], here)
    changes = [
        *update(Key("media_type", "mediatypeid", mediatypeid), columns, media_type, connection),
        *update(Key("media_type_rules", "mediatypeid", mediatypeid), _RULES, media_type, connection),
        *([retyped] if media_type.kind != was else []),
        *_bring_parameters(mediatypeid, old, new, connection),
        *_bring_templates(mediatypeid, media_type, connection),
    ]
    if changes:  # its receiver may be another one now
        connection.execute(SQL["limits.end_holds"], here)
    return changes


def _parameters(media_type: MediaType) -> dict[str, str]:
    """The keys of the kind that have no column, as texts, and the kind itself if the number does not tell it."""
    mark = {} if _KINDS.get(media_type.zabbix_type) == media_type.kind else {_KIND: media_type.kind}
    keys = [key for key in media_type.own() if not key.metadata["column"]]
    stored = [key.name for key in keys if getattr(media_type, key.name) != key.metadata["unstored"]]
    values = mark | {name: getattr(media_type, name) for name in stored}
    return {name: value if isinstance(value, str) else as_json(value) for name, value in values.items() if value != []}


def _bring_parameters(
    mediatypeid: int, old: Mapping[str, str], new: Mapping[str, str], connection: sqlite3.Connection
) -> list[str]:
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
        if old.get(name) != new.get(name) and name != _KIND
    ]


def _bring_templates(mediatypeid: int, media_type: MediaType, connection: sqlite3.Connection) -> list[str]:
    here, none = "WHERE mediatypeid = ? AND eventsource = 0 AND recovery < 3", ("", "")
    found = connection.execute(f"SELECT recovery, subject, message FROM media_type_message {here}", (mediatypeid,))
    old = {recovery: texts for recovery, *texts in found}
    new = {recovery: [getattr(media_type, key) for key in keys] for recovery, keys in enumerate(_TEMPLATES)}
    told = [
        f"{key} changed"
        for recovery, keys in enumerate(_TEMPLATES)
        for key, was, is_now in zip(keys, old.get(recovery, none), new[recovery], strict=True)
        if was != is_now
    ]
    if told:
        connection.execute(f"DELETE FROM media_type_message {here}", (mediatypeid,))
        connection.executemany(
            "INSERT INTO media_type_message (mediatypeid, recovery, subject, message) VALUES (?, ?, ?, ?)",
            [(mediatypeid, recovery, *texts) for recovery, texts in new.items() if any(texts)],
        )
    return told
