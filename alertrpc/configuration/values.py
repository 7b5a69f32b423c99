"""Checks of values that any table may hold: texts, times, choices, and lists and tables of them."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from alertrpc import values
from alertrpc.configuration.checking import Check, T, checked, each
from alertrpc.configuration.faults import type_name
from alertrpc.records import Severity
from alertrpc.values import Rate, duration

SEVERITIES = {severity.name.replace("_", " ").capitalize(): severity for severity in Severity}


def text(least: int, most: int) -> Check[str]:
    """A text of so many characters. Faults do not show it: it may be a secret."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(f"a text is expected, not {type_name(value)}")
        if "\0" in value:
            raise ValidationError("a text without NUL is expected")
        if not least <= len(value) <= most:
            raise ValidationError(f"a text of {least} to {most} characters is expected, not of {len(value)}")
        return value

    return check


def seconds(least: str, most: str) -> Check[int]:
    """A time as in settings, or a whole number of seconds."""

    def check(value: Any) -> int:
        number = value if type(value) is int else duration(value if isinstance(value, str) else "")
        if not duration(least) <= number <= duration(most):
            raise ValueError(f"a time from {least} to {most} is expected")
        return number

    return check


def size(least: str, most: str) -> Check[int]:
    """A size as in settings, or a whole number of bytes."""

    def check(value: Any) -> int:
        number = value if type(value) is int else values.size(value if isinstance(value, str) else "")
        if not values.size(least) <= number <= values.size(most):
            raise ValueError(f"a size from {least} to {most} is expected")
        return number

    return check


def decimal(least: int, most: int) -> Check[float]:
    """A number, whole or not."""

    def check(value: Any) -> float:
        if type(value) not in (int, float) or not least <= value <= most:
            raise ValueError(f"a number from {least} to {most} is expected")
        return float(value)

    return check


def rate(value: Any) -> Rate:
    """A rate such as `20/1m`."""
    return values.rate(value if isinstance(value, str) else "")


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is expected")
    return value


def one_of(choice: Mapping[str, T]) -> Check[T]:
    """One of the named values, in upper or lower case."""
    by_name = {name.casefold(): value for name, value in choice.items()}

    def check(value: Any) -> T:
        if not isinstance(value, str) or value.casefold() not in by_name:
            raise ValueError(f"one of {', '.join(choice)} is expected")
        return by_name[value.casefold()]

    return check


def list_of(check: Check[T], least: int = 0) -> Check[tuple[T, ...]]:
    def check_list(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise ValueError("a list is expected")
        if len(value) < least:
            raise ValidationError("a list that is not empty is expected")
        return tuple(each(check, dict(enumerate(value))).values())

    return check_list


def table_of(check_name: Check[str], check: Check[T]) -> Check[dict[str, T]]:
    """A table with any names."""

    def check_table(value: Any) -> dict[str, T]:
        if not isinstance(value, dict):
            raise ValidationError(f"a table is expected, not {type_name(value)}")
        return each(check_pair, {name: (name, inner) for name, inner in value.items()})

    def check_pair(pair: tuple[str, Any]) -> T:
        checked(check_name, pair[0])
        return checked(check, pair[1])

    return check_table


def names(most: int) -> Check[tuple[str, ...]]:
    """A list of names; repeated names are dropped."""
    check = list_of(text(1, most))
    return lambda value: tuple(dict.fromkeys(check(value)))


def globs(value: Any) -> tuple[str, ...]:
    check = text(1, 255)
    return list_of(check, 1)(value) if isinstance(value, list) else (check(value),)


def severities(value: Any) -> int:
    """A list of severities, as their bits."""
    return sum(1 << severity for severity in set(list_of(one_of(SEVERITIES), 1)(value)))
