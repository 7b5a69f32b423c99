"""What Grafana's Zabbix plug-in and Ansible's community.zabbix send, as they were seen to send it: what they are told."""

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.recorded import (
    groups_of,
    hosts_of,
    is_monitored,
    members_of_own_groups,
    newest_first,
    open_problems,
    readable_groups,
    readable_hosts,
    readable_triggers,
    row,
    rows,
    select,
    trigger_events,
)
from tests.support import Client, Server, passwords

USERS = ["Admin", "noc", "dba", "auditor"]
NOTHING_KEPT: dict[str, Any] = {"interfaces": [], "tags": [], "inheritedTags": [], "parentTemplates": [], "macros": []}


class Session:
    """A client's calls: after user.login with what that gave."""

    def __init__(self, client: Client, content_type: str, call_id: Any) -> None:
        self._client = client
        self._content_type = content_type
        self._id = call_id
        self._token: str | None = None

    def ask(self, method: str, params: Any) -> Any:
        headers = {"Accept": "application/json"}
        if self._token is not None and method != "apiinfo.version":  # which must not have it
            headers["Authorization"] = f"Bearer {self._token}"
        call_id = self._id() if callable(self._id) else self._id
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": call_id})
        status, text = self._client.post(body, self._content_type, headers)
        answer = json.loads(text)
        assert (status, answer["id"], list(answer)) == (200, call_id, ["jsonrpc", "result", "id"]), (method, answer)
        return answer["result"]

    def log_in(self, username: str) -> None:
        self._token = self.ask("user.login", {"username": username, "password": passwords()[username]})
        assert self._token is not None
        assert len(self._token) == 32


@pytest.fixture(params=USERS)
def user(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- Grafana


@pytest.fixture
def grafana(shared_server: Server) -> Iterator[Session]:
    with closing(Client(shared_server.port)) as client:
        yield Session(client, "application/json", 1)


def ids(found: list[dict[str, Any]], key: str) -> list[str]:
    return [one[key] for one in found]


def save_and_test(grafana: Session, user: str) -> list[str]:
    """Before the panels: the groups to choose from."""
    assert grafana.ask("apiinfo.version", {}) == "7.0.22"
    grafana.log_in(user)
    groups = grafana.ask("hostgroup.get", {"output": ["name", "groupid"], "sortfield": "name", "with_hosts": True})
    expected = [group for group in readable_groups(user) if rows("hosts_groups", groupid=group["groupid"])]
    assert groups == sorted(select(expected, "name", "groupid"), key=lambda group: str(group["name"]))
    return ids(groups, "groupid")


def hosts_of_panel(grafana: Session, user: str, groupids: list[str]) -> None:
    found = grafana.ask("host.get", {"groupids": groupids, "output": ["hostid", "name", "host"], "sortfield": "name"})
    expected = [host for host in readable_hosts(user) if not groups_of(host["hostid"]).isdisjoint(groupids)]
    assert found == sorted(select(expected, "hostid", "name", "host"), key=lambda host: str(host["name"]))


def problems_of_panel(grafana: Session, user: str, groupids: list[str], **more: Any) -> list[dict[str, Any]]:
    params = {
        "output": "extend",
        "selectAcknowledges": "extend",
        "selectSuppressionData": "extend",
        "selectTags": "extend",
        "source": "0",
        "object": "0",
        "sortfield": ["eventid"],
        "sortorder": "DESC",
        "evaltype": "0",
        "groupids": groupids,
        "recent": False,
        "severities": [0, 1, 2, 3, 4, 5],
        "limit": 100,
        **more,
    }
    found: list[dict[str, Any]] = grafana.ask("problem.get", params)
    return found


def acknowledgements(eventid: str) -> list[dict[str, Any]]:
    return newest_first(rows("acknowledges", eventid=eventid))


def tags(eventid: str) -> list[tuple[str, str]]:
    return sorted((tag["tag"], tag["value"]) for tag in rows("event_tag", eventid=eventid))


def are_problems(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> bool:
    columns = ("eventid", "source", "object", "objectid", "clock", "ns", "name", "acknowledged", "severity")
    assert select(found, *columns) == select(
        sorted(expected, key=lambda event: int(event["eventid"]), reverse=True), *columns
    )
    for problem in found:
        assert (problem["r_eventid"], problem["r_clock"], problem["suppressed"], problem["opdata"]) == (
            "0",
            "0",
            "0",
            "",
        )
        assert (problem["urls"], problem["suppression_data"]) == ([], [])
        assert sorted((tag["tag"], tag["value"]) for tag in problem["tags"]) == tags(problem["eventid"])
        said = ("acknowledgeid", "userid", "clock", "message", "action", "old_severity", "new_severity")
        assert select(problem["acknowledges"], *said) == select(acknowledgements(problem["eventid"]), *said)
    return bool(expected)


def triggers_of_panel(grafana: Session, user: str, triggerids: list[str]) -> list[str]:
    params = {
        "output": "extend",
        "triggerids": triggerids,
        "expandDescription": True,
        "expandData": True,
        "expandExpression": True,
        "monitored": True,
        "skipDependent": True,
        "selectHostGroups": ["name", "groupid"],
        "selectHosts": ["hostid", "name", "host", "maintenance_status", "description", "proxyid"],
        "selectItems": ["itemid", "name", "key_", "lastvalue", "value_type"],
        "preservekeys": "1",
    }
    found = grafana.ask("trigger.get", params)
    expected = [trigger for trigger in readable_triggers(user) if trigger["triggerid"] in triggerids]
    expected = [trigger for trigger in expected if is_monitored(trigger)]
    assert set(found) == {*ids(expected, "triggerid")} != set()
    for trigger in expected:
        one = found[trigger["triggerid"]]
        columns = ("triggerid", "description", "status", "value", "priority")
        assert select([one], *columns) == select([trigger], *columns)
        hostids = hosts_of(trigger["triggerid"])
        hosts = [{"proxyid": "0", **host} for host in rows("hosts") if host["hostid"] in hostids]
        assert sorted(one["hosts"], key=lambda host: str(host["hostid"])) == select(
            hosts, "hostid", "name", "host", "maintenance_status", "description", "proxyid"
        )
        groups = {groupid for hostid in hostids for groupid in groups_of(hostid)}
        expected_groups = [group for group in readable_groups(user) if group["groupid"] in groups]
        assert sorted(one["hostgroups"], key=lambda group: str(group["groupid"])) == select(
            expected_groups, "name", "groupid"
        )
        assert one["items"] == []
    return list(found)


def expanded_row(grafana: Session, user: str, triggerid: str) -> list[str]:
    """The history of a problem's trigger, and who acknowledged what."""
    params = {
        "objectids": [triggerid],
        "output": "extend",
        "selectHosts": "extend",
        "selectAcknowledges": "extend",
        "value": [0, 1],
        "limit": 100,
        "time_from": 1362128008,
        "time_till": 1362146471,
        "sortfield": ["clock", "eventid"],
        "sortorder": "DESC",
    }
    found = grafana.ask("event.get", params)
    expected = [event for event in trigger_events([triggerid]) if 1362128008 <= int(event["clock"]) <= 1362146471]
    columns = ("eventid", "objectid", "clock", "ns", "value", "acknowledged", "name", "severity")
    assert select(found, *columns) == select(newest_first(expected), *columns)
    recoveries = {recovery["eventid"]: recovery["r_eventid"] for recovery in rows("event_recovery")}
    known = {one["userid"]: one for one in members_of_own_groups(user)}
    for event in found:
        assert event["r_eventid"] == recoveries.get(event["eventid"], "0")
        assert {host["hostid"] for host in event["hosts"]} == hosts_of(triggerid)
        said = [(one["userid"], one["message"], one.get("username")) for one in event["acknowledges"]]
        assert said == [
            (one["userid"], one["message"], known[one["userid"]]["username"] if one["userid"] in known else None)
            for one in acknowledgements(event["eventid"])
        ]
    return ids(found, "eventid")


def alerts_of_row(grafana: Session, user: str, eventids: list[str]) -> int:
    output = ["alertid", "eventid", "message", "clock", "error"]
    found = grafana.ask("alert.get", {"eventids": eventids, "output": output, "selectUsers": "extend"})
    known = {one["userid"]: one for one in members_of_own_groups(user)}
    seen = [alert for alert in rows("alerts") if alert["eventid"] in eventids]
    seen = [alert for alert in seen if user == "Admin" or alert["userid"] is None or alert["userid"] in known]
    seen.sort(key=lambda alert: int(alert["alertid"]))
    assert sorted(select(found, *output), key=lambda alert: int(alert["alertid"])) == select(seen, *output)
    for alert in found:
        userid = row("alerts", alertid=alert["alertid"])["userid"]
        expected = [known[userid]] if userid in known else []
        assert select(alert["users"], "userid", "username", "name", "surname") == select(
            expected, "userid", "username", "name", "surname"
        )
    return len(seen)


def test_grafana(grafana: Session, user: str) -> None:
    groupids = save_and_test(grafana, user)
    hosts_of_panel(grafana, user, groupids)
    problems = problems_of_panel(grafana, user, groupids)
    assert are_problems(problems, open_problems(user))
    triggerids = triggers_of_panel(grafana, user, list(dict.fromkeys(ids(problems, "objectid"))))
    assert grafana.ask("proxy.get", {"output": ["proxyid", "name"]}) == []
    names = ("userid", "username", "name", "surname")
    users = grafana.ask("user.get", {"output": list(names)})
    assert sorted(users, key=lambda one: int(one["userid"])) == select(members_of_own_groups(user), *names)
    assert any(problem["acknowledges"] for problem in problems)
    histories = [expanded_row(grafana, user, triggerid) for triggerid in triggerids]
    assert sum(alerts_of_row(grafana, user, history) for history in histories) > 0


def test_grafana_narrows_the_problems(grafana: Session, user: str) -> None:
    groupids = save_and_test(grafana, user)
    problems = open_problems(user)
    found = problems_of_panel(grafana, user, groupids, severities=[4, 5])
    assert are_problems(found, [problem for problem in problems if problem["severity"] in {"4", "5"}])
    found = problems_of_panel(grafana, user, groupids, acknowledged=False)
    assert are_problems(found, [problem for problem in problems if problem["acknowledged"] == "0"])
    first = {"tag": "scope", "value": "availability", "operator": "1"}
    found = problems_of_panel(grafana, user, groupids, tags=[first])
    of_tag = [problem for problem in problems if ("scope", "availability") in tags(problem["eventid"])]
    are_problems(found, of_tag)
    at = sorted(int(problem["clock"]) for problem in problems)[len(problems) // 2]
    found = problems_of_panel(grafana, user, groupids, time_from=at, time_till=at + 3600)
    assert are_problems(found, [problem for problem in problems if at <= int(problem["clock"]) <= at + 3600])
    in_group = {link["hostid"] for link in rows("hosts_groups", groupid=groupids[0])}
    of_group = [problem for problem in problems if not in_group.isdisjoint(hosts_of(problem["objectid"]))]
    are_problems(problems_of_panel(grafana, user, groupids[:1]), of_group)
    assert (
        problems_of_panel(grafana, user, groupids, limit=1)[0]["eventid"]
        == ids(problems_of_panel(grafana, user, groupids), "eventid")[0]
    )


@pytest.mark.parametrize("without", ["norights", "nogroup"])
def test_grafana_for_a_user_without_rights(grafana: Session, without: str) -> None:
    assert save_and_test(grafana, without) == []
    assert problems_of_panel(grafana, without, []) == []


# --- Ansible


@pytest.fixture
def ansible(shared_server: Server) -> Iterator[Client]:
    with closing(Client(shared_server.port, "/zabbix/api_jsonrpc.php")) as client:
        yield client


def are_hosts(found: list[dict[str, Any]], expected: list[dict[str, Any]], *columns: str) -> bool:
    by_id = sorted(found, key=lambda host: int(host["hostid"]))
    assert select(by_id, *columns) == select(expected, *columns)
    return bool(expected)


def group_names(hostid: str, user: str) -> list[str]:
    return sorted(group["name"] for group in readable_groups(user) if group["groupid"] in groups_of(hostid))


def test_ansible_inventory(ansible: Client, user: str) -> None:
    """The inventory plug-in of 4.1.1: `host_zapi_query` goes as it is; `record["host"]` and the rest become variables."""
    plugin = Session(ansible, "application/json-rpc", "1")
    assert plugin.ask("apiinfo.version", {}) == "7.0.22"
    plugin.log_in(user)
    query = {
        "output": ["hostid", "host", "name", "status", "description"],
        "selectInterfaces": ["ip", "dns", "port", "type", "main", "useip"],
        "selectHostGroups": ["name", "groupid"],
        "selectTags": "extend",
        "selectInheritedTags": "extend",
        "selectParentTemplates": ["name"],
        "selectInventory": "extend",
        "selectMacros": ["macro", "value"],
        "selectItems": ["name"],
        "filter": {"status": 0},
    }
    found = plugin.ask("host.get", query)
    enabled = [host for host in readable_hosts(user) if host["status"] == "0"]
    assert are_hosts(found, enabled, "hostid", "host", "name", "status", "description")
    for host in found:
        assert sorted(group["name"] for group in host["hostgroups"]) == group_names(host["hostid"], user)
        assert set(host) == {*query["output"], "hostgroups", "inventory", "items", *NOTHING_KEPT}
        nothing = {**NOTHING_KEPT, "inventory": [], "items": []}
        assert {name: host[name] for name in nothing} == nothing
    groups = plugin.ask("host.get", {"selectGroups": ["name"]})  # add_zabbix_groups
    assert are_hosts(groups, readable_hosts(user), "hostid", "host", "name", "status", "maintenance_status")
    for host in groups:
        assert sorted(group["name"] for group in host["groups"]) == group_names(host["hostid"], user)
    assert plugin.ask("user.logout", []) is True


@pytest.mark.parametrize("query", [{}, []])
def test_ansible_inventory_without_a_query(ansible: Client, user: str, query: Any) -> None:
    plugin = Session(ansible, "application/json-rpc", "1")
    plugin.log_in(user)
    found = plugin.ask("host.get", query)
    assert are_hosts(found, readable_hosts(user), "hostid", "host", "name", "status", "description")
    assert all(host["inventory_mode"] == "-1" and host["proxyid"] == "0" for host in found)


def test_ansible_inventory_as_its_example_has_it(ansible: Client, user: str) -> None:
    plugin = Session(ansible, "application/json-rpc", "1")
    plugin.log_in(user)
    query = {
        "selectApplications": ["name", "applicationid"],
        "selectParentTemplates": ["name"],
        "selectGroups": ["name"],
    }
    found = plugin.ask("host.get", query)
    assert are_hosts(found, readable_hosts(user), "host", "status")
    for host in found:
        assert sorted(group["name"] for group in host["groups"]) == group_names(host["hostid"], user)
        assert host["parentTemplates"] == []
        assert "applications" not in host


def test_ansible_modules(ansible: Client, user: str) -> None:
    """The modules' connection logs in before it asks for the version; zabbix_group_info, zabbix_host_events_info."""
    modules = Session(ansible, "application/json-rpc", lambda: str(uuid.uuid4()))
    modules.log_in(user)
    assert modules.ask("apiinfo.version", {}) == "7.0.22"
    group = readable_groups(user)[0]
    groups = modules.ask("hostgroup.get", {"output": "extend", "filter": {"name": [group["name"]]}})
    assert groups == [{name: group[name] for name in ("groupid", "name", "flags", "uuid")}]
    problem = open_problems(user)[-1]
    host = row("hosts", hostid=min(hosts_of(problem["objectid"])))
    query = {
        "output": "extend",
        "selectParentTemplates": ["name"],
        "filter": {"host": host["host"]},
        "selectInventory": "hostid",
    }
    hosts = modules.ask("host.get", query)
    assert are_hosts(hosts, [host], "hostid", "host", "name", "status")
    assert hosts[0]["inventory"] == []
    triggers = modules.ask("trigger.get", {"output": "extend", "hostids": host["hostid"], "min_severity": 0})
    expected = [one for one in readable_triggers(user) if host["hostid"] in hosts_of(one["triggerid"])]
    assert sorted(ids(triggers, "triggerid")) == ids(expected, "triggerid")
    assert problem["objectid"] in ids(triggers, "triggerid")
    history: dict[str, Any] = {
        "output": ["eventid", "clock", "acknowledged", "value"],
        "objectids": problem["objectid"],
        "selectAcknowledges": "extend",
        "selectTags": "extend",
        "limit": 1,
        "sortfield": "clock",
        "sortorder": "DESC",
    }
    [event] = modules.ask("event.get", history)
    last = newest_first(trigger_events([problem["objectid"]]))[0]
    assert select([event], "eventid", "clock", "acknowledged", "value") == select(
        [last], "eventid", "clock", "acknowledged", "value"
    )
    assert sorted((tag["tag"], tag["value"]) for tag in event["tags"]) == tags(last["eventid"])
    assert ids(event["acknowledges"], "acknowledgeid") == ids(acknowledgements(last["eventid"]), "acknowledgeid")
    assert modules.ask("user.logout", {}) is True
