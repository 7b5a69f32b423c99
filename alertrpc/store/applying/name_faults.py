"""The faults of a configuration's names: names that are taken, and unknown names."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from alertrpc.records import Action, Configuration, MediaType, Receiver, Step
from alertrpc.store.applying.names import NAMED, as_json, ids_of, spoken
from alertrpc.store.statements import SQL

_TAKEN = {"media_type": "a media type", "actions": "an action"}


def name_faults(configuration: Configuration, connection: sqlite3.Connection) -> Iterator[str]:
    """The names that are taken and the unknown names, each with its place."""
    declared: dict[str, Sequence[MediaType | Action]]
    declared = {"media_type": configuration.media_types, "actions": configuration.actions}
    for table, records in declared.items():
        foreign = _foreign(table, [record.name for record in records], connection)
        for record in records:
            if record.name in foreign:
                here = spoken(table, record.name)
                yield f"{here}: {_TAKEN[table]} of this name is there already, and apply did not make it"
    known = _known(configuration, connection)
    for receiver in configuration.receivers:
        yield from _media_faults(receiver, known["media_type"], connection)
    for group in configuration.user_groups:
        for member in group.members:
            if member not in known["users"]:
                yield f"{spoken('usrgrp', group.name)}: members: there is no {spoken('users', member)}"
    for action in configuration.actions:
        for number, step in enumerate(action.steps, 1):
            here = f"{spoken('actions', action.name)}: steps {number}"
            for key, table, names in _named_by(step):
                for name in names:
                    if name not in known[table]:
                        yield f"{here}: {key}: there is no {spoken(table, name)}"


def _named_by(step: Step) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """The names in a step: the key, the table and the names."""
    return (
        ("users", "users", step.users),
        ("user_groups", "usrgrp", step.user_groups),
        ("media_types", "media_type", step.media_types),
    )


def _known(configuration: Configuration, connection: sqlite3.Connection) -> dict[str, set[str]]:
    """The names that may be used: of declared objects, and of existing ones that will not be disabled."""
    receivers = configuration.receivers
    used: dict[str, set[str]] = {table: set() for table in NAMED}
    for step in [step for action in configuration.actions for step in action.steps]:
        for _, table, names in _named_by(step):
            used[table].update(names)
    used["media_type"].update(medium.media_type for receiver in receivers for medium in receiver.media)
    used["users"].update(receiver.username for receiver in receivers)
    used["users"].update(member for group in configuration.user_groups for member in group.members)
    there = {table: set(ids_of(table, names, connection)) for table, names in used.items()}
    groups = {group.name for group in configuration.user_groups}
    groups |= {group for receiver in receivers for group in receiver.user_groups}
    users = there["users"] | {receiver.username for receiver in receivers}
    foreign = _foreign("media_type", used["media_type"], connection)
    media_types = foreign | {media_type.name for media_type in configuration.media_types}
    return {"media_type": media_types, "users": users, "usrgrp": there["usrgrp"] | groups}


def _foreign(table: str, names: Iterable[str], connection: sqlite3.Connection) -> set[str]:
    """The names that belong to objects which apply did not create."""
    key, name, _ = NAMED[table]
    found = connection.execute(
        f"SELECT {name} FROM {table} WHERE {name} IN (SELECT listed.value FROM @texts(?) listed)"
        f" AND {key} NOT IN (SELECT objectid FROM applied WHERE object = ?)",
        (as_json(list(names)), table),
    )
    return {name for (name,) in found}


def _media_faults(receiver: Receiver, known: set[str], connection: sqlite3.Connection) -> Iterator[str]:
    for number, medium in enumerate(receiver.media, 1):
        here = f"{spoken('users', receiver.username)}: media {number}"
        if medium.media_type not in known:
            yield f"{here}: there is no {spoken('media_type', medium.media_type)}"
        elif connection.execute(SQL["media.foreign"], (receiver.username, medium.media_type, medium.sendto)).fetchone():
            yield f"{here}: the user has this address already, and apply did not make it"
