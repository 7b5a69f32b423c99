"""Reads all tables that a file declares, or raises all its faults at once, each with its place."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from alertrpc.configuration.actions import ACTION
from alertrpc.configuration.checking import Check, checked
from alertrpc.configuration.faults import lines, place, shown
from alertrpc.configuration.media_types import Kinds, media_type
from alertrpc.configuration.paths import with_absolute_paths
from alertrpc.configuration.users import USER, USER_GROUP
from alertrpc.documents import read_document
from alertrpc.errors import ConfigurationError
from alertrpc.records import Configuration, MediaType, Receiver
from alertrpc.settings import DECLARED


def read_configuration(path: str, kinds: Kinds) -> Configuration:
    """What the file at `path` declares. Raises ConfigurationError, whose faults name the file."""
    try:
        configuration = parse_configuration(read_document(path), kinds)
        folder = Path(path).absolute().parent
        media_types = tuple([with_absolute_paths(each, folder) for each in configuration.media_types])
        return replace(configuration, media_types=media_types)
    except ConfigurationError as error:
        raise ConfigurationError(*(f"{path}: {fault}" for fault in error.faults)) from error


def declares(path: str) -> bool:
    """Whether the file at `path` declares anything beside settings."""
    return any(table in DECLARED for table in read_document(path))


def parse_configuration(document: Mapping[str, Any], kinds: Kinds) -> Configuration:
    """What a document declares; its other members are ignored. Raises ConfigurationError with all faults."""
    # Each table's check, and the key that names its entries.
    tables: dict[str, tuple[Check[Any], str]] = {
        "media_type": (media_type(kinds), "name"),
        "user": (USER, "username"),
        "user_group": (USER_GROUP, "name"),
        "action": (ACTION, "name"),
    }
    assert tuple(tables) == DECLARED, "the settings ignore what is read here"
    faults: list[str] = []
    media_types, receivers, user_groups, actions = (
        _declared(table, *how, document.get(table, []), faults) for table, how in tables.items()
    )
    faults += _wrong_addresses(receivers, {each.name: each for each in media_types})
    if faults:
        raise ConfigurationError(*faults)
    return Configuration(media_types=media_types, receivers=receivers, user_groups=user_groups, actions=actions)


def _wrong_addresses(receivers: Iterable[Receiver], media_types: Mapping[str, MediaType]) -> Iterator[str]:
    """The faults of addresses to which their media types cannot send."""
    for number, receiver in enumerate(receivers, 1):
        for each, medium in enumerate(receiver.media, 1):
            if (media_type := media_types.get(medium.media_type)) is None:
                continue
            try:
                media_type.check_sendto(medium.sendto)
            except ValueError as error:
                yield f"{place('user', number, receiver.username)}: media {each}: sendto: {error}"


def _declared(table: str, check: Check[Any], name_key: str, value: Any, faults: list[str]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        faults.append(f"{table}: a list of tables is expected, each under [[{table}]], not {shown(value)}")
        return ()
    parsed = []
    numbers: dict[str, int] = {}
    for number, entry in enumerate(value, 1):
        name = entry.get(name_key) if isinstance(entry, dict) else None
        here = place(table, number, name)
        if isinstance(name, str) and numbers.setdefault(name, number) != number:
            faults.append(f"{here}: {name_key}: {table} {numbers[name]} has this name already")
        try:
            parsed.append(checked(check, entry))
        except ValidationError as error:
            faults += lines(here, error.messages)
    return tuple(parsed)
