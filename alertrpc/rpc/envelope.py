"""Parses the envelope of requests: calls, batches, and their faults in Zabbix's words.

Sources: https://www.jsonrpc.org/specification and what a Zabbix 7.0.22 answered. Zabbix does not tell JSON arrays
from objects, so an empty array is an object without members and an object with keys "0", "1", … is a batch.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from alertrpc.api.fields import A_STRING, AN_ARRAY, members, unexpected
from alertrpc.errors import INVALID_REQUEST, PARSE_ERROR, ApiError
from alertrpc.intake.parsing import Bytes, NoJson, TooManyValues, parse_json
from alertrpc.records import Json, Params
from alertrpc.values import INT64

MOST_CALLS = 1000  # in a batch
_NO_JSON = "Invalid JSON. An error occurred on the server while parsing the JSON text."
_NO_REQUEST = "The received JSON is not a valid JSON-RPC request."
_DIGITS = re.compile("[0-9]+")
_EXACT_FLOAT = 1e17

Id = int | float | str | None


class Call(NamedTuple):
    """A call with a valid envelope. A notification has no `id` and gets no answer."""

    method: str
    params: Params
    auth: str | None
    id: Id
    is_notification: bool


class Fault(NamedTuple):
    """A call with an invalid envelope; it is answered even without an id."""

    error: ApiError
    id: Id = None


Requests = list[Call | Fault]


def parse_body(body: Bytes) -> tuple[Requests, bool]:
    """The calls of a request body, and whether they came as a batch.

    Raises ApiError if the body is not JSON, not a request, or too large.
    """
    try:
        document = parse_json(body)
    except NoJson as error:
        raise ApiError(PARSE_ERROR, _NO_JSON) from error
    except TooManyValues as error:
        raise ApiError(INVALID_REQUEST, f"The request has {error}.") from error
    if not document or not isinstance(document, list | dict):
        raise ApiError(INVALID_REQUEST, _NO_REQUEST)
    if isinstance(document, dict) and not _DIGITS.fullmatch(next(iter(document))):
        return [parse_call(document)], False
    batch = document if isinstance(document, list) else list(document.values())
    if isinstance(document, dict) and list(document) != [str(index) for index in range(len(batch))]:
        return [parse_call(batch[0])], False  # Zabbix answers only its first member
    if len(batch) > MOST_CALLS:
        raise ApiError(INVALID_REQUEST, f"The batch has {len(batch)} calls, {MOST_CALLS} are allowed.")
    return [parse_call(element) for element in batch], True


def parse_call(document: Json) -> Call | Fault:
    """A call, or its first fault in the order of Zabbix's checks."""
    envelope = members(document)
    if envelope is None:
        return Fault(_invalid("/", AN_ARRAY))
    call_id = _number_of_zabbix(envelope.get("id")) if _is_id(envelope.get("id")) else None
    for name in envelope:
        if name not in _CHECKS:
            return Fault(_invalid("/", unexpected(name)), call_id)
    for name, checks in _CHECKS.items():
        if name not in envelope:
            if name in _REQUIRED:
                return Fault(_invalid("/", f'the parameter "{name}" is missing.'), call_id)
            continue
        for holds, fault in checks:
            if not holds(envelope[name]):
                return Fault(_invalid(f"/{name}", fault), call_id)
    params = members(envelope["params"])
    assert params is not None, "the check of params says so"
    auth: Any = envelope.get("auth")
    return Call(str(envelope["method"]), dict(params), auth, call_id, "id" not in envelope)


def _is_id(value: Json) -> bool:
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))


# The checks of each member in Zabbix's order, and their faults.
_CHECKS: Mapping[str, Sequence[tuple[Callable[[Json], bool], str]]] = {
    "jsonrpc": [
        (lambda value: isinstance(value, str), A_STRING),
        (lambda value: value == "2.0", 'value must be "2.0".'),
    ],
    "method": [(lambda value: isinstance(value, str), A_STRING)],
    "params": [(lambda value: isinstance(value, list | dict), "an array or object is expected.")],
    "auth": [
        (lambda value: value is None or isinstance(value, str), A_STRING),
        (lambda value: value != "", "cannot be empty."),
    ],
    "id": [(_is_id, "a string, number or null value is expected.")],
}
_REQUIRED = ("jsonrpc", "method", "params")


def _number_of_zabbix(value: Json) -> Id:
    """An id as Zabbix writes it back: an integer beyond 64 bits is a float, a float without a fraction an integer."""
    if isinstance(value, int) and value not in INT64:
        return float(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_FLOAT:
        return int(value)
    return value if isinstance(value, int | float | str) else None


def _invalid(path: str, fault: str) -> ApiError:
    return ApiError(INVALID_REQUEST, f'Invalid parameter "{path}": {fault}')
