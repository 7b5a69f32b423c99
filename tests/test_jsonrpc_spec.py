"""The examples of the JSON-RPC 2.0 specification (section 7) with the methods that there are, and Zabbix's deviations:
`params` is required, `data` always there, and a batch is answered in order.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import Client, Server, run_alertrpc
from tests.wire import call, error, exchange, execute

VERSION = "apiinfo.version"
PARSE = error(-32700, "Parse error", "Invalid JSON. An error occurred on the server while parsing the JSON text.")
NO_REQUEST = error(-32600, "Invalid request.", "The received JSON is not a valid JSON-RPC request.")
NO_ARRAY = error(-32600, "Invalid request.", 'Invalid parameter "/": an array is expected.')


def version(call_id: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "result": "7.0.22", "id": call_id}


def answer_to(client: Client, body: str) -> Any:
    """The decoded answer, None for an empty one."""
    status, text = client.post(body)
    assert status == 200
    return json.loads(text) if text else None


EXAMPLES = {
    "positional params": (
        '{"jsonrpc": "2.0", "method": "apiinfo.version", "params": [42, 23], "id": 1}',
        error(-32602, "Invalid params.", 'Invalid parameter "/": should be empty.', 1),
    ),
    "named params": (
        '{"jsonrpc": "2.0", "method": "user.login", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}',
        error(-32602, "Invalid params.", 'Invalid parameter "/": unexpected parameter "subtrahend".', 3),
    ),
    "no params, as a list": ('{"jsonrpc": "2.0", "method": "apiinfo.version", "params": [], "id": 2}', version(2)),
    "no params, as an object": ('{"jsonrpc": "2.0", "method": "apiinfo.version", "params": {}, "id": 4}', version(4)),
    "params left out": (
        '{"jsonrpc": "2.0", "method": "apiinfo.version", "id": 4}',
        error(-32600, "Invalid request.", 'Invalid parameter "/": the parameter "params" is missing.', 4),
    ),
    "a notification": ('{"jsonrpc": "2.0", "method": "apiinfo.version", "params": []}', None),
    "a notification of no method": ('{"jsonrpc": "2.0", "method": "foobar", "params": []}', None),
    "a notification with wrong params": ('{"jsonrpc": "2.0", "method": "apiinfo.version", "params": [1]}', None),
    "a notification without a credential": ('{"jsonrpc": "2.0", "method": "alert.get", "params": []}', None),
    "no method": (
        '{"jsonrpc": "2.0", "method": "foobar", "params": [], "id": "1"}',
        error(-32601, "Method not found.", 'Incorrect API "foobar".', "1"),
    ),
    "invalid JSON": ('{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', PARSE),
    "an empty body": ("", PARSE),
    "an invalid request": (
        '{"jsonrpc": "2.0", "method": 1, "params": "bar"}',
        error(-32600, "Invalid request.", 'Invalid parameter "/method": a character string is expected.'),
    ),
    "a batch of invalid JSON": (
        '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method"]',
        PARSE,
    ),
    "an empty array": ("[]", NO_REQUEST),
    "an empty object": ("{}", NO_REQUEST),
    "an invalid batch": ("[1]", [NO_ARRAY]),
    "an invalid batch of three": ("[1,2,3]", [NO_ARRAY] * 3),
    "a mixed batch": (
        """[
            {"jsonrpc": "2.0", "method": "apiinfo.version", "params": [], "id": "1"},
            {"jsonrpc": "2.0", "method": "apiinfo.version", "params": []},
            {"jsonrpc": "2.0", "method": "apiinfo.version", "params": [42, 23], "id": "2"},
            {"foo": "boo"},
            {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
            {"jsonrpc": "2.0", "method": "apiinfo.version", "params": [], "id": "9"}
        ]""",
        [
            version("1"),
            error(-32602, "Invalid params.", 'Invalid parameter "/": should be empty.', "2"),
            error(-32600, "Invalid request.", 'Invalid parameter "/": unexpected parameter "foo".'),
            error(-32601, "Method not found.", 'Incorrect API "foo".', "5"),
            version("9"),
        ],
    ),
    "a batch of notifications": (
        """[
            {"jsonrpc": "2.0", "method": "apiinfo.version", "params": []},
            {"jsonrpc": "2.0", "method": "foobar", "params": [7]}
        ]""",
        None,
    ),
}


@pytest.mark.parametrize(("body", "expected"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_example(client: Client, body: str, expected: Any) -> None:
    assert answer_to(client, body) == expected


def test_named_params_have_no_order(client: Client) -> None:
    auth = client.login("Admin")
    one = {"output": ["alertid", "clock"], "limit": 7, "sortfield": "clock"}
    other = dict(reversed(one.items()))
    rows = client.request("alert.get", one, auth=auth)["result"]
    assert len(rows) == 7
    assert client.request("alert.get", other, auth=auth)["result"] == rows


@pytest.mark.parametrize(
    ("given", "returned"),
    [
        ("1", 1),
        ("0", 0),
        ("-7", -7),
        ("9007199254740993", 9007199254740993),
        ("9223372036854775807", 9223372036854775807),
        ("1.5", 1.5),
        ("1.0", 1),
        ("null", None),
        ('"1"', "1"),
        ('""', ""),
        ('"ключ \\ud83d\\udd25"', "ключ 🔥"),
    ],
)
@pytest.mark.parametrize("method", [VERSION, "foobar"])
def test_id_comes_back_with_its_type(client: Client, given: str, returned: Any, method: str) -> None:
    body = f'{{"jsonrpc": "2.0", "method": "{method}", "params": [], "id": {given}}}'
    answered = answer_to(client, body)["id"]
    assert (answered, type(answered)) == (returned, type(returned))


@pytest.mark.parametrize("wrong", ["true", "false", "[]", "[1]", "{}", '{"a": 1}'])
def test_an_id_of_another_type_is_an_error_without_one(client: Client, wrong: str) -> None:
    body = f'{{"jsonrpc": "2.0", "method": "apiinfo.version", "params": [], "id": {wrong}}}'
    fault = 'Invalid parameter "/id": a string, number or null value is expected.'
    assert answer_to(client, body) == error(-32600, "Invalid request.", fault)


@pytest.mark.parametrize(
    "method", ["apiinfo.version", "APIINFO.VERSION", "ApiInfo.Version", "apiinfo.version.more", "apiinfo.Version..x"]
)
def test_letter_case_and_a_second_dot_do_not_count(client: Client, method: str) -> None:
    assert client.request(method, []) == version(1)


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("", 'Incorrect API "".'),
        ("version", 'Incorrect API "version".'),
        (".version", 'Incorrect API "".'),
        (" apiinfo.version", 'Incorrect API " apiinfo".'),
        ("apiinfo", 'Incorrect method "apiinfo.".'),
        ("apiinfo.", 'Incorrect method "apiinfo.".'),
        ("apiinfo..version", 'Incorrect method "apiinfo.".'),
        ("Alert.Create", 'Incorrect method "Alert.Create".'),
        ("user.create.login", 'Incorrect method "user.create".'),
    ],
)
def test_method_is_not_found(client: Client, method: str, fault: str) -> None:
    assert client.request(method, []) == error(-32601, "Method not found.", fault, 1)


NO_SESSION = "0" * 32
WRONG = {"nosuch": 1}
ORDER = {
    "envelope": (
        {**call("nosuch.get", WRONG, auth=NO_SESSION, id=1), "jsonrpc": "1.0"},
        (-32600, 'Invalid parameter "/jsonrpc": value must be "2.0".'),
    ),
    "API": (call("nosuch.get", WRONG, auth=NO_SESSION, id=1), (-32601, 'Incorrect API "nosuch".')),
    "method": (call("alert.nosuch", WRONG, auth=NO_SESSION, id=1), (-32601, 'Incorrect method "alert.nosuch".')),
    "unknown credential": (
        call("alert.get", WRONG, auth=NO_SESSION, id=1),
        (-32602, "Session terminated, re-login, please."),
    ),
    "no credential": (call("alert.get", WRONG, id=1), (-32602, "Not authorized.")),
    "a credential too many": (
        call("user.login", WRONG, auth=NO_SESSION, id=1),
        (-32602, 'The "user.login" method must be called without the "auth" parameter.'),
    ),
}


@pytest.mark.parametrize(("request_", "fault"), ORDER.values(), ids=ORDER.keys())
def test_first_check_that_fails_answers(client: Client, request_: dict[str, Any], fault: tuple[int, str]) -> None:
    answered = answer_to(client, json.dumps(request_))["error"]
    assert (answered["code"], answered["data"]) == fault


def test_role_is_checked_before_params(server: Server, database: Path) -> None:
    added = run_alertrpc(
        "user", "add", "muted", "--database", f"sqlite:///{database}", env={"ALERTRPC_PASSWORD": "hush"}
    )
    assert added.returncode == 0, added.stderr
    login = call("user.login", {"username": "muted", "password": "hush"}, id=1)
    wrong = call("alert.get", WRONG, auth=exchange(server.port, login)["result"], id=1)
    assert exchange(server.port, wrong) == error(
        -32602, "Invalid params.", 'Invalid parameter "/": unexpected parameter "nosuch".', 1
    )
    execute(database, "UPDATE users SET roleid = 4 WHERE username = 'muted'")
    assert exchange(server.port, wrong) == error(-32500, "Application error.", 'No permissions to call "alert.get".', 1)


def test_thousand_calls_are_a_batch(client: Client) -> None:
    batch = [call(VERSION, [], id=number) for number in range(1000)]
    assert answer_to(client, json.dumps(batch)) == [version(number) for number in range(1000)]


def test_more_than_thousand_calls_are_none(client: Client) -> None:
    batch = [call(VERSION, [], id=number) for number in range(1001)]
    assert answer_to(client, json.dumps(batch)) == error(
        -32600, "Invalid request.", "The batch has 1001 calls, 1000 are allowed."
    )


def test_long_and_short_answers_are_one_array_in_order(client: Client) -> None:
    auth = client.login("Admin")
    every = client.request("alert.get", {"selectHosts": "extend"}, auth=auth)["result"]
    assert len(every) > 500, "so many that they are streamed"
    batch = [
        call(VERSION, [], id="first"),
        call("alert.get", {"selectHosts": "extend"}, auth=auth, id=1),
        call("alert.get", {}, auth=auth),
        call("alert.get", {"limit": 3, "output": ["alertid"]}, auth=auth, id=2),
        call("alert.get", {"selectHosts": "extend"}, auth=auth, id=3),
        call("alert.get", {"limit": 0}, auth=auth, id=4),
        call(VERSION, [], id="last"),
    ]
    answers = answer_to(client, json.dumps(batch))
    assert [answer["id"] for answer in answers] == ["first", 1, 2, 3, 4, "last"]
    assert answers[1]["result"] == answers[3]["result"] == every
    assert [row["alertid"] for row in answers[2]["result"]] == [row["alertid"] for row in every[:3]]
    assert answers[4]["error"]["data"] == 'Invalid parameter "/limit": value must be one of 1-2147483647.'
    assert answers[0] == version("first")
    assert answers[5] == version("last")
