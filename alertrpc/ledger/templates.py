"""Templates of messages, URLs, headers and bodies: `${name}` stands for a variable, and nothing else is special.

`${name|filter|filter}` is the value as filters change it, one after the other.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from alertrpc.ledger.filters import JSON, as_json, filter_of

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_JSON = "_json"


class Place(NamedTuple):
    """What stands in a template between `${` and `}`: a name, and the names of filters.

    `variable` is the name without the suffix `_json`.
    """

    name: str
    filters: Sequence[str] = ()
    variable: str = ""


def render(template: str, variables: Mapping[str, str], encode: Callable[[Place, str], str] | None = None) -> str:
    """The template with its variables' values, each through its filters and `encode(place, value)`.

    `${name_json}` is the value as a JSON string with its quotes, unless there is a variable of that name, or the last filter
    made one. An unknown variable is empty, and an unknown filter changes nothing. Values are not rendered again.
    """
    texts, places = _split(template)
    values = [_value(place, variables) for place in places]
    if encode is not None:
        values = list(map(encode, places, values))
    return "".join(chain.from_iterable(zip(texts, [*values, ""], strict=True)))


def places(template: str) -> Sequence[Place]:
    """The template's variables and their filters, in order."""
    return _split(template)[1]


def names(template: str) -> list[str]:
    """The names of the template's variables in order, without the suffix `_json`."""
    return [place.variable for place in places(template)]


@lru_cache(maxsize=512)
def _split(template: str) -> tuple[Sequence[str], Sequence[Place]]:
    """The texts around the template's variables, and what stands for these in order."""
    parts = _VARIABLE.split(template)
    return parts[::2], [_place(written) for written in parts[1::2]]


def _place(written: str) -> Place:
    name, *filters = written.split("|")
    if filters:
        name = name.strip()
    return Place(name, tuple(map(str.strip, filters)), name.removesuffix(_JSON))


def _value(place: Place, variables: Mapping[str, str]) -> str:
    is_json = len(place.variable) < len(place.name) and place.name not in variables
    value = variables.get(place.variable if is_json else place.name, "")
    if not place.filters:
        return as_json(value) if is_json else value
    for written in place.filters:
        if (change := filter_of(written)) is not None:
            value = change(value)
    return as_json(value) if is_json and place.filters[-1:] != (JSON,) else value
