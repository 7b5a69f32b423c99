"""Brings the database to a configuration, by name. What it makes is on record in `applied`; it changes nothing else."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from alertrpc.errors import AlertrpcError, NameFaults, StoreError
from alertrpc.records import Action, Configuration, Kind, MediaType, Receiver, Severity, SmtpSecurity, Step
from alertrpc.store import users
from alertrpc.store.connection import connect, transaction
from alertrpc.store.database import prepare
from alertrpc.store.schema import SCHEMA_VERSION, migrations, usable_version

# The columns of the id and the name of what is found by name.
_NAMED = {
    "media_type": ("mediatypeid", "name"),
    "users": ("userid", "username"),
    "usrgrp": ("usrgrpid", "name"),
    "actions": ("actionid", "name"),
}
_SPOKEN = {"media_type": "media type", "users": "user", "usrgrp": "user group", "actions": "action"}
_TAKEN = {"media_type": "a media type", "actions": "an action"}
_DISABLED = "disabled, as the file does not declare it"

_TYPES = {Kind.EMAIL: 0, Kind.SCRIPT: 1, Kind.HTTP: 4}
_SECURITIES = {SmtpSecurity.NONE: 0, SmtpSecurity.STARTTLS: 1, SmtpSecurity.TLS: 2}
_PARAMETERS = {Kind.SCRIPT: ("expect",), Kind.HTTP: ("method", "url", "headers", "body", "expect", "proxy")}
_SHOWN_PARAMETERS = frozenset({"method"})  # the others may hold secrets or are long
_TEMPLATES = (("subject", "message"), ("recovery_subject", "recovery_message"))  # in the order of `recovery`


def bring(path: Path, configuration: Configuration) -> list[str]:
    """Brings the database at `path` to the configuration in one transaction; what changed, in lines."""
    prepare(path)
    with _opened(path) as connection, transaction(connection):
        return apply_configuration(configuration, connection)


def rehearse(path: Path, configuration: Configuration) -> list[str]:
    """What `bring` would return or raise; nothing is changed, not even a schema that is older."""
    with _opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")  # and no end: closing undoes it
        steps = migrations()
        for version in range(usable_version(connection), SCHEMA_VERSION):
            for statement in steps[version]:
                connection.execute(statement)
        return apply_configuration(configuration, connection)


def apply_configuration(configuration: Configuration, connection: sqlite3.Connection) -> list[str]:
    """Brings the database to the configuration in the caller's transaction; what changed, in lines without secrets.

    What is not declared any more is disabled, as alerts name it; only media, which they do not name, are deleted.
    Raises NameFaults with all names that cannot be used; nothing is written then.
    """
    if faults := list(_name_faults(configuration, connection)):
        raise NameFaults(faults)
    lines = [
        *_bring_all("media_type", configuration.media_types, _bring_media_type, connection),
        *_make_users(configuration.receivers, connection),
        *_bring_media(configuration.receivers, connection),
        *_bring_all("actions", configuration.actions, _bring_action, connection),
    ]
    if lines:
        connection.execute("UPDATE instance SET revision = revision + 1")
        connection.execute("UPDATE escalations SET nextcheck = 0")  # their steps may be due at other times now
    return lines


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path)) as connection:
        try:
            yield connection
        except NameFaults:
            raise
        except (AlertrpcError, sqlite3.Error) as error:
            raise StoreError(f"database {path}: {error}") from error


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _spoken(table: str, name: str) -> str:
    return f"{_SPOKEN[table]} {_quoted(name)}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


# --- names


def _ids(table: str, names: Iterable[str], connection: sqlite3.Connection) -> dict[str, int]:
    """The ids of those names that there are; of a name that several have, the first."""
    key, name = _NAMED[table]
    found = connection.execute(
        f"SELECT {name}, MIN({key}) FROM {table} WHERE {name} IN (SELECT value FROM json_each(?)) GROUP BY {name}",
        (_json(list(names)),),
    )
    return dict(found.fetchall())


def _applied(table: str, connection: sqlite3.Connection) -> dict[str, int]:
    """The objects of a table that apply made, by name."""
    key, name = _NAMED[table]
    found = connection.execute(
        f"SELECT t.{name}, t.{key} FROM applied a JOIN {table} t ON t.{key} = a.objectid WHERE a.object = ?", (table,)
    )
    return dict(found.fetchall())


def _foreign(table: str, names: Iterable[str], connection: sqlite3.Connection) -> set[str]:
    """Those of the names that objects have which apply did not make."""
    key, name = _NAMED[table]
    found = connection.execute(
        f"SELECT {name} FROM {table} WHERE {name} IN (SELECT value FROM json_each(?))"
        f" AND {key} NOT IN (SELECT objectid FROM applied WHERE object = ?)",
        (_json(list(names)), table),
    )
    return {name for (name,) in found}


def _name_faults(configuration: Configuration, connection: sqlite3.Connection) -> Iterator[str]:
    """The names that are taken, and those that stand for nothing, each with its place."""
    declared: tuple[tuple[str, Sequence[MediaType | Action]], ...] = (
        ("media_type", configuration.media_types),
        ("actions", configuration.actions),
    )
    for table, records in declared:
        foreign = _foreign(table, [record.name for record in records], connection)
        for record in records:
            if record.name in foreign:
                here = _spoken(table, record.name)
                yield f"{here}: {_TAKEN[table]} of this name is there already, and apply did not make it"
    known = _known(configuration, connection)
    for receiver in configuration.receivers:
        yield from _media_faults(receiver, known["media_type"], connection)
    for action in configuration.actions:
        for number, step in enumerate(action.steps, 1):
            here = f"{_spoken('actions', action.name)}: steps {number}"
            for key, table, names in _named_by(step):
                for name in names:
                    if name not in known[table]:
                        yield f"{here}: {key}: there is no {_spoken(table, name)}"


def _named_by(step: Step) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """What a step names: its key, the table, the names."""
    return (
        ("users", "users", step.users),
        ("user_groups", "usrgrp", step.user_groups),
        ("media_types", "media_type", step.media_types),
    )


def _known(configuration: Configuration, connection: sqlite3.Connection) -> dict[str, set[str]]:
    """The names that may be used: of what is declared, and of what is there and is not about to be disabled."""
    receivers = configuration.receivers
    used: dict[str, set[str]] = {table: set() for table in _NAMED}
    for table, names in chain.from_iterable(
        ((table, names) for _, table, names in _named_by(step))
        for action in configuration.actions
        for step in action.steps
    ):
        used[table].update(names)
    used["media_type"].update(medium.media_type for receiver in receivers for medium in receiver.media)
    used["users"].update(receiver.username for receiver in receivers)
    there = {table: set(_ids(table, names, connection)) for table, names in used.items()}
    groups = {
        group for receiver in receivers if receiver.username not in there["users"] for group in receiver.user_groups
    }
    return {
        "media_type": _foreign("media_type", used["media_type"], connection)
        | {media_type.name for media_type in configuration.media_types},
        "users": there["users"] | {receiver.username for receiver in receivers},
        "usrgrp": there["usrgrp"] | groups,
    }


def _media_faults(receiver: Receiver, known: set[str], connection: sqlite3.Connection) -> Iterator[str]:
    for number, medium in enumerate(receiver.media, 1):
        here = f"{_spoken('users', receiver.username)}: media {number}"
        if medium.media_type not in known:
            yield f"{here}: there is no {_spoken('media_type', medium.media_type)}"
        elif _has_foreign_medium(receiver.username, medium.media_type, medium.sendto, connection):
            yield f"{here}: the user has this address already, and apply did not make it"


def _has_foreign_medium(username: str, media_type: str, sendto: str, connection: sqlite3.Connection) -> bool:
    found = connection.execute(
        """SELECT 1 FROM users u JOIN media m ON m.userid = u.userid JOIN media_type t ON t.mediatypeid = m.mediatypeid
           WHERE u.username = ? AND t.name = ? AND m.sendto = ?
           AND m.mediaid NOT IN (SELECT objectid FROM applied WHERE object = 'media')""",
        (username, media_type, sendto),
    )
    return found.fetchone() is not None


# --- columns


class _Column(NamedTuple):
    """A column, its value of a record, and how a change of it is told."""

    name: str
    value: Callable[[Any], Any]
    told: Callable[[Any, Any], str]


def _from_to(key: str, shown: Callable[[Any], str] = str) -> Callable[[Any, Any], str]:
    return lambda old, new: f"{key} {shown(old)} -> {shown(new)}"


def _only(told: str) -> Callable[[Any, Any], str]:
    return lambda old, new: told


def _one_of(values: dict[Any, int]) -> Callable[[int], str]:
    names = {value: str(key) for key, value in values.items()}
    return lambda value: names.get(value, str(value))


def _yes_or_no(value: Any) -> str:
    return "true" if value else "false"


def _severity(value: int) -> str:
    return Severity(value).name.replace("_", " ").capitalize()


def _time_or_never(value: int | None) -> str:
    return "never" if value is None else f"{value}s"


_ENABLED = _Column("status", lambda record: 0, _only("enabled"))
_MEDIA_TYPE = (
    _ENABLED,
    _Column("type", lambda m: _TYPES[m.kind], _from_to("type", _one_of(_TYPES))),
    _Column("timeout", lambda m: f"{m.timeout}s", _from_to("timeout")),
    _Column("maxattempts", lambda m: m.max_attempts, _from_to("max_attempts")),
    _Column("attempt_interval", lambda m: f"{m.attempt_interval}s", _from_to("attempt_interval")),
    _Column("maxsessions", lambda m: m.max_sessions, _from_to("max_sessions")),
    _Column("message_format", lambda m: 0, _only("message format changed to plain text")),
    _Column("exec_path", lambda m: m.script, _from_to("script", _quoted)),
    _Column("smtp_server", lambda m: m.smtp_server, _from_to("smtp_server", _quoted)),
    _Column("smtp_port", lambda m: m.smtp_port, _from_to("smtp_port")),
    _Column("smtp_email", lambda m: m.smtp_email, _from_to("smtp_email", _quoted)),
    _Column("smtp_helo", lambda m: m.smtp_helo, _from_to("smtp_helo", _quoted)),
    _Column("smtp_security", lambda m: _SECURITIES[m.smtp_security], _from_to("smtp_security", _one_of(_SECURITIES))),
    _Column("smtp_verify_peer", lambda m: int(m.smtp_verify), _from_to("smtp_verify", _yes_or_no)),
    _Column("smtp_verify_host", lambda m: int(m.smtp_verify), _from_to("smtp_verify", _yes_or_no)),
    _Column("smtp_authentication", lambda m: int(bool(m.username)), _from_to("login", _yes_or_no)),
    _Column("username", lambda m: m.username, _from_to("username", _quoted)),
    _Column("passwd", lambda m: m.password, _only("password changed")),
)
_ACTION = (
    _ENABLED,
    _Column("eventsource", lambda a: 0, _only("event source changed to triggers")),
    _Column("esc_period", lambda a: "1h", _from_to("esc_period")),
)
_RULES = (
    _Column("alarm_type", lambda a: _json(a.alarm_type), _only("alarm_type changed")),
    _Column("target", lambda a: _json(a.target), _only("target changed")),
    _Column("labels", lambda a: _json(dict(sorted(a.labels.items()))), _only("labels changed")),
    _Column("min_severity", lambda a: int(a.min_severity), _from_to("min_severity", _severity)),
    _Column("recovery", lambda a: int(a.recovery), _from_to("recovery", _yes_or_no)),
    _Column("repeat_every", lambda a: a.repeat_every, _from_to("repeat_every", _time_or_never)),
    _Column("resolve_after", lambda a: a.resolve_after, _from_to("resolve_after", _time_or_never)),
)


def _update(
    table: str, key: str, objectid: int, columns: Sequence[_Column], record: object, connection: sqlite3.Connection
) -> list[str]:
    """Gives a row the record's values; the changes."""
    listed = ", ".join(column.name for column in columns)
    row = connection.execute(f"SELECT {listed} FROM {table} WHERE {key} = ?", (objectid,)).fetchone()
    changes = [
        (column, old, new) for column, old in zip(columns, row, strict=True) if old != (new := column.value(record))
    ]
    if changes:
        assigned = ", ".join(f"{column.name} = ?" for column, _, _ in changes)
        values = [new for _, _, new in changes]
        connection.execute(f"UPDATE {table} SET {assigned} WHERE {key} = ?", (*values, objectid))
    return [column.told(old, new) for column, old, new in changes]


# --- media types and actions


def _bring_all(
    table: str,
    records: Sequence[Any],
    bring_one: Callable[[int, Any, sqlite3.Connection], list[str]],
    connection: sqlite3.Connection,
) -> Iterator[str]:
    """Makes what is new, changes what is other, disables what is not declared any more."""
    made = _applied(table, connection)
    for record in records:
        is_new = record.name not in made
        objectid = _make(table, record.name, connection) if is_new else made[record.name]
        changes = dict.fromkeys(bring_one(objectid, record, connection))
        if is_new:
            yield f"{_spoken(table, record.name)}: made"
        elif changes:
            yield f"{_spoken(table, record.name)}: {', '.join(changes)}"
    key, _ = _NAMED[table]
    declared = {record.name for record in records}
    for name, objectid in made.items():
        if (
            name not in declared
            and connection.execute(
                f"UPDATE {table} SET status = 1 WHERE {key} = ? AND status = 0", (objectid,)
            ).rowcount
        ):
            yield f"{_spoken(table, name)}: {_DISABLED}"


def _make(table: str, name: str, connection: sqlite3.Connection) -> int:
    key, name_column = _NAMED[table]
    made = connection.execute(f"INSERT INTO {table} ({name_column}) VALUES (?) RETURNING {key}", (name,))
    objectid: int = made.fetchone()[0]
    _record(table, objectid, connection)
    return objectid


def _record(table: str, objectid: int, connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO applied (object, objectid) VALUES (?, ?)", (table, objectid))


def _bring_media_type(mediatypeid: int, media_type: MediaType, connection: sqlite3.Connection) -> list[str]:
    return [
        *_update("media_type", "mediatypeid", mediatypeid, _MEDIA_TYPE, media_type, connection),
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
        _from_to(name)(old[name], new[name])
        if name in _SHOWN_PARAMETERS and name in old and name in new
        else f"{name} changed"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]


def _parameter(value: Any) -> str:
    return value if isinstance(value, str) else _json(dict(value))


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


def _bring_action(actionid: int, action: Action, connection: sqlite3.Connection) -> list[str]:
    connection.execute("INSERT OR IGNORE INTO action_rules (actionid) VALUES (?)", (actionid,))
    return [
        *_update("actions", "actionid", actionid, _ACTION, action, connection),
        *_update("action_rules", "actionid", actionid, _RULES, action, connection),
        *_bring_steps(actionid, action.steps, connection),
    ]


def _bring_steps(actionid: int, steps: Sequence[Step], connection: sqlite3.Connection) -> list[str]:
    def ids(table: str, names: Sequence[str]) -> str:
        found = _ids(table, names, connection)
        return _json([found[name] for name in names])

    new = [
        (
            number,
            step.after,
            ids("users", step.users),
            ids("usrgrp", step.user_groups),
            ids("media_type", step.media_types) if step.media_types else None,
        )
        for number, step in enumerate(steps, 1)
    ]
    old = connection.execute(
        "SELECT esc_step, after, userids, usrgrpids, mediatypeids FROM action_steps WHERE actionid = ? ORDER BY esc_step",
        (actionid,),
    ).fetchall()
    if old == new:
        return []
    connection.execute("DELETE FROM action_steps WHERE actionid = ?", (actionid,))
    connection.executemany(
        "INSERT INTO action_steps (actionid, esc_step, after, userids, usrgrpids, mediatypeids) VALUES (?, ?, ?, ?, ?, ?)",
        [(actionid, *step) for step in new],
    )
    return ["steps changed"]


# --- users and their media


def _make_users(receivers: Sequence[Receiver], connection: sqlite3.Connection) -> Iterator[str]:
    """Makes the users that there are not, without a password, and the user groups that they name."""
    there = _ids("users", [receiver.username for receiver in receivers], connection)
    new = [receiver for receiver in receivers if receiver.username not in there]
    if new:
        users.add_defaults(connection)
    groups = list(dict.fromkeys(group for receiver in new for group in receiver.user_groups))
    groups_there = _ids("usrgrp", groups, connection)
    for group in groups:
        if group not in groups_there:
            _make("usrgrp", group, connection)
            yield f"{_spoken('usrgrp', group)}: made"
    for receiver in new:
        userid = users.add_user(connection, receiver.username, "", "user", receiver.user_groups)
        connection.execute(
            "UPDATE users SET name = ?, surname = ? WHERE userid = ?", (receiver.name, receiver.surname, userid)
        )
        _record("users", userid, connection)
        yield f"{_spoken('users', receiver.username)}: made"


class _MediumKey(NamedTuple):
    """Which of a user's media it is."""

    userid: int
    mediatypeid: int
    sendto: str


def _bring_media(receivers: Sequence[Receiver], connection: sqlite3.Connection) -> Iterator[str]:
    """Makes, changes and deletes media of those that apply made."""
    userids = _ids("users", [receiver.username for receiver in receivers], connection)
    used = {medium.media_type for receiver in receivers for medium in receiver.media}
    mediatypeids = _ids("media_type", used, connection)
    declared = {
        _MediumKey(userids[receiver.username], mediatypeids[medium.media_type], medium.sendto): (
            medium.severities,
            _medium(receiver.username, medium.sendto, medium.media_type),
        )
        for receiver in receivers
        for medium in receiver.media
    }
    made = _applied_media(connection)
    for key, (severities, spoken) in declared.items():
        if key not in made:
            _make_medium(key, severities, connection)
            yield f"{spoken} added"
        elif connection.execute(
            "UPDATE media SET severity = ?, active = 0 WHERE mediaid = ? AND (severity <> ? OR active <> 0)",
            (severities, made[key][0], severities),
        ).rowcount:
            yield f"{spoken} changed"
    for key, (mediaid, spoken) in made.items():
        if key not in declared:
            connection.execute("DELETE FROM media WHERE mediaid = ?", (mediaid,))
            connection.execute("DELETE FROM applied WHERE object = 'media' AND objectid = ?", (mediaid,))
            yield f"{spoken} removed"


def _medium(username: str, sendto: str, media_type: str) -> str:
    shown = sendto if sendto.isprintable() else _quoted(sendto)
    return f"{_spoken('users', username)}: media {shown} through {_quoted(media_type)}"


def _applied_media(connection: sqlite3.Connection) -> dict[_MediumKey, tuple[int, str]]:
    """The media that apply made: their ids, and what they are called."""
    rows = connection.execute(
        """SELECT m.userid, m.mediatypeid, m.sendto, m.mediaid, COALESCE(u.username, ''), COALESCE(t.name, '')
           FROM applied a JOIN media m ON m.mediaid = a.objectid
           LEFT JOIN users u ON u.userid = m.userid LEFT JOIN media_type t ON t.mediatypeid = m.mediatypeid
           WHERE a.object = 'media' ORDER BY m.mediaid"""
    )
    return {
        _MediumKey(userid, mediatypeid, sendto): (mediaid, _medium(username, sendto, media_type))
        for userid, mediatypeid, sendto, mediaid, username, media_type in rows
    }


def _make_medium(key: _MediumKey, severities: int, connection: sqlite3.Connection) -> None:
    mediaid = connection.execute(
        "INSERT INTO media (userid, mediatypeid, sendto, severity) VALUES (?, ?, ?, ?) RETURNING mediaid",
        (*key, severities),
    ).fetchone()[0]
    _record("media", mediaid, connection)
