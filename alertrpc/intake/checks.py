"""Checks of the members of bodies: each takes a value of JSON and returns it checked, or raises BodyFault.

Every push passes here: these checks take a sixth of the time of marshmallow, which checks the parameters of the API.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from alertrpc.intake.bodies import STORABLE, BodyFault, Parsed, Warnings, epoch_milliseconds, is_storable, milliseconds
from alertrpc.ledger.alarm import Alarm
from alertrpc.ledger.variables import LEVELS
from alertrpc.records import Json
from alertrpc.values import number

T = TypeVar("T")
Check = Callable[[Json], T]

MOST_LABELS_OF_BODY = 50_000
REQUIRED = "a value is required"
_STATES = {"active": True, "firing": True, "inactive": False, "resolved": False}
_level = number(1, 5)
_LEVELS = {name: level for level, about in LEVELS.items() for name in (str(level), about.name.casefold())}
_ZERO_TIME = "0001-01-01T00:00:00"  # Go's, which its programs send for "not known"
_EPOCH_TIME = re.compile(r"[0-9]{9,16}")  # fewer digits may be a date, such as 20201203


def at(step: str | int, check: Check[T], value: Json) -> T:
    """The checked value; the place of a fault then begins with the step."""
    try:
        return check(value)
    except BodyFault as fault:
        raise fault.within(step) from None


def read_at(step: str | int, read: Callable[[Json, Warnings], T], value: Json, warnings: Warnings) -> T:
    """What is read of a value; the places of its fault and its warnings then begin with the step."""
    try:
        return read(value, warnings.within(step))
    except BodyFault as fault:
        raise fault.within(step) from None


def read_member(
    given: Mapping[str, Json], name: str, read: Callable[[Json, Warnings], T], warnings: Warnings
) -> T | None:
    """What is read of a member; null counts as absent."""
    return None if (value := given.get(name)) is None else read_at(name, read, value, warnings)


def optional(given: Mapping[str, Json], name: str, check: Check[T]) -> T | None:
    """A member; null counts as absent."""
    return None if (value := given.get(name)) is None else at(name, check, value)


def required(given: Mapping[str, Json], name: str, check: Check[T]) -> T:
    if (value := given.get(name)) is None:
        raise BodyFault(REQUIRED, name)
    return at(name, check, value)


def members(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise BodyFault("an object is expected")
    return value


def array_of(least: int, most: int, read: Callable[[Json, Warnings], T], warnings: Warnings) -> Check[list[T]]:
    """The elements of an array, as `read` reads them."""

    def check_array(value: Json) -> list[T]:
        return [read_at(index, read, element, warnings) for index, element in enumerate(elements(value, least, most))]

    return check_array


def elements(value: Json, least: int, most: int) -> list[Json]:
    if not isinstance(value, list):
        raise BodyFault("an array is expected")
    if not least <= len(value) <= most:
        raise BodyFault(f"an array of {least} to {most} elements is expected")
    labels = [element.get("labels") for element in value if isinstance(element, dict)]
    if sum(len(given) for given in labels if isinstance(given, dict)) > MOST_LABELS_OF_BODY:
        raise BodyFault(f"at most {MOST_LABELS_OF_BODY} labels in all are expected")
    return value


def good_of(most: int, alarm: Callable[[Json, Warnings], Alarm], warnings: Warnings) -> Check[Parsed]:
    """The good elements of an array, and the faults of the others."""

    def check_array(value: Json) -> Parsed:
        parsed = Parsed([], [])
        for index, element in enumerate(elements(value, 0, most)):
            try:
                parsed.alarms.append(read_at(index, alarm, element, warnings))
            except BodyFault as fault:
                fault.__traceback__ = fault.__context__ = None  # which would keep the values in memory
                parsed.faults.append(fault)
        return parsed

    return check_array


def text(least: int, most: int) -> Check[str]:
    """A string of so many characters that the database can hold."""

    def check_text(value: Json) -> str:
        if not isinstance(value, str):
            raise BodyFault("a character string is expected")
        if not least <= len(value) <= most:
            raise BodyFault(f"a character string of {least} to {most} characters is expected")
        if not is_storable(value):
            raise BodyFault(STORABLE)
        return value

    return check_text


def of_value(read: Callable[[Json], T]) -> Check[T]:
    """The check of `read`, which raises ValueError."""

    def check_value(value: Json) -> T:
        try:
            return read(value)
        except ValueError as error:
            raise BodyFault(str(error)) from None

    return check_value


def state(*named: str) -> Check[bool]:
    """Whether an alarm is active, as OCP or Alertmanager spell it, in any case; a fault names the words given."""

    def check_word(value: Json) -> bool:
        if not isinstance(value, str) or value.lower() not in _STATES:
            raise BodyFault(f"one of {', '.join(named)} is expected")
        return _STATES[value.lower()]

    return check_word


@of_value
def level(value: Json) -> int:
    """OCP's level by its number, also in a string, or by its name."""
    text = value.strip().casefold() if isinstance(value, str) else value
    if isinstance(text, str) and text in _LEVELS:
        return _LEVELS[text]
    return _level(int(text) if isinstance(text, float) and text.is_integer() else text)


@of_value
def time(value: Json) -> int | None:
    """Milliseconds; None for what stands for no time: 0, and Go's zero time."""
    if isinstance(value, str):
        if value.startswith(_ZERO_TIME):
            return None
        if not _EPOCH_TIME.fullmatch(value):
            return milliseconds(value)
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a time as a character string or a number is expected")
    return epoch_milliseconds(value) if value else None
