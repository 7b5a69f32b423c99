"""Alarms pushed in OCP's way, as the API of Zabbix gives them: problems, events, triggers, hosts, groups, alerts."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import groups_of, readable_groups, row, select
from tests.support import Client, delivering_database, serving
from tests.test_alarm_api import CONFIGURATION, Api, Pushed, alarm
from tests.wire import eventually

READERS = ["Admin", "super2", "dba", "noc", "auditor", "norights"]
ON_DATABASES = "host-3-01"  # in "Linux servers 3", which noc reads, and "Databases 3", which is dba's
LABELS = {"cluster": "prod", "ключ": "значение", "empty": ""}
TAGS = [{"tag": tag, "value": value} for tag, value in LABELS.items()]
PUSHED_GROUP = "Pushed alarms"
SENT = "1"


@pytest.fixture(scope="module")
def pushed(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    """A server that sends what is of the types "told_..." through a script."""
    folder = tmp_path_factory.mktemp("pushed_alarms_read")
    database = delivering_database(folder, loaded_database, CONFIGURATION)
    with serving(database, "--config", str(folder / "config.toml")) as server:
        yield Pushed(server, database, Api(server.port))


@pytest.fixture
def client(pushed: Pushed) -> Iterator[Client]:
    with closing(Client(pushed.server.port)) as client:
        yield client


def problem(client: Client, eventid: int, user: str = "Admin", **more: Any) -> list[dict[str, Any]]:
    params = {"output": "extend", "selectTags": "extend", "eventids": [eventid], **more}
    found: list[dict[str, Any]] = client.call("problem.get", params, user)
    return found


def triggerid_of(client: Client, eventid: int) -> str:
    [event] = client.call("event.get", {"output": ["objectid"], "eventids": [eventid]}, "Admin")
    return str(event["objectid"])


def events(client: Client, triggerid: str, user: str = "Admin", **more: Any) -> list[dict[str, Any]]:
    params = {
        "output": "extend",
        "objectids": [triggerid],
        "selectTags": "extend",
        "selectHosts": ["hostid", "host"],
        "sortfield": "eventid",
        **more,
    }
    found: list[dict[str, Any]] = client.call("event.get", params, user)
    return found


# --- open


def test_a_pushed_alarm_is_a_problem_with_its_labels_as_tags(pushed: Pushed, client: Client) -> None:
    body = alarm("slow", target="new-host", labels=LABELS, level=2, name="Slow disk")
    data = pushed.api.push({**body, "activeAt": "2026-03-01T02:03:04.250Z"})
    [found] = problem(client, data["id"])
    clock = int(datetime(2026, 3, 1, 2, 3, 4, tzinfo=UTC).timestamp())
    expected = {
        "eventid": str(data["id"]),
        "source": "0",
        "object": "0",
        "clock": str(clock),
        "ns": "250000000",
        "r_eventid": "0",
        "r_clock": "0",
        "name": "Slow disk",
        "acknowledged": "0",
        "severity": "4",
        "suppressed": "0",
        "tags": TAGS,
    }
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("user", READERS)
def test_who_sees_an_alarm_of_a_new_host(pushed: Pushed, client: Client, user: str) -> None:
    eventid = pushed.api.push(alarm("seen", target=f"new for {user}"))["id"]
    triggerid = triggerid_of(client, eventid)
    sees = 1 if user in {"Admin", "super2"} else 0
    assert len(problem(client, eventid, user)) == sees
    assert len(events(client, triggerid, user)) == sees
    for method in ("trigger.get", "host.get", "hostgroup.get"):
        assert len(client.call(method, {"triggerids": [triggerid]}, user)) == sees, method


@pytest.mark.parametrize("user", READERS)
def test_who_sees_an_alarm_of_a_host_in_groups(pushed: Pushed, client: Client, user: str) -> None:
    eventid = Api(pushed.server.port, "dba").push(alarm("seen", ON_DATABASES, labels={"for": user}))["id"]
    triggerid = triggerid_of(client, eventid)
    hostid = row("hosts", host=ON_DATABASES)["hostid"]
    groups = [group for group in readable_groups(user) if group["groupid"] in groups_of(hostid)]
    sees = user != "norights"
    assert [one["tags"] for one in problem(client, eventid, user)] == [[{"tag": "for", "value": user}]] * sees
    hosts = client.call("host.get", {"output": ["hostid"], "triggerids": [triggerid]}, user)
    assert hosts == [{"hostid": hostid}] * sees
    found = client.call("hostgroup.get", {"output": ["groupid"], "triggerids": [triggerid]}, user)
    assert sorted(group["groupid"] for group in found) == [group["groupid"] for group in groups]
    triggers = client.call("trigger.get", {"output": ["triggerid"], "triggerids": [triggerid]}, user)
    assert triggers == [{"triggerid": triggerid}] * sees


def test_its_host_trigger_and_group(pushed: Pushed, client: Client) -> None:
    eventid = pushed.api.push(alarm("full", target="host of its own", level=1))["id"]
    triggerid = triggerid_of(client, eventid)
    query = {
        "output": "extend",
        "triggerids": [triggerid],
        "monitored": True,
        "filter": {"value": 1},
        "expandDescription": True,
        "selectHosts": ["hostid", "host", "name"],
        "selectHostGroups": ["groupid", "name"],
        "selectLastEvent": ["eventid", "value"],
    }
    [trigger] = client.call("trigger.get", query, "Admin")
    assert select([trigger], "description", "priority", "value", "status", "manual_close") == [
        {"description": "full", "priority": "5", "value": "1", "status": "0", "manual_close": "1"}
    ]
    assert trigger["lastchange"] == problem(client, eventid)[0]["clock"]
    assert trigger["lastEvent"]["eventid"] == str(eventid)
    [host] = trigger["hosts"]
    assert (host["host"], host["name"]) == ("host of its own", "host of its own")
    [group] = trigger["hostgroups"]
    assert group["name"] == PUSHED_GROUP
    query = {"output": ["host", "status"], "filter": {"host": "host of its own"}, "selectTriggers": ["description"]}
    [found] = client.call("host.get", {**query, "selectHostGroups": ["name"], "with_triggers": True}, "Admin")
    assert (found["hostid"], found["status"]) == (host["hostid"], "0")
    assert [one["triggerid"] for one in found["triggers"]] == [triggerid]
    assert [one["name"] for one in found["hostgroups"]] == [PUSHED_GROUP]
    [found] = client.call("hostgroup.get", {"output": "extend", "with_hosts": True, "selectHosts": ["host"],
                                            "filter": {"name": PUSHED_GROUP}}, "Admin")  # fmt: skip
    assert found["groupid"] == group["groupid"]
    assert host["hostid"] in {one["hostid"] for one in found["hosts"]}
    by_group = {"groupids": [group["groupid"]], "hostids": [host["hostid"]], "severities": [5]}
    assert [one["eventid"] for one in client.call("problem.get", by_group, "Admin")] == [str(eventid)]


def test_problems_by_label(pushed: Pushed, client: Client) -> None:
    first, second, other = (
        pushed.api.push(alarm("labelled", target=f"host {n}", labels=labels))["id"]
        for n, labels in enumerate([{"team": "storage"}, {"team": "Storage networks"}, {"crew": "storage"}])
    )

    def found(*asked: dict[str, str], **more: Any) -> list[int]:
        params = {"output": ["eventid"], "tags": list(asked), "sortfield": "eventid", **more}
        rows = client.call("problem.get", params, "Admin")
        return [int(one["eventid"]) for one in rows if int(one["eventid"]) in {first, second, other}]

    assert found({"tag": "team", "value": "storage", "operator": "1"}) == [first]
    assert found({"tag": "team", "value": "storage", "operator": "0"}) == [first, second]
    assert found({"tag": "team", "operator": "4"}) == [first, second]
    both = ({"tag": "team", "value": "storage", "operator": "1"}, {"tag": "crew", "value": "storage", "operator": "1"})
    assert found(*both, evaltype=2) == [first, other]
    assert found(*both) == []


def test_a_repeated_push_is_one_problem_with_the_newest_labels(pushed: Pushed, client: Client) -> None:
    eventid = pushed.api.push(alarm("repeated", labels={"n": "1"}, level=4))["id"]
    again = pushed.api.push(alarm("repeated", labels={"n": "2", "more": "x"}, level=1))
    assert again["id"] == eventid
    triggerid = triggerid_of(client, eventid)
    [found] = client.call("problem.get", {"objectids": [triggerid], "selectTags": "extend"}, "Admin")
    assert {tag["tag"]: tag["value"] for tag in found["tags"]} == again["labels"] == {"n": "2", "more": "x"}
    assert (found["eventid"], found["severity"]) == (str(eventid), "5")
    assert client.call("event.get", {"objectids": [triggerid], "countOutput": True}, "Admin") == "1"


# --- over


def test_an_inactive_alarm_is_no_problem_but_a_recent_one(pushed: Pushed, client: Client) -> None:
    eventid = pushed.api.push(alarm("over", target="host", labels=LABELS, level=3))["id"]
    triggerid = triggerid_of(client, eventid)
    pushed.api.push(alarm("over", target="host", status="Inactive"))
    assert problem(client, eventid) == []
    assert client.call("problem.get", {"objectids": [triggerid], "countOutput": True}, "Admin") == "0"
    [recent] = problem(client, eventid, recent=True)
    begun, ended = events(client, triggerid)
    assert (recent["r_eventid"], recent["r_clock"], recent["r_ns"]) == (ended["eventid"], ended["clock"], ended["ns"])
    assert recent["tags"] == TAGS
    columns = ("eventid", "objectid", "value", "severity", "r_eventid", "name", "tags")
    assert select([begun, ended], *columns) == [
        {"eventid": str(eventid), "objectid": triggerid, "value": "1", "severity": "3", "r_eventid": ended["eventid"],
         "name": "over", "tags": TAGS},
        {"eventid": ended["eventid"], "objectid": triggerid, "value": "0", "severity": "0", "r_eventid": "0",
         "name": "over", "tags": TAGS},
    ]  # fmt: skip
    assert begun["hosts"] == ended["hosts"] == [{"hostid": begun["hosts"][0]["hostid"], "host": "host"}]
    [trigger] = client.call("trigger.get", {"output": ["value", "lastchange"], "triggerids": [triggerid]}, "Admin")
    assert (trigger["value"], trigger["lastchange"]) == ("0", ended["clock"])
    by_value = client.call("event.get", {"objectids": [triggerid], "value": [0], "output": ["eventid"]}, "Admin")
    assert by_value == [{"eventid": ended["eventid"]}]


def test_an_alarm_that_ended_long_ago_is_not_recent(pushed: Pushed, client: Client) -> None:
    begun = datetime.now(UTC) - timedelta(days=2)
    eventid = pushed.api.push(alarm("long ago", activeAt=begun.isoformat()))["id"]
    assert len(problem(client, eventid)) == 1
    ended = begun + timedelta(hours=1)
    pushed.api.push(alarm("long ago", status="Inactive", resolvedAt=ended.isoformat()))
    assert problem(client, eventid) == problem(client, eventid, recent=True) == []
    first, last = events(client, triggerid_of(client, eventid))
    assert (first["r_eventid"], last["clock"]) == (last["eventid"], str(int(ended.timestamp())))


def test_an_alarm_comes_back_as_another_problem_of_the_trigger(pushed: Pushed, client: Client) -> None:
    first = pushed.api.push(alarm("again", labels={"n": "1"}))["id"]
    pushed.api.push(alarm("again", status="Inactive"))
    second = pushed.api.push(alarm("again", labels={"n": "2"}))["id"]
    triggerid = triggerid_of(client, first)
    found = events(client, triggerid)
    assert [(one["value"], [tag["value"] for tag in one["tags"]]) for one in found] == [
        ("1", ["1"]), ("0", ["1"]), ("1", ["2"]),
    ]  # fmt: skip
    open_now = client.call("problem.get", {"output": ["eventid"], "objectids": [triggerid]}, "Admin")
    assert open_now == [{"eventid": str(second)}]


# --- alerts


def test_the_alerts_of_a_pushed_alarm(pushed: Pushed, client: Client) -> None:
    eventid = pushed.api.push(alarm("told_read", target="told host", level=1, labels=LABELS))["id"]
    pushed.api.push(alarm("told_read", target="told host", status="Inactive"))
    triggerid = triggerid_of(client, eventid)

    def alerts() -> list[dict[str, Any]]:
        query = {"output": "extend", "objectids": [triggerid], "sortfield": "alertid", "selectUsers": ["username"]}
        found: list[dict[str, Any]] = client.call("alert.get", query, "Admin")
        return found

    assert eventually(lambda: [alert["status"] for alert in alerts()] == [SENT, SENT])
    begun, ended = events(client, triggerid, selectAlerts="extend")
    first, second = alerts()
    assert (first["eventid"], first["p_eventid"], first["subject"]) == (
        begun["eventid"], "0", "Stopped: told_read on told host",
    )  # fmt: skip
    assert (second["eventid"], second["p_eventid"]) == (ended["eventid"], begun["eventid"])
    assert [alert["sendto"] for alert in (first, second)] == ["on-duty"] * 2
    assert [[user["username"] for user in alert["users"]] for alert in (first, second)] == [["Admin"]] * 2
    own = [name for name in first if name not in {"eventid", "users"}]
    assert select(begun["alerts"], *own) == select([first], *own)
    assert select(ended["alerts"], *own) == select([second], *own)
    [of_event] = client.call("alert.get", {"eventids": [eventid], "output": ["alertid"]}, "Admin")
    assert of_event == {"alertid": first["alertid"]}
    by_place = {"output": ["alertid"], "hostids": [begun["hosts"][0]["hostid"]], "sortfield": "alertid"}
    assert client.call("alert.get", by_place, "Admin") == select([first, second], "alertid")
    [action] = client.call("action.get", {"output": ["name", "eventsource"], "actionids": first["actionid"]}, "Admin")
    assert (action["name"], action["eventsource"]) == ("Tell", "0")
    [media_type] = client.call("mediatype.get", {"output": ["name"], "mediatypeids": first["mediatypeid"]}, "Admin")
    assert media_type["name"] == "example"


def test_an_alarm_that_no_action_sends_has_no_alerts(pushed: Pushed, client: Client) -> None:
    eventid = pushed.api.push(alarm("untold"))["id"]
    [event] = events(client, triggerid_of(client, eventid), selectAlerts="extend")
    assert event["alerts"] == []
    assert client.call("alert.get", {"eventids": [eventid]}, "Admin") == []
