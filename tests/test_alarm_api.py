"""Alarms pushed over HTTP to real servers: the envelope, every fault, and what is on record after it."""

import base64
import gzip
import http.client
import json
import random
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.api.passwords import hash_password
from tests.jsons import jsons
from tests.support import Client, Server, delivering_database, passwords, run_alertrpc, serving
from tests.wire import eventually, execute

ALARMS = "/api/v2/alarm/alarms"
ALERTS = "/api/v2/alerts"
WEBHOOK = "/alertmanager"
PUSHED_TO = [ALARMS, ALERTS, WEBHOOK]
SAMPLE = {"alarmType": "your_alarm_type", "labels": {"key": "value"}, "target": "alarm_target"}
THREADS = 32
BUSY_SECONDS = 10  # how long a write waits for another process
CONFIGURATION = """
scripts_dir = "scripts"

[[media_type]]
name = "example"
type = "script"
script = "ok.sh"

[[user]]
username = "Admin"
media = [ { media_type = "example", sendto = "on-duty" } ]

[[action]]
name = "Tell"
alarm_type = "told_*"
recovery = true
steps = [ { users = ["Admin"], media_types = ["example"] } ]

[[action]]
name = "Forget"
alarm_type = "short_*"
resolve_after = "1s"
steps = [ { users = ["Admin"], media_types = ["example"] } ]
"""


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    envelope: dict[str, Any]

    @property
    def data(self) -> Any:
        assert self.status == 200, self
        return self.envelope["data"]

    @property
    def fault(self) -> str:
        assert (self.envelope["successful"], self.envelope["status"]) == (False, self.status)
        return str(self.envelope["error"]["message"])


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class Api:
    """Requests by one user, each over a connection of its own."""

    def __init__(self, port: int, user: str = "Admin", *, authorization: str | None = None) -> None:
        self.port = port
        self._authorization = basic(user, passwords()[user]) if authorization is None else authorization

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = {}) -> Answer:
        """The answer; a body that is no bytes goes as JSON."""
        sent = {"Authorization": self._authorization, "Content-Type": "application/json", **headers}
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, content, {name: value for name, value in sent.items() if value})
            response = connection.getresponse()
            text = response.read()
            assert response.headers["Content-Type"] == "application/json", (response.status, text)
            return Answer(response.status, dict(response.headers.items()), json.loads(text) if text else {})

    def get(self, path: str) -> Any:
        return self.ask("GET", path).data

    def push(self, body: Any, path: str = ALARMS, **headers: str) -> Any:
        return self.ask("POST", path, body, headers).data

    def alarm(self, eventid: int) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"{ALARMS}/{eventid}")
        return found


class Pushed(NamedTuple):
    """A server, its database, and its Super admin's requests."""

    server: Server
    database: Path
    api: Api


def add_user(database: Path, username: str, roleid: int) -> None:
    execute(
        database,
        "INSERT INTO users (username, passwd, roleid) VALUES (?, ?, ?)",
        username,
        hash_password("secret"),
        roleid,
    )


@pytest.fixture(scope="module")
def pushed(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    """Two workers that deliver through a script."""
    folder = tmp_path_factory.mktemp("pushed")
    database = delivering_database(folder, loaded_database, CONFIGURATION)
    execute(database, "INSERT INTO role (roleid, name, type) VALUES (77, 'Deaf', 3)")
    execute(database, "INSERT INTO role_rule (roleid, name, value_int) VALUES (77, 'api.access', 0)")
    add_user(database, "deaf", 77)
    with serving(database, "--workers", "2", "--config", str(folder / "config.toml")) as server:
        yield Pushed(server, database, Api(server.port))


@pytest.fixture(scope="module")
def tight(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    """A server with narrow limits."""
    database = tmp_path_factory.mktemp("tight") / "alertrpc.db"
    database.write_bytes(loaded_database.read_bytes())
    limits = ("--push-limit", "5", "--body-limit", "2K", "--stall-timeout", "1s")
    with serving(database, *limits) as server:
        yield Pushed(server, database, Api(server.port))


def alarm(alarm_type: str, target: str = "target", **fields: Any) -> dict[str, Any]:
    return {"alarmType": alarm_type, "target": target, **fields}


def iso(seconds_ahead: float) -> str:
    return datetime.fromtimestamp(time.time() + seconds_ahead, UTC).isoformat()


def problems(database: Path, alarm_type: str) -> list[int]:
    """The eventids of all problems of a type."""
    rows = execute(database, "SELECT eventid FROM alarms WHERE alarm_type = ? ORDER BY eventid", alarm_type)
    return [eventid for (eventid,) in rows]


# --- the envelope


def test_the_sample(pushed: Pushed) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    envelope = pushed.api.ask("POST", ALARMS, SAMPLE).envelope
    assert list(envelope) == ["data", "duration", "server", "status", "successful", "timestamp", "traceId"]
    assert (envelope["status"], envelope["successful"]) == (200, True)
    assert envelope["server"] == f"127.0.0.1:{pushed.server.port}"
    assert datetime.fromisoformat(envelope["timestamp"]) >= before
    assert isinstance(envelope["duration"], int)
    assert len(envelope["traceId"]) == 16
    data = envelope["data"]
    assert isinstance(data["id"], int)
    assert datetime.fromisoformat(data["activeAt"]) >= before
    assert data == {
        "id": data["id"],
        "alarmType": "your_alarm_type",
        "appType": None,
        "scope": None,
        "target": "alarm_target",
        "name": "your_alarm_type",
        "level": 3,
        "status": "Active",
        "summary": "",
        "description": "",
        "activeAt": data["activeAt"],
        "updatedAt": data["activeAt"],
        "labels": {"key": "value"},
    }
    assert pushed.api.alarm(data["id"]) == data


FAULTS: list[tuple[str, str, Any, dict[str, str], int, str]] = [
    # method, path, body, headers, status, message
    ("POST", ALARMS, b"", {}, 400, "JSON is expected: "),
    ("POST", ALARMS, b"{", {}, 400, "JSON is expected: "),
    ("POST", ALARMS, b"[" * 100_000, {}, 400, "JSON is expected: "),
    ("POST", ALARMS, b'"\xff"', {}, 400, "JSON is expected: "),
    ("POST", ALARMS, b'{"alarmType": "\\ud800", "target": "x"}', {}, 400, "JSON is expected: "),
    ("POST", ALARMS, 1, {}, 400, "an object or an array of objects is expected"),
    ("POST", ALARMS, [], {}, 400, "an array of 1 to 1000 elements is expected"),
    ("POST", ALARMS, {"target": "x"}, {}, 400, "alarmType: a value is required"),
    ("POST", ALARMS, {"alarmType": "x"}, {}, 400, "target: a value is required"),
    ("POST", ALARMS, alarm("\0"), {}, 400, "alarmType: a value is required"),
    ("POST", ALARMS, alarm("a", labels=[1]), {}, 400, "labels: an object is expected"),
    ("POST", ALARMS, alarm("a", level=6), {}, 400, "level: a whole number from 1 to 5 is expected"),
    ("POST", ALARMS, alarm("a", level=3.5), {}, 400, "level: a whole number from 1 to 5 is expected"),
    ("POST", ALARMS, [SAMPLE, alarm("a", status="Silenced")], {}, 400, "[1].status: one of Active, Inactive"),
    ("POST", ALARMS, SAMPLE, {"Idempotency-Key": "k" * 256}, 400, "Idempotency-Key: 1 to 255 characters"),
    ("POST", ALARMS, b"no gzip", {"Content-Encoding": "gzip"}, 415, "a body without Content-Encoding is expected"),
    ("POST", ALARMS, SAMPLE, {"Content-Type": "text/plain"}, 415, "the Content-Type application/json is expected"),
    ("POST", ALARMS, SAMPLE, {"Content-Type": ""}, 415, "the Content-Type application/json is expected"),
    ("POST", ALERTS, {}, {}, 400, "an array is expected"),
    ("POST", ALERTS, [{"labels": {}}], {}, 400, "[0].labels.alertname: a value is required"),
    ("POST", ALERTS, [], {"Content-Type": "text/plain"}, 415, "the Content-Type application/json is expected"),
    ("POST", WEBHOOK, {}, {}, 400, "version: a value is required"),
    ("POST", WEBHOOK, {"version": "3", "alerts": []}, {}, 400, 'version: "4" is expected'),
    ("GET", f"{ALARMS}/1", None, {}, 404, "there is no alarm 1"),
    ("GET", f"{ALARMS}/x", None, {}, 400, "id: a whole number from 1 to 9223372036854775807 is expected"),
    ("GET", f"{ALARMS}/9223372036854775808", None, {}, 400, "id: a whole number"),
    ("GET", "/api/v2/alarm/nothing", None, {}, 404, "there is nothing at this path"),
    ("POST", f"{ALARMS}/", SAMPLE, {}, 404, "there is nothing at this path"),
    ("PUT", ALARMS, SAMPLE, {}, 405, "PUT is not among the methods here: POST, GET"),
    ("DELETE", f"{ALARMS}/1", None, {}, 405, "DELETE is not among the methods here: GET"),
    ("POST", "/api/v2/alarm/notifications", SAMPLE, {}, 405, "POST is not among the methods here: GET"),
    ("GET", ALERTS, None, {}, 405, "GET is not among the methods here: POST"),
    ("OPTIONS", WEBHOOK, None, {}, 405, "OPTIONS is not among the methods here: POST"),
    ("POST", "/api/v2/alarm/channels/none/test", {"sendto": "x"}, {}, 404, "there is no channel of this name"),
    ("POST", "/api/v2/alarm/channels/%00/test", {"sendto": "x"}, {}, 404, "there is no channel of this name"),
    ("POST", "/api/v2/alarm/channels/none/test", {}, {}, 400, "sendto: a value is required"),
    ("POST", "/api/v2/alarm/channels/none/test", {"sendto": "x"}, {"Content-Type": "text/plain"}, 415, "the Content-"),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status", "message"), FAULTS)
def test_a_fault(
    pushed: Pushed, method: str, path: str, body: Any, headers: dict[str, str], status: int, message: str
) -> None:
    answer = pushed.api.ask(method, path, body, headers)
    assert (answer.status, answer.fault[: len(message)]) == (status, message)
    assert list(answer.envelope) == ["error", "duration", "server", "status", "successful", "timestamp", "traceId"]
    codes = {"there is no alarm 1": 70001, "there is no channel of this name": 40001}
    assert answer.envelope["error"]["code"] == codes.get(message, status)
    assert answer.headers["Server"] == "alertrpc"
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_host_of_any_bytes(pushed: Pushed) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", pushed.server.port, timeout=60)) as connection:
        connection.putrequest("GET", ALARMS, skip_host=True)
        connection.putheader("Host", b"\xff")
        connection.endheaders()
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["server"]) == (401, "?")


@pytest.mark.parametrize("path", PUSHED_TO)
@pytest.mark.parametrize(
    ("user", "status"), [("noc", 403), ("disabled", 403), ("deaf", 403), ("nobody", 401), ("dba", 400)]
)
def test_who_may_push(pushed: Pushed, path: str, user: str, status: int) -> None:
    api = Api(pushed.server.port, authorization=basic(user, passwords().get(user, "secret")))
    answer = api.ask("POST", path, "no alarm")
    assert answer.status == status, answer.fault
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_jsonrpc_stays_at_every_path(pushed: Pushed) -> None:
    client = Client(pushed.server.port, "/api/v2/api_jsonrpc.php")
    assert client.request("apiinfo.version", [])["result"].startswith("7.")
    client.close()


def test_head_is_get_without_a_body(pushed: Pushed) -> None:
    answer = pushed.api.ask("HEAD", ALARMS)
    assert (answer.status, answer.envelope) == (200, {})


# --- limits


def test_a_large_body(tight: Pushed) -> None:
    body = alarm("large", description="d" * 4096)
    for content, headers, status in (
        (json.dumps(body).encode(), {}, 413),
        (gzip.compress(json.dumps(body).encode()), {"Content-Encoding": "gzip"}, 415),
    ):
        answer = tight.api.ask("POST", ALARMS, content, headers)
        assert answer.status == status
        assert answer.fault
    assert problems(tight.database, "large") == []


def test_a_body_that_does_not_come(tight: Pushed) -> None:
    answer = tight.api.ask("POST", ALARMS, b'{"alarmType": ', {"Content-Length": "1000"})
    assert (answer.status, answer.fault) == (408, "the body did not come in time")


def test_the_push_limit(tight: Pushed) -> None:
    dba = Api(tight.server.port, "dba")
    if time.monotonic() % 60 > 55:
        time.sleep(60 - time.monotonic() % 60)  # the limit is one of whole minutes
    first = dba.ask("POST", ALARMS, [alarm("limited", target=str(n)) for n in range(3)])
    assert (first.status, first.headers["RateLimit-Limit"], first.headers["RateLimit-Remaining"]) == (200, "5", "2")
    refused = dba.ask("POST", ALARMS, [alarm("refused", target=str(n)) for n in range(3)])
    assert (refused.status, refused.fault) == (429, "more than 5 alarms a minute")
    assert (refused.headers["RateLimit-Limit"], refused.headers["RateLimit-Remaining"]) == ("5", "2")
    assert 1 <= int(refused.headers["Retry-After"]) == int(refused.headers["RateLimit-Reset"]) <= 60
    last = dba.ask("POST", ALARMS, [alarm("limited", target=str(n)) for n in range(2)])
    assert (last.status, last.headers["RateLimit-Remaining"]) == (200, "0")
    assert dba.ask("POST", ALARMS, SAMPLE).status == 429
    assert tight.api.ask("POST", ALARMS, SAMPLE).status == 200  # another user's
    assert dba.ask("GET", ALARMS).status == 200
    assert (len(problems(tight.database, "limited")), problems(tight.database, "refused")) == (3, [])


def test_a_locked_database(pushed: Pushed) -> None:
    """Another process writes for longer than a push waits: the sender is told, and nothing is half done."""
    known, key = pushed.api.push(alarm("locked"))["id"], {"Idempotency-Key": "locked"}
    both = [alarm("locked"), alarm("locked", target="new")]
    with closing(sqlite3.connect(pushed.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = pushed.api.ask("POST", ALARMS, both, key)
        assert pushed.api.alarm(known)["status"] == "Active"
        other.execute("ROLLBACK")
    assert (answer.status, answer.fault) == (503, "The database is busy with other writes; try again later.")
    assert answer.headers["Retry-After"] == "5"
    assert answer.envelope["duration"] >= BUSY_SECONDS * 1000 - 500
    assert problems(pushed.database, "locked") == [known]
    again = pushed.api.push(both, **key)
    assert problems(pushed.database, "locked") == [one["id"] for one in again]


# --- what a push does


def test_an_array_is_taken_whole_or_not_at_all(pushed: Pushed) -> None:
    many_alarms = [alarm("array", target=str(n), level=1 + n % 5) for n in range(1000)]
    wrong = pushed.api.ask("POST", ALARMS, [*many_alarms[:999], alarm("array", target="")])
    assert (wrong.status, wrong.fault[:14]) == (400, "[999].target: ")
    assert problems(pushed.database, "array") == []
    data = pushed.api.push(many_alarms)
    assert [(one["target"], one["level"]) for one in data] == [(str(n), 1 + n % 5) for n in range(1000)]
    assert sorted(one["id"] for one in data) == problems(pushed.database, "array")


def test_one_alarm_many_times_in_an_array(pushed: Pushed) -> None:
    fired, over = alarm("turns"), alarm("turns", status="Inactive")
    data = pushed.api.push([over, fired, {**fired, "level": 1}, over, over, fired])
    first, second = problems(pushed.database, "turns")
    assert [one["id"] for one in data] == [None, first, first, first, first, second]
    assert [one["status"] for one in data] == ["Inactive"] * 5 + ["Active"]
    assert data[1]["level"] == 1


def test_the_same_alarm_again_updates_it(pushed: Pushed) -> None:
    first = pushed.api.push(alarm("again", labels={"a": "1", "b": "2"}, level=4, summary="s", description="d"))
    time.sleep(0.01)
    second = pushed.api.push(
        alarm("again", labels={"b": "3", "c": ""}, level=1, summary="S", name="Again", activeAt="2020-12-03")
    )
    changed = {"labels": {"b": "3", "c": ""}, "level": 1, "summary": "S", "description": "", "name": "Again"}
    assert second == {**first, **changed, "updatedAt": second["updatedAt"]}
    assert second["updatedAt"] > first["updatedAt"]
    assert problems(pushed.database, "again") == [first["id"]]
    assert execute(pushed.database, "SELECT name, severity FROM events WHERE eventid = ?", first["id"]) == [
        ("Again", 5)
    ]
    tags = execute(pushed.database, "SELECT tag, value FROM event_tag WHERE eventid = ? ORDER BY tag", first["id"])
    assert tags == [("b", "3"), ("c", "")]


def test_recovery_and_again(pushed: Pushed) -> None:
    fired = pushed.api.push(alarm("healed", labels={"k": "v"}, activeAt="2020-12-03T09:44:04.250+08:00", level=2))
    assert fired["activeAt"] == "2020-12-03T01:44:04.250Z"
    over = alarm("healed", status="Inactive", resolvedAt="2020-12-03T09:50:12+08:00")
    healed = pushed.api.push(over)
    ended = {"resolvedAt": "2020-12-03T01:50:12Z", "ended": "resolved"}
    state = {"status": "Inactive", **ended, "updatedAt": healed["updatedAt"]}
    assert healed == {**fired, **state}
    assert pushed.api.push(over)["id"] == fired["id"]  # once more changes nothing
    assert pushed.api.push(over) == healed
    again = pushed.api.push(alarm("healed"))
    assert (again["id"] > fired["id"], again["status"], "resolvedAt" in again) == (True, "Active", False)
    assert pushed.api.alarm(fired["id"]) == healed
    assert problems(pushed.database, "healed") == [fired["id"], again["id"]]


def test_a_recovery_is_not_before_its_problem(pushed: Pushed) -> None:
    fired = pushed.api.push(alarm("backwards"))
    healed = pushed.api.push(alarm("backwards", status="Inactive", resolvedAt="2020-12-03"))
    assert healed["resolvedAt"] == fired["activeAt"]


def test_a_recovery_of_what_never_was(pushed: Pushed) -> None:
    data = pushed.api.push(alarm("never", status="Inactive", labels={"a": "b"}, level=1))
    expected = {"id": None, "alarmType": "never", "target": "target", "name": "never", "level": 1}
    assert data == {**expected, "status": "Inactive", "labels": {"a": "b"}}
    assert problems(pushed.database, "never") == []
    assert execute(pushed.database, "SELECT * FROM triggers WHERE description = 'never'") == []


def at_once(pushed: Pushed, jobs: list[tuple[Any, dict[str, str]]]) -> list[Answer]:
    """The answers to pushes that are made at one time."""
    start = threading.Barrier(len(jobs))

    def push(body: Any, headers: dict[str, str]) -> Answer:
        start.wait()
        return pushed.api.ask("POST", ALARMS, body, headers)

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(push, *job) for job in jobs]]


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "storm"}], ids=["plain", "key"])
def test_the_same_push_from_many_at_once_is_one_problem(pushed: Pushed, key: dict[str, str]) -> None:
    name = f"told_storm{len(key)}"
    answers = at_once(pushed, [(alarm(name, labels={"k": "v"}), key)] * THREADS)
    [eventid] = problems(pushed.database, name)
    assert {answer.data["id"] for answer in answers} == {eventid}
    assert len(execute(pushed.database, "SELECT 1 FROM event_tag WHERE eventid = ?", eventid)) == 1
    assert len(execute(pushed.database, "SELECT 1 FROM alerts WHERE eventid = ?", eventid)) == 1
    over = at_once(pushed, [(alarm(name, status="Inactive"), {})] * THREADS)
    assert {answer.data["status"] for answer in over} == {"Inactive"}
    assert len(execute(pushed.database, "SELECT 1 FROM event_recovery WHERE eventid = ?", eventid)) == 1
    assert len(execute(pushed.database, "SELECT 1 FROM alerts WHERE p_eventid = ?", eventid)) == 1


def test_different_pushes_at_once_are_all_there(pushed: Pushed) -> None:
    bodies = [[alarm("crowd", target=f"{n}-{m}") for m in range(5)] for n in range(THREADS)]
    answers = at_once(pushed, [(body, {}) for body in bodies])
    ids = [one["id"] for answer in answers for one in answer.data]
    assert sorted(ids) == problems(pushed.database, "crowd")
    assert [[one["target"] for one in answer.data] for answer in answers] == [
        [one["target"] for one in body] for body in bodies
    ]


def test_a_storm_of_states(pushed: Pushed) -> None:
    """However pushes and recoveries fall together, each problem ends once and alerts once, at most one is active."""
    targets = [str(n) for n in range(4)]

    def push(seed: int) -> set[int]:
        chance = random.Random(seed)
        bodies = [
            [alarm("told_often", target=chance.choice(targets), status=chance.choice(["Active", "Inactive"]))] * 2
            for _ in range(25)
        ]
        return {one["id"] for body in bodies for one in pushed.api.push(body) if one["id"]}

    with ThreadPoolExecutor(8) as pool:
        answered = set().union(*pool.map(push, range(8)))
    for target in targets:
        pushed.api.push(alarm("told_often", target=target, status="Inactive"))
    assert set(problems(pushed.database, "told_often")) == answered
    counts = """
        SELECT (SELECT COUNT(*) FROM event_recovery er JOIN events re ON re.eventid = er.r_eventid
                WHERE er.eventid = al.eventid AND re.value = 0 AND re.objectid = e.objectid),
               (SELECT COUNT(*) FROM alerts a WHERE a.eventid = al.eventid),
               (SELECT COUNT(*) FROM alerts a WHERE a.p_eventid = al.eventid),
               al.resolved_at IS NULL, (SELECT COUNT(*) FROM escalations es WHERE es.eventid = al.eventid)
        FROM alarms al JOIN events e ON e.eventid = al.eventid WHERE al.alarm_type = 'told_often'"""
    assert set(execute(pushed.database, counts)) == {(1, 1, 1, 0, 0)}
    triggers = "SELECT value, COUNT(*) FROM triggers WHERE description = 'told_often' GROUP BY value"
    assert execute(pushed.database, triggers) == [(0, len(targets))]


# --- idempotency


def test_an_idempotency_key(pushed: Pushed) -> None:
    body = alarm("once")
    first = pushed.api.push(body, **{"Idempotency-Key": "k1"})
    pushed.api.push({**body, "status": "Inactive"})
    later = pushed.api.push(body, **{"Idempotency-Key": "k1"})
    assert (later["id"], later["status"]) == (first["id"], "Inactive")
    assert problems(pushed.database, "once") == [first["id"]]
    reused = pushed.api.ask("POST", ALARMS, {**body, "level": 1}, {"Idempotency-Key": "k1"})
    assert (reused.status, reused.fault) == (422, "this Idempotency-Key came with another body before")
    fresh = pushed.api.push(body, **{"Idempotency-Key": "k2"})
    assert problems(pushed.database, "once") == [first["id"], fresh["id"]]


def test_a_key_is_its_users_and_its_paths_own(pushed: Pushed) -> None:
    dba = Api(pushed.server.port, "dba")
    key = {"Idempotency-Key": "\u00ff own"}
    first = pushed.api.push(alarm("owned"), **key)
    pushed.api.push(alarm("owned", status="Inactive"))
    second = dba.push(alarm("owned"), **key)
    assert problems(pushed.database, "owned") == [first["id"], second["id"]]
    assert pushed.api.push([], ALERTS, **key) == []


def test_a_refused_push_keeps_no_key(pushed: Pushed) -> None:
    key = {"Idempotency-Key": "refused"}
    assert pushed.api.ask("POST", ALARMS, alarm(""), key).status == 400
    assert pushed.api.push(alarm("kept"), **key)["id"]


def test_an_array_with_a_key(pushed: Pushed) -> None:
    body = [alarm("keyed"), alarm("keyed", target="unknown", status="Inactive")]
    first, second = (pushed.api.push(body, **{"Idempotency-Key": "array"}) for _ in range(2))
    assert first == second
    assert [one["id"] for one in first] == [*problems(pushed.database, "keyed"), None]


# --- what is on record


def test_the_rows_of_a_problem_and_its_recovery(pushed: Pushed) -> None:
    body = alarm("rows", target="host-rows", labels={"cluster": "prod", "ключ": "значение"}, level=2, name="Rows")
    eventid = pushed.api.push({**body, "activeAt": "2020-12-03T01:44:04.250Z"})["id"]
    [(triggerid, *event)] = execute(
        pushed.database,
        "SELECT objectid, source, object, value, clock, ns, name, severity FROM events WHERE eventid = ?",
        eventid,
    )
    assert event == [0, 0, 1, 1606959844, 250_000_000, "Rows", 4]
    trigger = "SELECT description, value, priority, manual_close FROM triggers WHERE triggerid = ?"
    assert execute(pushed.database, trigger, triggerid) == [("rows", 1, 4, 1)]
    place = """
        SELECT h.host, h.name, h.status, g.name FROM object_hosts oh JOIN hosts h ON h.hostid = oh.hostid
        JOIN hosts_groups hg ON hg.hostid = h.hostid JOIN hstgrp g ON g.groupid = hg.groupid
        WHERE oh.object = 0 AND oh.objectid = ?"""
    assert execute(pushed.database, place, triggerid) == [("host-rows", "host-rows", 0, "Pushed alarms")]
    tags = "SELECT tag, value FROM event_tag WHERE eventid = ? ORDER BY tag"
    assert execute(pushed.database, tags, eventid) == [("cluster", "prod"), ("ключ", "значение")]
    pushed.api.push({**body, "status": "Inactive", "resolvedAt": "2020-12-03T01:50:00Z"})
    [(r_eventid,)] = execute(pushed.database, "SELECT r_eventid FROM event_recovery WHERE eventid = ?", eventid)
    recovery = "SELECT source, object, objectid, value, clock, name, severity FROM events WHERE eventid = ?"
    assert execute(pushed.database, recovery, r_eventid) == [(0, 0, triggerid, 0, 1606960200, "Rows", 0)]
    assert execute(pushed.database, tags, r_eventid) == execute(pushed.database, tags, eventid)
    assert execute(pushed.database, trigger, triggerid) == [("rows", 0, 4, 1)]


def test_one_host_and_one_trigger_for_many_alarms(pushed: Pushed) -> None:
    for alarm_type in ("one", "two", "one"):
        pushed.api.push(alarm(alarm_type, target="shared host"))
        pushed.api.push(alarm(alarm_type, target="shared host", status="Inactive"))
    assert len(execute(pushed.database, "SELECT 1 FROM hosts WHERE host = 'shared host'")) == 1
    triggers = "SELECT COUNT(*) FROM triggers WHERE description IN ('one', 'two')"
    assert execute(pushed.database, triggers) == [(2,)]
    assert len(problems(pushed.database, "one")) == 2
    assert execute(pushed.database, "SELECT COUNT(*) FROM hstgrp WHERE name = 'Pushed alarms'") == [(1,)]


def test_a_host_that_is_there_is_used(pushed: Pushed) -> None:
    [(hostid, host)] = execute(pushed.database, "SELECT hostid, host FROM hosts WHERE status = 0 LIMIT 1")
    eventid = pushed.api.push(alarm("on a host", target=host))["id"]
    hosts = "SELECT hostid FROM object_hosts WHERE objectid = (SELECT objectid FROM events WHERE eventid = ?)"
    assert execute(pushed.database, hosts, eventid) == [(hostid,)]


@pytest.mark.parametrize("level", range(1, 6))
def test_levels_are_severities(pushed: Pushed, level: int) -> None:
    data = pushed.api.push(alarm("levels", target=str(level), level=level))
    assert data["level"] == level
    assert execute(pushed.database, "SELECT severity FROM events WHERE eventid = ?", data["id"]) == [(6 - level,)]


def test_the_largest_alarm(pushed: Pushed) -> None:
    labels = {f"{n:0250}": "v" for n in range(9_999)} | {"long": "v" * 2**16}
    body = alarm("told_large", target="t" * 255, labels=labels, summary="s" * 2048, description="\U0001f4df" * 2**20)
    data = pushed.api.push(body)
    assert data["labels"] == labels
    assert data["description"] == body["description"]
    assert pushed.api.alarm(data["id"]) == data
    assert pushed.api.push({**body, "labels": {}})["labels"] == {}
    assert pushed.api.push({**body, "status": "Inactive"})["id"] == data["id"]
    too_many = pushed.api.ask("POST", ALARMS, {**body, "labels": {**labels, "more": ""}})
    assert (too_many.status, too_many.fault) == (400, "labels: an object of at most 10000 members is expected")


ODD = [
    "\u2028",
    "\ufeff",
    "\U0010ffff",
    "é" + "e\u0301",
    "\x01\x7f",
    "'\"\\",
    "%_!",
    "${alarm_id}",
    " ",
    "\n",
    "\ufffe",
]


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_odd_texts_stay_as_they_are(pushed: Pushed, text: str) -> None:
    fields = dict.fromkeys(("name", "summary", "description", "url"), text)
    data = pushed.api.push(alarm(f"told_{text}", target=text, labels={text: text}, **fields))
    assert (data["target"], data["name"], data["summary"], data["description"]) == (text,) * 4
    assert data["labels"] == {text: text}
    assert pushed.api.alarm(data["id"]) == data
    assert pushed.api.push(alarm(f"told_{text}", target=text, status="Inactive"))["id"] == data["id"]


# --- credentials


def test_a_token_or_a_session_as_bearer(pushed: Pushed) -> None:
    done = run_alertrpc("token", "add", "dba", "pusher", "--database", f"sqlite:///{pushed.database}")
    client = Client(pushed.server.port)
    for credential in (done.stdout.strip(), client.login("dba")):
        for word in ("Bearer", "bearer"):
            api = Api(pushed.server.port, authorization=f"{word} {credential}")
            assert api.push(alarm("bearer"))["alarmType"] == "bearer"
    session = Api(pushed.server.port, authorization=f"Bearer {client.login('noc')}")
    client.close()
    assert session.ask("POST", ALARMS, SAMPLE).status == 403
    assert session.ask("GET", ALARMS).status == 200
    assert len(problems(pushed.database, "bearer")) == 1


# --- Prometheus and Alertmanager


def firing(name: str, **fields: Any) -> dict[str, Any]:
    """An alert as Prometheus sends it."""
    return {
        "labels": {"alertname": name, "instance": "db-1:9100", "job": "node", "severity": "critical"},
        "annotations": {"summary": "Disk is full", "description": "99 %"},
        "startsAt": "2026-08-01T10:00:00.123456789Z",
        "generatorURL": "http://prometheus.example.com/graph?g0.expr=up",
        **fields,
    }


def webhook(*alerts: dict[str, Any]) -> dict[str, Any]:
    """A group as Alertmanager sends it."""
    status = "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved"
    return {
        "version": "4",
        "groupKey": '{}:{alertname="x"}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "alertrpc",
        "groupLabels": {"alertname": "x"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com",
        "notification_reason": "first",
        "alerts": list(alerts),
    }


def notified(name: str, status: str, ends_at: str = "0001-01-01T00:00:00Z") -> dict[str, Any]:
    return firing(name, status=status, endsAt=ends_at, fingerprint="0123456789abcdef")


def test_prometheus_fires_repeats_and_resolves(pushed: Pushed) -> None:
    [data] = pushed.api.push([firing("Full", endsAt=iso(240))], ALERTS)
    expected = {"alarmType": "Full", "name": "Full", "target": "db-1:9100", "level": 2, "summary": "Disk is full"}
    assert {name: data[name] for name in expected} == expected
    assert (data["status"], data["activeAt"]) == ("Active", "2026-08-01T10:00:00.123Z")
    assert data["labels"] == firing("Full")["labels"]
    [again] = pushed.api.push([firing("Full", endsAt=iso(240), annotations={"summary": "Still"})], ALERTS)
    assert (again["id"], again["summary"]) == (data["id"], "Still")
    ended = iso(0)
    for _ in range(2):  # Prometheus sends the end for a quarter of an hour
        [over] = pushed.api.push([firing("Full", endsAt=ended)], ALERTS)
        assert (over["id"], over["status"]) == (data["id"], "Inactive")
    assert problems(pushed.database, "Full") == [data["id"]]


def test_alertmanager_fires_repeats_and_resolves(pushed: Pushed) -> None:
    [data] = pushed.api.push(webhook(notified("Down", "firing")), WEBHOOK)
    assert (data["alarmType"], data["status"], data["level"]) == ("Down", "Active", 2)
    [again] = pushed.api.push(webhook(notified("Down", "firing")), WEBHOOK)
    assert again["id"] == data["id"]
    both = webhook(notified("Down", "resolved", iso(-1)), notified("Up", "firing"))
    over, other = pushed.api.push(both, WEBHOOK)
    assert (over["id"], over["status"], other["status"]) == (data["id"], "Inactive", "Active")
    assert problems(pushed.database, "Down") == [data["id"]]


def test_an_alert_by_either_way_is_one_alarm(pushed: Pushed) -> None:
    [first] = pushed.api.push([firing("Either")], ALERTS)
    [second] = pushed.api.push(webhook(notified("Either", "firing")), WEBHOOK)
    [other] = pushed.api.push([firing("Either", labels={"alertname": "Either", "job": "other"})], ALERTS)
    [over] = pushed.api.push(webhook(notified("Either", "resolved", iso(-1))), WEBHOOK)
    assert first["id"] == second["id"] == over["id"] != other["id"]
    assert over["status"] == "Active", "Prometheus reports it still"
    [over] = pushed.api.push([firing("Either", endsAt=iso(-1))], ALERTS)
    assert (over["status"], pushed.api.alarm(other["id"])["status"]) == ("Inactive", "Active")


def test_an_empty_group(pushed: Pushed) -> None:
    assert pushed.api.push([], ALERTS) == []
    assert pushed.api.push(webhook(), WEBHOOK) == []


# --- time limits


def is_over(pushed: Pushed, eventid: int) -> bool:
    return bool(pushed.api.alarm(eventid)["status"] == "Inactive")


def test_alarms_end_by_time(pushed: Pushed) -> None:
    limit = iso(1)
    [prometheus] = pushed.api.push([firing("Short", endsAt=limit)], ALERTS)
    own = pushed.api.push(alarm("limit", resolvedAt=limit))
    by_action = pushed.api.push(alarm("short_rule"))
    renewed = pushed.api.push(alarm("renewed", resolvedAt=limit))
    assert pushed.api.push(alarm("renewed", resolvedAt=iso(3600)))["id"] == renewed["id"]
    assert [one["status"] for one in (prometheus, own, by_action)] == ["Active"] * 3
    short = [prometheus["id"], own["id"], by_action["id"]]
    assert eventually(lambda: all(is_over(pushed, eventid) for eventid in short))
    assert not is_over(pushed, renewed["id"])
    for eventid in short:
        ended = datetime.fromisoformat(pushed.api.alarm(eventid)["resolvedAt"])
        assert ended >= datetime.fromisoformat(limit).replace(microsecond=0)
        assert len(execute(pushed.database, "SELECT 1 FROM event_recovery WHERE eventid = ?", eventid)) == 1
    assert pushed.api.push(alarm("limit"))["id"] not in short


# --- alerts

_ALERTS = (
    "SELECT alertid, eventid, p_eventid, userid, sendto, subject, esc_step, status FROM alerts WHERE actionid = ({})"
)
_TELL = "SELECT actionid FROM actions WHERE name = 'Tell'"


def test_alerts_are_there_when_the_push_is_answered(pushed: Pushed) -> None:
    eventid = pushed.api.push(alarm("told_now", level=1, name="Told"))["id"]
    alerts = _ALERTS.format(_TELL) + " AND (eventid = ? OR p_eventid = ?) ORDER BY alertid"
    [(first, *row, status)] = execute(pushed.database, alerts, eventid, eventid)
    assert row == [eventid, None, 1, "on-duty", "Stopped: Told on target", 1]
    assert status in {3, 0, 1}
    pushed.api.push(alarm("told_now"))
    pushed.api.push(alarm("told_now", status="Inactive"))
    [(r_eventid,)] = execute(pushed.database, "SELECT r_eventid FROM event_recovery WHERE eventid = ?", eventid)
    rows = execute(pushed.database, alerts, eventid, eventid)
    assert [row[1:7] for row in rows[1:]] == [
        (r_eventid, eventid, 1, "on-duty", "Resolved: Warning: told_now on target", 0)
    ]
    assert eventually(lambda: {row[-1] for row in execute(pushed.database, alerts, eventid, eventid)} == {1})
    assert execute(pushed.database, alerts, eventid, eventid)[0][0] == first


def test_other_alarms_alert_nobody(pushed: Pushed) -> None:
    eventid = pushed.api.push(alarm("untold"))["id"]
    assert execute(pushed.database, "SELECT 1 FROM alerts WHERE eventid = ?", eventid) == []


def test_a_test_message_is_a_notification_without_an_alarm(pushed: Pushed) -> None:
    body = {"sendto": "somebody", "subject": "hello"}
    tried = pushed.api.ask("POST", "/api/v2/alarm/channels/example/test", body).data
    assert (tried["outcome"], tried["code"], tried["stdout"], tried["stderr"]) == ("sent", 0, "", "")
    [row, *_] = pushed.api.get("/api/v2/alarm/notifications?keyword=somebody")["contents"]
    kept = {"id": int(tried["alertid"]), "subject": "[TEST] hello", "status": "Success", "attempts": 1, "alarmIds": []}
    assert {name: row[name] for name in kept} == kept
    nothing: dict[str, Any] = {"appType": None, "scope": None, "alarmType": None, "level": None, "labels": {}}
    assert {name: row[name] for name in nothing} == nothing
    assert Api(pushed.server.port, "dba").ask("POST", "/api/v2/alarm/channels/example/test", body).status == 403


# --- any JSON

_times = st.sampled_from(["2020-12-03T09:44:04+08:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"])
_words = st.sampled_from(["a", "\0", "é", "\ud800", "Active", "Inactive", "firing", "resolved", ""])
_values = _words | _times | st.integers(-1, 6) | jsons
_labels = st.dictionaries(st.sampled_from(["alertname", "instance", "severity", "", "\0"]), _values, max_size=4)


def _near(*names: str) -> st.SearchStrategy[Any]:
    """Objects that are nearly right."""
    return st.fixed_dictionaries({"labels": _labels}, optional=dict.fromkeys(names, _values))


_ocp = _near("alarmType", "target", "level", "name", "summary", "status", "activeAt", "resolvedAt")
_alerts = st.lists(_near("annotations", "startsAt", "endsAt", "generatorURL", "status"), max_size=3)
_groups = st.fixed_dictionaries({"version": st.just("4"), "alerts": _alerts}, optional={"groupLabels": _labels})
NEARLY = {ALARMS: _ocp | st.lists(_ocp, max_size=3), ALERTS: _alerts, WEBHOOK: _groups}


@pytest.mark.parametrize("path", PUSHED_TO)
@given(data=st.data())
def test_any_json(pushed: Pushed, path: str, data: st.DataObject) -> None:
    answer = pushed.api.ask("POST", path, json.dumps(data.draw(jsons | NEARLY[path])).encode())
    assert answer.status in {200, 400, 413}, answer
    assert (answer.envelope["status"], answer.envelope["successful"]) == (answer.status, answer.status == 200)


def test_alarms_are_taken_after_any_json(pushed: Pushed) -> None:
    assert pushed.api.push(SAMPLE)["status"] == "Active"


def test_nothing_failed_inside(pushed: Pushed) -> None:
    """The last test of the server: what it logged on the way."""
    log = pushed.server.log.read_text()
    assert "a request failed" not in log
    assert "Error handling request" not in log
