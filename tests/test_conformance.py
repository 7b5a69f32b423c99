"""Every recorded exchange with a real Zabbix 7.0.22, replayed."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import EXCHANGES, READS, Client, json_lines

VOLATILE = {"attempt_failed", "attempt_ip", "attempt_clock"}  # change with every failed login
CASES = [*json_lines(EXCHANGES), *json_lines(READS)]


def unordered(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(map(unordered, value), key=lambda element: json.dumps(element, sort_keys=True))
    if isinstance(value, dict):
        return {name: "?" if name in VOLATILE else unordered(element) for name, element in value.items()}
    return value


def ordered(value: Any) -> Any:
    """Rows keep their order; the objects related to one row have none of their own."""
    if isinstance(value, list):
        return [unordered(row) if isinstance(row, dict) else row for row in value]
    if isinstance(value, dict):
        return {name: unordered(element) for name, element in value.items()}
    return value


def body_of(case: dict[str, Any], login: Callable[[str], str]) -> tuple[str, dict[str, str]]:
    """The request's body and headers, its user logged in."""
    if "body" in case:
        return case["body"], {}
    request, headers = dict(case["request"]), {}
    if case["as"] and case["auth"] == "param":
        request["auth"] = login(case["as"])
    elif case["as"]:
        headers["Authorization"] = "Bearer " + login(case["as"])
    return json.dumps(request), headers


def assert_same(want: dict[str, Any], got: dict[str, Any], compare: str) -> None:
    assert want.keys() == got.keys()
    assert (got["jsonrpc"], got["id"], type(got["id"])) == ("2.0", want["id"], type(want["id"]))
    if "error" in want:
        assert got["error"] == want["error"]
    elif isinstance(want["result"], str) and re.fullmatch(r"7\.0\.\d+", want["result"]):
        assert re.fullmatch(r"7\.0\.\d+", got["result"])
    else:
        normal = unordered if compare == "set" else ordered
        assert normal(got["result"]) == normal(want["result"])


def test_there_are_all_exchanges() -> None:
    assert len(CASES) == 1057 + 755


@pytest.mark.parametrize("category", sorted({case["category"] for case in CASES}))
def test_exchanges_agree(client: Client, category: str) -> None:
    for case in CASES:
        if case["category"] != category:
            continue
        body, headers = body_of(case, client.login)
        status, text = client.post(body, case["content_type"], headers)
        assert status == case["status"], case
        want = case.get("response")
        if want is None:
            assert text == "", case
            continue
        got = json.loads(text)
        assert isinstance(got, list) == isinstance(want, list), case
        pairs = list(zip(want, got, strict=True)) if isinstance(want, list) else [(want, got)]
        for wanted, given in pairs:
            assert_same(wanted, given, case["compare"])
