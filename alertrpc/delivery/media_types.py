"""Media types as channels take them, from their rows."""

from collections.abc import Mapping
from typing import Any

import orjson

from alertrpc.records import Kind, MediaType
from alertrpc.store.applying.media_types import SECURITIES, TYPES
from alertrpc.values import duration

_KINDS = {number: kind for kind, number in TYPES.items()}
_SECURITY = {number: security for security, number in SECURITIES.items()}


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
    parameters = row["parameters"]
    kind = _KINDS.get(row["type"])
    if kind is None or (kind is Kind.HTTP and not parameters.get("url")):
        fault = "alertrpc sends scripts, http and email; the media type is of another kind"
        raise UnusableMediaType(fault, row["name"])
    try:
        return MediaType(
            name=row["name"],
            kind=kind,
            timeout=max(1, duration(row["timeout"])),
            max_attempts=row["maxattempts"],
            attempt_interval=duration(row["attempt_interval"]),
            max_sessions=row["maxsessions"],
            script=row["exec_path"],
            method=parameters.get("method", "POST"),
            url=parameters.get("url", ""),
            headers=orjson.loads(parameters.get("headers") or "{}"),
            body=parameters.get("body", ""),
            expect=parameters.get("expect", ""),
            proxy=parameters.get("proxy", ""),
            smtp_server=row["smtp_server"],
            smtp_port=row["smtp_port"],
            smtp_helo=row["smtp_helo"],
            smtp_email=row["smtp_email"],
            smtp_security=_SECURITY[row["smtp_security"]],
            smtp_verify=bool(row["smtp_verify_peer"]),
            username=row["username"] if row["smtp_authentication"] else "",
            password=row["passwd"] if row["smtp_authentication"] else "",
        )
    except (ValueError, LookupError) as error:
        raise UnusableMediaType(f"the media type cannot be read: {error}", row["name"]) from error
