"""Alertmanager's webhook: what it becomes, each fault with its place, and any JSON at all."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.intake import alertmanager, prometheus
from alertrpc.intake.bodies import STORABLE, BodyFault, milliseconds
from alertrpc.ledger.alarm import Alarm
from tests.jsons import examples, jsons
from tests.support import DEFAULTS

NOW = milliseconds("2024-05-14T08:20:00Z")
ZERO = "0001-01-01T00:00:00Z"
# As Alertmanager 0.27 sends it, grouped by alertname and cluster: one alert of the group fires, one is resolved.
BODY: dict[str, Any] = {
    "receiver": "alertrpc",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {
                "alertname": "InstanceDown",
                "cluster": "prod-1",
                "instance": "10.0.0.7:9100",
                "job": "node",
                "severity": "critical",
            },
            "annotations": {
                "description": "10.0.0.7:9100 of job node has been down for more than 5 minutes.",
                "summary": "Instance 10.0.0.7:9100 down",
            },
            "startsAt": "2024-05-14T08:11:37.103Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.com:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
            "fingerprint": "c2a1f3b8d0e94756",
        },
        {
            "status": "resolved",
            "labels": {
                "alertname": "InstanceDown",
                "cluster": "prod-1",
                "instance": "10.0.0.8:9100",
                "job": "node",
                "severity": "critical",
            },
            "annotations": {
                "description": "10.0.0.8:9100 of job node has been down for more than 5 minutes.",
                "summary": "Instance 10.0.0.8:9100 down",
            },
            "startsAt": "2024-05-14T08:10:37.103Z",
            "endsAt": "2024-05-14T08:19:37.103Z",
            "generatorURL": "http://prometheus.example.com:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
            "fingerprint": "09b7d6e1a2c3f485",
        },
    ],
    "groupLabels": {"alertname": "InstanceDown", "cluster": "prod-1"},
    "commonLabels": {"alertname": "InstanceDown", "cluster": "prod-1", "job": "node", "severity": "critical"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager.example.com:9093",
    "version": "4",
    "groupKey": '{}:{alertname="InstanceDown", cluster="prod-1"}',
    "truncatedAlerts": 0,
}


def parse(body: Any, now: int) -> list[Alarm]:
    """The alarms of a body without faults, else the first."""
    alarms, faults, *_ = alertmanager.parse(body, now, DEFAULTS.target_labels)
    if faults:
        raise faults[0]
    return alarms


def test_a_bad_alert_does_not_keep_the_others_out() -> None:
    body = {**BODY, "alerts": [{"status": "odd"}, *BODY["alerts"]]}
    alarms, faults, *_ = alertmanager.parse(body, NOW, DEFAULTS.target_labels)
    assert alarms == parse(BODY, NOW)
    assert [fault.place for fault in faults] == ["alerts[0].status"]


def webhook(*alerts: Any, **members: Any) -> dict[str, Any]:
    return {"version": "4", "alerts": list(alerts), **members}


def test_a_real_body() -> None:
    firing, resolved = parse(copy.deepcopy(BODY), NOW)
    assert (firing.alarm_type, firing.target, firing.level) == ("InstanceDown", "10.0.0.7:9100", 2)
    assert (firing.is_active, firing.resolved_at, firing.expires_at) == (True, None, None)
    assert firing.active_at == milliseconds("2024-05-14T08:11:37.103Z")
    assert firing.summary == "Instance 10.0.0.7:9100 down"
    assert firing.annotations == BODY["alerts"][0]["annotations"]
    assert (resolved.is_active, resolved.expires_at) == (False, None)
    assert resolved.resolved_at == milliseconds("2024-05-14T08:19:37.103Z")


def test_an_alert_is_the_same_alarm_by_either_way() -> None:
    alerts: list[Any] = [{name: value for name, value in alert.items() if name != "status"} for alert in BODY["alerts"]]
    direct = prometheus.parse(alerts, NOW, DEFAULTS.target_labels, 300_000).alarms
    assert [alarm.identity for alarm in parse(BODY, NOW)] == [alarm.identity for alarm in direct]
    assert replace(parse(BODY, NOW)[1], endpoint="prometheus", ended_by_clock=True) == direct[1]


def test_no_alerts() -> None:
    assert parse(webhook(), NOW) == []


def test_members_of_other_versions_are_left_aside() -> None:
    more: dict[str, Any] = {"notification_reason": "repeat", "routeLabels": 1, "commonLabels": "x"}
    assert parse({**BODY, **more}, NOW) == parse(BODY, NOW)


NAMES: list[Any] = [
    ({"alertname": "Own"}, {"alertname": "Group"}, "Own"),
    ({"job": "x"}, {"alertname": "Group"}, "Group"),
    ({"alertname": ""}, {"alertname": "Group"}, "Group"),
    ({"job": "x"}, {"alertname": ""}, "alert"),
    ({}, {}, "alert"),
    (None, None, "alert"),
]


@pytest.mark.parametrize(("labels", "group_labels", "name"), NAMES)
def test_a_name(labels: Any, group_labels: Any, name: str) -> None:
    (alarm,) = parse(webhook({"status": "firing", "labels": labels}, groupLabels=group_labels), NOW)
    assert (alarm.alarm_type, alarm.name) == (name, name)


ENDS: list[Any] = [
    # status, endsAt from now, and then: is active, resolved at, expires at
    ("firing", None, (True, None, None)),
    ("firing", "2024-05-14T08:20:00.001Z", (True, None, NOW + 1)),
    ("firing", "2024-05-14T08:20:00Z", (True, None, None)),
    ("resolved", "2024-05-14T08:20:00Z", (False, NOW, None)),
    ("resolved", "2024-05-14T08:20:01Z", (False, None, None)),
    ("resolved", ZERO, (False, None, None)),
    ("resolved", None, (False, None, None)),
]


@pytest.mark.parametrize(("status", "ends_at", "state"), ENDS)
def test_an_end(status: str, ends_at: str | None, state: tuple[bool, int | None, int | None]) -> None:
    (alarm,) = parse(webhook({"status": status, "labels": {"alertname": "a"}, "endsAt": ends_at}), NOW)
    assert (alarm.is_active, alarm.resolved_at, alarm.expires_at) == state


VERSION = '"4" is expected, or Grafana\'s "1"'
STATUS = "one of firing, resolved is expected"
WRONG: list[Any] = [
    (None, "", "an object is expected"),
    ([BODY], "", "an object is expected"),
    ({}, "version", "a value is required"),
    ({**BODY, "version": "3"}, "version", VERSION),
    ({**BODY, "version": 4}, "version", VERSION),
    ({"version": "4"}, "alerts", "a value is required"),
    ({"version": "4", "alerts": {}}, "alerts", "an array is expected"),
    (webhook(*[{"status": "firing"}] * 10_001), "alerts", "an array of 0 to 10000 elements is expected"),
    (webhook("x"), "alerts[0]", "an object is expected"),
    (webhook({"labels": {}}), "alerts[0].status", "a value is required"),
    (webhook({"status": "firing"}, {"status": "over"}), "alerts[1].status", STATUS),
    (webhook({"status": "firing", "labels": 1}), "alerts[0].labels", "an object is expected"),
    (webhook(groupLabels=[]), "groupLabels", "an object is expected"),
    (
        webhook({"status": "resolved", "endsAt": "now"}),
        "alerts[0].endsAt",
        "a time such as 2020-12-03T09:44:04+08:00 is expected",
    ),
]


@pytest.mark.parametrize(("status", "is_active"), [("FIRING", True), ("Resolved", False), ("Active", True)])
def test_a_status_in_any_case(status: str, is_active: bool) -> None:
    [alarm] = parse(webhook({"status": status}), NOW)
    assert alarm.is_active == is_active


def test_warnings_have_their_places() -> None:
    body = webhook({"status": "firing", "labels": {"a": "\0"}, "annotations": 1}, groupLabels={"b": []})
    assert alertmanager.parse(body, NOW, DEFAULTS.target_labels).warnings == [
        "groupLabels.b: left out: a character string is expected",
        f"alerts[0].labels.a: left out: {STORABLE}",
        "alerts[0].annotations: left out: an object is expected",
    ]


@pytest.mark.parametrize(("body", "place", "fault"), WRONG)
def test_a_wrong_body(body: Any, place: str, fault: str) -> None:
    with pytest.raises(BodyFault) as raised:
        parse(body, NOW)
    assert (raised.value.place, raised.value.fault) == (place, fault)


# --- whatever comes in

alerts = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["firing", "resolved"]) | jsons,
        "labels": st.dictionaries(st.sampled_from(["alertname", "job", ""]), st.text(max_size=3)) | jsons,
        "annotations": jsons,
        "startsAt": st.sampled_from([ZERO, "2024-05-14T08:15:37.103Z"]) | jsons,
        "endsAt": st.sampled_from([ZERO, "2024-05-14T08:15:37.103Z"]) | jsons,
        "generatorURL": jsons,
    },
)
webhooks = st.fixed_dictionaries(
    {"version": st.just("4"), "alerts": st.lists(alerts, max_size=3) | jsons},
    optional={"groupLabels": st.dictionaries(st.just("alertname"), st.text(max_size=3)) | jsons},
)


@given(body=jsons | webhooks)
@examples(3)
def test_any_json_is_alarms_or_a_fault(body: Any) -> None:
    try:
        alarms = parse(body, NOW)
    except BodyFault as fault:
        str(fault).encode()
    else:
        assert len(alarms) == len(body["alerts"])
        assert all(isinstance(alarm, Alarm) for alarm in alarms)


states = st.fixed_dictionaries(
    {"status": st.sampled_from(["firing", "resolved"]), "startsAt": st.just("2024-05-14T08:15:37.103Z")}
)


@given(given_states=st.lists(states, max_size=5))
@examples(3)
def test_valid_alerts_come_back_in_their_order(given_states: list[dict[str, str]]) -> None:
    alerts = [{**state, "labels": {"alertname": f"a{n}"}} for n, state in enumerate(given_states)]
    alarms = parse(webhook(*alerts), NOW)
    assert [alarm.is_active for alarm in alarms] == [state["status"] == "firing" for state in given_states]
    assert [alarm.name for alarm in alarms] == [f"a{n}" for n in range(len(alerts))]
