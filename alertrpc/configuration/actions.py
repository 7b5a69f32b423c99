"""The tables of actions and of their steps."""

from itertools import pairwise
from typing import Any

from marshmallow import ValidationError

from alertrpc.configuration.tables import Key, Table
from alertrpc.configuration.values import SEVERITIES, boolean, globs, list_of, names, one_of, seconds, table_of, text
from alertrpc.records import Action, Recovery, Step


def _make_step(**values: Any) -> Step:
    step = Step(**values)
    if not step.users and not step.user_groups:
        raise ValidationError({"users": ["users or user_groups are expected"]})
    return step


STEP = Table(
    _make_step,
    {
        "after": Key(seconds("0s", "52w")),
        "users": Key(names(100)),
        "user_groups": Key(names(64)),
        "media_types": Key(names(100)),
    },
)


def _steps(value: Any) -> tuple[Step, ...]:
    steps = list_of(STEP, 1)(value)
    for index, (before, step) in enumerate(pairwise(steps), 1):
        if step.after < before.after:
            raise ValidationError({index: {"after": ["it is sooner than the step before"]}})
    return steps


def _recovery(value: Any) -> Recovery:
    if value == "always":
        return Recovery.ALWAYS
    if not isinstance(value, bool):
        raise ValueError('true, false or "always" is expected')
    return Recovery(value)


ACTION = Table(
    Action,
    {
        "name": Key(text(1, 255), required=True),
        "alarm_type": Key(globs),
        "target": Key(globs),
        "labels": Key(table_of(text(1, 255), globs)),
        "min_severity": Key(one_of(SEVERITIES)),
        "recovery": Key(_recovery),
        "updates": Key(boolean),
        "repeat_every": Key(seconds("1m", "52w")),
        "resolve_after": Key(seconds("1s", "52w")),
        "settle": Key(seconds("0s", "1d")),
        "steps": Key(_steps, required=True),
    },
)
