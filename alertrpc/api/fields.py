"""Marshmallow fields that check a parameter as Zabbix 7.0 does, with its messages.

Zabbix does not tell JSON arrays from objects, so a list may be given as an object, whose keys are ignored.
"""

import re
from array import array
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from marshmallow import ValidationError, fields

from alertrpc.records import Json
from alertrpc.values import INT32, INT32_MAX, INT64, INT64_MAX, is_digits

Value = TypeVar("Value", int, str)

MOST_MEMBERS = 1000
MOST_IDS = 1_000_000
MOST_VALUES = 100_000
MOST_TAGS = 1000
REQUIRED = "required"

INTEGER = re.compile(r"-?[0-9]+\n?")
_UNSIGNED = re.compile(r"[0-9]+")
_PLAIN = 18  # digits that always fit in 64 bits
_SOME = 10_000  # ids that are converted before other threads may run
_LONGEST_NUMBER = 4000  # digits; Python refuses to read more than 4300

AN_ARRAY = "an array is expected."
A_BOOLEAN = "a boolean is expected."
A_NUMBER = "a number is expected."
ANINTEGER = "an integer is expected."
UNSIGNEDINTEGER = "an unsigned integer is expected."
A_STRING = "a character string is expected."
ARRAY_OR_STRING = "an array or a character string is expected."
A_SCALAR = "a character string, integer or floating point value is expected."
TOO_LARGE = "a number is too large."
TIME_TOO_LARGE = "a timestamp is too large."
TOO_LONG = "value is too long."


def unexpected(name: str) -> str:
    return f'unexpected parameter "{name}".'


def elements(value: Json) -> list[Json] | None:
    """The elements of an array or an object; None for any other value."""
    if isinstance(value, list):
        return value
    return list(value.values()) if isinstance(value, dict) else None


def members(value: Json) -> Mapping[str, Json] | None:
    """The members of an object, or the elements of an array by their index; None for any other value.

    Valid objects have far fewer than MOST_MEMBERS members, so the first unknown one of a larger object is among these.
    """
    if isinstance(value, list):
        return {str(index): element for index, element in enumerate(value[:MOST_MEMBERS])}
    if isinstance(value, dict) and len(value) > MOST_MEMBERS:
        return dict(islice(value.items(), MOST_MEMBERS))
    return value if isinstance(value, dict) else None


def as_id(value: Json) -> int | None:
    """An id given as a number or as digits, which may be beyond 64 bits; None if it is not an id."""
    if type(value) is int:
        return value if 0 <= value <= INT64_MAX else None
    return as_integer(value, _UNSIGNED)


def as_integer(value: Json, pattern: re.Pattern[str]) -> int | None:
    """A whole number given as a number or as digits; None if it is not one. Very long ones become INT64_MAX + 1."""
    if type(value) is int:
        return value if value in INT64 else None
    if isinstance(value, str) and pattern.fullmatch(value):
        digits = value.strip("-\n").lstrip("0")
        number = int(digits or "0") if len(digits) < _LONGEST_NUMBER else INT64_MAX + 1
        return -number if value.startswith("-") else number
    return None


def plain_ids(listed: Sequence[Json]) -> Sequence[int] | None:
    """The ids, if all are numbers or all are digits that fit; None if they have to be checked one by one.

    It takes a tenth of the time of checks one by one.
    """
    ids = array("q")
    for start in range(0, len(listed), _SOME):
        some: Any = listed[start : start + _SOME]
        kinds = set(map(type, some))
        if kinds == {int} and min(some) >= 0 and max(some) <= INT64_MAX:
            ids.extend(some)
            continue
        if kinds != {str}:
            return None
        digits = "".join(some)
        if not (is_digits(digits) and 1 <= min(map(len, some)) <= max(map(len, some)) <= _PLAIN):
            return None
        ids.extend(map(int, some))
    return ids


class LateFault(str):
    """A fault that Zabbix reports only if there is no other."""


class Parameter(fields.Field[Any]):
    """A field that refuses null with the message for any other type, unless null stands for "not given"."""

    fault = ""
    takes_null = False

    def __init__(self, *, null: bool | None = None, required: bool = False) -> None:
        messages: dict[str, Any] = {"null": self.fault, "required": REQUIRED}
        null = self.takes_null if null is None else null
        super().__init__(required=required, allow_none=null, error_messages=messages)


def deserialized(known: Mapping[str, fields.Field[Any]], given: Mapping[str, Json]) -> dict[str, Any]:
    """The given values, each checked with those before it; raises ValidationError with all faults in order.

    A schema of marshmallow would visit all of its fields at each call, and a schema for each set of parameters that clients
    send would take memory without limit.
    """
    values: dict[str, Any] = {}
    faults: dict[str, Any] = {}
    for name, field in known.items():
        try:
            if name in given:
                values[name] = field.deserialize(given[name], name, values)
            elif field.required:
                faults[name] = [REQUIRED]
        except ValidationError as error:
            faults[name] = error.messages
    if faults:
        raise ValidationError(faults)
    return values


class Ids(Parameter):
    """An id or an array of ids."""

    fault, takes_null = AN_ARRAY, True

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> Sequence[int]:
        if (number := as_id(value)) is not None and number <= INT64_MAX:
            return [number]
        if (listed := elements(value)) is None:
            raise ValidationError(AN_ARRAY)
        if len(listed) > MOST_IDS:
            raise ValidationError(f"more than {MOST_IDS} values.")
        if (plain := plain_ids(listed)) is not None:
            return plain
        ids = []
        for index, element in enumerate(listed, 1):
            if (number := as_id(element)) is None:
                raise ValidationError({index: A_NUMBER})
            if number > INT64_MAX:
                raise ValidationError({index: TOO_LARGE})
            ids.append(number)
        return ids


class Id(Parameter):
    """One id."""

    fault, most, too_large = A_NUMBER, INT64_MAX, TOO_LARGE

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> int:
        if (number := as_id(value)) is None:
            raise ValidationError(self.fault)
        if number > self.most:
            raise ValidationError(self.too_large)
        return number


class Timestamp(Id):
    """Seconds since 1970 that fit in 31 bits."""

    fault, most, too_large = UNSIGNEDINTEGER, INT32_MAX, TIME_TOO_LARGE


class Integer(Parameter):
    """A 32-bit whole number out of `allowed`; `spelled` is how Zabbix writes these, if not as a list."""

    fault = ANINTEGER

    def __init__(self, allowed: Sequence[int], spelled: str = "", *, null: bool = False) -> None:
        super().__init__(null=null)
        self._allowed = allowed
        self._spelled = spelled

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> int:
        if (number := as_integer(value, INTEGER)) is None:
            raise ValidationError(ANINTEGER)
        if number not in INT32:
            raise ValidationError(TOO_LARGE)
        if number not in self._allowed:
            raise ValidationError(f"value must be one of {self._spelled or ', '.join(map(str, self._allowed))}.")
        return number


class Integers(Parameter):
    """A 32-bit whole number or an array of distinct ones, out of `allowed` unless that is empty."""

    fault = AN_ARRAY

    def __init__(self, allowed: Sequence[int] = (), repeated: type[str] = LateFault) -> None:
        super().__init__(null=True)
        self._element = Integer(allowed or INT32)
        self._repeated = repeated

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[int]:
        is_one = (number := as_integer(value, INTEGER)) is not None and number in INT32
        listed = [value] if is_one else elements(value)
        if listed is None:
            raise ValidationError(AN_ARRAY)
        if len(listed) > MOST_VALUES:
            raise ValidationError(f"more than {MOST_VALUES} values.")
        return distinct([self._number(index, element) for index, element in enumerate(listed, 1)], self._repeated)

    def _number(self, index: int, element: Json) -> int:
        try:
            number: Any = self._element.deserialize(element)
        except ValidationError as error:
            raise ValidationError({index: error.messages}) from error
        return int(number)


class Boolean(Parameter):
    fault = A_BOOLEAN

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(A_BOOLEAN)
        return value


class Flag(Parameter):
    """Set by anything but null and false."""

    takes_null = True

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> bool:
        return value is not False


class String(Parameter):
    fault = A_STRING

    def __init__(self, longest: int = INT32_MAX, *, required: bool = False) -> None:
        super().__init__(required=required)
        self._longest = longest

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(A_STRING)
        if len(value) > self._longest:
            raise ValidationError(TOO_LONG)
        return value


def is_scalar(value: Json) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def distinct(values: list[Value], fault: type[str] = LateFault) -> list[Value]:
    seen = set()
    for index, value in enumerate(values, 1):
        if value in seen:
            raise ValidationError({index: [fault(f"value ({value}) already exists.")]})
        seen.add(value)
    return values
