"""The tables of users and of their media."""

from typing import Any

from marshmallow import ValidationError

from alertrpc.configuration.tables import Key, Table
from alertrpc.configuration.values import list_of, names, severities, text
from alertrpc.records import Media, Receiver

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
