"""What a check is, and how one is put to a value, or to each of many."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from marshmallow import ValidationError

from alertrpc.configuration.faults import shown

T = TypeVar("T")
# Gives a value of the document as the record has it. Raises ValueError that says what is expected, to which the value is
# added, or ValidationError with a text that stands for itself, or with faults by key or, in a list, by index from 0.
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
