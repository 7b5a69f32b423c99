"""Marshmallow fields for names out of a choice, or for values by such names, as Zabbix 7.0 checks them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from alertrpc.api.fields import (
    A_SCALAR,
    A_STRING,
    AN_ARRAY,
    ARRAY_OR_STRING,
    MOST_VALUES,
    Parameter,
    distinct,
    elements,
    is_scalar,
    members,
    unexpected,
)
from alertrpc.query.get_params import EXTEND
from alertrpc.query.parameters import Names
from alertrpc.query.related import Choice
from alertrpc.records import Json


def sort_refused(name: str) -> str:
    return f'Sorting by field "{name}" not allowed.'


def one_of(values: Sequence[str]) -> str:
    if not values:
        return "value must be empty."
    named = ", ".join(f'"{value}"' for value in values)
    return f"value must be {'one of ' if len(values) > 1 else ''}{named}."


def choice_of(choice: Choice, checked: Mapping[str, Any] | None) -> Names:
    return choice(checked or {}) if callable(choice) else choice


class Fields(Parameter):
    """Field names out of `choice`, or one of `words`. Those that are `ours` may be given too; faults do not list them."""

    fault, may_repeat = ARRAY_OR_STRING, False

    def __init__(
        self, choice: Choice, words: Sequence[str] = (EXTEND,), *, null: bool = False, ours: Names = ()
    ) -> None:
        super().__init__(null=null)
        self._choice = choice
        self._words = words
        self._ours = ours

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[str] | str:
        if isinstance(value, str):
            if value not in self._words:
                raise ValidationError(one_of(self._words))
            return value
        if (listed := elements(value)) is None:
            raise ValidationError(ARRAY_OR_STRING)
        names = chosen(listed, choice_of(self._choice, data), self._ours)
        return names if self.may_repeat else distinct(names, str)


class SortOrders(Fields):
    """ASC or DESC for all sort fields, or an array of one for each."""

    may_repeat = True

    def __init__(self) -> None:
        super().__init__(("ASC", "DESC"), ("ASC", "DESC"))


class SortFields(Parameter):
    """A field name out of `choice` or an array of them."""

    fault = AN_ARRAY

    def __init__(self, choice: Sequence[str]) -> None:
        super().__init__()
        self._choice = choice

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        listed = [value] if isinstance(value, str) else elements(value)
        if listed is None:
            raise ValidationError(AN_ARRAY)
        return distinct(chosen(listed, self._choice))


class Values(Parameter):
    """An object of a value or an array of values for fields out of `choice`; null and an empty array count as absent."""

    fault = AN_ARRAY

    def __init__(self, choice: Sequence[str], convert: Callable[[Any], Any] = lambda value: value) -> None:
        super().__init__(null=True)
        self._choice = choice
        self._convert = convert

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> dict[str, list[Any]]:
        if (given := members(value)) is None:
            raise ValidationError(AN_ARRAY)
        for name in given:
            if name not in self._choice:
                raise ValidationError(unexpected(name))
        values: dict[str, list[Any]] = {}
        left = MOST_VALUES
        for name in self._choice:
            if name in given:
                values[name] = self._listed(name, given[name], left)
                left -= len(values[name])
        return {name: listed for name, listed in values.items() if listed}

    def _listed(self, name: str, value: Json, most: int) -> list[Any]:
        if value is None:
            return []
        listed = [value] if is_scalar(value) else elements(value)
        if listed is None:
            raise ValidationError({name: [AN_ARRAY]})
        if len(listed) > most:
            raise ValidationError({name: [f"more than {MOST_VALUES} values."]})
        for index, element in enumerate(listed, 1):
            if not is_scalar(element):
                raise ValidationError({name: {index: [A_SCALAR]}})
        return [self._convert(element) for element in listed]


def chosen(listed: Sequence[Json], choice: Sequence[str], ours: Names = ()) -> list[str]:
    names = []
    for index, name in enumerate(listed, 1):
        if not isinstance(name, str):
            raise ValidationError({index: A_STRING})
        if name not in choice and name not in ours:
            raise ValidationError({index: one_of(choice)})
        names.append(name)
    return names
