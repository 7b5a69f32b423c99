"""What Prometheus sends to an Alertmanager: what it becomes, each fault with its place, and any JSON at all."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.intake import alertmanager, prometheus
from alertrpc.intake.bodies import STORABLE, BodyFault, identity_of, milliseconds
from alertrpc.ledger.alarm import Alarm
from tests.jsons import examples, jsons
from tests.support import DEFAULTS

NOW = milliseconds("2024-05-14T08:15:37.103Z")
RESOLVE_TIMEOUT = 300_000
ZERO = "0001-01-01T00:00:00Z"
# As Prometheus 2.52 sends it: one alert that fires, for four minutes more, and one that is resolved.
BODY: list[Any] = [
    {
        "annotations": {
            "description": "10.0.0.7:9100 of job node has been down for more than 5 minutes.",
            "runbook_url": "https://runbooks.example.com/InstanceDown",
            "summary": "Instance 10.0.0.7:9100 down",
        },
        "endsAt": "2024-05-14T08:19:37.103Z",
        "startsAt": "2024-05-14T08:11:37.103Z",
        "generatorURL": "http://prometheus.example.com:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        "labels": {
            "alertname": "InstanceDown",
            "cluster": "prod-1",
            "instance": "10.0.0.7:9100",
            "job": "node",
            "severity": "critical",
        },
    },
    {
        "annotations": {},
        "endsAt": "2024-05-14T08:15:37.103Z",
        "startsAt": "2024-05-14T07:11:37.103Z",
        "generatorURL": "http://prometheus.example.com:9090/graph?g0.expr=node_load1+%3E+8&g0.tab=1",
        "labels": {"alertname": "HighLoad", "cluster": "prod-1", "instance": "10.0.0.8:9100", "job": "node"},
    },
]


def parse(body: Any, now: int, resolve_timeout_ms: int) -> list[Alarm]:
    """The alarms of a body without faults, else the first."""
    alarms, faults, *_ = prometheus.parse(body, now, DEFAULTS.target_labels, resolve_timeout_ms)
    if faults:
        raise faults[0]
    return alarms


def test_a_bad_alert_does_not_keep_the_others_out() -> None:
    body = [BODY[0], {"labels": {}}, BODY[1]]
    alarms, faults, *_ = prometheus.parse(body, NOW, DEFAULTS.target_labels, RESOLVE_TIMEOUT)
    assert alarms == parse(BODY, NOW, RESOLVE_TIMEOUT)
    assert [fault.place for fault in faults] == ["[1].labels.alertname"]


def parsed(*alerts: Any) -> list[Alarm]:
    return parse(list(alerts), NOW, RESOLVE_TIMEOUT)


def labelled(**labels: Any) -> dict[str, Any]:
    return {"labels": {"alertname": "Name", **labels}}


def test_a_real_body() -> None:
    firing, resolved = parsed(*copy.deepcopy(BODY))
    assert firing == Alarm(
        identity=identity_of(
            "labels",
            *("alertname", "InstanceDown", "cluster", "prod-1", "instance", "10.0.0.7:9100"),
            *("job", "node", "severity", "critical"),
        ),
        alarm_type="InstanceDown",
        target="10.0.0.7:9100",
        name="InstanceDown",
        level=2,
        labels=BODY[0]["labels"],
        summary="Instance 10.0.0.7:9100 down",
        description="10.0.0.7:9100 of job node has been down for more than 5 minutes.",
        url="http://prometheus.example.com:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        annotations=BODY[0]["annotations"],
        endpoint="prometheus",
        active_at=milliseconds("2024-05-14T08:11:37.103Z"),
        expires_at=milliseconds("2024-05-14T08:19:37.103Z"),
    )
    assert (resolved.is_active, resolved.resolved_at, resolved.expires_at) == (False, NOW, None)
    assert (resolved.target, resolved.level, resolved.summary) == ("10.0.0.8:9100", 3, "")


def test_no_alerts() -> None:
    assert parsed() == []


def test_the_least_alert() -> None:
    (alarm,) = parsed(labelled())
    assert alarm == Alarm(
        identity=identity_of("labels", "alertname", "Name"),
        alarm_type="Name",
        target="prometheus",
        name="Name",
        level=3,
        labels={"alertname": "Name"},
        endpoint="prometheus",
        expires_at=NOW + RESOLVE_TIMEOUT,
    )


def test_null_is_absent_and_other_members_are_left_aside() -> None:
    nulls = {"annotations": None, "startsAt": None, "endsAt": None, "generatorURL": None}
    assert parsed({**labelled(), **nulls, "receivers": [{"name": "x"}], "status": 1}) == parsed(labelled())


ENDS: list[Any] = [
    # endsAt, and then: is active, resolved at, expires at
    (None, (True, None, NOW + RESOLVE_TIMEOUT)),
    (ZERO, (True, None, NOW + RESOLVE_TIMEOUT)),
    ("0001-01-01T00:00:00.000Z", (True, None, NOW + RESOLVE_TIMEOUT)),
    ("2024-05-14T08:15:37.103999999Z", (False, NOW, None)),
    ("2024-05-14T16:15:37.104123456+08:00", (True, None, NOW + 1)),
    ("2024-05-14T08:15:37Z", (False, NOW - 103, None)),
]


@pytest.mark.parametrize(("ends_at", "state"), ENDS)
def test_an_end(ends_at: str | None, state: tuple[bool, int | None, int | None]) -> None:
    (alarm,) = parsed({**labelled(), "startsAt": ZERO, "endsAt": ends_at})
    assert (alarm.is_active, alarm.resolved_at, alarm.expires_at) == state
    assert alarm.active_at is None


LEVELS = {
    1: ["disaster", "emergency", "fatal", "page", "Page"],
    2: ["critical", "crit", "error", "high", "CRITICAL"],
    3: ["warning", "warn", "average", "major", "", "unheard-of", "2"],
    4: ["notice", "minor", "low"],
    5: ["info", "information", "informational", "debug", "none", "None"],
}


@pytest.mark.parametrize(("level", "severity"), [(level, word) for level, words in LEVELS.items() for word in words])
def test_a_severity(level: int, severity: str) -> None:
    assert parsed(labelled(severity=severity))[0].level == level


TARGETS: list[Any] = [
    ({"job": "j", "node": "n", "hostname": "hn", "host": "h", "instance": "i"}, "i"),
    ({"job": "j", "node": "n", "hostname": "hn", "host": "h", "instance": ""}, "h"),
    ({"job": "j", "node": "n", "hostname": "hn"}, "hn"),
    ({"job": "j", "node": "n"}, "n"),
    ({"job": "j"}, "j"),
    ({"pod": "p"}, "prometheus"),
    ({"pod": "p", "job": "j"}, "j"),
    ({"pod": "p", "namespace": "n", "instance": "i", "job": "j"}, "n/p"),
    ({"pod": "p", "namespace": ""}, "prometheus"),
    ({"namespace": "n", "service": "s", "job": "j"}, "s"),
    ({"namespace": "n", "job": "j"}, "n"),
    ({"instance": "i" * 256}, "i" * 255),
]


@pytest.mark.parametrize(("labels", "target"), TARGETS)
def test_a_target(labels: dict[str, str], target: str) -> None:
    assert parsed(labelled(**labels))[0].target == target


def test_what_is_too_long_is_cut() -> None:
    alert = {**labelled(alertname="n" * 300), "annotations": {"summary": "s" * 3000}, "generatorURL": "u" * 3000}
    (alarm,) = parsed(alert)
    assert (alarm.alarm_type, alarm.name, alarm.summary) == ("n" * 255, "n" * 255, "s" * 2048)
    assert alarm.labels == {"alertname": "n" * 300}
    assert alarm.annotations == {"summary": "s" * 3000}
    assert alarm.url == "u" * 3000


def test_the_identity_is_the_set_of_labels_that_have_a_value() -> None:
    one, other, more = parsed(labelled(a="1", b="2"), labelled(b="2", c="", a="1"), labelled(a="1", b="2", c="3"))
    assert one == other
    assert one.identity != more.identity


TIME_EXPECTED = "a time such as 2020-12-03T09:44:04+08:00 is expected"
STRING = "a character string is expected"
WRONG: list[Any] = [
    (None, "", "an array is expected"),
    ({}, "", "an array is expected"),
    ([labelled()] * 10_001, "", "an array of 0 to 10000 elements is expected"),
    ([None], "[0]", "an object is expected"),
    ([{}], "[0].labels.alertname", "a value is required"),
    ([{"labels": None}], "[0].labels.alertname", "a value is required"),
    ([labelled(), {"labels": {"job": "x"}}], "[1].labels.alertname", "a value is required"),
    ([labelled(alertname="")], "[0].labels.alertname", "a value is required"),
    ([{"labels": [["alertname", "x"]]}], "[0].labels", "an object is expected"),
    ([{**labelled(), "startsAt": ""}], "[0].startsAt", TIME_EXPECTED),
    ([{**labelled(), "endsAt": "x"}], "[0].endsAt", TIME_EXPECTED),
    ([{**labelled(), "endsAt": "1969-01-01T00:00:00Z"}], "[0].endsAt", "a time in the years 1970 to 2105 is expected"),
    (
        [{**labelled(), "startsAt": "2024-05-14T08:00:01Z", "endsAt": "2024-05-14T08:00:00Z"}],
        "[0].startsAt",
        "a time not after endsAt is expected",
    ),
]


# What is kept of an alert, and the warnings.
KEPT: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    (labelled(alertname=1), {"name": "1"}, []),
    (labelled(job=None), {"labels": {"alertname": "Name"}}, []),
    (
        labelled(job=5, up=True, load=0.5),
        {"labels": {"alertname": "Name", "job": "5", "up": "true", "load": "0.5"}},
        [],
    ),
    (labelled(job="\0"), {"labels": {"alertname": "Name"}}, [f"[0].labels.job: left out: {STORABLE}"]),
    (labelled(job={}), {"labels": {"alertname": "Name"}}, [f"[0].labels.job: left out: {STRING}"]),
    (
        labelled(**{"": "x"}),
        {"labels": {"alertname": "Name"}},
        ["[0].labels.: left out: a name of 1 to 255 characters is expected"],
    ),
    (
        labelled(job="j" * 70_000),
        {"target": "j" * 255},
        ["[0].labels.job: cut to 65536 characters", "[0].target: cut to 255 characters"],
    ),
    (
        {**labelled(alertname="n" * 300), "annotations": {"summary": "s" * 3000}},
        {"name": "n" * 255, "summary": "s" * 2048, "annotations": {"summary": "s" * 3000}},
        ["[0].labels.alertname: cut to 255 characters", "[0].annotations.summary: cut to 2048 characters"],
    ),
    ({**labelled(), "annotations": []}, {"annotations": {}}, ["[0].annotations: left out: an object is expected"]),
    ({**labelled(), "annotations": {"summary": 1}}, {"summary": "1"}, []),
    (
        {**labelled(), "annotations": {"description": "a\0b"}},
        {"description": "ab"},
        ["[0].annotations.description: NUL and lone surrogates were left out"],
    ),
    ({**labelled(), "generatorURL": {}}, {"url": ""}, [f"[0].generatorURL: left out: {STRING}"]),
    (
        {**labelled(), "generatorURL": "u" * 70_000},
        {"url": ""},
        ["[0].generatorURL: left out, as it has more than 65536 characters"],
    ),
    ({**labelled(), "startsAt": 1715674297}, {"active_at": milliseconds("2024-05-14T08:11:37Z")}, []),
    ({**labelled(), "endsAt": (NOW + 5000) / 1000}, {"is_active": True, "expires_at": NOW + 5000}, []),
    ({**labelled(), "endsAt": NOW + 5000}, {"is_active": True, "expires_at": NOW + 5000}, []),
    ({**labelled(), "endsAt": 0}, {"is_active": True, "expires_at": NOW + RESOLVE_TIMEOUT}, []),
]


@pytest.mark.parametrize(("alert", "kept", "warnings"), KEPT)
def test_what_can_be_kept_is_kept(alert: dict[str, Any], kept: dict[str, Any], warnings: list[str]) -> None:
    parsed = prometheus.parse([alert], NOW, DEFAULTS.target_labels, RESOLVE_TIMEOUT)
    [alarm] = parsed.alarms
    assert {name: getattr(alarm, name) for name in kept} == kept
    assert parsed.warnings == warnings


OWN_TARGETS: list[tuple[tuple[str, ...], dict[str, str], str]] = [
    (("cluster", "job"), {"job": "j", "cluster": "c", "instance": "i"}, "c"),
    (("cluster",), {"job": "j"}, "prometheus"),
    (("pod",), {"pod": "p"}, "prometheus"),
    (("pod",), {"pod": "p", "namespace": "n"}, "n/p"),
    (("namespace", "pod"), {"pod": "p", "namespace": "n"}, "n"),
]


@pytest.mark.parametrize(("names", "labels", "target"), OWN_TARGETS)
def test_own_target_labels(names: tuple[str, ...], labels: dict[str, str], target: str) -> None:
    [alarm] = prometheus.parse([labelled(**labels)], NOW, names, RESOLVE_TIMEOUT).alarms
    assert alarm.target == target


@pytest.mark.parametrize(("body", "place", "fault"), WRONG)
def test_a_wrong_body(body: Any, place: str, fault: str) -> None:
    with pytest.raises(BodyFault) as raised:
        parse(body, NOW, RESOLVE_TIMEOUT)
    assert (raised.value.place, raised.value.fault) == (place, fault)


# --- whatever comes in

moments = st.sampled_from([ZERO, "2024-05-14T08:15:37.103Z", "2024-05-14T09:00:00.123456789+02:00"]) | jsons
alerts = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.dictionaries(st.sampled_from(["alertname", "severity", "job", ""]), st.text(max_size=3)) | jsons,
        "annotations": st.dictionaries(st.sampled_from(["summary", "description"]), st.text(max_size=3)) | jsons,
        "startsAt": moments,
        "endsAt": moments,
        "generatorURL": jsons,
    },
)


@given(body=jsons | st.lists(alerts, max_size=3))
@examples(3)
def test_any_json_is_alarms_or_a_fault(body: Any) -> None:
    try:
        alarms = parse(body, NOW, RESOLVE_TIMEOUT)
    except BodyFault as fault:
        str(fault).encode()
    else:
        assert len(alarms) == len(body)
        assert all(isinstance(alarm, Alarm) for alarm in alarms)


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
label_sets = st.dictionaries(words, words, max_size=5).flatmap(
    lambda labels: words.map(lambda alertname: {**labels, "alertname": alertname})
)


@given(labels=label_sets, annotations=st.dictionaries(words, words, max_size=5), other=label_sets)
@examples(3)
def test_a_valid_alert_comes_back(labels: dict[str, str], annotations: dict[str, str], other: dict[str, str]) -> None:
    """By either way, as the same alarm; and another label set is another alarm."""
    alert: dict[str, Any] = {"labels": labels, "annotations": annotations}
    one, another = parsed(alert, {"labels": dict(reversed(other.items()))})
    assert (one.labels, one.annotations, one.name) == (labels, annotations, labels["alertname"])
    assert (one.identity == another.identity) == (labels == other)
    webhook: Any = {"version": "4", "alerts": [{**alert, "status": "firing", "endsAt": ZERO}]}
    assert alertmanager.parse(webhook, NOW, DEFAULTS.target_labels).alarms[0].identity == one.identity
