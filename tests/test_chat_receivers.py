"""The media types of examples/media_types.toml against receivers that enforce the documented limits of five services."""

import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from alertrpc.values import duration, rate
from tests.chat_receivers import CHATS, Chat
from tests.receivers import alerts, attempts, push, push_many, receiving, settled, write_config
from tests.support import ROOT, serving
from tests.wire import eventually

EXAMPLE = ROOT / "examples" / "media_types.toml"
SCALE = 60  # a minute becomes a second
ALARMS = 100
MESSAGE = "Alarm on ${alarm_target}"  # has the keyword of the bots


def scaled(media_type: dict[str, Any], url: str) -> dict[str, Any]:
    """The media type with the receiver's address and all its times scaled; a wait takes at least a second."""
    parts = urlsplit(media_type["url"])
    path = parts.path + ("?" + parts.query if parts.query else "")
    changed = {**media_type, "url": url.rstrip("/") + path, "message": MESSAGE, "attempt_interval": "1s"}
    for key in ("rate", "address_rate"):
        if key in changed:
            most, span = rate(changed[key])
            changed[key] = f"{most}/{-(-span // SCALE)}ms"
    changed["answers"] = [
        {**each, "after": f"{max(1, duration(each['after']) // SCALE)}s"}
        if each.get("after", "")[:1].isdigit()
        else each
        for each in changed.get("answers", [])
    ]
    return changed


@contextmanager
def chats(path: Path, *names: str, **more: Any) -> Iterator[tuple[Path, dict[str, Chat]]]:
    """A configuration that sends every alarm through the media types of these names, and their receivers."""
    declared = {each["name"]: each for each in tomllib.loads(EXAMPLE.read_text())["media_type"]}
    services = {name: CHATS[name]() for name in names}
    with ExitStack() as stack:
        receivers = {name: stack.enter_context(receiving(service)) for name, service in services.items()}
        media_types = [{**scaled(declared[name], receivers[name].url), **more} for name in names]
        media = [{"media_type": name, "sendto": "-1001"} for name in names]
        tables = {
            "media_type": media_types,
            "user": [{"username": "Admin", "media": media}],
            "action": [{"name": "All", "steps": [{"users": ["Admin"]}]}],
        }
        yield write_config(path.with_name("config.toml"), tables), services


def test_a_hundred_alarms_arrive_at_each(path: Path) -> None:
    targets = [f"db-{number}" for number in range(ALARMS)]
    with chats(path, *CHATS) as (config, services), serving(path, "--config", str(config)) as server:
        push_many(server.port, targets)
        found = settled(path, ALARMS * len(CHATS))
    for name, service in services.items():
        assert service.taken == {f"Alarm on {target}": 1 for target in targets}, name
        assert service.refused == 0, f"{name} had to refuse"
    assert {(alert["status"], alert["retries"]) for alert in found} == {(1, 0)}
    assert len(attempts(path)) == ALARMS * len(CHATS)


def test_what_was_refused_for_its_number_arrives_later(path: Path) -> None:
    """Without a rate, as when others use the same bot."""
    targets = [f"db-{number}" for number in range(24)]
    without = {"rate": "1000/1s", "address_rate": "1000/1s", "max_sessions": 4}
    with chats(path, *CHATS, **without) as (config, services), serving(path, "--config", str(config)) as server:
        for service in services.values():
            service.others_came_first = True
        push_many(server.port, targets)
        found = settled(path, 24 * len(CHATS))
    for name, service in services.items():
        assert service.taken == {f"Alarm on {target}": 1 for target in targets}, name
        assert service.refused > 0, name
    assert {(alert["status"], alert["retries"]) for alert in found} == {(1, 0)}
    assert {attempt["outcome"] for attempt in attempts(path)} == {"sent", "wait"}


def test_a_storm_arrives_in_few_messages(path: Path) -> None:
    targets = [f"db-{number}" for number in range(400)]
    digest = {"digest": 5, "digest_message": "Alarm: ${alarm_count}\n${alarms}", "subject": "${alarm_target}"}
    with chats(path, *CHATS, **digest) as (config, services), serving(path, "--config", str(config)) as server:
        push_many(server.port, targets)
        found = settled(path, 400 * len(CHATS))
    for name, service in services.items():
        assert (service.refused, service.wrong) == (0, 0), name
        assert sum(service.taken.values()) < 50, name
        told = [line.removeprefix("Alarm on ") for text in service.taken for line in text.split("\n")]
        assert sorted(line for line in told if not line.startswith("Alarm:")) == sorted(targets), name
    assert {(alert["status"], alert["retries"]) for alert in found} == {(1, 0)}


# What is wrong at each service, and the media type's keys that make it so.
WRONG = [
    ("DingTalk", {"url": "robot/send?access_token=OTHER"}),
    ("DingTalk", {"message": "${alarm_target}"}),
    ("Feishu", {"url": "open-apis/bot/v2/hook/OTHER"}),
    ("Feishu", {"message": "${alarm_target}"}),
    ("WeCom", {"url": "cgi-bin/webhook/send?key=OTHER"}),
    ("Slack", {"url": "services/T00000000/B00000000/OTHER"}),
    ("Telegram", {"url": "botOTHER/sendMessage"}),
]


@pytest.mark.parametrize(("name", "changes"), WRONG)
def test_what_is_wrong_for_good_is_given_up_at_once(path: Path, name: str, changes: dict[str, str]) -> None:
    with chats(path, name) as (config, services):
        text = config.read_text()
        address = text.split('"url" = "')[1].split('"')[0]
        if "url" in changes:
            base = "/".join(address.split("/")[:3])
            text = text.replace(address, f"{base}/{changes['url']}")
        else:
            text = text.replace(MESSAGE, changes["message"])
        config.write_text(text)
        with serving(path, "--config", str(config)) as server:
            push(server.port)
            assert eventually(lambda: [alert["status"] for alert in alerts(path)] == [2])
    assert services[name].wrong == 1
    assert [attempt["outcome"] for attempt in attempts(path)] == ["give_up"]


@pytest.mark.parametrize("name", ["DingTalk", "Feishu", "WeCom", "Telegram"])
def test_a_message_that_is_too_long_is_given_up_and_holds_none(path: Path, name: str) -> None:
    with chats(path, name) as (config, services):
        config.write_text(config.read_text().replace(MESSAGE, MESSAGE + "${alarm_description}"))
        with serving(path, "--config", str(config)) as server:
            push(server.port, "db-1", description="a" * 30_000, level=1)
            push(server.port, "db-2")
            found = settled(path, 2)
    assert [alert["status"] for alert in found] == [2, 1]
    assert services[name].taken == {"Alarm on db-2": 1}
    assert (services[name].wrong, services[name].refused) == (1, 0)
    assert [attempt["outcome"] for attempt in attempts(path)] == ["give_up", "sent"]
