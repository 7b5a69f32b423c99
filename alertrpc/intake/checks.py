"""Checks of the members of bodies: each takes a value of JSON and returns it checked, or raises BodyFault.

Every push passes here: these checks take a sixth of the time of marshmallow, which checks the parameters of the API.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard, TypeVar

from alertrpc.intake.bodies import BodyFault, Parsed, milliseconds
from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Json
from alertrpc.values import number

T = TypeVar("T")
Check = Callable[[Json], T]

LONGEST_NAME = 255
LONGEST_SUMMARY = 2048
LONGEST_LABEL = 2**16
LONGEST_DESCRIPTION = 2**20
MOST_LABELS = 10_000
MOST_LABELS_OF_BODY = 50_000

REQUIRED = "a value is required"
_NUL = "\0"


def at(step: str | int, check: Check[T], value: Json) -> T:
    """The checked value; the place of a fault then begins with the step."""
    try:
        return check(value)
    except BodyFault as fault:
        raise fault.within(step) from None


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


def array_of(least: int, most: int, check: Check[T]) -> Check[list[T]]:
    def check_array(value: Json) -> list[T]:
        return [at(index, check, element) for index, element in enumerate(elements(value, least, most))]

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


def good_of(most: int, check: Check[Alarm]) -> Check[Parsed]:
    """The good elements of an array, and the faults of the others."""

    def check_array(value: Json) -> Parsed:
        parsed = Parsed([], [])
        for index, element in enumerate(elements(value, 0, most)):
            try:
                parsed.alarms.append(at(index, check, element))
            except BodyFault as fault:
                fault.__traceback__ = fault.__context__ = None  # which would keep the values in memory
                parsed.faults.append(fault)
        return parsed

    return check_array


def text(least: int, most: int) -> Check[str]:
    """A string of so many characters, without NULs and lone surrogates, which the database cannot hold."""

    def check_text(value: Json) -> str:
        if not isinstance(value, str):
            raise BodyFault("a character string is expected")
        if not least <= len(value) <= most:
            raise BodyFault(f"a character string of {least} to {most} characters is expected")
        if _NUL in value:
            raise BodyFault("a character string without NUL is expected")
        if not value.isascii():
            _require_utf8(value)
        return value

    return check_text


def _require_utf8(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BodyFault("a character string that UTF-8 can hold is expected") from None


def of_value(read: Callable[[Json], T]) -> Check[T]:
    """The check of `read`, which raises ValueError."""

    def check_value(value: Json) -> T:
        try:
            return read(value)
        except ValueError as error:
            raise BodyFault(str(error)) from None

    return check_value


def whole(least: int, most: int) -> Check[int]:
    return of_value(number(least, most))


def one_of(choice: Mapping[str, T]) -> Check[T]:
    """One of the words, as its value."""

    def check_word(value: Json) -> T:
        if not isinstance(value, str) or value not in choice:
            raise BodyFault(f"one of {', '.join(choice)} is expected")
        return choice[value]

    return check_word


@of_value
def time(value: Json) -> int:
    if not isinstance(value, str):
        raise ValueError("a character string is expected")
    return milliseconds(value)


def texts_of(most: int) -> Check[dict[str, str]]:
    """An object of strings of at most so many characters."""
    check_name, check_value = text(1, LONGEST_NAME), text(0, most)

    def check_texts(value: Json) -> dict[str, str]:
        given = members(value)
        if len(given) > MOST_LABELS:
            raise BodyFault(f"an object of at most {MOST_LABELS} members is expected")
        if _are_texts(given, most):
            return given
        for name in given:
            at(name, check_name, name)
        return {name: at(name, check_value, member) for name, member in given.items()}

    return check_texts


def _are_texts(given: dict[str, Any], most: int) -> TypeGuard[dict[str, str]]:
    """Whether `texts_of` has no fault to find, by one look at all texts together, which is much faster."""
    try:
        together = _NUL.join([*given, *given.values()])
        if not together.isascii():
            _require_utf8(together)
    except (TypeError, BodyFault):
        return False
    are_short = len(together) <= most and max(map(len, given), default=0) <= LONGEST_NAME
    return are_short and "" not in given and together.count(_NUL) == max(0, 2 * len(given) - 1)


labels = texts_of(LONGEST_LABEL)
