"""Marshmallow fields of the older get methods that take names out of a choice, or values for such names."""

from collections.abc import Collection, Sequence
from typing import Any

from marshmallow import ValidationError

from alertrpc.api.choice_fields import Fields, choice_of, sort_refused
from alertrpc.api.fields import MOST_VALUES, elements, is_scalar, members
from alertrpc.api.lax_fields import Lax, listed, shown
from alertrpc.api.schema import first_fault
from alertrpc.errors import APPLICATION_ERROR, INVALID_PARAMS, ApiError
from alertrpc.query.get_params import COUNT, EXTEND
from alertrpc.query.related import Choice
from alertrpc.records import Json


class Output(Lax):
    """All by "extend", or names out of `choice`, others ignored; `key` is always among them."""

    def __init__(self, key: str, choice: Collection[str]) -> None:
        super().__init__()
        self._key = key
        self._choice = choice

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[str] | str:
        asked = fields_out_of(self._choice, value)
        return asked if asked == EXTEND else list(dict.fromkeys([self._key, *asked]))


def fields_out_of(choice: Collection[str], value: Json) -> list[str] | str:
    """All by "extend" or true, or names out of `choice`; others are ignored."""
    if value is True or value == EXTEND:
        return EXTEND
    return list(dict.fromkeys([name for name in elements(value) or () if isinstance(name, str) and name in choice]))


class Selection(Lax):
    """All by "extend", the number of countable objects by "count", or names out of `choice`.

    What is none of these is as no name; but where there are several objects, "count" asks for nothing.
    """

    def __init__(self, choice: Choice, *, countable: bool, single: bool) -> None:
        super().__init__()
        self._choice = choice
        self._countable = countable
        self._single = single

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if (self._countable or not self._single) and (value == COUNT or value is True):
            return COUNT if self._countable else None
        return fields_out_of(choice_of(self._choice, data), value)


class WordSelection(Selection):
    """Names out of `choice`; anything else is "extend"."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return EXTEND if elements(value) is None else super()._deserialize(value, attr, data, **kwargs)


class StrictSelection(Selection):
    """All by "extend", or names out of `choice`; others are a fault of a row to be shown: an ApiError is the value.

    It is what another method of Zabbix's says of its "/output", which is called where there are rows.
    """

    def __init__(self, choice: Choice, *, countable: bool, single: bool) -> None:
        super().__init__(choice, countable=countable, single=single)
        self._output = Fields(choice)

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if value == COUNT and not self._single:
            return None
        try:
            return self._output.deserialize(value, attr, data)
        except ValidationError as error:
            return first_fault({"output": error.messages})


class _Members(Lax):
    """An object of values for fields out of `choice`; others ask for nothing, and `secrets` are refused."""

    verb = ""

    def __init__(self, choice: Collection[str], secrets: Collection[str]) -> None:
        super().__init__()
        self._choice = choice
        self._secrets = secrets

    def _given(self, value: Json) -> dict[str, Json]:
        given = members(value) or {}
        if any(given.get(name) is not None for name in self._secrets):
            fault = f"It is not possible to {self.verb} by user password."
            raise ValidationError([ApiError(INVALID_PARAMS, fault)])
        return {name: given[name] for name in self._choice if name in given}


class Filter(_Members):
    """A value or an array of values for each field; a value that fits nothing finds nothing."""

    verb = "filter"

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> dict[str, list[Json]]:
        given = self._given(value)
        asked = {name: listed(values) for name, values in given.items() if values not in (None, "", [], {})}
        if sum(map(len, asked.values())) > MOST_VALUES:
            raise ValidationError(f"more than {MOST_VALUES} values.")
        return {name: [element for element in values if is_scalar(element)] for name, values in asked.items()}


class Search(_Members):
    """A text or an array of texts for each field; what is empty asks for nothing."""

    verb = "search"

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> dict[str, list[str]]:
        given = {name: listed(values) for name, values in self._given(value).items()}
        if sum(map(len, given.values())) > MOST_VALUES:
            raise ValidationError(f"more than {MOST_VALUES} values.")
        asked = {name: _texts(values) for name, values in given.items()}
        return {name: texts for name, texts in asked.items() if texts}


class LaxSortFields(Lax):
    """A field name out of `choice` or an array of them."""

    def __init__(self, choice: Sequence[str]) -> None:
        super().__init__()
        self._choice = choice

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        names = [] if value in (None, "") else listed(value)
        for name in names:
            if name not in self._choice:
                raise ValidationError([ApiError(APPLICATION_ERROR, sort_refused(shown(name)))])
        return list(dict.fromkeys(map(str, names)))


class LaxSortOrders(Lax):
    """DESC for all sort fields or, in an array, for each; anything else is ASC."""

    def _deserialize(self, value: Json, attr: str | None, data: Any, **kwargs: Any) -> str | list[str]:
        if isinstance(value, dict):
            value = [value.get(str(place)) for place in range(len(value))]
        if isinstance(value, list):
            return ["DESC" if order == "DESC" else "ASC" for order in value]
        return "DESC" if value == "DESC" else "ASC"


def _texts(values: Sequence[Json]) -> list[str]:
    return [text for element in values if not isinstance(element, list | dict) and (text := shown(element))]
