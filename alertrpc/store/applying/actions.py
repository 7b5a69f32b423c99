"""Brings an action to its declaration: columns, rules and steps."""

import sqlite3
from collections.abc import Sequence

from alertrpc.records import Action, Recovery, Severity, Step
from alertrpc.store.applying.columns import ENABLED, Column, Key, from_to, only, update, yes_or_no
from alertrpc.store.applying.names import as_json, ids_of
from alertrpc.store.bulk import insert
from alertrpc.store.statements import SQL
from alertrpc.store.tables import NewStep


def _severity(value: int) -> str:
    return Severity(value).name.replace("_", " ").capitalize()


def _time_or_never(value: int | None) -> str:
    return "never" if value is None else f"{value}s"


_ACTION = (
    ENABLED,
    Column("eventsource", lambda a: 0, only("event source changed to triggers")),
    Column("esc_period", lambda a: "1h", from_to("esc_period")),
)
_RULES = (
    Column("alarm_type", lambda a: as_json(a.alarm_type), only("alarm_type changed")),
    Column("target", lambda a: as_json(a.target), only("target changed")),
    Column("labels", lambda a: as_json(dict(sorted(a.labels.items()))), only("labels changed")),
    Column("min_severity", lambda a: int(a.min_severity), from_to("min_severity", _severity)),
    Column("recovery", lambda a: int(a.recovery), from_to("recovery", lambda value: Recovery(value).spelled)),
    Column("updates", lambda a: int(a.updates), from_to("updates", yes_or_no)),
    Column("repeat_every", lambda a: a.repeat_every, from_to("repeat_every", _time_or_never)),
    Column("resolve_after", lambda a: a.resolve_after, from_to("resolve_after", _time_or_never)),
    Column("settle", lambda a: a.settle, from_to("settle", "{}s".format)),
)


def bring_action(actionid: int, action: Action, connection: sqlite3.Connection) -> list[str]:
    connection.execute(SQL["actions.add_rules"], (actionid,))
    return [
        *update(Key("actions", "actionid", actionid), _ACTION, action, connection),
        *update(Key("action_rules", "actionid", actionid), _RULES, action, connection),
        *_bring_steps(actionid, action.steps, connection),
    ]


def _bring_steps(actionid: int, steps: Sequence[Step], connection: sqlite3.Connection) -> list[str]:
    def ids(table: str, names: Sequence[str]) -> str:
        found = ids_of(table, names, connection)
        return as_json([found[name] for name in names])

    new = [
        NewStep(
            actionid=actionid,
            esc_step=number,
            after=step.after,
            userids=ids("users", step.users),
            usrgrpids=ids("usrgrp", step.user_groups),
            mediatypeids=ids("media_type", step.media_types) if step.media_types else None,
        )
        for number, step in enumerate(steps, 1)
    ]
    if connection.execute(SQL["actions.steps"], (actionid,)).fetchall() == new:
        return []
    connection.execute(SQL["actions.drop_steps"], (actionid,))
    insert(connection, new)
    return ["steps changed"]
