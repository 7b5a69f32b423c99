"""The references of a media type: their values, read when a message is sent, and what they fill."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from alertrpc.delivery.certificates import UnusableCertificates, new_context
from alertrpc.delivery.masking import SHORTEST_SECRET
from alertrpc.delivery.protocol import Message
from alertrpc.delivery.secrets import forms_of, secrets_of
from alertrpc.records import MediaType
from alertrpc.references import FILE, MissingReference, filled, read_reference, references_in

T = TypeVar("T", bound=MediaType)


@lru_cache(maxsize=256)
def references_of(media_type: MediaType) -> tuple[str, ...]:
    """The references in the keys of the media type's kind, such as `env:TOKEN`."""
    return tuple(dict.fromkeys(name for key in media_type.own() for name in _names(getattr(media_type, key.name))))


class Given(NamedTuple):
    """A media type as it sends: with the values of its references in its keys, these values, and the texts to be masked."""

    media_type: MediaType
    values: Mapping[str, str]
    secrets: tuple[str, ...]


async def given(media_type: MediaType) -> Given:
    """The media type with what is read of its references. Raises MissingReference."""
    plain = _as_it_is(media_type)
    if plain is not None:
        return plain
    values = await _read_all(references_of(media_type))
    return Given(_filled(media_type, values, but_templates=True), values, _all_secrets(media_type, values))


@lru_cache(maxsize=256)
def _as_it_is(media_type: MediaType) -> Given | None:
    """A media type without references; None for others."""
    return None if references_of(media_type) else Given(media_type, {}, secrets_of(media_type))


async def _read_all(names: tuple[str, ...]) -> Mapping[str, str]:
    if any(name.startswith(FILE) for name in names):
        return await asyncio.to_thread(_read, names)
    return _read(names)


def _read(names: tuple[str, ...]) -> Mapping[str, str]:
    return {name: read_reference(name) for name in names}


def _all_secrets(media_type: MediaType, values: Mapping[str, str]) -> tuple[str, ...]:
    """The texts to be masked: those of the media type, the values of its references, and what is made of them."""
    of_values = {form for value in values.values() if len(value) >= SHORTEST_SECRET for form in forms_of(value)}
    found = of_values | set(secrets_of(_filled(media_type, values, but_templates=False)))
    return tuple(sorted(found, key=lambda secret: (-len(secret), secret)))


def _filled(media_type: T, values: Mapping[str, str], *, but_templates: bool) -> T:
    keys = [key for key in media_type.own() if not (but_templates and key.metadata["is_template"])]
    return replace(media_type, **{key.name: _with(getattr(media_type, key.name), values) for key in keys})


def _with(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return filled(value, values)
    if isinstance(value, dict):
        return {name: _with(member, values) for name, member in value.items()}
    return value


def _names(value: Any) -> list[str]:
    """The references of a text, or of the texts of a table."""
    if isinstance(value, str):
        return references_in(value)
    return [name for member in value.values() for name in _names(member)] if isinstance(value, dict) else []


class WithReferences(Mapping[str, str]):
    """The variables of a message, and its references."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def __getitem__(self, name: str) -> str:
        references = self._message.references
        return references[name] if name in references else self._message.variables[name]

    def __contains__(self, name: object) -> bool:
        return name in self._message.references or name in self._message.variables

    def __iter__(self) -> Iterator[str]:
        return chain(self._message.references, self._message.variables)

    def __len__(self) -> int:
        return len(self._message.references) + len(self._message.variables)


def faults_of_files(media_type: MediaType) -> Iterator[str]:
    """What is missing of what a media type names: variables of the environment, and files."""
    for key in media_type.own():
        for name in dict.fromkeys(_names(getattr(media_type, key.name))):
            try:
                read_reference(name)
            except MissingReference as error:
                yield f"{key.name}: {error}"
    for key in media_type.own():
        if key.metadata["is_path"] and (path := getattr(media_type, key.name)) and not references_in(path):
            try:
                new_context(path)
            except UnusableCertificates as error:
                yield f"{key.name}: {error}"
