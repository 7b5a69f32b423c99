"""Checks of the older get methods, which ignore invalid values, as in Zabbix 7.0.

An id or a value that fits nothing finds nothing. Truth is PHP's. None stands for "not given".
"""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from marshmallow import ValidationError, fields

from alertrpc.api.choice_fields import Fields, sort_refused
from alertrpc.api.fields import (
    INTEGER,
    MOST_IDS,
    MOST_TAGS,
    MOST_VALUES,
    Integers,
    as_integer,
    elements,
    is_scalar,
    members,
    plain_ids,
)
from alertrpc.api.schema import first_fault
from alertrpc.errors import APPLICATION_ERROR, INVALID_PARAMS, ApiError
from alertrpc.query.get_params import COUNT, EXTEND, as_text
from alertrpc.query.parameters import Names
from alertrpc.query.related import Relation
from alertrpc.query.tags import Operator, Tag
from alertrpc.records import Json
from alertrpc.values import INT64, INT64_MAX, is_digits

_ID = re.compile(r"\s*([0-9]{1,4000})\s*")


class Lax(fields.Field[Any]):
    """A field of any type, whose value `check` returns; null stands for "not given"."""

    def __init__(self, check: Callable[[Json], Any]) -> None:
        super().__init__(allow_none=True)
        self.check = check

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return self.check(value)


def is_true(value: Json) -> bool:
    """Whether PHP takes the value for true."""
    return value not in (None, False, 0, "", "0", [], {})


def is_given(value: Json) -> bool:
    return True


def ids(value: Json) -> Sequence[int]:
    """An id or an array of ids."""
    values = _listed(value)
    if len(values) > MOST_IDS:
        raise ValidationError(f"more than {MOST_IDS} values.")
    if (plain := plain_ids(values)) is not None:
        return plain
    return [number for element in values if (number := _id(element)) is not None]


def _id(value: Json) -> int | None:
    if isinstance(value, str) and (digits := _ID.fullmatch(value)):
        value = int(digits[1])
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= INT64_MAX else None


def limit(value: Json) -> int | None:
    """A whole number above 0; anything else is no limit."""
    if isinstance(value, str) and is_digits(value) and len(value) < 20:
        value = int(value)
    return int(value) if isinstance(value, int) and 1 <= value <= INT64_MAX else None


def number(value: Json) -> int | None:
    """A whole number or true, which is 1; anything else asks for nothing."""
    found = 1 if value is True else as_integer(value, INTEGER)
    return found if found is not None and found in INT64 else None


def numbers(allowed: Sequence[int], value: Json) -> Any:
    """Distinct numbers out of `allowed`, which Zabbix checks in these methods too."""
    found: Any = Integers(allowed, repeated=str).deserialize(value)
    if not found:
        raise ValidationError("cannot be empty.")
    return found


def text(value: Json) -> str:
    """A value as PHP writes it in a text."""
    if isinstance(value, list | dict):
        return "Array"
    if value is None or isinstance(value, bool):
        return "1" if value else ""
    return as_text(value)


def tags(value: Json) -> list[Tag] | None:
    """An array of objects of a tag, an operator and a value; other elements are ignored."""
    given = elements(value) or []
    if len(given) > MOST_TAGS:
        raise ValidationError(f"more than {MOST_TAGS} values.")
    found = [tag for element in given if (tag := members(element)) is not None]
    return [Tag(text(tag.get("tag")), _operator(tag.get("operator")), text(tag.get("value"))) for tag in found] or None


def _operator(value: Json) -> Operator:
    """An operator; any other value is the first one."""
    found = as_integer(value, INTEGER)
    return Operator(found) if found in set(Operator) else Operator.CONTAINS


def output(key: str, choice: Names, value: Json) -> list[str] | str:
    """All fields by "extend", or names out of `choice`; `key` is always among them."""
    asked = _fields(choice, value)
    return asked if asked == EXTEND else list(dict.fromkeys([key, *asked]))


def _fields(choice: Names, value: Json) -> list[str] | str:
    """All fields by "extend" or true, or names out of `choice`; others are ignored."""
    if value is True or value == EXTEND:
        return EXTEND
    return list(dict.fromkeys([name for name in elements(value) or () if isinstance(name, str) and name in choice]))


def selection(related: Relation, choice: Names, value: Json) -> list[str] | str | None:
    """All fields by "extend", the number of countable objects by "count", or names out of `choice`.

    Any other value counts as no name, but "count" asks for nothing where several objects cannot be counted.
    """
    if (related.countable or not related.single) and (value == COUNT or value is True):
        return COUNT if related.countable else None
    return _fields(choice, value)


def word_selection(related: Relation, choice: Names, value: Json) -> list[str] | str | None:
    """Names out of `choice`; anything else is "extend"."""
    return EXTEND if elements(value) is None else selection(related, choice, value)


def strict_selection(related: Relation, choice: Names, value: Json) -> Any:
    """All fields by "extend", or names out of `choice`. For a fault the value is an ApiError, raised if there are rows.

    Zabbix calls another method for the related objects of its rows; the fault is in the "/output" of that call.
    """
    if value == COUNT and not related.single:
        return None
    try:
        return Fields(choice).deserialize(value)
    except ValidationError as error:
        return first_fault({"output": error.messages})


def filter_values(choice: Collection[str], secrets: Collection[str], value: Json) -> dict[str, list[Json]]:
    """A value or an array of values for each field; a value that fits nothing finds nothing."""
    given = _members(choice, secrets, value, "filter")
    asked = {name: _listed(values) for name, values in given.items() if values not in (None, "", [], {})}
    _check_number(asked)
    return {name: [element for element in values if is_scalar(element)] for name, values in asked.items()}


def search_texts(choice: Collection[str], secrets: Collection[str], value: Json) -> dict[str, list[str]]:
    """A text or an array of texts for each field; an empty text asks for nothing."""
    given = {name: _listed(values) for name, values in _members(choice, secrets, value, "search").items()}
    _check_number(given)
    asked = {name: [text(one) for one in values if not isinstance(one, list | dict)] for name, values in given.items()}
    return {name: texts for name, values in asked.items() if (texts := list(filter(None, values)))}


def _members(choice: Collection[str], secrets: Collection[str], value: Json, verb: str) -> dict[str, Json]:
    """The members of an object that are in `choice`; others ask for nothing, but `secrets` are refused."""
    given = members(value) or {}
    if any(given.get(name) is not None for name in secrets):
        raise ValidationError([ApiError(INVALID_PARAMS, f"It is not possible to {verb} by user password.")])
    return {name: given[name] for name in choice if name in given}


def _check_number(values: dict[str, list[Json]]) -> None:
    if sum(map(len, values.values())) > MOST_VALUES:
        raise ValidationError(f"more than {MOST_VALUES} values.")


def sort_fields(choice: Names, value: Json) -> list[str]:
    """A field name out of `choice` or an array of them."""
    names = [] if value in (None, "") else _listed(value)
    for name in names:
        if name not in choice:
            raise ValidationError([ApiError(APPLICATION_ERROR, sort_refused(text(name)))])
    return list(dict.fromkeys(map(str, names)))


def sort_orders(value: Json) -> str | list[str]:
    """DESC for all sort fields or, in an array, for each; anything else is ASC."""
    if isinstance(value, dict):
        value = [value.get(str(place)) for place in range(len(value))]
    if isinstance(value, list):
        return ["DESC" if order == "DESC" else "ASC" for order in value]
    return "DESC" if value == "DESC" else "ASC"


def _listed(value: Json) -> list[Json]:
    return [value] if (found := elements(value)) is None else found
