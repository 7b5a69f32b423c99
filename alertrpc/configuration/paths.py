"""Paths of media types: relative ones start at the folder of the configuration file."""

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from alertrpc.records import MediaType
from alertrpc.references import absolute

T = TypeVar("T", bound=MediaType)


def with_absolute_paths(media_type: T, folder: Path) -> T:
    """The media type with absolute paths in its references, and in the keys that are paths."""
    changed: dict[str, Any] = {}
    for key in media_type.own():
        value = _absolute(getattr(media_type, key.name), folder)
        is_path = key.metadata["is_path"] and value and not value.startswith("${")
        changed[key.name] = str(folder / value) if is_path else value
    return replace(media_type, **changed)


def _absolute(value: Any, folder: Path) -> Any:
    if isinstance(value, str):
        return absolute(value, folder)
    if isinstance(value, dict):
        return {name: _absolute(member, folder) for name, member in value.items()}
    return value
