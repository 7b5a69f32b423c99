"""Marshmallow fields of the older get methods, which take nearly anything: what is wrong is left aside, as in Zabbix 7.0.

An id or a value that fits nothing finds nothing. Truth is PHP's.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields

from alertrpc.api.choice_fields import Fields, sort_refused
from alertrpc.api.fields import (
    INT64_MAX,
    INTEGER,
    MOST_IDS,
    MOST_VALUES,
    Integers,
    as_integer,
    elements,
    is_scalar,
    members,
)
from alertrpc.api.schema import first_fault
from alertrpc.errors import APPLICATION_ERROR, INVALID_PARAMS, ApiError
from alertrpc.query.params import COUNT, EXTEND, as_text
from alertrpc.query.tags import Operator, Tag
from alertrpc.records import Json

_ID = re.compile(r"\s*([0-9]{1,4000})\s*")
_LIMITS = range(1, 2**63)


def is_true(value: Json) -> bool:
    """What PHP takes for true."""
    return value not in (None, False, 0, "", "0", [], {})


class _Lax(fields.Field[Any]):
    """A field that refuses no type; null stands for "not given"."""

    def __init__(self) -> None:
        super().__init__(allow_none=True)


class Truth(_Lax):
    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> bool:
        return is_true(value)


class IsGiven(_Lax):
    """Set by any value but null."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> bool:
        return True


class Ids(_Lax):
    """An id or an array of ids."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[int]:
        values = listed(value)
        if len(values) > MOST_IDS:
            raise ValidationError(f"more than {MOST_IDS} values.")
        return [number for element in values if (number := _id(element)) is not None]


class Output(_Lax):
    """ "extend", or names out of `choice`, others left aside; `key` is always among them."""

    def __init__(self, key: str, choice: Collection[str]) -> None:
        super().__init__()
        self._key = key
        self._choice = choice

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[str] | str:
        return self.asked(value)

    def asked(self, value: Json) -> list[str] | str:
        if value is True or value == EXTEND:
            return EXTEND
        names = [name for name in elements(value) or () if isinstance(name, str) and name in self._choice]
        return list(dict.fromkeys([self._key, *names] if self._key else names))


class Selection(_Lax):
    """ "extend", "count", or names out of `choice`, `key` always among them. What is none of these is as no name."""

    def __init__(self, key: str, choice: Collection[str], *, countable: bool = False, single: bool = False) -> None:
        super().__init__()
        self._output = Output(key, choice)
        self._key = key
        self._countable = countable
        self._single = single

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[str] | str | None:
        if value == COUNT:
            return COUNT if self._countable else [self._key] if self._single else None
        if value is True:
            return None
        return self._output.asked(value)


class WordSelection(Selection):
    """Names out of `choice`, `key` always among them; anything else is "extend"."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[str] | str | None:
        return EXTEND if elements(value) is None else super()._deserialize(value, attr, data, **kwargs)


class StrictSelection(_Lax):
    """ "extend", or names out of `choice` and no others, which is a fault of a row to be shown: an ApiError is the value.

    It is what another method of Zabbix's says of its "/output", which is called where there are rows.
    """

    def __init__(self, choice: Sequence[str], *, single: bool) -> None:
        super().__init__()
        self._output = Fields(choice)
        self._single = single

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if value == COUNT and not self._single:
            return None
        try:
            return self._output.deserialize(value)
        except ValidationError as error:
            return first_fault({"output": error.messages})


class Filter(_Lax):
    """An object of a value or an array of values for fields out of `choice`; a value that fits nothing finds nothing."""

    def __init__(self, choice: Collection[str], secrets: Collection[str]) -> None:
        super().__init__()
        self._choice = choice
        self._secrets = secrets

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> dict[str, list[Json]]:
        given = _open_members(value, self._secrets, "filter")
        asked = {
            name: listed(given[name])
            for name in self._choice
            if name in given and given[name] not in (None, "", [], {})
        }
        if any(len(values) > MOST_VALUES for values in asked.values()):
            raise ValidationError(f"more than {MOST_VALUES} values.")
        return {name: [element for element in values if is_scalar(element)] for name, values in asked.items()}


class Search(_Lax):
    """An object of a text or an array of texts for fields out of `choice`; what is empty asks for nothing."""

    def __init__(self, choice: Collection[str], secrets: Collection[str]) -> None:
        super().__init__()
        self._choice = choice
        self._secrets = secrets

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> dict[str, list[str]]:
        given = _open_members(value, self._secrets, "search")
        asked = {name: _texts(given[name]) for name in self._choice if name in given}
        return {name: texts for name, texts in asked.items() if texts}


class SortFields(_Lax):
    """A field name out of `choice` or an array of them."""

    def __init__(self, choice: Sequence[str]) -> None:
        super().__init__()
        self._choice = choice

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        names = [] if value in (None, "") else listed(value)
        for name in names:
            if name not in self._choice:
                raise ValidationError([ApiError(APPLICATION_ERROR, sort_refused(_shown(name)))])
        return list(dict.fromkeys(map(str, names)))


class SortOrders(_Lax):
    """DESC for all sort fields or, in an array, for each; anything else is ASC."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> str | list[str]:
        if (orders := elements(value)) is not None:
            return ["DESC" if order == "DESC" else "ASC" for order in orders]
        return "DESC" if value == "DESC" else "ASC"


class Limit(_Lax):
    """A whole number above 0; anything else is no limit."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> int | None:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
            value = int(value)
        return int(value) if isinstance(value, int) and value in _LIMITS else None


class Number(_Lax):
    """A whole number; anything else asks for nothing."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> int | None:
        return int(value) if value is True else as_integer(value, INTEGER)


class Numbers(_Lax):
    """Distinct numbers out of `allowed`, which Zabbix checks in these methods too."""

    def __init__(self, allowed: Sequence[int]) -> None:
        super().__init__()
        self._numbers = Integers(allowed)

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> Any:
        numbers: Any = self._numbers.deserialize(value)
        if not numbers:
            raise ValidationError("cannot be empty.")
        return numbers


class Text(_Lax):
    """A text or a number; anything else is no text at all."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> str:
        return _shown(value)


class Tags(_Lax):
    """An array of objects of a tag, an operator and a value; others are left aside."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[Tag] | None:
        found = [members(element) for element in elements(value) or ()]
        tags = [
            Tag(_shown(tag.get("tag")), _operator(tag.get("operator")), _shown(tag.get("value")))
            for tag in found
            if tag is not None
        ]
        return tags or None


def _operator(value: Json) -> Operator:
    """An operator; what is none is the first one."""
    number = as_integer(value, INTEGER)
    return Operator(number) if number in set(Operator) else Operator.CONTAINS


def _open_members(value: Json, secrets: Collection[str], verb: str) -> Mapping[str, Json]:
    given = members(value) or {}
    if any(given.get(name) is not None for name in secrets):
        raise ValidationError([ApiError(INVALID_PARAMS, f"It is not possible to {verb} by user password.")])
    return given


def _texts(value: Json) -> list[str]:
    shown = [_shown(element) for element in listed(value) if not isinstance(element, list | dict)]
    return [text for text in shown if text]


def listed(value: Json) -> list[Json]:
    return [value] if (found := elements(value)) is None else found


def _id(value: Json) -> int | None:
    if isinstance(value, str):
        found = _ID.fullmatch(value)
        value = int(found[1]) if found else None
    is_id = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= INT64_MAX
    return value if is_id and isinstance(value, int) else None


def _shown(value: Json) -> str:
    """A value as PHP writes it in a text."""
    if isinstance(value, list | dict):
        return "Array"
    return as_text(value) if is_scalar(value) and isinstance(value, int | float | str) else "1" if value else ""
