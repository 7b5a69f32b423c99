"""The tables of users, of their media, and of user groups."""

from typing import Any

from marshmallow import ValidationError

from alertrpc.configuration.faults import shown
from alertrpc.configuration.tables import Key, Table
from alertrpc.configuration.values import list_of, names, severities, text
from alertrpc.records import Media, Receiver, UserGroup
from alertrpc.store.groups import LONGEST_HOST_GROUP, LONGEST_USER_GROUP

_RIGHTS = ("read", "write", "deny")

MEDIUM = Table(
    Media,
    {
        "media_type": Key(text(1, 100), required=True),
        "sendto": Key(text(1, 1024), required=True),
        "severities": Key(severities),
    },
)


def _media(value: Any) -> tuple[Media, ...]:
    media = list_of(MEDIUM)(value)
    first: dict[tuple[str, str], int] = {}
    for index, medium in enumerate(media):
        if (found := first.setdefault((medium.media_type, medium.sendto), index)) != index:
            raise ValidationError({index: [f"media {found + 1} has the same media type and address"]})
    return media


USER = Table(
    Receiver,
    {
        "username": Key(text(1, 100), required=True),
        "name": Key(text(0, 100)),
        "surname": Key(text(0, 100)),
        "user_groups": Key(names(64)),
        "media": Key(_media),
    },
)


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
