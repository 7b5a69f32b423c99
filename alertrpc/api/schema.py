"""Checks parameters with marshmallow's fields; the first fault in the order of the fields is the answer."""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, fields

from alertrpc.api.fields import REQUIRED, LateFault, deserialized, unexpected
from alertrpc.errors import ApiError, invalid_parameter
from alertrpc.records import Json, Params


class ParamsSchema:
    """Checks the parameters of one method, each by its field."""

    def __init__(self, parameters: Mapping[str, fields.Field[Any]]) -> None:
        self.names = parameters.keys()
        self._fields = dict(parameters)

    def check_names(self, params: Params) -> None:
        for name in params:
            if name not in self.names:
                raise invalid_parameter("/", unexpected(name))

    def load(self, params: Params) -> dict[str, Any]:
        """The given parameters, checked; raises ApiError with Zabbix's text for the first fault."""
        self.check_names(params)
        try:
            return deserialized(self._fields, params)
        except ValidationError as error:
            raise first_fault(error.messages) from error

    def load_one(self, name: str, value: Json) -> Any:
        """The checked value of one parameter; raises ApiError with Zabbix's text for a fault."""
        try:
            return self._fields[name].deserialize(value)
        except ValidationError as error:
            raise first_fault({name: error.messages}) from error

    def load_before(self, last: str, params: Params) -> None:
        """Checks the parameters that are checked before one."""
        names = list(self.names)
        before = names[: names.index(last)]
        self.load({name: value for name, value in params.items() if name in before})


def require_empty(params: Params) -> None:
    if params:
        raise invalid_parameter("/", "should be empty.")


def first_fault(messages: Any) -> ApiError:
    """The error of the call: the first of marshmallow's messages, which may be an ApiError already."""
    faults = list(_faults(messages))
    path, fault = next((found for found in faults if not isinstance(found[1], LateFault)), faults[0])
    if isinstance(fault, ApiError):
        return fault
    if fault == REQUIRED:
        parent, _, name = path.rpartition("/")
        return invalid_parameter(parent or "/", f'the parameter "{name}" is missing.')
    return invalid_parameter(path, fault)


def _faults(messages: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each message and its path, in the order of the fields."""
    if isinstance(messages, dict):
        for step, inner in messages.items():
            yield from _faults(inner, f"{path}/{step}")
    else:
        yield path, messages[0] if isinstance(messages, list) else messages
