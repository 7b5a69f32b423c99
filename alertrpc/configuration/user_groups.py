"""The table of user groups."""

from typing import Any

from marshmallow import ValidationError

from alertrpc.configuration.faults import shown
from alertrpc.configuration.tables import Key, Table
from alertrpc.configuration.values import names, text
from alertrpc.records import UserGroup
from alertrpc.store.groups import LONGEST_HOST_GROUP, LONGEST_USER_GROUP

_RIGHTS = ("read", "write", "deny")


def _make_user_group(**values: Any) -> UserGroup:
    group = UserGroup(**values)
    first: dict[str, str] = {}
    faults: dict[str, list[str]] = {}
    for key in _RIGHTS:
        for host_group in getattr(group, key):
            if (found := first.setdefault(host_group, key)) != key:
                faults.setdefault(key, []).append(f"{shown(host_group)} stands in {found} already")
    if faults:
        raise ValidationError(faults)
    return group


USER_GROUP = Table(
    _make_user_group,
    {
        "name": Key(text(1, LONGEST_USER_GROUP), required=True),
        "members": Key(names(100)),
        **{key: Key(names(LONGEST_HOST_GROUP)) for key in _RIGHTS},
    },
)
