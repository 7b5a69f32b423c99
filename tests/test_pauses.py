"""Pauses between attempts, and when an alert is given up."""

from functools import partial
from pathlib import Path

import pytest

from alertrpc.delivery.channels.script import ScriptMediaType
from alertrpc.delivery.media_types import media_type_of
from alertrpc.delivery.pauses import JITTER, LONGEST_PAUSE, is_too_late, pause_after
from alertrpc.records import MediaType
from alertrpc.store.deliveries import find_media_type
from tests.delivering import declare, opened
from tests.receivers import Answer, Receiver, attempts, http_channel, push, settled, to_admin, write_config
from tests.support import serving
from tests.wire import execute

DEFAULT = MediaType(name="default")
ZABBIX = MediaType(name="zabbix", give_up_after=None, max_attempts=3)


@pytest.mark.parametrize(
    ("media_type", "pauses"),
    [
        (DEFAULT, [10, 20, 40, 80, 160, 320, 600, 600, 600]),
        (MediaType(name="a", attempt_interval=60, attempt_growth=10), [60, 600, 600]),
        (MediaType(name="a", attempt_interval=60, attempt_growth=1), [60, 60, 60]),
        (MediaType(name="a", attempt_interval=1, attempt_growth=1.5), [1, 1.5, 2.25]),
        (MediaType(name="a", attempt_interval=1200), [1200, 1200]),
        (MediaType(name="a", attempt_interval=0), [0, 0]),
    ],
)
def test_pauses_grow(media_type: MediaType, pauses: list[float]) -> None:
    for failed, pause in enumerate(pauses, 1):
        assert pause_after(media_type, failed, 0.0) == pause
        assert pause_after(media_type, failed, 1.0) == pytest.approx(pause * (1 + JITTER))


def test_those_of_zabbix_do_not() -> None:
    assert {pause_after(ZABBIX, failed, chance) for failed in range(1, 100) for chance in (0.0, 0.5, 1.0)} == {10}


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("outage", [5 * 60, 10 * 60])
def test_the_defaults_outlast_a_greylist_and_a_restart(outage: float, chance: float) -> None:
    """The first attempt that comes after the outage, without one being given up."""
    now, failed = 0.0, 0
    while now < outage:
        failed += 1
        now += pause_after(DEFAULT, failed, chance)
        assert failed < DEFAULT.max_attempts
        assert not is_too_late(DEFAULT, now)
    assert now < outage + LONGEST_PAUSE * (1 + JITTER)


async def test_a_loaded_media_type_keeps_zabbix_s_rule(path: Path) -> None:
    ours = declare(path, {"name": "ours", "type": "script", "script": "a.sh"})["ours"]
    execute(
        path, "INSERT INTO media_type (mediatypeid, type, name, exec_path, status) VALUES (99, 1, 'loaded', 'a.sh', 0)"
    )
    async with opened(path) as database:
        found = [media_type_of(await database.write(partial(find_media_type, each))) for each in (ours, 99)]
    of_file, loaded = found
    assert isinstance(of_file, ScriptMediaType)
    assert isinstance(loaded, ScriptMediaType)
    assert (of_file.max_attempts, of_file.attempt_growth, of_file.give_up_after) == (10, 2, 3600)
    assert (loaded.max_attempts, loaded.attempt_interval, loaded.give_up_after) == (3, 10, None)


def test_pauses_grow_on_the_way(path: Path, receiver: Receiver) -> None:
    receiver.answer = lambda got: Answer(500)
    hook = http_channel("hook", receiver, attempt_interval="1s", attempt_growth=2, max_attempts=3)
    with serving(path, "--config", str(write_config(path.with_name("config.toml"), to_admin(hook)))) as server:
        push(server.port)
        (alert,) = settled(path, 1)
    first, second, third = [got.at for got in receiver.got]
    assert second - first > 0.95
    assert third - second > 1.95
    assert (alert["status"], alert["retries"]) == (2, 3)


def test_an_alert_is_given_up_in_time(path: Path, receiver: Receiver) -> None:
    receiver.answer = lambda got: Answer(500)
    hook = http_channel("hook", receiver, attempt_interval="1s", attempt_growth=1, max_attempts=100, give_up_after="3s")
    with serving(path, "--config", str(write_config(path.with_name("config.toml"), to_admin(hook)))) as server:
        push(server.port)
        (alert,) = settled(path, 1)
    assert alert["status"] == 2
    assert alert["error"].startswith("HTTP 500")
    assert 1 <= len(attempts(path)) <= 4


def test_an_alert_that_waited_too_long_is_tried_once(path: Path, receiver: Receiver) -> None:
    """A server that was down for long loses none."""
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver, give_up_after="1s")))
    with serving(path, "--config", str(config), "--deliver", "no") as server:
        push(server.port)
    execute(path, "UPDATE alerts SET clock = clock - 1000")
    with serving(path):
        (alert,) = settled(path, 1)
    assert alert["status"] == 1


def test_a_loaded_media_type_is_tried_three_times(path: Path, receiver: Receiver) -> None:
    """As one that came from a Zabbix: without rules of a file, and with Zabbix's columns."""
    receiver.answer = lambda got: Answer(500)
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver)))
    with serving(path, "--config", str(config), "--deliver", "no") as server:
        push(server.port)
    execute(path, "DELETE FROM media_type_rules")
    execute(path, "UPDATE media_type SET maxattempts = 3, attempt_interval = '1s'")
    with serving(path):
        (alert,) = settled(path, 1)
    assert (alert["status"], alert["retries"], len(receiver.got)) == (2, 3, 3)
    first, second, third = [attempt["started"] for attempt in attempts(path)]
    assert min(second - first, third - second) >= 1000
