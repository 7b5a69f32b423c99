"""OCP's lists of alarms and notifications: every filter, pages, rights, and what docs/alarms.rst says of them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.intake import ocp
from alertrpc.intake.labelled import LEVELS
from alertrpc.ocp.filters import ALARM_FILTERS, NOTIFICATION_FILTERS
from alertrpc.ocp.lists import LARGEST_PAGE
from alertrpc.web.alarms import ROUTES
from alertrpc.web.ocp import FAULTS, add_routes
from tests.support import DATASET, DEFAULTS, ROOT, Client, Server, json_lines, run_alertrpc, serving, write_lines
from tests.test_alarm_api import ALARMS, Api
from tests.wire import execute

NOTIFICATIONS = "/api/v2/alarm/notifications"
DOCUMENT = (ROOT / "docs" / "alarms.rst").read_text()
PROBLEM = {"source": 0, "object": 0, "value": 1}
ADMIN, NOC = 1, 3
ACTION, MEDIUM = 1, 1
DAY = 86_400
T0 = 1_700_000_000  # 2023-11-14T22:13:20Z
LABELS = {
    "app_type": "OB",
    "alarm_scope": "ObTenant",
    "ob_cluster_group": "group-1",
    "ob_cluster": "prod-1",
    "ob_tenant": "tenant-1",
    "host_name": "db-1",
    "svr_ip": "192.0.2.7",
    "app_cluster": "app-1",
    "service": "service-1",
}


def alarm_rows(eventid: int, **fields: Any) -> list[dict[str, Any]]:
    """The rows of an alarm as a push leaves them."""
    alarm = {"alarm_type": "type", "target": "target", "level": 3, "name": "name", **fields}
    active_at = (T0 + eventid * DAY) * 1000
    labels = alarm.pop("labels", {})
    event = {"objectid": 10, "clock": active_at // 1000, "name": alarm["name"], "severity": 6 - alarm["level"]}
    times = {"identity": str(eventid), "active_at": active_at, "updated_at": active_at}
    return [
        {"table": "events", "eventid": eventid, **PROBLEM, **event},
        {"table": "alarms", "eventid": eventid, **times, **alarm},
        *[{"table": "event_tag", "eventid": eventid, "tag": tag, "value": value} for tag, value in labels.items()],
    ]


def recovery_rows(eventid: int, r_eventid: int) -> list[dict[str, Any]]:
    event = {"source": 0, "object": 0, "value": 0, "objectid": 10, "clock": T0 + 100 * DAY, "name": "name"}
    return [
        {"table": "events", "eventid": r_eventid, **event},
        {"table": "event_recovery", "eventid": eventid, "r_eventid": r_eventid},
    ]


def alert(alertid: int, eventid: int, **fields: Any) -> dict[str, Any]:
    row = {"actionid": ACTION, "userid": ADMIN, "clock": T0 + alertid * DAY, "mediatypeid": MEDIUM, "status": 1}
    return {"table": "alerts", "alertid": alertid, "eventid": eventid, **row, "sendto": "a@example.com", **fields}


def attempt(alertid: int, number: int, **fields: Any) -> dict[str, Any]:
    times = {"started": (T0 + alertid * DAY) * 1000 + number, "milliseconds": 250}
    return {
        "table": "attempts",
        "alertid": alertid,
        "number": number,
        "outcome": "sent",
        "reason": "",
        **times,
        **fields,
    }


ROWS: list[dict[str, Any]] = [
    {"table": "role", "roleid": 3, "name": "Super admin role", "type": 3},
    {"table": "users", "userid": ADMIN, "username": "Admin", "password": "zabbix", "roleid": 3},
    {"table": "users", "userid": NOC, "username": "noc", "password": "noc", "roleid": 3},
    {"table": "media_type", "mediatypeid": MEDIUM, "name": "pager", "type": 1},
    {"table": "actions", "actionid": ACTION, "name": "Tell"},
    {"table": "hosts", "hostid": 5, "host": "host-5", "name": "Host 5"},
    {"table": "triggers", "triggerid": 10, "description": "trigger"},
    {"table": "triggers", "triggerid": 11, "description": "Disk is full"},
    {"table": "object_hosts", "object": 0, "objectid": 11, "hostid": 5},
    *alarm_rows(1),
    *alarm_rows(2, alarm_type="ob_slow", labels=LABELS),
    *alarm_rows(3, target="other", level=1, summary="Привет мир", labels={"app_type": "OCP"}),
    *alarm_rows(4, description="50% of_it!", resolved_at=(T0 + 100 * DAY) * 1000),
    *recovery_rows(4, 5),
    # loaded from Zabbix: 20 lasts, 21 is over, the recovery event of 23 is gone; 24 has a label twice
    {"table": "events", "eventid": 20, **PROBLEM, "objectid": 11, "clock": T0, "name": "Disk /var", "severity": 0},
    {"table": "events", "eventid": 21, **PROBLEM, "objectid": 11, "clock": T0, "name": "Disk /var", "severity": 5},
    {"table": "events", "eventid": 22, "value": 0, "objectid": 11, "clock": T0 + 60, "name": "Disk /var"},
    {"table": "event_recovery", "eventid": 21, "r_eventid": 22},
    {"table": "events", "eventid": 23, **PROBLEM, "objectid": 11, "clock": T0, "name": "Disk /var", "severity": 1},
    {"table": "event_recovery", "eventid": 23, "r_eventid": 999},
    # no problems of triggers
    {"table": "events", "eventid": 30, "source": 1, "object": 1, "objectid": 11, "value": 1, "name": "found"},
    {"table": "events", "eventid": 31, "source": 3, "object": 4, "objectid": 11, "value": 1, "name": "internal"},
    alert(1, 1, status=3),
    alert(2, 1, status=0, error="Connection refused"),
    alert(3, 2, userid=NOC, subject="OB: slow", message="it is слово"),
    alert(4, 2, status=2, error="exit 1", sendto="+371"),
    alert(5, 4),
    alert(6, 5, p_eventid=4),
    alert(7, 20, userid=None, mediatypeid=None),
    alert(8, 21, alerttype=1),
    alert(9, 30),
    alert(10, 21),
    attempt(2, 1, outcome="try_again", reason="exit_code", code=1, error="exit 1", stderr="no"),
    attempt(2, 2, outcome="try_again", reason="exit_code", code=1, error="exit 1"),
    attempt(4, 1, outcome="give_up", code=78, error="exit 1", stdout="out", stderr="err"),
    attempt(5, 1, code=200, answer='{"errcode": 0}'),
    attempt(6, 1, code=0, stdout="page 1 sent"),
]  # fmt: skip


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose database holds ROWS."""
    folder = tmp_path_factory.mktemp("listed")
    database = folder / "alertrpc.db"
    done = run_alertrpc("load", str(write_lines(folder / "rows.jsonl", ROWS)), "--database", f"sqlite:///{database}")
    assert done.returncode == 0, done.stderr
    with serving(database, "--deliver", "no") as server:
        yield server


@pytest.fixture
def admin(listed: Server) -> Api:
    return Api(listed.port)


def ids(found: Mapping[str, Any]) -> list[int]:
    return [row["id"] for row in found["contents"]]


def asked(path: str, filters: Mapping[str, Any]) -> str:
    return f"{path}?{urlencode(filters)}"


# --- filters

PUSHED, LOADED = [4, 3, 2, 1], [23, 21, 20]
ALL = [*LOADED, *PUSHED]
ALARM_CASES: dict[str, list[tuple[Any, list[int]]]] = {
    "appType": [("OB", [2]), ("OCP", [3]), ("ob", [])],
    "alarmType": [("ob_slow", [2]), ("Disk is full", LOADED), ("ob_*", []), ("type", [4, 3, 1])],
    "scope": [("ObTenant", [2]), ("Host", [])],
    "level": [(1, [21, 3]), (2, []), (3, [4, 2, 1]), (5, [23, 20])],
    "keyword": [
        ("slow", [2]), ("ПРИВЕТ", [3]), ("0% of_it!", [4]), ("%", [4]), ("_IT", [4]), ("DISK", LOADED),
        ("host-5", LOADED), ("name", PUSHED), ("абвгдежзийклмнопрстуфхцчшщъыьэюя", []),
    ],
    "category": [("OB", [2]), ("APP", [*LOADED, 4, 3, 1])],
    "target": [("other", [3]), ("host-5", LOADED), ("othe", [])],
    "obClusterGroup": [("group-1", [2]), ("prod-1", [])],
    "obCluster": [("prod-1", [2]), ("", ALL)],
    "obTenant": [("tenant-1", [2]), ("x", [])],
    "hostName": [("db-1", [2]), ("x", [])],
    "hostIp": [("192.0.2.7", [2]), ("192.0.2.8", [])],
    "appCluster": [("app-1", [2]), ("x", [])],
    "serviceName": [("service-1", [2]), ("x", [])],
    "status": [("Active", [20, 3, 2, 1]), ("Inactive", [23, 21, 4]), ("Silenced", []), ("Inhibited", [])],
    "activeAtStart": [("2023-11-17T22:13:20Z", [4, 3]), ("2023-11-18T06:13:20.001+08:00", [4])],
    "activeAtEnd": [("2023-11-14T22:13:20", LOADED), ("2023-11-14T22:13:19Z", [])],
    "isSubscribedByMe": [("true", [21, 4, 2, 1]), ("false", [23, 20, 3])],
}  # fmt: skip
MESSAGES = [10, 9, 7, 6, 5, 4, 3, 2, 1]
NOTIFICATION_CASES: dict[str, list[tuple[Any, list[int]]]] = {
    "appType": [("OB", [4, 3]), ("OCP", [])],
    "alarmType": [("ob_slow", [4, 3]), ("type", [6, 5, 2, 1]), ("Disk is full", [10, 7]), ("found", [9])],
    "scope": [("ObTenant", [4, 3]), ("x", [])],
    "level": [(1, [10]), (3, [6, 5, 4, 3, 2, 1]), (5, [9, 7])],
    "keyword": [("SLOW", [4, 3]), ("Слово", [3]), ("+371", [4]), ("disk is", [10, 7]), ("none", [])],
    "category": [("OB", [4, 3]), ("APP", [10, 9, 7, 6, 5, 2, 1])],
    "recipientUid": [(NOC, [3]), (999, [])],
    "status": [("Pending", [1]), ("Sending", [2]), ("Success", [10, 9, 7, 6, 5, 3]), ("Failed", [4]), ("Limited", [])],
    "sentAtStart": [("2023-11-23T22:13:20Z", [10, 9]), ("2024-01-01", [])],
    "sentAtEnd": [("2023-11-16T22:13:20Z", [2, 1]), ("2023-11-16T22:13:19.999Z", [1])],
    "alarmId": [(1, [2, 1]), (2, [4, 3]), (4, [6, 5]), (5, []), (20, [7]), (21, [10]), (77, [])],
}


def test_every_filter_has_a_case() -> None:
    assert ALARM_CASES.keys() == ALARM_FILTERS.keys()
    assert NOTIFICATION_CASES.keys() == NOTIFICATION_FILTERS.keys()


FILTERED = [
    (path, name, value, expected)
    for path, cases in ((ALARMS, ALARM_CASES), (NOTIFICATIONS, NOTIFICATION_CASES))
    for name, of_filter in cases.items()
    for value, expected in of_filter
]


@pytest.mark.parametrize(("path", "name", "value", "expected"), FILTERED)
def test_a_filter(admin: Api, path: str, name: str, value: Any, expected: list[int]) -> None:
    found = admin.get(asked(path, {name: value}))
    assert ids(found) == expected
    assert found["page"] == {
        "number": 1,
        "size": 20,
        "totalElements": len(expected),
        "totalPages": 1 if expected else 0,
    }


def test_filters_go_together(admin: Api) -> None:
    assert ids(admin.get(asked(ALARMS, {"level": 3, "status": "Active", "alarmType": "type"}))) == [1]
    assert ids(admin.get(asked(NOTIFICATIONS, {"status": "Success", "recipientUid": ADMIN, "keyword": "disk"}))) == [10]


def test_with_an_alarm_the_other_filters_do_not_count(admin: Api) -> None:
    others = {"status": "Failed", "keyword": "nothing", "level": 5, "recipientUid": 999}
    assert ids(admin.get(asked(NOTIFICATIONS, {**others, "alarmId": 1}))) == [2, 1]


def test_what_is_subscribed_is_the_users_own(listed: Server) -> None:
    noc = Api(listed.port, authorization="Basic bm9jOm5vYw==")
    assert ids(noc.get(asked(ALARMS, {"isSubscribedByMe": "true"}))) == [2]


# --- pages


def test_pages(admin: Api) -> None:
    for path, everything in ((ALARMS, ALL), (NOTIFICATIONS, MESSAGES)):
        assert ids(admin.get(path)) == everything
        for size in (1, 2, 3, LARGEST_PAGE):
            pages = -(-len(everything) // size)
            for page in range(1, pages + 2):
                found = admin.get(asked(path, {"page": page, "size": size}))
                assert ids(found) == everything[(page - 1) * size : page * size]
                assert found["page"] == {
                    "number": page, "size": size, "totalElements": len(everything), "totalPages": pages,
                }  # fmt: skip


@pytest.mark.parametrize("path", [ALARMS, NOTIFICATIONS])
def test_the_bounds_of_pages(admin: Api, path: str) -> None:
    assert admin.get(asked(path, {"page": 10**9, "size": 200}))["contents"] == []
    assert admin.get(f"{path}?page=&size=")["page"]["size"] == 20


NO_WHOLE = ["0", "-1", "1.0", "x", "1e2", "٣", "9" * 30, " 1"]
SHARED_WRONG = [
    *[("page", value, "a whole number from 1 to 1000000000 is expected") for value in [*NO_WHOLE, "1000000001"]],
    *[("size", value, "a whole number from 1 to 200 is expected") for value in [*NO_WHOLE, "201"]],
    *[("level", value, "a whole number from 1 to 5 is expected") for value in [*NO_WHOLE, "6"]],
    ("category", "ob", "one of OB, APP is expected"),
    ("keyword", "a\0", "a text without NUL is expected"),
    ("Keyword", "a", "unknown parameter"),
    ("limit", "", "unknown parameter"),
]
A_TIME = "a time such as 2020-12-03T09:44:04+08:00 is expected"
WRONG = [
    *[(path, *case) for path in (ALARMS, NOTIFICATIONS) for case in SHARED_WRONG],
    (ALARMS, "status", "active", "one of Active, Inactive, Silenced, Inhibited is expected"),
    (ALARMS, "activeAtStart", "now", A_TIME),
    (ALARMS, "activeAtEnd", "1900-01-01", "a time in the years 1970 to 2105 is expected"),
    (ALARMS, "isSubscribedByMe", "1", "one of true, false is expected"),
    (ALARMS, "recipientUid", "1", "unknown parameter"),
    (NOTIFICATIONS, "status", "Active", "one of Pending, Sending, Success, Failed, Limited is expected"),
    (NOTIFICATIONS, "sentAtStart", "1", A_TIME),
    (NOTIFICATIONS, "sentAtEnd", "", None),
    (NOTIFICATIONS, "alarmId", "x", f"a whole number from 1 to {2**63 - 1} is expected"),
    (NOTIFICATIONS, "recipientUid", str(2**63), f"a whole number from 1 to {2**63 - 1} is expected"),
]


@pytest.mark.parametrize(("path", "name", "value", "message"), WRONG)
def test_a_wrong_parameter_is_named(admin: Api, path: str, name: str, value: str, message: str | None) -> None:
    answer = admin.ask("GET", asked(path, {name: value}))
    if message is None:
        assert answer.status == 200
    else:
        assert (answer.status, answer.fault) == (400, f"{name}: {message}")


@pytest.mark.parametrize("query", ["level=1&level=1", "page=1&page=2", "keyword=a&level=1&keyword="])
def test_a_parameter_given_twice(admin: Api, query: str) -> None:
    answer = admin.ask("GET", f"{ALARMS}?{query}")
    assert (answer.status, answer.fault) == (400, f"{query.partition('=')[0]}: given twice")


@pytest.mark.parametrize(
    "query", ["keyword=%ff", "keyword=%ed%a0%80", "%ff=1", "keyword=%", "%00=1", "keyword=" + "%D0%B6" * 1000]
)
@pytest.mark.parametrize("path", [ALARMS, NOTIFICATIONS])
def test_any_bytes_in_a_query(admin: Api, path: str, query: str) -> None:
    assert admin.ask("GET", f"{path}?{query}").status in {200, 400}


_words = st.sampled_from(
    ["", "1", "OB", "Active", "true", "2023-11-14", "\0", "%_!*'\"\\", "αβγδεζηθικλμνξοπρσ", "ß\u0130ﬁ"]
)


@pytest.mark.parametrize(
    ("path", "filters"),
    [(ALARMS, ALARM_FILTERS), (NOTIFICATIONS, NOTIFICATION_FILTERS)],
    ids=["alarms", "notifications"],
)
@given(data=st.data())
def test_any_parameters(admin: Api, path: str, filters: Mapping[str, Any], data: st.DataObject) -> None:
    names = st.sampled_from([*filters, "page", "size"])
    texts = _words | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    answer = admin.ask("GET", asked(path, data.draw(st.dictionaries(names, texts, max_size=5))))
    assert answer.status in {200, 400}, answer


# --- what a row says


def test_an_alarm_of_zabbix(admin: Api) -> None:
    expected = {
        "id": 21,
        "alarmType": "Disk is full",
        "appType": None,
        "scope": None,
        "target": "host-5",
        "name": "Disk /var",
        "level": 1,
        "status": "Inactive",
        "summary": "",
        "description": "",
        "activeAt": "2023-11-14T22:13:20Z",
        "updatedAt": "2023-11-14T22:14:20Z",
        "labels": {},
        "resolvedAt": "2023-11-14T22:14:20Z",
        "ended": None,
    }
    assert admin.alarm(21) == expected
    assert admin.get(asked(ALARMS, {"status": "Inactive"}))["contents"][1] == expected
    assert admin.alarm(23)["status"] == "Inactive"
    assert admin.alarm(20)["status"] == "Active"


@pytest.mark.parametrize("eventid", [5, 22, 30, 31, 77])
def test_what_is_no_alarm(admin: Api, eventid: int) -> None:
    assert admin.ask("GET", f"{ALARMS}/{eventid}").status == 404


def test_labels_are_an_alarms_own_words(admin: Api) -> None:
    alarm = admin.alarm(2)
    assert (alarm["labels"], alarm["appType"], alarm["scope"]) == (LABELS, "OB", "ObTenant")


def test_a_notification(admin: Api) -> None:
    assert admin.get(asked(NOTIFICATIONS, {"recipientUid": NOC}))["contents"] == [
        {
            "id": 3,
            "recipientUid": NOC,
            "recipientAddr": "a@example.com",
            "channelId": MEDIUM,
            "channelName": "pager",
            "appType": "OB",
            "scope": "ObTenant",
            "alarmType": "ob_slow",
            "level": 3,
            "subject": "OB: slow",
            "message": "it is слово",
            "status": "Success",
            "channelResponse": "",
            "attempts": 0,
            "generatedAt": "2023-11-17T22:13:20Z",
            "sentAt": None,
            "labels": LABELS,
            "alarmIds": [2],
            "isAggregated": False,
        }
    ]


# alertid: status, attempts, channelResponse, sentAt, alarmIds
TRIES: dict[int, tuple[str, int, str, str | None, list[int]]] = {
    1: ("Pending", 0, "", None, [1]),
    2: ("Sending", 2, "Connection refused", None, [1]),
    4: ("Failed", 1, "stdout=out,stderr=err", None, [2]),
    5: ("Success", 1, '{"errcode": 0}', "2023-11-19T22:13:20.251Z", [4]),
    6: ("Success", 1, "stdout=page 1 sent,stderr=", "2023-11-20T22:13:20.251Z", [4]),
    7: ("Success", 0, "", None, [20]),
}


def test_notifications_tell_of_their_tries(admin: Api) -> None:
    rows = {row["id"]: row for row in admin.get(NOTIFICATIONS)["contents"]}
    names = ("status", "attempts", "channelResponse", "sentAt", "alarmIds")
    assert {alertid: tuple(rows[alertid][name] for name in names) for alertid in TRIES} == TRIES
    assert (rows[7]["recipientUid"], rows[7]["channelId"], rows[7]["channelName"]) == (None, None, "")


def test_an_event_of_another_kind_borrows_no_triggers_words(admin: Api) -> None:
    [row] = admin.get(asked(NOTIFICATIONS, {"alarmType": "found"}))["contents"]
    assert (row["id"], row["alarmType"]) == (9, "found")


# --- rights

USERS = ["Admin", "super2", "dba", "noc", "auditor", "norights", "nogroup"]


def every(api: Api, path: str) -> list[dict[str, Any]]:
    """The rows of all pages."""
    rows: list[dict[str, Any]] = []
    page = {"number": 0, "totalPages": 1}
    while page["number"] < page["totalPages"]:
        found = api.get(asked(path, {"page": page["number"] + 1, "size": LARGEST_PAGE}))
        rows += found["contents"]
        page = found["page"]
    assert len(rows) == page["totalElements"]
    assert [row["id"] for row in rows] == sorted({row["id"] for row in rows}, reverse=True)
    return rows


class DataSet:
    """The rows of the tests' data set that rights are made of."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {}
        for row in json_lines(DATASET):
            self.tables.setdefault(row.pop("table"), []).append(row)

    def select(self, table: str, column: str, **where: Any) -> set[str]:
        rows = self.tables[table]
        return {row[column] for row in rows if all(row.get(name) == value for name, value in where.items())}

    def sees(self, username: str) -> set[int]:
        """The problems of triggers that a user sees, counted without SQL."""
        [userid] = self.select("users", "userid", username=username)
        [roleid] = self.select("users", "roleid", username=username)
        problems = [row for row in self.tables["events"] if self._is_problem(row)]
        if self.select("role", "type", roleid=roleid) == {"3"}:
            return {int(row["eventid"]) for row in problems}
        groups = self.select("users_groups", "usrgrpid", userid=userid)
        return {int(row["eventid"]) for row in problems if self._is_open(row["objectid"], groups)}

    def _is_problem(self, event: Mapping[str, Any]) -> bool:
        return [event.get(name, "0") for name in ("source", "object", "value")] == ["0", "0", "1"]

    def _is_open(self, triggerid: str, groups: set[str]) -> bool:
        hosts = self.select("object_hosts", "hostid", object="0", objectid=triggerid)
        return bool(hosts) and all(self._permission(hostid, groups) >= 2 for hostid in hosts)

    def _permission(self, hostid: str, groups: set[str]) -> int:
        of_host = self.select("hosts_groups", "groupid", hostid=hostid)
        rights = [r for r in self.tables["rights"] if r["id"] in of_host and r["groupid"] in groups]
        permissions = [int(right.get("permission", 0)) for right in rights]
        return 0 if 0 in permissions else max(permissions, default=0)


@pytest.fixture(scope="module")
def data_set() -> DataSet:
    return DataSet()


@pytest.mark.parametrize("user", USERS)
def test_rights_on_alarms(shared_server: Server, data_set: DataSet, user: str) -> None:
    api = Api(shared_server.port, user)
    seen = {row["id"] for row in every(api, ALARMS)}
    assert seen == data_set.sees(user)
    hidden = sorted(data_set.sees("Admin") - seen)[:3]
    assert {api.ask("GET", f"{ALARMS}/{eventid}").status for eventid in hidden} <= {404}
    assert [api.alarm(eventid)["id"] for eventid in sorted(seen)[:3]] == sorted(seen)[:3]


def messages(client: Client, user: str, **params: Any) -> set[int]:
    rows = client.call("alert.get", {"output": ["alertid", "alerttype"], **params}, user=user)
    return {int(row["alertid"]) for row in rows if row["alerttype"] == "0"}


@pytest.mark.parametrize("user", USERS)
def test_rights_on_notifications(shared_server: Server, client: Client, data_set: DataSet, user: str) -> None:
    rows = every(Api(shared_server.port, user), NOTIFICATIONS)
    seen = {row["id"] for row in rows}
    if "super" in user or user == "Admin":
        kinds = [(0, 0), (1, 1), (1, 2), (2, 3), (3, 0), (3, 4), (3, 5), (4, 6)]
        expected = set().union(
            *[messages(client, user, eventsource=source, eventobject=kind) for source, kind in kinds]
        )
    else:
        expected = messages(client, user)
        visible = data_set.sees(user)
        problems = data_set.sees("Admin")
        assert {eventid for row in rows for eventid in row["alarmIds"] if eventid in problems} <= visible
    assert seen == expected


@pytest.mark.parametrize("user", USERS)
def test_the_alerts_of_an_alarm(shared_server: Server, user: str) -> None:
    """`alarmId` finds just the notifications that name the alarm."""
    api = Api(shared_server.port, user)
    by_alarm: dict[int, list[int]] = {}
    for row in every(api, NOTIFICATIONS):
        [eventid] = row["alarmIds"]
        by_alarm.setdefault(eventid, []).append(row["id"])
    for eventid in sorted(by_alarm)[:: max(1, len(by_alarm) // 10)]:
        assert ids(api.get(asked(NOTIFICATIONS, {"alarmId": eventid, "size": 200}))) == by_alarm[eventid]


def test_a_new_right_counts_at_once(server: Server, database: Path) -> None:
    api = Api(server.port, "norights")
    assert every(api, ALARMS) == every(api, NOTIFICATIONS) == []
    execute(database, "INSERT INTO rights (groupid, permission, id) VALUES (30004, 2, 30021)")
    assert every(api, ALARMS) != []
    execute(database, "UPDATE rights SET permission = 0 WHERE groupid = 30004")
    assert every(api, ALARMS) == []


def test_no_credential_no_list(admin: Api) -> None:
    stranger = Api(admin.port, authorization="")
    for path in (ALARMS, f"{ALARMS}/1", NOTIFICATIONS):
        assert stranger.ask("GET", path).status == 401


# --- docs/alarms.rst


def routes() -> set[tuple[str, str]]:
    """The methods and paths of the alarms, but for those that only refuse."""
    app = web.Application()
    add_routes(app, ROUTES)
    found = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    return {(method, path) for method, path in found if method not in {"*", "HEAD"}}


def test_every_route_is_documented() -> None:
    documented = re.findall(r"^``(GET|POST) (/\S+)``  ", DOCUMENT, re.MULTILINE)
    assert set(documented) == routes()
    assert len(documented) == len(set(documented)) == 7


def table(heading: str) -> list[list[str]]:
    """The cells of the rows of a table whose heading begins so, without those that go on in a next line."""
    lines = DOCUMENT[DOCUMENT.index(f"\n{heading} ") :].split("\n")[3:]
    end = next(number for number, line in enumerate(lines) if line.startswith("==="))
    return [re.split(r"\s{2,}", line) for line in lines[:end] if not line.startswith(" ")]


def test_every_field_is_documented() -> None:
    assert [cells[0].strip("`") for cells in table("field")] == list(ocp.FIELDS)


def test_every_filter_is_documented() -> None:
    of = {cells[0].strip("`"): cells[1] for cells in table("filter")}
    expected = dict.fromkeys(ALARM_FILTERS, "alarms") | dict.fromkeys(NOTIFICATION_FILTERS, "notifications")
    expected |= dict.fromkeys(ALARM_FILTERS.keys() & NOTIFICATION_FILTERS.keys(), "both")
    assert of == expected


def test_every_severity_and_target_label_is_documented() -> None:
    rows = {int(level): re.split(r", (?!and )", words.partition(", and")[0]) for level, words in table("level")}
    assert rows == {level: [word for word in LEVELS if LEVELS[word] == level] for level in range(1, 6)}
    assert [label for label in DEFAULTS.target_labels if f"``{label}``" not in DOCUMENT] == []


def test_what_the_rows_hold_is_documented(admin: Api) -> None:
    names = {*admin.alarm(4), *admin.get(NOTIFICATIONS)["contents"][0]}
    assert [name for name in sorted(names) if f"``{name}``" not in DOCUMENT] == []


def test_the_headers_and_statuses_are_documented() -> None:
    names = ("web/ocp.py", "web/pushes.py", "web/alarms.py", "web/callers.py", "ocp/lists.py")
    source = "".join((ROOT / "alertrpc" / name).read_text() for name in names)
    statuses = {int(status) for status in re.findall(r"OcpFault\((\d{3})", source)} | {200, 413}
    statuses |= {status for _, status, _, _ in FAULTS}
    assert {int(cells[0]) for cells in table("status")} == statuses
    headers = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "Idempotency-Key", "Allow"}
    assert [name for name in sorted(headers | {"WWW-Authenticate"}) if f"``{name}``" not in DOCUMENT] == []


def shown_pushes() -> list[str]:
    """The bodies of the curl commands that push."""
    return re.findall(r"/api/v2/alarm/alarms -H .* -d '\n(.*?)'\n", DOCUMENT, re.DOTALL)


def test_the_shown_push_is_taken(server: Server) -> None:
    [body] = shown_pushes()
    api = Api(server.port)
    assert api.ask("POST", ALARMS, body.encode()).data["alarmType"] == "ob_tenant_slow"
    for query in re.findall(r"http://127.0.0.1:8080(/\S+\?\S+)'", DOCUMENT):
        assert api.ask("GET", query).status == 200
