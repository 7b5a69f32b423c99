"""Who delivers, and what is put on record of it, in one process with a real database and real receivers."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from alertrpc.delivery.bell import Bell
from alertrpc.delivery.channels.http.sending import new_session
from alertrpc.delivery.deliverer import UNWRITABLE, Recorder
from alertrpc.delivery.lock import DeliveryLock
from alertrpc.delivery.media_types import UnusableMediaType, media_type_of
from alertrpc.delivery.sender import open_sender
from alertrpc.records import AlertStatus
from alertrpc.store.deliveries import Recorded, find_media_type
from alertrpc.store.tables import AlertResult, Attempt
from tests.delivering import NOW, declare, deliverer_of, opened, queue, statuses
from tests.receivers import (
    Answer,
    Receiver,
    attempts,
    http_channel,
    push,
    receiving,
    script_channel,
    settled,
    to_admin,
    write_config,
    write_script,
)
from tests.support import DEFAULTS, serving, settings_of
from tests.wire import eventually

ATTEMPT = Attempt(
    alertid=1, number=1, started=0, outcome="sent", reason="delivered", code=200, error="", answer="said", stdout="out",
    stderr="err", milliseconds=0,
)  # fmt: skip
SENT = AlertResult(1, AlertStatus.SENT, 0, "")


async def test_the_lock_is_kept_until_what_is_under_way_has_ended(path: Path, receiver: Receiver) -> None:
    """Else the next process would send what this one is sending."""
    hold = threading.Event()
    receiver.answer = lambda got: Answer(hold=hold)
    queue(path, declare(path, http_channel("hook", receiver))["hook"], 1)
    bell, other = Bell(), DeliveryLock(path)
    async with opened(path) as database, open_sender(database, DEFAULTS, lambda: NOW) as sender:
        ending = asyncio.Event()

        async def deliver() -> None:
            async with deliverer_of(path, database, sender, bell).running(settings_of(shutdown_timeout=60)):
                await ending.wait()

        delivery = asyncio.create_task(deliver())
        assert await asyncio.to_thread(eventually, lambda: len(receiver.got) == 1)
        assert not other.take()
        ending.set()
        await asyncio.sleep(0.2)
        assert not delivery.done()
        assert not other.take()
        hold.set()
        await delivery
    assert statuses(path) == [1]
    assert other.take()
    other.free()
    bell.close()


@pytest.mark.parametrize("member", ["error", "answer", "stdout", "stderr"])
async def test_a_text_that_cannot_be_stored_keeps_no_try_off_the_record(path: Path, member: str) -> None:
    queue(path, 1, 2)
    async with opened(path) as database:
        recorder = Recorder(database)
        odd = Recorded(Attempt(**{**ATTEMPT._asdict(), member: "\ud800"}), SENT, None)
        good = Recorded(ATTEMPT._replace(alertid=2), SENT._replace(alertid=2), None)
        await asyncio.gather(recorder.record(odd), recorder.record(good))
    first, second = attempts(path)
    assert [first[name] for name in ("error", "answer", "stdout", "stderr")] == [UNWRITABLE, "", "", ""]
    assert [second[name] for name in ("error", "answer", "stdout", "stderr")] == ["", "said", "out", "err"]
    assert statuses(path) == [1, 1]


@pytest.mark.parametrize(
    ("column", "value"),
    [("smtp_security", 7), ("timeout", "soon"), ("attempt_interval", ""), ("type", 3), ("status", 1)],
)
async def test_a_media_type_that_cannot_be_read_is_unusable(path: Path, column: str, value: Any) -> None:
    mediatypeid = declare(path, {"name": "mail", "type": "email", "smtp_server": "a", "smtp_email": "a@a"})["mail"]
    async with opened(path) as database:
        row = await database.write(lambda connection: find_media_type(mediatypeid, connection))
    assert row is not None
    assert media_type_of(row).name == "mail"
    assert isinstance(media_type_of({**row, column: value}), UnusableMediaType)


# --- what a receiver is told of a problem and of its recovery

STATUS = "${alarm_status} ${alarm_status_code} ${alarm_resolved_at}"
WRITE = '#!/bin/bash\necho "$alarm_status $alarm_status_code $alarm_resolved_at" >> told\n'


def test_a_receiver_is_told_whether_it_is_a_problem(path: Path, receiver: Receiver) -> None:
    """In the URL, in headers, in the body, and in the environment of scripts."""
    write_script(path.with_name("scripts") / "tell.sh", WRITE)
    hook = http_channel("hook", receiver, headers={"X-Status": STATUS})
    hook |= {"url": receiver.url + "${alarm_status}", "body": STATUS}
    config = write_config(
        path.with_name("config.toml"), to_admin(hook, script_channel("pager", "tell.sh"), recovery=True)
    )
    ended = "2023-11-14T22:13:20Z"
    with serving(path, "--config", str(config)) as server:
        push(server.port, activeAt="2023-11-14T22:00:00Z")
        settled(path, 2)
        push(server.port, status="Inactive", resolvedAt=ended)
        settled(path, 4)
    told = (path.with_name("work") / "pager" / "told").read_text().splitlines()
    expected = ["Active 1", f"Inactive 0 {ended}"]
    assert [line.strip() for line in told] == expected
    assert [got.path for got in receiver.got] == ["/Active", "/Inactive"]
    assert [got.headers["X-Status"].strip() for got in receiver.got] == expected
    assert [got.body.decode().strip() for got in receiver.got] == expected


# --- the session of the HTTP channel


async def test_the_session_keeps_no_cookies_and_asks_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    with receiving(lambda got: Answer(headers={"Set-Cookie": "session=1"})) as receiver:
        async with new_session() as session:
            for _ in range(2):
                async with session.post(receiver.url, data=b"") as response:
                    assert response.status == 200
        assert ["Cookie" in got.headers for got in receiver.got] == [False, False]


async def test_the_session_has_no_limit_of_its_own() -> None:
    """Media types have limits and times of theirs."""
    async with new_session() as session:
        assert session.connector is not None
        assert (session.connector.limit, session.connector.limit_per_host) == (0, 0)
        assert (session.timeout.total, session.timeout.connect, session.timeout.sock_read) == (None, None, None)


# --- an idle server


def processor_seconds(pid: int) -> float:
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / 100


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the time is looked up as in Linux")
def test_an_idle_server_is_idle(path: Path, receiver: Receiver) -> None:
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver)))
    with serving(path, "--config", str(config)) as server:
        push(server.port)
        settled(path, 1)
        before = processor_seconds(server.process.pid)
        time.sleep(1)
        assert processor_seconds(server.process.pid) - before < 0.3
