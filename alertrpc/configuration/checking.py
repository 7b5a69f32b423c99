"""Checks, and how to apply one to a value or to each of many."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from marshmallow import ValidationError

from alertrpc.configuration.faults import shown

T = TypeVar("T")
# Turns a value of the document into the record's. Raises ValueError that says what is expected, and the fault then shows
# the value; or ValidationError with a complete text, or with faults by key or, in a list, by index from 0.
Check = Callable[[Any], T]


def checked(check: Check[T], value: Any) -> T:
    try:
        return check(value)
    except ValueError as error:
        raise ValidationError(f"{error}, not {shown(value)}") from error


def each(check: Check[T], values: Mapping[Any, Any]) -> dict[Any, T]:
    sound, faults = {}, {}
    for key, value in values.items():
        try:
            sound[key] = checked(check, value)
        except ValidationError as error:
            faults[key] = error.messages
    if faults:
        raise ValidationError(faults)
    return sound
