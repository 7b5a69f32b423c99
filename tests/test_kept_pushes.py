"""Pushes whose bodies are not as they should be, on servers: what is kept, the warnings, the log; and Grafana's bodies."""

import itertools
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertrpc.intake.bodies import MOST_WARNINGS
from alertrpc.loglines import MOST_KEYS, Seldom
from tests.receivers import PUSH, Receiver, http_channel, post, push, rows, settled, to_admin, write_config
from tests.support import Server, serving
from tests.test_alarm_api import ALERTS, WEBHOOK, firing, notified, webhook
from tests.test_log_lines import OCP, REFUSALS, told
from tests.wire import eventually


@pytest.fixture
def server(path: Path) -> Iterator[Server]:
    with serving(path, "--log-format", "json") as server:
        yield server


# --- warnings

CUT = "summary: cut to 2048 characters"


def test_what_was_cut_or_ignored_is_named(server: Server) -> None:
    status, answer = post(server.port, PUSH, {**OCP, "summary": "s" * 3000, "severity": "high", "level": "2"})
    assert (status, answer["warnings"]) == (200, [CUT, "severity: unknown field, ignored"])
    assert (answer["data"]["level"], answer["data"]["summary"]) == (2, "s" * 2048)
    [line] = told(server, REFUSALS)
    assert line == {
        "message": f"a push to {PUSH} by user 'Admin' from 127.0.0.1 was recorded, but not as it came: "
        f"{CUT}; severity: unknown field, ignored",
        "user": "Admin",
        "path": PUSH,
        "remote": "127.0.0.1",
        "warnings": f"{CUT}; severity: unknown field, ignored",
    }


def test_a_clean_push_has_no_warnings(server: Server) -> None:
    _, answer = post(server.port, PUSH, {**OCP, "labels": {"a": 1, "b": True}, "activeAt": 1700000000})
    assert "warnings" not in answer
    assert answer["data"]["labels"] == {"a": "1", "b": "true"}
    assert answer["data"]["activeAt"] == "2023-11-14T22:13:20Z"
    assert told(server, REFUSALS) == []


@pytest.mark.parametrize(("to", "wrap"), [(ALERTS, lambda alert: [alert]), (WEBHOOK, lambda alert: webhook(alert))])
def test_of_prometheus_form_too(server: Server, to: str, wrap: Any) -> None:
    alert = notified("Down", "Firing") | {"generatorURL": "u" * 70_000}
    alert["labels"] = {**alert["labels"], "": "x", "nul": "\0", "cpu": 4, "odd": {}}
    del alert["endsAt"]
    status, answer = post(server.port, to, wrap(alert))
    place = "[0]" if to == ALERTS else "alerts[0]"
    assert (status, answer["warnings"]) == (
        200,
        [
            f"{place}.labels.: left out: a name of 1 to 255 characters is expected",
            f"{place}.labels.nul: left out: a character string without NUL and lone surrogates is expected",
            f"{place}.labels.odd: left out: a character string is expected",
            f"{place}.generatorURL: left out, as it has more than 65536 characters",
        ],
    )
    assert answer["data"][0]["labels"]["cpu"] == "4"
    assert answer["data"][0]["status"] == "Active"


def test_a_refused_alert_takes_no_warning_of_others_away(server: Server) -> None:
    good = firing("Good") | {"annotations": {"summary": {}}}
    status, answer = post(server.port, ALERTS, [good, {"labels": {}}])
    assert (status, answer["warnings"]) == (400, ["[0].annotations.summary: left out: a character string is expected"])


def test_there_are_few_warnings_of_any_text(server: Server) -> None:
    labels = {f"\x1b[31m\n{number}" + "x" * 400: "v" for number in range(1000)}
    _, answer = post(server.port, PUSH, [{**OCP, "target": str(number), "labels": labels} for number in range(20)])
    assert len(answer["warnings"]) == MOST_WARNINGS
    assert answer["warnings"][-1] == f"and {20_000 - MOST_WARNINGS + 1} more"
    assert all(len(warning) < 200 and warning.isprintable() for warning in answer["warnings"])
    [line] = told(server, REFUSALS)
    assert len(line["warnings"]) <= 400


def test_all_alarms_of_an_array_are_kept(path: Path, server: Server) -> None:
    odd: list[dict[str, Any]] = [
        {"odd": 1},
        {"labels": {"a": [1]}},
        {"summary": {}},
        {"level": "3"},
        {"status": "active"},
        {"activeAt": 0},
    ]
    status, answer = post(server.port, PUSH, [{**OCP, "target": str(place), **more} for place, more in enumerate(odd)])
    assert (status, len(answer["data"])) == (200, len(odd))
    assert len(rows(path, "SELECT 1 FROM alarms WHERE resolved_at IS NULL")) == len(odd)


# --- clocks that are behind


def past(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


def skews(server: Server) -> list[dict[str, Any]]:
    return [line for line in told(server, REFUSALS) if "skew" in line]


@pytest.mark.parametrize(
    ("to", "body"),
    [
        (ALERTS, lambda: [firing("Behind", startsAt=past(900), endsAt=past(600))]),
        (PUSH, lambda: {**OCP, "resolvedAt": past(600)}),
    ],
)
def test_an_end_in_the_past_is_told_with_the_skew(server: Server, to: str, body: Any) -> None:
    for _ in range(3):
        status, answer = post(server.port, to, body())
        assert status == 200
    [line] = skews(server)
    assert 600 <= line["skew"] <= 660
    assert line["message"].startswith(f"an alarm that was pushed to {to} by user 'Admin' from 127.0.0.1 ended 60")
    assert "warnings" not in answer


def test_an_end_that_moves_on_is_told(server: Server) -> None:
    """The alarm was active here once, before the clock was set back."""
    post(server.port, ALERTS, [firing("Behind", endsAt=past(-60))])
    post(server.port, ALERTS, [firing("Behind", endsAt=past(600))])
    assert skews(server) == []
    post(server.port, ALERTS, [firing("Behind", endsAt=past(500))])
    assert len(skews(server)) == 1


def test_what_is_over_in_order_is_not_told(server: Server) -> None:
    for end in (-60, 1, 1):
        at = past(end)
        post(server.port, ALERTS, [firing("Over", endsAt=at)])
    last = past(1)
    for _ in range(2):
        post(server.port, WEBHOOK, webhook(notified("Other", "resolved", last)))
    push(server.port, "db-1", status="Inactive")
    push(server.port, "db-2", status="Inactive", resolvedAt=past(900))
    assert skews(server) == []


def test_something_is_told_seldom_of_each() -> None:
    now = 0.0
    seldom = Seldom(lambda: now)
    assert [seldom.passes("a") for _ in range(3)] == [0, None, None]
    assert seldom.passes("b") == 0
    now = 59.9
    assert seldom.passes("a") is None
    now = 60.0
    assert [seldom.passes("a"), seldom.passes("a")] == [3, None]
    for number in range(3 * MOST_KEYS):
        seldom.passes(number)
    assert seldom.passes("a") == 0, "it was forgotten for others"
    assert len(seldom._told) == MOST_KEYS


# --- Grafana

# As Grafana's documentation describes the body of a webhook contact point.
GRAFANA: dict[str, Any] = {
    "receiver": "alertrpc",
    "status": "firing",
    "orgId": 1,
    "alerts": [
        {
            "status": "firing",
            "labels": {
                "alertname": "Memory is short",
                "grafana_folder": "Nodes",
                "instance": "db-1",
                "severity": "critical",
            },
            "annotations": {"summary": "Less than 5 % of memory is free", "description": "db-1 swaps"},
            "startsAt": "2026-08-01T09:51:03.157076+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://grafana.example.com/alerting/grafana/1afz29v7z/view?orgId=1",
            "fingerprint": "c6eadffa33fcdf37",
            "silenceURL": "https://grafana.example.com/alerting/silence/new?alertmanager=grafana",
            "dashboardURL": "",
            "panelURL": "",
            "imageURL": "https://grafana.example.com/image.png",
            "values": {"B": 44.23943737541908, "C": 1},
            "valueString": "[ var='B' labels={instance=db-1} value=44.23943737541908 ]",
        }
    ],
    "groupLabels": {"alertname": "Memory is short"},
    "commonLabels": {"alertname": "Memory is short"},
    "commonAnnotations": {},
    "externalURL": "https://grafana.example.com/",
    "appVersion": "12.1.0",
    "version": "1",
    "groupKey": '{}/{}:{alertname="Memory is short"}',
    "truncatedAlerts": 0,
    "title": "[FIRING:1] Memory is short Nodes (db-1)",
    "state": "alerting",
    "message": "**Firing**",
}
# What its button "Test" sends.
TEST = {
    **GRAFANA,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "TestAlert", "instance": "Grafana"},
            "annotations": {"summary": "Notification test"},
            "startsAt": "2026-08-01T10:00:00.000000001Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": "57c6d9296de2ad39",
            "silenceURL": "https://grafana.example.com/alerting/silence/new",
            "dashboardURL": "",
            "panelURL": "",
            "values": None,
            "valueString": "[ metric='foo' labels={instance=bar} value=10 ]",
        }
    ],
    "groupLabels": {"alertname": "TestAlert", "instance": "Grafana"},
    "title": "[FIRING:1] TestAlert Grafana ",
}


def test_grafana_fires_and_resolves(path: Path, receiver: Receiver) -> None:
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver), recovery=True))
    with serving(path, "--config", str(config)) as server:
        status, answer = post(server.port, WEBHOOK, GRAFANA)
        [alarm] = answer["data"]
        assert (status, "warnings" in answer) == (200, False)
        over = {**GRAFANA["alerts"][0], "status": "resolved", "endsAt": "2026-08-01T09:56:03.2+02:00", "values": None}
        _, answer = post(server.port, WEBHOOK, {**GRAFANA, "status": "resolved", "state": "ok", "alerts": [over]})
        settled(path, 2)
    assert (alarm["alarmType"], alarm["target"], alarm["level"]) == ("Memory is short", "db-1", 2)
    assert (alarm["activeAt"], alarm["summary"]) == ("2026-08-01T07:51:03.157Z", "Less than 5 % of memory is free")
    [ended] = answer["data"]
    assert (ended["id"], ended["ended"], ended["resolvedAt"]) == (alarm["id"], "resolved", "2026-08-01T07:56:03.200Z")
    assert [got.json["subject"] for got in receiver.got] == [
        "Critical: Memory is short on db-1",
        "Resolved: Critical: Memory is short on db-1",
    ]


def test_grafanas_test_notification(server: Server) -> None:
    status, answer = post(server.port, WEBHOOK, TEST)
    assert status == 200
    [alarm] = answer["data"]
    assert (alarm["alarmType"], alarm["target"], alarm["status"]) == ("TestAlert", "Grafana", "Active")
    assert alarm["summary"] == "Notification test"


# --- what names the target

POD = firing("Down") | {
    "labels": {"alertname": "Down", "namespace": "shop", "pod": "web-0", "cluster": "prod", "job": "j"}
}


def target(server: Server, **labels: str) -> str:
    _, answer = post(server.port, ALERTS, [POD | {"labels": POD["labels"] | labels}])
    found: str = answer["data"][0]["target"]
    return found


@pytest.mark.parametrize(
    ("flags", "text", "env", "expected"),
    [
        ([], "", None, "shop/web-0"),
        (
            ["--target-labels", "cluster, job"],
            'target_labels = ["job"]',
            {"ALERTRPC_TARGET_LABELS": "namespace"},
            "prod",
        ),
        ([], 'target_labels = ["job"]', {"ALERTRPC_TARGET_LABELS": "namespace"}, "shop"),
        ([], 'target_labels = ["absent", "job"]', None, "j"),
        ([], 'target_labels = "job,cluster"', None, "j"),
    ],
)
def test_target_labels(path: Path, flags: list[str], text: str, env: dict[str, str] | None, expected: str) -> None:
    config = path.with_name("config.toml")
    config.write_text(text + "\n")
    with serving(path, "--config", str(config), *flags, env=env) as server:
        assert target(server) == expected


def test_target_labels_change_while_the_server_runs(path: Path) -> None:
    config = path.with_name("config.toml")
    config.write_text('target_labels = ["job"]\n')
    with serving(path, "--config", str(config)) as server:
        assert target(server) == "j"
        config.write_text('target_labels = ["cluster"]\n')
        server.process.send_signal(signal.SIGHUP)
        others = itertools.count()
        assert eventually(lambda: target(server, again=str(next(others))) == "prod")
    assert {row["host"] for row in rows(path, "SELECT host FROM hosts")} >= {"j", "prod"}
