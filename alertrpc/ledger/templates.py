"""Templates of messages, URLs, headers and bodies: `${name}` stands for a variable, and nothing else is special."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import chain

import orjson

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_JSON = "_json"


def render(template: str, variables: Mapping[str, str], encode: Callable[[str, str], str] | None = None) -> str:
    """The template with its variables' values, each through `encode(name, value)`.

    `${name_json}` is the value as a JSON string with its quotes, unless there is a variable of that name. An unknown
    variable is empty. Values are not rendered again.
    """
    texts, found = _split(template)
    values = [_value(name, variables) for name in found]
    if encode is not None:
        values = list(map(encode, found, values))
    return "".join(chain.from_iterable(zip(texts, [*values, ""], strict=True)))


@lru_cache(maxsize=512)
def _split(template: str) -> tuple[Sequence[str], Sequence[str]]:
    """The texts around the template's variables, and their names in order."""
    parts = _VARIABLE.split(template)
    return parts[::2], parts[1::2]


def _value(name: str, variables: Mapping[str, str]) -> str:
    if name.endswith(_JSON) and name not in variables:
        return orjson.dumps(variables.get(name.removesuffix(_JSON), "")).decode()
    return variables.get(name, "")


def names(template: str) -> list[str]:
    """The names of the template's variables in order, without the suffix `_json`."""
    return [name.removesuffix(_JSON) for name in _VARIABLE.findall(template)]
