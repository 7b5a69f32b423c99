"""The commands of zabbix-cli against a running server: what they print is what the data set says."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.recorded import (
    groups_of,
    hosts_in,
    hosts_of,
    is_monitored,
    is_unacknowledged,
    members_of_own_groups,
    newest_first,
    readable_groups,
    readable_hosts,
    readable_triggers,
    row,
    rows,
    trigger_events,
)
from tests.support import Server, passwords, run_alertrpc, serving
from tests.test_alarm_api import Api, alarm
from tests.wire import execute

COMMAND = Path(sys.executable).with_name("zabbix-cli")
SEVERITIES = ["Not classified", "Information", "Warning", "Average", "High", "Disaster"]
SECONDS = 60


class Answer(NamedTuple):
    status: int
    text: str
    errors: str

    @property
    def document(self) -> Any:
        return json.loads(self.text)

    @property
    def result(self) -> Any:
        assert (self.status, self.errors) == (0, ""), self
        assert (self.document["return_code"], self.document["errors"]) == ("Done", [])
        return self.document["result"]


class Cli:
    """A user's zabbix-cli, with a home of its own."""

    def __init__(self, home: Path, server: Server, **credentials: str) -> None:
        self._environment = {
            "PATH": os.defpath,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_STATE_HOME": str(home / "state"),
            "PYTHONUTF8": "1",
            "ZABBIX_CLI_HEADLESS": "1",  # it fails where it would ask for something
        }
        config = home / "config" / "zabbix-cli" / "zabbix-cli.toml"
        config.parent.mkdir(parents=True)
        (home / "data" / "zabbix-cli").mkdir(parents=True)  # where it keeps the session, if it can
        api = {"url": server.url, **credentials}
        lines = ["[api]", *[f"{name} = {json.dumps(value)}" for name, value in api.items()]]
        config.write_text(
            "\n".join([*lines, "[app]", "use_session_file = true", "use_auth_file = false", "history = false"]) + "\n"
        )

    def run(self, *arguments: str) -> Answer:
        command = [str(COMMAND), "--output-format", "json", *arguments]
        done = subprocess.run(
            command, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def result(self, *arguments: str) -> Any:
        return self.run(*arguments).result


class Served(NamedTuple):
    server: Server
    database: Path


@pytest.fixture(scope="module")
def served(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    database = Path(shutil.copy(loaded_database, tmp_path_factory.mktemp("zabbix_cli") / "alertrpc.db"))
    with serving(database) as server:
        yield Served(server, database)


@pytest.fixture(scope="module")
def clis(served: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cli]:
    """A command for each of some users."""
    return {
        user: Cli(tmp_path_factory.mktemp(user), served.server, username=user, password=passwords()[user])
        for user in ("Admin", "noc")
    }


@pytest.fixture(params=["Admin", "noc"])
def user(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cli(clis: dict[str, Cli], user: str) -> Cli:
    return clis[user]


def by(key: str, found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert len({one[key] for one in found}) == len(found)
    return {one[key]: one for one in found}


def time_of(clock: str) -> datetime:
    return datetime.fromtimestamp(int(clock), UTC)


# --- logins


def sessions(served: Served, user: str) -> int:
    [(count,)] = execute(
        served.database, "SELECT COUNT(*) FROM sessions JOIN users USING (userid) WHERE username = ?", user
    )
    return int(count)


def test_a_login_is_kept_for_the_next_command(served: Served, tmp_path: Path) -> None:
    cli = Cli(tmp_path, served.server, username="auditor", password=passwords()["auditor"])
    first = cli.result("show_hosts")
    assert [host["hostid"] for host in first] == [host["hostid"] for host in readable_hosts("auditor")]
    assert sessions(served, "auditor") == 1
    assert cli.result("show_hosts") == first
    assert sessions(served, "auditor") == 1


def test_an_api_token(served: Served, tmp_path: Path) -> None:
    token = run_alertrpc("token", "add", "dba", "cli", "--database", f"sqlite:///{served.database}").stdout.strip()
    found = Cli(tmp_path, served.server, username="dba", auth_token=token).result("show_hosts")
    assert [host["hostid"] for host in found] == [host["hostid"] for host in readable_hosts("dba")]
    assert sessions(served, "dba") == 0


def test_a_wrong_password(served: Served, tmp_path: Path) -> None:
    answer = Cli(tmp_path, served.server, username="super2", password="wrong").run("show_hosts")
    assert answer.status == 1
    assert "User input required for 'Password'" in answer.document["message"]  # it would ask for another one
    assert answer.document["result"] is None
    assert sessions(served, "super2") == 0


# --- what is wrong


def alarms(user: str) -> list[dict[str, Any]]:
    return [one for one in readable_triggers(user) if one["value"] == "1" and is_monitored(one)]


def are_alarms(printed: list[dict[str, Any]], expected: list[dict[str, Any]]) -> bool:
    found = by("triggerid", printed)
    assert set(found) == {trigger["triggerid"] for trigger in expected}
    for trigger in expected:
        alarm = found[trigger["triggerid"]]
        assert alarm["description"] == trigger["description"]
        assert (alarm["value"], alarm["priority"]) == (1, int(trigger["priority"]))
        assert alarm["severity"] == SEVERITIES[int(trigger["priority"])]
        assert {host["hostid"] for host in alarm["hosts"]} == hosts_of(trigger["triggerid"])
        assert {host["host"] for host in alarm["hosts"]} == {
            row("hosts", hostid=hostid)["host"] for hostid in hosts_of(trigger["triggerid"])
        }
    return bool(expected)


def test_show_alarms(cli: Cli, user: str) -> None:
    assert are_alarms(cli.result("show_alarms"), [one for one in alarms(user) if is_unacknowledged(one)])
    assert are_alarms(cli.result("show_alarms", "--ack"), alarms(user))


def test_show_alarms_of_a_group(cli: Cli, user: str) -> None:
    group = row("hstgrp", name="Linux servers 3")["groupid"]
    expected = [one for one in alarms(user) if any(group in groups_of(host) for host in hosts_of(one["triggerid"]))]
    assert are_alarms(cli.result("show_alarms", "--ack", "--hostgroup", "Linux servers 3"), expected)


def test_show_alarms_by_priority_and_description(cli: Cli, user: str) -> None:
    disasters = [one for one in alarms(user) if one["priority"] == "5"]
    assert are_alarms(cli.result("show_alarms", "--ack", "--priority", "disaster"), disasters)
    losses = [one for one in alarms(user) if "icmp" in one["description"].lower()]
    assert are_alarms(cli.result("show_alarms", "--ack", "--description", "ICMP"), losses)
    assert cli.result("show_alarms", "--ack", "--description", "nothing of this kind") == []


def test_a_group_out_of_sight_is_none(clis: dict[str, Cli]) -> None:
    assert clis["Admin"].result("show_alarms", "--hostgroup", "Windows 3") != []
    answer = clis["noc"].run("show_alarms", "--hostgroup", "Windows 3")
    assert (answer.status, answer.document["errors"]) == (1, ["Host group 'Windows 3' not found"])


# --- events


def are_events(printed: list[dict[str, Any]], expected: list[dict[str, Any]]) -> bool:
    in_order = newest_first(expected)
    assert [event["clock"] for event in printed] == [f"{time_of(one['clock']):%Y-%m-%dT%H:%M:%SZ}" for one in in_order]
    found = by("eventid", printed)
    assert set(found) == {event["eventid"] for event in expected}
    for event in expected:
        one = found[event["eventid"]]
        assert (one["name"], one["objectid"]) == (event["name"], event["objectid"])
        assert [str(one[name]) for name in ("source", "object", "value", "acknowledged", "severity")] == [
            event[name] for name in ("source", "object", "value", "acknowledged", "severity")
        ]
        assert one["status_str"] == ("Problem" if event["value"] == "1" else "Ok")
        assert one["acknowledged_str"] == ("Yes" if event["acknowledged"] == "1" else "No")
    return bool(expected)


def test_show_trigger_events_of_triggers(cli: Cli, user: str) -> None:
    triggers = [trigger["triggerid"] for trigger in alarms(user)[:2]]
    assert are_events(cli.result("show_trigger_events", "--trigger-id", ",".join(triggers)), trigger_events(triggers))


def test_show_trigger_events_of_a_host(cli: Cli, user: str) -> None:
    hostid = row("hosts", host="host-3-05")["hostid"]
    triggers = [one["triggerid"] for one in readable_triggers(user) if hostid in hosts_of(one["triggerid"])]
    assert are_events(cli.result("show_trigger_events", "--host", "host-3-05"), trigger_events(triggers))


def test_show_trigger_events_of_a_group(cli: Cli, user: str) -> None:
    groupid = row("hstgrp", name="Network/Core 3")["groupid"]
    triggers = [
        one["triggerid"]
        for one in readable_triggers(user)
        if any(groupid in groups_of(host) for host in hosts_of(one["triggerid"]))
    ]
    found = cli.result("show_trigger_events", "--hostgroup", "Network/Core 3")
    assert are_events(found, trigger_events(triggers))


def test_show_trigger_events_of_what_is_out_of_sight(clis: dict[str, Cli]) -> None:
    seen = {trigger["triggerid"] for trigger in readable_triggers("noc")}
    hidden = next(one["triggerid"] for one in rows("triggers") if one["triggerid"] not in seen)
    assert clis["Admin"].result("show_trigger_events", "--trigger-id", hidden) != []
    assert clis["noc"].result("show_trigger_events", "--trigger-id", hidden) == []
    answer = clis["noc"].run("show_trigger_events", "--host", "nosuch")
    expected = "Host 'nosuch' not found. Check your search pattern and filters."
    assert (answer.status, answer.document["errors"]) == (1, [expected])


# --- hosts, groups, users, media types


def is_host(printed: dict[str, Any], host: dict[str, Any], groups: set[str]) -> bool:
    columns = ("hostid", "host", "description", "status", "maintenance_status")
    assert {name: printed[name] for name in columns} == {name: host[name] for name in columns}
    assert {group["groupid"] for group in printed["groups"]} == groups
    assert (printed["templates"], printed["interfaces"], printed["macros"]) == ([], [], [])
    assert (printed["proxyid"], printed["monitored_by"], printed["zabbix_agent"]) == (None, "server", "Unknown")
    return True


def groups_in_sight(hostid: str, user: str) -> set[str]:
    return groups_of(hostid) & {group["groupid"] for group in readable_groups(user)}


def test_show_hosts(cli: Cli, user: str) -> None:
    found = cli.result("show_hosts")
    expected = sorted(readable_hosts(user), key=lambda host: str(host["host"]))
    assert [host["host"] for host in found] == [host["host"] for host in expected]
    for printed, host in zip(found, expected, strict=True):
        assert is_host(printed, host, groups_in_sight(host["hostid"], user))


def test_show_hosts_by_a_pattern(cli: Cli, user: str) -> None:
    expected = sorted(host["host"] for host in readable_hosts(user) if host["host"].startswith("host-3-1"))
    assert [host["host"] for host in cli.result("show_hosts", "host-3-1*")] == expected != []
    limited = cli.result("show_hosts", "host-3-1*", "--limit", "1")
    assert [host["host"] for host in limited] == expected[:1]


def test_show_host(cli: Cli, user: str) -> None:
    host = row("hosts", host="host-3-05")
    assert is_host(cli.result("show_host", "host-3-05"), host, groups_in_sight(host["hostid"], user))


def test_show_hostgroups(cli: Cli, user: str) -> None:
    readable = {host["hostid"] for host in readable_hosts(user)}
    found = cli.result("show_hostgroups")
    assert [group["name"] for group in found] == sorted(group["name"] for group in readable_groups(user))
    for group in found:
        assert group["groupid"] == row("hstgrp", name=group["name"])["groupid"]
        hosts = {host["hostid"]: host["host"] for host in group["hosts"]}
        expected = {hostid for hostid in hosts_in(group["groupid"]) if hostid in readable}
        assert hosts == {hostid: row("hosts", hostid=hostid)["host"] for hostid in expected}


def test_show_hostgroup(cli: Cli, user: str) -> None:
    found = cli.result("show_hostgroup", "Linux servers 3")
    readable = {host["hostid"] for host in readable_hosts(user)}
    groupid = row("hstgrp", name="Linux servers 3")["groupid"]
    assert found["groupid"] == groupid
    assert {host["hostid"] for host in found["hosts"]} == readable & {*hosts_in(groupid)}


def test_show_user(cli: Cli, user: str) -> None:
    columns = ("userid", "username", "name", "surname")
    found = cli.result("show_user", "noc")
    assert [found[name] for name in columns] == [row("users", username="noc")[name] for name in columns]
    assert "dba" not in {one["username"] for one in members_of_own_groups("noc")}
    answer = cli.run("show_user", "dba")
    assert (answer.status, "dba" in answer.document["message"]) == ((0, False) if user == "Admin" else (1, True))


def test_show_media_types(clis: dict[str, Cli]) -> None:
    found = by("mediatypeid", clis["Admin"].result("show_media_types"))
    assert {mediatypeid: one["name"] for mediatypeid, one in found.items()} == {
        one["mediatypeid"]: one["name"] for one in rows("media_type")
    }


def test_show_proxies(clis: dict[str, Cli]) -> None:
    assert clis["Admin"].result("show_proxies") == []


# --- pushed alarms


def test_a_pushed_alarm_is_shown_until_it_is_over(server: Server, tmp_path: Path) -> None:
    cli = Cli(tmp_path, server, username="noc", password=passwords()["noc"])
    api = Api(server.port, "dba")
    data = api.push(alarm("pushed", "host-3-01", name="Pushed", level=1, labels={"k": "v"}))
    newest = cli.result("show_alarms")[0]  # they are in the order of their last change
    assert (newest["description"], newest["severity"], newest["value"]) == ("pushed", "Disaster", 1)
    assert [host["host"] for host in newest["hosts"]] == ["host-3-01"]
    api.push(alarm("pushed", "host-3-01", status="Inactive"))
    assert "pushed" not in {one["description"] for one in cli.result("show_alarms")}
    events = cli.result("show_trigger_events", "--trigger-id", newest["triggerid"])
    assert sorted((event["name"], event["status_str"]) for event in events) == [("Pushed", "Ok"), ("Pushed", "Problem")]
    assert str(data["id"]) in {event["eventid"] for event in events}
