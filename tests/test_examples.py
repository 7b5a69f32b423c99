"""Every example, run against a server of the example data."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.support import ROOT, WARNINGS, Client, Server, environment, json_lines, run_alertrpc, serving
from tests.test_alarm_api import ALARMS, Api
from tests.test_intake_alertmanager import BODY as OF_ALERTMANAGER
from tests.test_intake_prometheus import BODY as OF_PROMETHEUS

EXAMPLES = ROOT / "examples"
ALERTS_OF_ACTION_3 = [
    {
        "alertid": "1",
        "actionid": "3",
        "eventid": "21243",
        "userid": "1",
        "clock": "1362128008",
        "mediatypeid": "1",
        "sendto": "support@company.com",
        "subject": "PROBLEM: agent on Linux server is unreachable for 5 minutes: ",
        "message": "Trigger: agent on Linux server is unreachable for 5 minutes: \n"
        "Trigger status: PROBLEM\nTrigger severity: Not classified",
        "status": "0",
        "retries": "3",
        "error": "",
        "esc_step": "1",
        "alerttype": "0",
        "p_eventid": "0",
        "acknowledgeid": "0",
    }
]
ALERTS_OF_NOC = ["6", "7", "8", "9", "10", "11", "12"]
SCRIPTS = [
    pytest.param(
        ["bash", str(EXAMPLES / "alert_get.sh")], marks=pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
    ),
    [sys.executable, *WARNINGS, str(EXAMPLES / "zabbix_utils_alerts.py")],
    [sys.executable, *WARNINGS, str(EXAMPLES / "pyzabbix_alerts.py")],
]


@pytest.fixture(scope="module")
def example_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    database = tmp_path_factory.mktemp("examples") / "alertrpc.db"
    done = run_alertrpc("load", str(EXAMPLES / "alerts.jsonl"), "--database", f"sqlite:///{database}")
    assert done.returncode == 0, done.stderr
    with serving(database) as server:
        yield server


@pytest.fixture
def example_client(example_server: Server) -> Iterator[Client]:
    client = Client(example_server.port)
    yield client
    client.close()


def run_example(command: list[str], server: Server, password: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, f"{server.url}/api_jsonrpc.php", "Admin", password],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )


def sessions(server: Server) -> int:
    connection = sqlite3.connect(server.log.with_suffix(".db"))
    try:
        count: int = connection.execute("SELECT count(*) FROM sessions").fetchone()[0]
    finally:
        connection.close()
    return count


def test_alert_get_of_action_3(example_client: Client) -> None:
    auth = example_client.login("Admin", "zabbix")
    response = example_client.request("alert.get", {"output": "extend", "actionids": "3"}, auth=auth)
    assert response == {"jsonrpc": "2.0", "result": ALERTS_OF_ACTION_3, "id": 1}


def test_the_second_user_sees_one_host_group(example_client: Client) -> None:
    auth = example_client.login("noc", "noc-example")
    response = example_client.request("alert.get", {"output": ["alertid"]}, auth=auth)
    assert response["result"] == [{"alertid": alertid} for alertid in ALERTS_OF_NOC]


def test_the_data_has_alerts_of_every_status(example_client: Client) -> None:
    auth = example_client.login("Admin", "zabbix")
    alerts = example_client.request("alert.get", {"output": ["status", "error", "alerttype"]}, auth=auth)["result"]
    assert {alert["status"] for alert in alerts} == {"0", "1", "2", "3"}
    assert all(bool(alert["error"]) == (alert["status"] == "2") for alert in alerts)
    assert {alert["alerttype"] for alert in alerts} == {"0", "1"}


@pytest.mark.parametrize("command", SCRIPTS, ids=["alert_get.sh", "zabbix_utils", "pyzabbix"])
def test_a_script_prints_the_alerts_and_logs_out(example_server: Server, command: list[str]) -> None:
    before = sessions(example_server)
    done = run_example(command, example_server, "zabbix")
    assert (done.returncode, done.stderr) == (0, "")
    if command[0] == "bash":
        assert json.loads(done.stdout)["result"] == ALERTS_OF_ACTION_3
    else:
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        assert [line[0] for line in lines] == [str(alertid) for alertid in range(1, 13)]
        assert lines[2] == ["3", "failed", "on-duty", lines[2][3], "page.sh: the pager network does not answer"]
    assert sessions(example_server) == before


@pytest.mark.parametrize("command", SCRIPTS, ids=["alert_get.sh", "zabbix_utils", "pyzabbix"])
def test_a_script_fails_with_a_wrong_password(example_server: Server, command: list[str]) -> None:
    done = run_example(command, example_server, 'wr"o\\ng')
    assert (done.returncode, done.stdout) == (1, "")
    assert "Incorrect user name or password" in done.stderr


@pytest.mark.parametrize("command", SCRIPTS, ids=["alert_get.sh", "zabbix_utils", "pyzabbix"])
def test_a_script_without_an_answer_names_the_address_and_how_to_give_another(command: list[str]) -> None:
    env = environment(ZABBIX_URL="http://127.0.0.1:1/api_jsonrpc.php", no_proxy="127.0.0.1")
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "127.0.0.1" in done.stderr
    assert "ZABBIX_URL or the first argument gives another address" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


class Configured(NamedTuple):
    """Where a sender's configuration sends to, and by which credential: of what is in its file, the outer spaces go."""

    url: str
    credential: str


def configured(name: str) -> Configured:
    """What Prometheus or Alertmanager makes of its example: paths are those beside the file."""
    settings = dict(re.findall(r"^[- ]*(\w+): *(\S+)", (EXAMPLES / name).read_text(), re.MULTILINE))
    found = re.search(r'targets: \["(.+)"\]', (EXAMPLES / name).read_text())
    url = f"{settings['scheme']}://{found[1]}/api/{settings['api_version']}/alerts" if found else settings["url"]
    assert "password" not in settings
    return Configured(url, (EXAMPLES / settings["credentials_file"]).read_text().strip())


@pytest.mark.parametrize(("name", "body"), [("prometheus.yml", OF_PROMETHEUS), ("alertmanager.yml", OF_ALERTMANAGER)])
def test_a_sender_as_configured_pushes_and_does_nothing_else(example_server: Server, name: str, body: Any) -> None:
    url, credential = configured(name)
    where = urlsplit(url)
    assert where.netloc == "127.0.0.1:8080"
    api = Api(example_server.port, authorization=f"Bearer {credential}")
    assert api.ask("POST", where.path, body).status == 200
    assert api.ask("GET", ALARMS).status == 403
    with closing(Client(example_server.port)) as client:
        refused = client.request("alert.get", {}, auth=credential)
    assert refused["error"]["data"] == 'No permissions to call "alert.get".'


def test_the_data_names_its_rows() -> None:
    rows = [json.loads(line) for line in (EXAMPLES / "alerts.jsonl").read_text().splitlines()]
    names = {row["table"] for row in rows}
    recorded = {row["table"] for row in json_lines(ROOT / "tests" / "data" / "dataset.jsonl.gz")}
    assert names == recorded | {"role_rule", "token"}
