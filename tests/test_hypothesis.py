"""Whatever comes in, a valid JSON-RPC answer goes out: HTTP 200, no internal error, and soon."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.jsons import examples
from tests.support import Client, Server
from tests.wire import call

CODES = {-32700, -32600, -32601, -32602, -32500}
METHODS = ["apiinfo.version", "user.login", "user.logout", "user.checkAuthentication", "alert.get"]
NO_SESSION = "0" * 32
# --- what comes in

numbers = st.integers(-(2**70), 2**70) | st.integers(-3, 10) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=20) | st.sampled_from(["", "0", "1", "2147483648", "extend", "count", "ASC", "*", "%", "\0"])
scalars = st.none() | st.booleans() | numbers | texts
jsons = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)


def nearly(*likely: Any) -> st.SearchStrategy[Any]:
    """One of the likely values, or any JSON."""
    return st.sampled_from(likely) | jsons


envelopes = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": nearly("2.0"),
        "method": nearly(*METHODS),
        "params": nearly([], {}),
        "id": nearly(1, "x"),
        "auth": nearly(NO_SESSION, None),
    },
)
calls = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "method": st.sampled_from(METHODS), "params": jsons}, optional={"id": jsons}
)
requests = jsons | envelopes | calls
bodies = requests | st.lists(requests, max_size=5) | st.dictionaries(st.sampled_from("0123"), requests, max_size=4)

FIELDS = ["alertid", "actionid", "eventid", "userid", "clock", "mediatypeid", "status", "sendto", "subject", "message"]
ids = nearly("1", 1, [], ["300001", 300004], {"a": "30011"}, None, 2**63 - 1, 2**63, "9" * 30)
flags = nearly(True, False, None, 1, "")
fields = nearly("extend", "count", [], ["alertid"], ["hostid"], ["userid"], FIELDS, None)
field_values = st.dictionaries(
    st.sampled_from(FIELDS), scalars | st.lists(scalars, max_size=4) | jsons, max_size=3
) | nearly(None, {}, [])
integers = nearly(*range(7), "0", "3", None)
alert_params: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(
        ("alertids", "groupids", "hostids", "objectids", "actionids", "eventids", "mediatypeids", "userids"), ids
    ),
    **dict.fromkeys(("eventsource", "eventobject", "time_from", "time_till"), integers),
    **dict.fromkeys(("output", "selectHosts", "selectMediatypes", "selectUsers"), fields),
    **dict.fromkeys(("filter", "search"), field_values),
    **dict.fromkeys(
        (
            "searchByAny",
            "startSearch",
            "excludeSearch",
            "searchWildcardsEnabled",
            "countOutput",
            "groupCount",
            "editable",
            "preservekeys",
            "nopermissions",
        ),
        flags,
    ),
    "sortfield": nearly("clock", "alertid", ["clock", "eventid"], FIELDS[:2]),
    "sortorder": nearly("ASC", "DESC", ["DESC", "ASC"]),
    "limit": nearly(1, "5", 300, None, 0, 2**31),
}
likely_params: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(alert_params, st.booleans()),
    **{name: st.lists(st.integers(0, 400_000), max_size=3) for name in alert_params if name.endswith("ids")},
    "eventsource": st.integers(0, 4),
    "eventobject": st.integers(0, 6),
    "time_from": st.integers(0, 2**31 - 1),
    "time_till": st.integers(0, 2**31 - 1),
    "output": st.just("extend") | st.lists(st.sampled_from(FIELDS), unique=True),
    **dict.fromkeys(("selectHosts", "selectMediatypes", "selectUsers"), st.just("extend") | st.just([])),
    "filter": st.dictionaries(st.sampled_from(["alertid", "status", "userid"]), st.lists(numbers | texts, max_size=3)),
    "search": st.dictionaries(
        st.sampled_from(["sendto", "subject", "message", "error"]), st.lists(numbers | st.text(), max_size=3)
    ),
    "sortfield": st.lists(st.sampled_from(["alertid", "clock", "eventid", "status", "sendto"]), unique=True),
    "sortorder": st.sampled_from(["ASC", "DESC"]) | st.lists(st.sampled_from(["ASC", "DESC"])),
    "limit": st.integers(1, 2**31 - 1),
}
# Names of users that there are would be blocked for the other tests.
login_params = st.fixed_dictionaries(
    {},
    optional={
        "username": nearly("nosuchuser", "", "x" * 101),
        "user": nearly("nosuchuser"),
        "password": nearly("zabbix", "", "x" * 256),
        "userData": flags,
    },
)
check_params = st.fixed_dictionaries(
    {}, optional={"sessionid": nearly(NO_SESSION, ""), "token": nearly("0" * 64), "extend": flags}
)
header_values = st.text(st.characters(codec="latin-1", categories=["L", "N", "P", "S", "Zs"]), max_size=70)

# --- what goes out


def assert_response(response: Any) -> None:
    """One response object: of its members, exactly one of result and error."""
    assert isinstance(response, dict)
    assert response.keys() in ({"jsonrpc", "result", "id"}, {"jsonrpc", "error", "id"})
    assert response["jsonrpc"] == "2.0"
    assert response["id"] is None or type(response["id"]) in (int, float, str)
    if "error" in response:
        fault = response["error"]
        assert fault.keys() == {"code", "message", "data"}
        assert fault["code"] in CODES, response
        assert isinstance(fault["message"], str)
        assert isinstance(fault["data"], str)


def answered(client: Client, body: bytes | str, headers: dict[str, str] | None = None) -> Any:
    """The decoded answer, None for an empty one."""
    status, text = client.post(body, headers=headers)
    assert status == 200, (status, text)
    if not text:
        return None
    answer = json.loads(text)
    for response in answer if isinstance(answer, list) else [answer]:
        assert_response(response)
    return answer


@pytest.fixture
def auth(client: Client) -> str:
    return client.login("Admin")


@pytest.fixture
def limited_auth(shared_server: Server) -> Iterator[str]:
    """A session of a user who sees a part."""
    with closing(Client(shared_server.port)) as client:
        yield client.login("auditor")


@given(body=bodies)
def test_any_json_is_answered(client: Client, body: Any) -> None:
    if answered(client, json.dumps(body)) is None:  # then there were notifications alone
        assert isinstance(body, list | dict)
        assert "id" not in body
        assert not isinstance(body, list) or all(isinstance(element, dict) and "id" not in element for element in body)


@given(body=st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_answered(client: Client, body: bytes) -> None:
    answered(client, body)


@given(body=calls, cut=st.integers(0, 200))
def test_any_part_of_a_call_is_answered(client: Client, body: Any, cut: int) -> None:
    answered(client, json.dumps(body)[:cut])


@given(value=header_values | header_values.map("Bearer {}".format))
def test_any_authorization_header_is_answered(client: Client, value: str) -> None:
    answer = answered(client, json.dumps(call("alert.get", {}, id=1)), {"Authorization": value})
    assert answer["error"]["data"] in ("Not authorized.", "Session terminated, re-login, please.")


@given(credential=st.text(min_size=1, max_size=70))
def test_any_credential_in_the_body_is_answered(client: Client, credential: str) -> None:
    answer = answered(client, json.dumps(call("alert.get", {}, auth=credential, id=1)))
    assert answer["error"]["data"] in ("Not authorized.", "Session terminated, re-login, please.")


@pytest.mark.parametrize("name", alert_params)
@examples(1 / 3)
@given(data=st.data())
def test_any_value_of_a_parameter_is_answered(client: Client, auth: str, name: str, data: st.DataObject) -> None:
    params = {"limit": 20, name: data.draw(alert_params[name])}
    answered(client, json.dumps(call("alert.get", params, auth=auth, id=1)))


@given(params=st.fixed_dictionaries({}, optional=alert_params))
def test_any_parameters_of_alert_get_are_answered(client: Client, auth: str, params: dict[str, Any]) -> None:
    answered(client, json.dumps(call("alert.get", params, auth=auth, id=1)))


@given(params=st.fixed_dictionaries({}, optional=likely_params))
def test_right_parameters_of_alert_get_have_a_result(client: Client, limited_auth: str, params: dict[str, Any]) -> None:
    answer = answered(client, json.dumps(call("alert.get", params, auth=limited_auth, id=1)))
    assert "result" in answer, answer
    result = answer["result"]
    assert isinstance(result, str if params.get("countOutput") and not params.get("groupCount") else list | dict)
    assert len(result) <= params.get("limit", len(result)) or params.get("countOutput")


@examples(1 / 2)  # each makes a bcrypt hash
@given(params=login_params)
def test_any_parameters_of_login_are_answered(client: Client, params: dict[str, Any]) -> None:
    assert "error" in answered(client, json.dumps(call("user.login", params, id=1)))


@given(params=check_params)
def test_any_parameters_of_check_authentication_are_answered(client: Client, params: dict[str, Any]) -> None:
    assert "error" in answered(client, json.dumps(call("user.checkAuthentication", params, id=1)))


@given(method=st.text(max_size=20) | st.sampled_from(METHODS).map("{}.x".format), params=jsons)
def test_any_method_is_answered(client: Client, method: str, params: Any) -> None:
    answered(client, json.dumps(call(method, params, id=1)))


@pytest.mark.parametrize("member", ["alertids", "eventids", "actionids", "hostids"])
def test_very_many_ids_are_answered(client: Client, auth: str, member: str) -> None:
    body = json.dumps(call("alert.get", {member: list(range(200_000))}, id=1))
    answer = answered(client, body, {"Authorization": f"Bearer {auth}"})
    assert "result" in answer


@pytest.mark.parametrize("by_any", [True, False])
@pytest.mark.parametrize("count", [100, 900, 1100, 20_000])
def test_very_many_patterns_are_answered(client: Client, auth: str, count: int, by_any: bool) -> None:
    params = {"search": {"message": [f"pattern {i}" for i in range(count)]}, "searchByAny": by_any}
    answered(client, json.dumps(call("alert.get", params, auth=auth, id=1)))


@pytest.mark.parametrize("count", [2, 200])
def test_patterns_of_many_letters_are_answered(client: Client, auth: str, count: int) -> None:
    patterns = ["".join(map(chr, range(0xC0 + i, 0xE0 + i))) for i in range(count)]
    answered(client, json.dumps(call("alert.get", {"search": {"message": patterns}}, auth=auth, id=1)))


@pytest.mark.parametrize(
    "pattern", ["*a" * 20_000, "*" * 49_000, "a" * 49_000, "%_!" * 10_000, "a" * 60_000, "я" * 30_000]
)
def test_very_long_patterns_are_answered(client: Client, auth: str, pattern: str) -> None:
    params = {"search": {"message": pattern}, "searchWildcardsEnabled": True, "countOutput": True}
    answered(client, json.dumps(call("alert.get", params, auth=auth, id=1)))
