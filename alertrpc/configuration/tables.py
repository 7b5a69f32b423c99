"""Tables of known keys: each key is checked, and a record is made of them, or all their faults are raised at once."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic

from marshmallow import ValidationError, fields, missing

from alertrpc.configuration.checking import Check, T, checked, each
from alertrpc.settings import meant


class Key(fields.Field[Any]):
    """A key of a table; where it is absent, the record's own default stands."""

    def __init__(self, check: Check[Any], *, required: bool = False, attribute: str | None = None) -> None:
        messages: dict[str, Any] = {"required": "it is missing", "null": "a value is expected"}
        super().__init__(required=required, attribute=attribute, error_messages=messages)
        self.check = check

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return checked(self.check, value)


class Table(Generic[T]):
    """The check of a table of known keys; `make` makes the record of them.

    `elsewhere` says of keys that other tables have why they do not stand here.
    """

    def __init__(
        self, make: Callable[..., T], keys: Mapping[str, Key], elsewhere: Mapping[str, str] | None = None
    ) -> None:
        self._make = make
        self.keys = keys
        self._elsewhere = elsewhere or {}

    def __call__(self, value: Any) -> T:
        if not isinstance(value, dict):
            raise ValueError("a table is expected")
        wanted = [name for name, key in self.keys.items() if name in value or key.required]
        unknown = [name for name in value if name not in self.keys]
        loaded = each(partial(self._member, value), {name: name for name in [*wanted, *unknown]})
        return self._make(**{self.keys[name].attribute or name: member for name, member in loaded.items()})

    def _member(self, table: Mapping[str, Any], name: str) -> Any:
        if name not in self.keys:
            raise ValidationError(self._elsewhere.get(name) or f"there is no such key{meant(name, self.keys)}")
        return self.keys[name].deserialize(table.get(name, missing))
