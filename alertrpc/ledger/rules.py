"""Which alarms an action takes: its conditions, read from the database again when they change."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Any, NamedTuple

from alertrpc.ledger.messages import DEFAULTS, Templates
from alertrpc.records import Recovery
from alertrpc.store import actions
from alertrpc.store.connection import SqlConnection

Globs = re.Pattern[str] | None  # None takes everything


@dataclass(frozen=True, slots=True)
class Rule:
    """An action's conditions; `afters` are the seconds after which each step is due."""

    actionid: int
    alarm_type: Globs
    target: Globs
    labels: Mapping[str, Globs]
    min_severity: int
    recovery: Recovery
    repeat_every: int | None
    resolve_after: int | None
    settle: int
    updates: bool
    afters: Sequence[int]

    def takes(self, alarm: Mapping[str, Any]) -> bool:
        """Whether the action takes the alarm, given as a row."""
        return (
            alarm["severity"] >= self.min_severity
            and _fits(self.alarm_type, alarm["alarm_type"])
            and _fits(self.target, alarm["target"])
            and all(_fits(globs, alarm["labels"].get(name, "")) for name, globs in self.labels.items())
        )


class Rules(NamedTuple):
    """The enabled actions by their ids, and the templates of media types by theirs; all at a revision."""

    actions: Mapping[int, Rule]
    templates: Mapping[int, Templates]
    revision: int = 0

    def of(self, alarm: Mapping[str, Any]) -> list[Rule]:
        """The actions that take the alarm."""
        return [rule for rule in self.actions.values() if rule.takes(alarm)]

    def templates_of(self, mediatypeid: int) -> Templates:
        return self.templates.get(mediatypeid, DEFAULTS)


class RuleBook:
    """The rules, kept until their revision in the database changes."""

    def __init__(self) -> None:
        self._rules: Rules | None = None

    def current(self, connection: SqlConnection) -> Rules:
        """The rules as the connection's transaction sees them."""
        revision = actions.revision(connection)
        if self._rules is None or self._rules.revision != revision:
            self._rules = _read(revision, connection)
        return self._rules


def _read(revision: int, connection: SqlConnection) -> Rules:
    texts: dict[int, dict[int, tuple[str, str]]] = {}
    for mediatypeid, recovery, subject, message in actions.fetch_templates(connection):
        texts.setdefault(mediatypeid, {})[recovery] = (subject, message)
    return Rules(
        {row["actionid"]: _rule(row) for row in actions.fetch_rules(connection)},
        {mediatypeid: Templates.of(of_type) for mediatypeid, of_type in texts.items()},
        revision,
    )


def _rule(row: Mapping[str, Any]) -> Rule:
    labels = {name: _globs(globs) for name, globs in row["labels"].items()}
    compiled = {"alarm_type": _globs(row["alarm_type"]), "target": _globs(row["target"]), "labels": labels}
    return Rule(**{**row, **compiled, "recovery": Recovery(row["recovery"]), "updates": bool(row["updates"])})


def _globs(globs: Sequence[str]) -> Globs:
    return re.compile("|".join([translate(glob) for glob in globs])) if globs else None


def _fits(globs: Globs, text: str) -> bool:
    return globs is None or globs.match(text) is not None
