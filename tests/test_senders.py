"""The role that may push alarms and nothing else."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from alertrpc.api.methods import METHODS
from alertrpc.store import users
from alertrpc.store.connection import connect, transaction
from alertrpc.store.database import create
from alertrpc.store.roles import ROLES, role_id
from tests.support import Client, run_alertrpc, serving
from tests.test_alarm_api import ALARMS, ALERTS, SAMPLE, WEBHOOK, Api, basic
from tests.test_intake_alertmanager import BODY as OF_ALERTMANAGER
from tests.test_intake_prometheus import BODY as OF_PROMETHEUS
from tests.wire import execute

PASSWORD = "sender-Secret-1"
BODIES = {ALARMS: SAMPLE, ALERTS: OF_PROMETHEUS, WEBHOOK: OF_ALERTMANAGER}
LISTS = [ALARMS, f"{ALARMS}/1", "/api/v2/alarm/notifications"]


class Sender(NamedTuple):
    """A server, its database, and what the user of the role push sends as the header Authorization."""

    port: int
    database: Path
    ways: dict[str, str]
    token: str


@pytest.fixture(scope="module")
def sender(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    database = tmp_path_factory.mktemp("senders") / "alertrpc.db"
    database.write_bytes(loaded_database.read_bytes())
    token = ""
    for command in (["user", "add", "sender", "--role", "push"], ["token", "add", "sender", "prometheus"]):
        done = run_alertrpc(*command, "--database", f"sqlite:///{database}", env={"ALERTRPC_PASSWORD": PASSWORD})
        assert (done.returncode, done.stderr) == (0, "")
        token = done.stdout.strip()
    with serving(database) as server, closing(Client(server.port)) as client:
        ways = {"token": f"Bearer {token}", "password": basic("sender", PASSWORD)}
        ways["session"] = f"Bearer {client.login('sender', PASSWORD)}"
        yield Sender(server.port, database, ways, token)


ways = pytest.mark.parametrize("way", ["token", "password", "session"])


@ways
@pytest.mark.parametrize("path", BODIES)
def test_a_sender_pushes(sender: Sender, path: str, way: str) -> None:
    answer = Api(sender.port, authorization=sender.ways[way]).ask("POST", path, BODIES[path])
    assert answer.status == 200, answer
    assert answer.data


@ways
@pytest.mark.parametrize("path", LISTS)
def test_a_sender_lists_nothing(sender: Sender, path: str, way: str) -> None:
    answer = Api(sender.port, authorization=sender.ways[way]).ask("GET", path)
    assert (answer.status, answer.envelope["error"]["code"]) == (403, 403)
    assert answer.fault == "a user of type User or Admin or Super admin is needed, whose role allows the API"


def test_a_sender_tests_no_channel(sender: Sender) -> None:
    path, body = "/api/v2/alarm/channels/Email/test", {"sendto": "a@localhost"}
    assert Api(sender.port, authorization=sender.ways["token"]).ask("POST", path, body).status == 403


@pytest.mark.parametrize("way", ["token", "session"])
@pytest.mark.parametrize("method", [method.name for method in METHODS.values() if not method.public])
def test_a_sender_calls_no_method(sender: Sender, method: str, way: str) -> None:
    with closing(Client(sender.port)) as client:
        envelope = {"jsonrpc": "2.0", "method": method, "params": {}, "id": 1}
        headers = {"Authorization": sender.ways[way]}
        status, text = client.post(json.dumps(envelope), headers=headers)
        in_header = json.loads(text)
        in_body = client.request(method, {}, auth=sender.ways[way].removeprefix("Bearer "))
    refused = {"code": -32500, "message": "Application error.", "data": f'No permissions to call "{method}".'}
    assert (status, in_header["error"], in_body["error"]) == (200, refused, refused)


def test_what_a_sender_is_answered_is_what_came(sender: Sender) -> None:
    """The texts on record may be others' secrets."""
    Api(sender.port).push({**SAMPLE, "target": "secret-1", "description": "of the Super admin"})
    told = Api(sender.port, authorization=sender.ways["token"]).push({**SAMPLE, "target": "secret-1"})
    assert "of the Super admin" not in json.dumps(told)


def test_another_role_counts_at_once(sender: Sender) -> None:
    api = Api(sender.port, authorization=sender.ways["token"])
    [(roleid,)] = execute(sender.database, "SELECT roleid FROM users WHERE username = 'sender'")
    execute(sender.database, "UPDATE users SET roleid = 1 WHERE username = 'sender'")
    refused = api.ask("POST", ALARMS, SAMPLE)
    assert refused.status == 403
    assert refused.fault == (
        "a user of the role push, or of type Admin or Super admin whose role allows the API, is needed"
    )
    assert api.ask("GET", ALARMS).status == 200
    execute(sender.database, "UPDATE users SET roleid = ? WHERE username = 'sender'", roleid)
    assert api.ask("POST", ALARMS, SAMPLE).status == 200
    execute(sender.database, "INSERT INTO users_groups (usrgrpid, userid) SELECT 9, userid FROM users"
                             " WHERE username = 'sender'")  # fmt: skip
    assert api.ask("POST", ALARMS, SAMPLE).status == 401
    execute(sender.database, "DELETE FROM users_groups WHERE usrgrpid = 9 AND userid IN"
                             " (SELECT userid FROM users WHERE username = 'sender')")  # fmt: skip


def test_an_admin_without_the_api_pushes_nothing(sender: Sender) -> None:
    execute(sender.database, "INSERT INTO role_rule (roleid, name, value_int) VALUES (2, 'api.access', 0)")
    try:
        assert Api(sender.port, "dba").ask("POST", ALARMS, SAMPLE).status == 403
    finally:
        execute(sender.database, "DELETE FROM role_rule WHERE roleid = 2")
    assert Api(sender.port, "dba").ask("POST", ALARMS, SAMPLE).status == 200


def test_the_role_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    """Also where a role of Zabbix has the first id that is free there."""
    create(tmp_path / "a.db")
    with closing(connect(tmp_path / "a.db")) as connection, transaction(connection):
        connection.execute("INSERT INTO role (roleid, name, type) VALUES (1, 'Night shift', 2), (5, 'Theirs', 1)")
        connection.execute("INSERT INTO role_rule (roleid, name, value_int) VALUES (5, 'api.access', 0)")
        senders = [users.add_user(connection, name, "", "push") for name in ("a", "b")]
        others = {role: users.add_user(connection, role, "", role) for role in ("user", "admin", "super-admin")}
        roles = dict(connection.execute("SELECT userid, roleid FROM users").fetchall())
        assert roles[senders[0]] == roles[senders[1]] == role_id(connection, ROLES["push"])
        assert len({roles[senders[0]], 5, *(roles[userid] for userid in others.values())}) == 5
        types = connection.execute("SELECT username, type FROM users JOIN role USING (roleid)")
        assert dict(types.fetchall()) == {"a": 1, "b": 1, "user": 1, "admin": 2, "super-admin": 3}
