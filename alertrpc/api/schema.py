"""Parameters through a marshmallow schema; the first fault, in the order of the fields, is the answer."""

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from alertrpc.api.fields import REQUIRED, unexpected
from alertrpc.errors import ApiError, invalid_parameter
from alertrpc.records import Params


class ParamsSchema:
    """Checks the parameters of one method."""

    def __init__(self, parameters: Mapping[str, fields.Field[Any]]) -> None:
        self._names = frozenset(parameters)
        self._schema = Schema.from_dict(dict(parameters))(unknown=EXCLUDE)
        # What is not required may be missing; telling marshmallow so lets it pass over the field at once.
        self._optional = {name for name, field in parameters.items() if not field.required}
        self._partial: bool | set[str] = True if len(self._optional) == len(parameters) else self._optional

    def load(self, params: Params) -> dict[str, Any]:
        """The checked parameters that were given.

        Raises ApiError with Zabbix's text for the first fault.
        """
        for name in params:
            if name not in self._names:
                raise invalid_parameter("/", unexpected(name))
        try:
            loaded: dict[str, Any] = self._schema.load(params, partial=self._partial)
        except ValidationError as error:
            raise _first_fault(error.messages) from error
        return loaded


def require_empty(params: Params) -> None:
    if params:
        raise invalid_parameter("/", "should be empty.")


def _first_fault(messages: Any) -> ApiError:
    path = ""
    while isinstance(messages, dict):
        step, messages = next(iter(messages.items()))
        path += f"/{step}"
    fault = messages[0] if isinstance(messages, list) else messages
    if fault == REQUIRED:
        parent, _, name = path.rpartition("/")
        return invalid_parameter(parent or "/", f'the parameter "{name}" is missing.')
    return invalid_parameter(path, fault)
