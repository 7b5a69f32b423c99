"""Makes media types of their rows."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from typing import Any, NamedTuple

import orjson

from alertrpc.delivery.channels import KINDS
from alertrpc.records import MediaType
from alertrpc.store.applying.media_types import kind_of
from alertrpc.values import duration, rate

_AS_THEY_ARE = (
    "attempt_growth", "give_up_after", "hold", "digest", "digest_bytes", "digest_subject", "digest_message",
)  # fmt: skip


class UnusableMediaType(NamedTuple):
    """A media type that cannot send, and why; the name of a deleted one is empty."""

    fault: str
    name: str = ""


def media_type_of(row: Mapping[str, Any] | None, *, even_disabled: bool = False) -> MediaType | UnusableMediaType:
    if row is None:
        return UnusableMediaType("the media type is not there any more")
    if row["status"] and not even_disabled:
        return UnusableMediaType("the media type is disabled", row["name"])
    kind = KINDS.get(kind_of(row["type"], row["parameters"]))
    if kind is None or not _has_its_parameters(kind, row["parameters"]):
        fault = f"alertrpc sends {', '.join(KINDS)}; the media type is of another kind"
        return UnusableMediaType(fault, row["name"])
    try:
        return kind(
            name=row["name"],
            timeout=max(1, duration(row["timeout"])),
            max_attempts=row["maxattempts"],
            attempt_interval=duration(row["attempt_interval"]),
            max_sessions=row["maxsessions"],
            **_rules(row),
            **dict(_own(kind, row if row["smtp_authentication"] else {**row, "username": "", "passwd": ""})),
        )
    except (ValueError, LookupError, TypeError) as error:
        return UnusableMediaType(f"the media type cannot be read: {error}", row["name"])


def _rules(row: Mapping[str, Any]) -> dict[str, Any]:
    """The rules of a media type of a configuration file, or Zabbix's."""
    if row["hold"] is None:
        return {"give_up_after": None}
    rates = {name: rate(row[name]) if row[name] else None for name in ("rate", "address_rate")}
    return {name: row[name] for name in _AS_THEY_ARE} | rates


def _has_its_parameters(kind: type[MediaType], parameters: Mapping[str, str]) -> bool:
    """Whether the parameters that the kind requires are there: a webhook of Zabbix has others."""
    needed = [key.name for key in kind.own() if key.default_factory is MISSING and not key.metadata["column"]]
    return all(map(parameters.get, needed))


def _own(kind: type[MediaType], row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The names and values of the kind's own keys, from columns and parameters."""
    for key in kind.own():
        made: Any = key.type
        text = row["parameters"].get(key.name)
        if column := key.metadata["column"]:
            yield key.name, made(row[column])
        elif made is str and text is not None:
            yield key.name, text
        elif text:
            yield key.name, made(orjson.loads(text))
