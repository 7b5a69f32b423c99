"""Marshmallow fields of the older get methods, which take nearly anything: what is wrong is ignored, as in Zabbix 7.0.

An id or a value that fits nothing finds nothing. Truth is PHP's.
"""

import re
from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError, fields

from alertrpc.api.fields import (
    INTEGER,
    MOST_IDS,
    MOST_TAGS,
    Integers,
    as_integer,
    elements,
    members,
    plain_ids,
)
from alertrpc.query.get_params import as_text
from alertrpc.query.tags import Operator, Tag
from alertrpc.records import Json
from alertrpc.values import INT64, INT64_MAX, is_digits

_ID = re.compile(r"\s*([0-9]{1,4000})\s*")


def is_true(value: Json) -> bool:
    """What PHP takes for true."""
    return value not in (None, False, 0, "", "0", [], {})


class Lax(fields.Field[Any]):
    """A field that refuses no type; null stands for "not given"."""

    def __init__(self) -> None:
        super().__init__(allow_none=True)


class Truth(Lax):
    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> bool:
        return is_true(value)


class IsGiven(Lax):
    """Set by any value but null."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> bool:
        return True


class LaxIds(Lax):
    """An id or an array of ids."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> Sequence[int]:
        values = listed(value)
        if len(values) > MOST_IDS:
            raise ValidationError(f"more than {MOST_IDS} values.")
        if (plain := plain_ids(values)) is not None:
            return plain
        return [number for element in values if (number := _id(element)) is not None]


class Limit(Lax):
    """A whole number above 0; anything else is no limit."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> int | None:
        if isinstance(value, str) and is_digits(value) and len(value) < 20:
            value = int(value)
        return int(value) if isinstance(value, int) and 1 <= value <= INT64_MAX else None


class Number(Lax):
    """A whole number; anything else asks for nothing."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> int | None:
        number = 1 if value is True else as_integer(value, INTEGER)
        return number if number is not None and number in INT64 else None


class Numbers(Lax):
    """Distinct numbers out of `allowed`, which Zabbix checks in these methods too."""

    def __init__(self, allowed: Sequence[int]) -> None:
        super().__init__()
        self._numbers = Integers(allowed, repeated=str)

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> Any:
        numbers: Any = self._numbers.deserialize(value)
        if not numbers:
            raise ValidationError("cannot be empty.")
        return numbers


class Text(Lax):
    """A text or a number; anything else is no text at all."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> str:
        return shown(value)


class LaxTags(Lax):
    """An array of objects of a tag, an operator and a value; others are ignored."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[Tag] | None:
        given = elements(value) or []
        if len(given) > MOST_TAGS:
            raise ValidationError(f"more than {MOST_TAGS} values.")
        found = [members(element) for element in given]
        tags = [
            Tag(shown(tag.get("tag")), _operator(tag.get("operator")), shown(tag.get("value")))
            for tag in found
            if tag is not None
        ]
        return tags or None


def _operator(value: Json) -> Operator:
    """An operator; what is none is the first one."""
    number = as_integer(value, INTEGER)
    return Operator(number) if number in set(Operator) else Operator.CONTAINS


def listed(value: Json) -> list[Json]:
    return [value] if (found := elements(value)) is None else found


def _id(value: Json) -> int | None:
    if isinstance(value, str) and (digits := _ID.fullmatch(value)):
        value = int(digits[1])
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= INT64_MAX else None


def shown(value: Json) -> str:
    """A value as PHP writes it in a text."""
    if isinstance(value, list | dict):
        return "Array"
    if value is None or isinstance(value, bool):
        return "1" if value else ""
    return as_text(value)
