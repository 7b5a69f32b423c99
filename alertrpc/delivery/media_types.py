"""Media types as channels take them, from their rows."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from typing import Any

import orjson

from alertrpc.delivery.channels import KINDS
from alertrpc.records import MediaType
from alertrpc.store.applying.media_types import kind_of
from alertrpc.values import duration


class UnusableMediaType(ValueError):
    """The media type cannot send; the text says why, and `name` is empty where it has none any more."""

    def __init__(self, fault: str, name: str = "") -> None:
        super().__init__(fault)
        self.name = name


def usable_media_type(row: Mapping[str, Any] | None, *, enabled: bool = True) -> MediaType:
    """The media type of a row; raises UnusableMediaType. `enabled` asks for one that is."""
    if row is None:
        raise UnusableMediaType("the media type is not there any more")
    if enabled and row["status"]:
        raise UnusableMediaType("the media type is disabled", row["name"])
    kind = KINDS.get(kind_of(row["type"], row["parameters"]))
    if kind is None or not _has_its_parameters(kind, row["parameters"]):
        fault = f"alertrpc sends {', '.join(KINDS)}; the media type is of another kind"
        raise UnusableMediaType(fault, row["name"])
    try:
        return kind(
            name=row["name"],
            timeout=max(1, duration(row["timeout"])),
            max_attempts=row["maxattempts"],
            attempt_interval=duration(row["attempt_interval"]),
            max_sessions=row["maxsessions"],
            **dict(_own(kind, row if row["smtp_authentication"] else {**row, "username": "", "passwd": ""})),
        )
    except (ValueError, LookupError, TypeError) as error:
        raise UnusableMediaType(f"the media type cannot be read: {error}", row["name"]) from error


def _has_its_parameters(kind: type[MediaType], parameters: Mapping[str, str]) -> bool:
    """Whether those are there that every media type of the kind has; a webhook of Zabbix has others."""
    needed = [key.name for key in kind.own() if key.default_factory is MISSING and not key.metadata["column"]]
    return all(map(parameters.get, needed))


def _own(kind: type[MediaType], row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The keys of the kind, from columns and parameters."""
    for key in kind.own():
        made: Any = key.type
        text = row["parameters"].get(key.name)
        if column := key.metadata["column"]:
            yield key.name, made(row[column])
        elif made is str and text is not None:
            yield key.name, text
        elif text:
            yield key.name, made(orjson.loads(text))
