"""Tables of known keys: each key is checked, and a record is made of them, or all their faults are raised at once."""

from collections.abc import Callable, Mapping
from typing import Any, Generic

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from alertrpc.configuration.checking import Check, T, checked
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
        self._schema = Schema.from_dict(dict(keys))(unknown=EXCLUDE)

    def __call__(self, value: Any) -> T:
        if not isinstance(value, dict):
            raise ValueError("a table is expected")
        faults = {key: [self._no_such(key)] for key in value if key not in self.keys}
        try:
            loaded = self._schema.load(value)
        except ValidationError as error:
            raise ValidationError({**error.messages_dict, **faults}) from error
        if faults:
            raise ValidationError(faults)
        return self._make(**loaded)

    def _no_such(self, key: str) -> str:
        return self._elsewhere.get(key) or f"there is no such key{meant(key, self.keys)}"
