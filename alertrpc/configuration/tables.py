"""Tables of known keys: all are checked and become a record, or all their faults are raised at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic

from marshmallow import ValidationError, fields, missing

from alertrpc.configuration.checking import Check, T, checked, each
from alertrpc.settings import meant


class Key(fields.Field[Any]):
    """A key of a table. The record has a default for each key that is not `required`."""

    default_error_messages = {"required": "it is missing", "null": "a value is expected"}  # noqa: RUF012 - as marshmallow's

    def __init__(self, check: Check[Any], *, required: bool = False) -> None:
        super().__init__(required=required)
        self.check = check

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return checked(self.check, value)


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """The check of a table of known keys, which `make` turns into a record; `elsewhere` has faults for keys of others."""

    make: Callable[..., T]
    keys: Mapping[str, Key]
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, value: Any) -> T:
        if not isinstance(value, dict):
            raise ValueError("a table is expected")
        wanted = [name for name, key in self.keys.items() if name in value or key.required]
        unknown = [name for name in value if name not in self.keys]
        return self.make(**each(partial(self._member, value), {name: name for name in [*wanted, *unknown]}))

    def _member(self, table: Mapping[str, Any], name: str) -> Any:
        if name not in self.keys:
            raise ValidationError(self.elsewhere.get(name) or f"there is no such key{meant(name, self.keys)}")
        return self.keys[name].deserialize(table.get(name, missing))
