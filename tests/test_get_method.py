"""Statements are kept for requests that differ in their ids alone, and for no others."""

import gc
import json
import tracemalloc
from typing import Any

import pytest

from alertrpc.api.alert import get
from alertrpc.api.get import LONGEST_KEPT
from alertrpc.errors import ApiError
from alertrpc.records import Caller, UserType
from tests.support import Client

ADMIN = Caller(1, UserType.SUPER_ADMIN)
USER = Caller(1, UserType.USER)
DEEPER_THAN_ORJSON_WRITES = 300

TOLD_APART = [
    ({"filter": {"status": 1}}, {"filter": {"status": 1.0}}),
    ({"output": ["alertid", "clock"]}, {"output": ["clock", "alertid"]}),
    ({"time_from": 1}, {"time_from": 2}),
    ({"eventids": []}, {"eventids": [1]}),
    ({"eventids": [1]}, {"eventids": [1, 2]}),
    ({"eventids": [1, 2]}, {"eventids": list(range(200))}),
    ({"userids": [1]}, {"userids": [0]}),
    ({"userids": 1}, {"actionids": 1}),
]


@pytest.mark.parametrize(("one", "other"), TOLD_APART, ids=[json.dumps(pair)[:60] for pair in TOLD_APART])
def test_statements_are_told_apart(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert get.statement(one, ADMIN) != get.statement(other, ADMIN)


def test_callers_have_statements_of_their_own() -> None:
    assert get.statement({}, ADMIN) != get.statement({}, USER)
    assert get.statement({}, USER) != get.statement({}, Caller(2, UserType.USER))


@pytest.mark.parametrize("ids", [[[7], [8]], [[7, 8], [9, 10, 11]]], ids=["one", "a few"])
def test_ids_are_bound_to_one_statement(ids: list[Any]) -> None:
    (first, first_args), (second, second_args) = [get.statement({"eventids": listed}, USER) for listed in ids]
    assert first is second
    assert first_args != second_args


def test_long_parameters_are_compiled_and_not_kept() -> None:
    params: Any = {"search": {"subject": "x" * LONGEST_KEPT}}
    assert get.statement(params, ADMIN) == get.statement(params, ADMIN)
    assert get.statement(params, ADMIN)[0] is not get.statement(params, ADMIN)[0]


def test_few_statements_are_kept_however_many_sets_of_parameters_come() -> None:
    """And nothing of them but these: a thousand sets leave less than a thousandth of a statement each."""
    flags = ["editable", "preservekeys", "searchByAny", "startSearch", "excludeSearch", "searchWildcardsEnabled"]
    selects = ["selectHosts", "selectUsers", "selectMediatypes"]

    def ask(numbers: range) -> None:
        for number in numbers:
            chosen: Any = {name: True for bit, name in enumerate(flags) if number >> bit & 1}
            chosen |= {name: "extend" for bit, name in enumerate(selects, len(flags)) if number >> bit & 1}
            get.statement({**chosen, "limit": number + 1}, ADMIN)

    ask(range(200))
    tracemalloc.start()
    try:
        ask(range(200, 400))
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        ask(range(400, 512))
        ask(range(400))
        ask(range(200, 400))
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 1_000_000
    finally:
        tracemalloc.stop()


def test_deep_parameters_are_a_clear_error(client: Client) -> None:
    deep: Any = []
    for _ in range(DEEPER_THAN_ORJSON_WRITES):
        deep = [deep]
    assert client.call("alert.get", {"filter": {"status": deep}}, user="Admin") == (
        'Invalid parameter "/filter/status/1": a character string, integer or floating point value is expected.'
    )


def test_names_are_checked_before_ids_and_ids_before_others() -> None:
    bad: Any = {"limit": "x", "eventids": "x", "nosuch": 1}
    faults = []
    for name in ("nosuch", "eventids", "limit"):
        with pytest.raises(ApiError) as fault:
            get.statement(bad, ADMIN)
        faults.append(fault.value.data)
        del bad[name]
    assert faults == [
        'Invalid parameter "/": unexpected parameter "nosuch".',
        'Invalid parameter "/eventids": an array is expected.',
        'Invalid parameter "/limit": an integer is expected.',
    ]
