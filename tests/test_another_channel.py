"""A further kind of media types is one file: in a copy of the package nothing else is touched.

The file says all of the kind: its keys with their checks, what of them is secret, and how it sends. Its number of Zabbix
is a webhook's, which the kind http has too.

If a test here fails because the description of a kind was changed, change DESCRIPTION below and "Add a channel" in
CONTRIBUTING.rst likewise. If it fails because another file had to know the kind, move what that file knows into MediaType
(alertrpc/records.py) or `key` (alertrpc/configuration/media_types.py), so that the kind says it.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.copies import PACKAGE, copy_with, differing, environment_of, run
from tests.receivers import (
    TOKEN,
    Answer,
    Receiver,
    attempts,
    http_channel,
    new_database,
    push,
    receiving,
    settled,
    to_admin,
    write_config,
)
from tests.support import Client, serving

FILE = Path("delivery") / "channels" / "gong.py"
WHAT_TO_DO = (
    f"a kind of media types has to be one file, here {FILE}, which nothing else knows: see the top of {__file__}"
)
DESCRIPTION = '''"""Media types that ring a gong, which takes an object of JSON."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession

from alertrpc.configuration.channel_values import proxy
from alertrpc.configuration.media_types import key
from alertrpc.configuration.values import list_of, text
from alertrpc.delivery.masking import READ_BYTES, kept_text, one_line
from alertrpc.delivery.protocol import Message, Outcome, Reason, Verdict, failed, sent
from alertrpc.delivery.secrets import secrets_of
from alertrpc.records import Clock, MediaType
from alertrpc.settings import Settings
from alertrpc.values import number


@dataclass(frozen=True, slots=True, kw_only=True)
class GongMediaType(MediaType):
    kind = "gong"

    address: str = key(proxy)
    password: str = key(text(1, 255), is_secret=True)
    loudness: int = key(number(1, 11), 5)
    halls: tuple[str, ...] = key(list_of(text(1, 255)), ())

    @staticmethod
    @asynccontextmanager
    async def channel(settings: Settings, clock: Clock) -> AsyncIterator["GongChannel"]:
        async with ClientSession() as session:
            yield GongChannel(session)


class GongChannel:
    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def send(self, media_type: GongMediaType, message: Message) -> Outcome:
        secrets = secrets_of(media_type)
        told = {
            "password": media_type.password,
            "loudness": media_type.loudness,
            "halls": list(media_type.halls),
            "to": message.sendto,
            "subject": message.subject,
        }
        try:
            async with asyncio.timeout(media_type.timeout), self._session.post(media_type.address, json=told) as response:
                answer = kept_text(await response.content.read(READ_BYTES), secrets)
        except (TimeoutError, ClientError, OSError) as error:
            return failed(Verdict.TRY_AGAIN, Reason.NETWORK, str(error), secrets)
        if response.status == 200:
            return sent(code=200, answer=answer)
        error = one_line(answer, secrets)
        return Outcome(
            verdict=Verdict.GIVE_UP, reason=Reason.HTTP_STATUS, error=error, code=response.status, answer=answer
        )


KIND = GongMediaType
'''
PASSWORD = "open sesame, it is me"  # and each gong says it in its answers
NO = Answer(403, body=f'{{"refused": "{PASSWORD}"}}'.encode())
YES = Answer(200, body=f"rung for {PASSWORD}".encode())


class Place(NamedTuple):
    package: Path
    database: Path
    receiver: Receiver

    def config(self, gong: dict[str, Any]) -> str:
        """A file that declares a gong and, of the same number, a webhook."""
        tables = to_admin({"name": "gong", "subject": "${alarm_target}", **gong}, http_channel("hook", self.receiver))
        settings = {"database": f"sqlite:///{self.database}"}
        return str(write_config(self.package.parent / "config.toml", tables, **settings))

    @property
    def gong(self) -> dict[str, Any]:
        return {"type": "gong", "address": f"{self.receiver.url}gong", "password": PASSWORD}

    def runs(self, *arguments: str, status: int = 0) -> str:
        """What a command says."""
        done = run(self.package, *arguments)
        assert done.returncode == status, f"{WHAT_TO_DO}\n{done.stdout}{done.stderr}"
        assert PASSWORD not in done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    package = copy_with(tmp_path, FILE, DESCRIPTION)
    with receiving(lambda got: YES if got.path == "/gong" else Answer()) as receiver:
        yield Place(package, new_database(tmp_path / "alertrpc.db"), receiver)
    assert differing(package, PACKAGE) == {str(package / FILE)}, WHAT_TO_DO


def test_check_knows_its_keys(place: Place) -> None:
    told = place.runs("check", place.config(place.gong))
    assert 'apply would change: media type "gong": made\n' in told, WHAT_TO_DO
    assert "2 media types, 1 user, 0 user groups, 1 action, no faults" in told
    told = place.runs("check", place.config({**place.gong, "loudness": 12, "password": "", "url": "x"}), status=2)
    for fault in (
        "loudness: a whole number from 1 to 11 is expected, not 12",
        "password: a text of 1 to 255 characters is expected, not of 0",
        "url: it is of media types of type http, and this is of type gong",
    ):
        assert f'media_type 1 "gong": {fault}\n' in told, WHAT_TO_DO
    told = place.runs("check", place.config({"type": "bell"}), status=2)
    assert 'type: one of script, http, gong, email is expected, not "bell"\n' in told


def test_apply_tells_what_changes(place: Place) -> None:
    hook = {key: value for key, value in http_channel("gong", place.receiver).items() if key != "name"}
    assert 'media type "gong": made\n' in place.runs("apply", place.config(place.gong)), WHAT_TO_DO
    assert place.runs("apply", place.config(place.gong)) == "nothing changed\n"
    louder = {**place.gong, "loudness": 11, "halls": ["a"], "password": "x", "timeout": "5s"}
    told = 'media type "gong": timeout 30s -> 5s, password changed, loudness changed, halls changed\n'
    assert place.runs("apply", place.config(louder)) == told
    told = place.runs("apply", place.config(hook))
    assert told.startswith('media type "gong": timeout 5s -> 30s,')
    assert ", type gong -> http, address changed, password changed, loudness changed, halls changed, method ch" in told
    assert " type http -> gong, method changed, url changed," in place.runs("apply", place.config(place.gong))


def test_its_alerts_are_sent(place: Place) -> None:
    config = place.config({**place.gong, "loudness": 7, "halls": ["a", "b"]})
    with (
        serving(place.database, "--config", config, env=environment_of(place.package)) as server,
        closing(Client(server.port)) as client,
    ):
        push(server.port, "db-1")
        settled(place.database, 2)
        found = client.request(
            "alert.get", {"output": ["status", "sendto"], "selectAttempts": ["code", "answer"]}, auth=TOKEN
        )["result"]
        (media_type,) = client.request("mediatype.get", {"filter": {"name": "gong"}}, auth=TOKEN)["result"]
    rung = {"password": PASSWORD, "loudness": 7, "halls": ["a", "b"], "to": "to gong", "subject": "db-1"}
    assert [got.json for got in place.receiver.got if got.path == "/gong"] == [rung], WHAT_TO_DO
    assert sorted([(alert["sendto"], alert["status"], alert["attempts"][0]["answer"]) for alert in found]) == [
        ("to gong", "1", "rung for ******"),
        ("to hook", "1", ""),
    ]
    assert media_type["type"] == "4"
    assert {each["name"]: each["value"] for each in media_type["parameters"]} == {
        "alertrpc_type": "gong",
        "address": place.gong["address"],
        "password": PASSWORD,
        "loudness": "7",
        "halls": '["a", "b"]',
    }


def test_it_can_be_tried(place: Place) -> None:
    config = place.config(place.gong)
    place.runs("apply", config)
    told = place.runs("test-channel", "gong", "--sendto", "me", "--subject", "hello", "--config", config)
    assert "outcome: sent\n" in told, WHAT_TO_DO
    assert "answer: rung for ******\n" in told
    assert json.loads(place.receiver.got[-1].body)["subject"] == "[TEST] hello"
    place.receiver.answer = lambda got: NO
    told = place.runs("test-channel", "gong", "--sendto", "me", "--config", config, status=1)
    assert 'outcome: give_up\nreason: http_status\ncode: 403\nerror: {"refused": "******"}\n' in told
    assert PASSWORD not in json.dumps(attempts(place.database))


def test_the_package_itself_does_not_send_it(place: Place) -> None:
    """A media type of a kind that a file of an older version made, or a webhook of Zabbix, is not sent as another."""
    config = place.config(place.gong)
    place.runs("apply", config)
    (place.package / FILE).rename(place.package.parent / "gong.py")
    try:
        told = place.runs("test-channel", "gong", "--sendto", "me", "--config", config, status=1)
    finally:
        (place.package.parent / "gong.py").rename(place.package / FILE)
    assert "reason: unusable_media_type\n" in told
    assert place.receiver.got == []


def test_the_database_needs_nothing_more(place: Place) -> None:
    """The kinds that were there before need no parameter that tells them, so that older databases have them."""
    place.runs("apply", place.config(place.gong))
    with closing(sqlite3.connect(place.database)) as connection:
        found = connection.execute(
            "SELECT t.name FROM media_type_param p JOIN media_type t USING (mediatypeid) WHERE p.name = 'alertrpc_type'"
        )
        assert found.fetchall() == [("gong",)]
