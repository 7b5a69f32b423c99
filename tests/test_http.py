"""The endpoint over HTTP: paths, methods, content types, CORS, sizes, and what a fault of the server looks like."""

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import Server, serving
from tests.wire import call, exchange, execute

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type,Authorization",
    "Access-Control-Allow-Methods": "POST,OPTIONS",
    "Access-Control-Max-Age": "1000",
}
VERSION = json.dumps(call("apiinfo.version", [], id=1)).encode()
ANSWER = {"jsonrpc": "2.0", "result": "7.0.22", "id": 1}
ENDPOINT = "/api_jsonrpc.php"
JSON = {"Content-Type": "application/json"}
CHUNKED = {"Transfer-Encoding": "chunked"}
BODY_LIMIT = 64 * 1024


class Answered:
    """An HTTP answer as a whole."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()


def ask(
    port: int, method: str = "POST", path: str = ENDPOINT, body: Any = VERSION, headers: dict[str, str] = JSON
) -> Answered:
    """A request over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers, encode_chunked="Transfer-Encoding" in headers)
        return Answered(connection.getresponse())
    finally:
        connection.close()


def assert_cors(answered: Answered) -> None:
    assert {name: answered.headers[name] for name in CORS} == CORS


@pytest.fixture(scope="module")
def small_server(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes bodies of up to 64 KiB."""
    path = tmp_path_factory.mktemp("small") / "alertrpc.db"
    path.write_bytes(loaded_database.read_bytes())
    with serving(path, "--body-limit", "64K") as server:
        yield server


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json-rpc",
        "application/json",
        "application/jsonrequest",
        "application/json; charset=utf-8",
        "application/json;",
        "application/json-rpc;q=1;x=y",
    ],
)
def test_content_type_is_taken(shared_server: Server, content_type: str) -> None:
    answered = ask(shared_server.port, headers={"Content-Type": content_type})
    assert (answered.status, json.loads(answered.body)) == (200, ANSWER)
    assert answered.headers["Content-Type"] == "application/json"
    assert_cors(answered)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "text/json"},
        {"Content-Type": "Application/JSON"},
        {"Content-Type": "application/json-rpc2"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
def test_another_content_type_is_412_without_a_body(shared_server: Server, headers: dict[str, str]) -> None:
    answered = ask(shared_server.port, headers=headers)
    assert (answered.status, answered.body) == (412, b"")
    assert_cors(answered)


@pytest.mark.parametrize("path", [ENDPOINT, "/zabbix/api_jsonrpc.php", "/jsonrpc"])
def test_options_is_answered_at_once(shared_server: Server, path: str) -> None:
    answered = ask(shared_server.port, "OPTIONS", path, None, {"Origin": "http://grafana.example.com"})
    assert (answered.status, answered.body) == (200, b"")
    assert_cors(answered)


@pytest.mark.parametrize(
    "path",
    [
        ENDPOINT,
        "/zabbix/api_jsonrpc.php",
        "/monitoring/zabbix/api_jsonrpc.php",
        "//api_jsonrpc.php",
        "/a%20b/api_jsonrpc.php",
        "/api_jsonrpc.php?lang=en",
        "/jsonrpc",
    ],
)
def test_path_is_the_endpoint(shared_server: Server, path: str) -> None:
    answered = ask(shared_server.port, path=path)
    assert (answered.status, json.loads(answered.body)) == (200, ANSWER)


@pytest.mark.parametrize(
    "path", ["/", "/zabbix", "/api_jsonrpc", "/xapi_jsonrpc.php", "/api_jsonrpc.php/x", "/x/jsonrpc", "/healthz/x"]
)
def test_nothing_is_elsewhere(shared_server: Server, path: str) -> None:
    assert ask(shared_server.port, path=path).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_http_method_does_not_matter(shared_server: Server, method: str) -> None:
    answered = ask(shared_server.port, method)
    assert (answered.status, json.loads(answered.body)) == (200, ANSWER)


def test_get_of_a_browser_is_412(shared_server: Server) -> None:
    assert ask(shared_server.port, "GET", body=None, headers={}).status == 412


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_body_may_come_in_chunks(shared_server: Server, size: int) -> None:
    chunks = [VERSION[start : start + size] for start in range(0, len(VERSION), size)]
    answered = ask(shared_server.port, body=iter(chunks), headers=JSON | CHUNKED)
    assert (answered.status, json.loads(answered.body)) == (200, ANSWER)


def padded(size: int) -> bytes:
    """A call of so many bytes."""
    return VERSION + b" " * (size - len(VERSION))


def test_body_of_the_limit_is_taken(small_server: Server) -> None:
    answered = ask(small_server.port, body=padded(BODY_LIMIT))
    assert (answered.status, json.loads(answered.body)) == (200, ANSWER)


@pytest.mark.parametrize("more", [1, 1024])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_larger_body_is_413(small_server: Server, more: int, is_chunked: bool) -> None:
    body = padded(BODY_LIMIT + more)
    content = iter([body[:30_000], body[30_000:]]) if is_chunked else body
    answered = ask(small_server.port, body=content, headers=JSON | CHUNKED if is_chunked else JSON)
    assert answered.status == 413
    assert_cors(answered)
    assert ask(small_server.port).status == 200


def test_errors_of_json_rpc_are_200_with_cors(shared_server: Server) -> None:
    answered = ask(shared_server.port, body=b"{")
    assert answered.status == 200
    assert json.loads(answered.body)["error"]["code"] == -32700
    assert_cors(answered)


def test_notification_is_answered_empty_with_cors(shared_server: Server) -> None:
    answered = ask(shared_server.port, body=json.dumps(call("apiinfo.version", [])))
    assert (answered.status, answered.body) == (200, b"")
    assert_cors(answered)


def test_streamed_answer_has_cors(shared_server: Server) -> None:
    login = call("user.login", {"username": "Admin", "password": "zabbix"}, id=1)
    related = dict.fromkeys(("selectHosts", "selectUsers", "selectMediatypes"), "extend")
    every = call("alert.get", related, auth=exchange(shared_server.port, login)["result"], id=1)
    answered = ask(shared_server.port, body=json.dumps(every))
    assert answered.headers["Transfer-Encoding"] == "chunked"
    assert answered.headers["Content-Type"] == "application/json"
    assert_cors(answered)


def health(port: int) -> tuple[int, Any]:
    answered = ask(port, "GET", "/healthz", None, {})
    return answered.status, json.loads(answered.body)


def test_health(shared_server: Server) -> None:
    assert health(shared_server.port) == (200, {"status": "ok"})


def test_health_tells_of_a_broken_database(server: Server, database: Path) -> None:
    execute(database, "ALTER TABLE role RENAME TO lost")
    assert health(server.port) == (503, {"status": "error", "reason": "database"})
    execute(database, "ALTER TABLE lost RENAME TO role")
    assert health(server.port) == (200, {"status": "ok"})


def test_unexpected_fault_tells_a_reference_and_nothing_else(server: Server, database: Path) -> None:
    login = call("user.login", {"username": "Admin", "password": "zabbix"}, id=1)
    auth = exchange(server.port, login)["result"]
    execute(database, "ALTER TABLE alerts RENAME TO lost")
    batch = [call("alert.get", {}, auth=auth, id=7), call("apiinfo.version", [], id=8)]
    broken, whole = exchange(server.port, batch)
    assert whole["result"] == "7.0.22"
    assert (broken["jsonrpc"], broken["id"], broken["error"]["code"]) == ("2.0", 7, -32603)
    assert broken["error"]["message"] == "Internal error."
    found = re.fullmatch(r"Internal error, reference ([0-9a-f]{16})\.", broken["error"]["data"])
    assert found
    log = server.log.read_text()
    assert f"reference {found[1]}" in log
    assert "no such table: alerts" in log
    execute(database, "ALTER TABLE lost RENAME TO alerts")
    assert "result" in exchange(server.port, call("alert.get", {}, auth=auth, id=7))
