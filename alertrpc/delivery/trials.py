"""Test messages: made like an alert's, sent at once by the same code, kept as an alert, with what came of them."""

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from alertrpc.delivery.media_types import UnusableMediaType, usable_media_type
from alertrpc.delivery.opening import open_sender
from alertrpc.delivery.outcome import Verdict
from alertrpc.delivery.sender import Sender, recorded
from alertrpc.errors import StoreError
from alertrpc.ledger.messages import subject_line
from alertrpc.ledger.rules import RuleBook
from alertrpc.ledger.variables import OF_LABELS, Told, Variables
from alertrpc.records import AlertStatus, MediaType
from alertrpc.settings import Settings
from alertrpc.store.alerts import add_alerts
from alertrpc.store.connection import SqlConnection
from alertrpc.store.database import Database, open_database
from alertrpc.store.deliveries import find_alerts, find_media_type, media_type_ids, record_attempts
from alertrpc.store.tables import NewAlert
from alertrpc.store.trials import test_action

MARK = "[TEST] "


def sample_alarm(now: int) -> dict[str, Any]:
    """An alarm that gives every variable a value; `now` is in milliseconds."""
    return {
        "id": 0,
        "alarm_type": "test",
        "target": "alertrpc",
        "name": "Test message",
        "level": 5,
        "summary": "A test message; nothing is wrong",
        "description": "Somebody asked alertrpc to try this media type.",
        "url": "https://example.com/alarms/0",
        "annotations": {"example": "test"},
        "active_at": now,
        "updated_at": now,
        "resolved_at": None,
        "labels": {**dict.fromkeys(OF_LABELS, "test"), "example": "test"},
    }


class Trials:
    """Sends test messages."""

    def __init__(self, database: Database, sender: Sender) -> None:
        self._database = database
        self._sender = sender

    async def send(
        self, mediatypeid: int, sendto: str, *, userid: int | None = None, subject: str = "", message: str = ""
    ) -> dict[str, Any]:
        """Sends a message, marked as a test, and returns what came of it; a disabled media type is tried too.

        Subject and message are the media type's own where they are not given.
        """
        now = int(self._sender.clock() * 1000)
        alarm = sample_alarm(now)
        trial = _Trial(mediatypeid, sendto, userid, subject, message)
        alert, media_type = await self._database.write(partial(_prepare, trial, alarm, now))
        tried = await self._sender.send({**alert, "alarm": alarm}, media_type)
        once = recorded(alert, tried, media_type, now)
        if tried.outcome.verdict is not Verdict.SENT:
            once = once._replace(alert=once.alert._replace(status=AlertStatus.FAILED), due=None)
        await self._database.write(partial(record_attempts, [once]))
        told = {name: value for name, value in once.attempt._asdict().items() if name not in {"number", "started"}}
        return {**told, "alertid": str(once.attempt.alertid)}


class _Trial(NamedTuple):
    """What to send as a test, and to whom; an empty text is the media type's own."""

    mediatypeid: int
    sendto: str
    userid: int | None
    subject: str
    message: str


def _prepare(
    trial: _Trial, alarm: Mapping[str, Any], now: int, connection: SqlConnection
) -> tuple[dict[str, Any], MediaType | UnusableMediaType]:
    """The alert of the test, and the media type that sends it."""
    templates = RuleBook().current(connection).templates_of(trial.mediatypeid)
    variables = Variables(Told(alarm, is_active=True, now=now / 1000))
    subject, message = templates.rendered(variables, is_recovery=False)
    test = NewAlert(
        actionid=test_action(connection),
        eventid=0,
        userid=trial.userid,
        clock=now // 1000,
        mediatypeid=trial.mediatypeid,
        sendto=trial.sendto,
        subject=subject_line(MARK + (trial.subject or subject)),
        message=MARK + (trial.message or message),
        status=AlertStatus.NOT_SENT,
    )
    alertids = add_alerts([test], now, connection)
    try:
        media_type: MediaType | UnusableMediaType = usable_media_type(
            find_media_type(trial.mediatypeid, connection), enabled=False
        )
    except UnusableMediaType as fault:
        media_type = fault
    return find_alerts(alertids, connection)[0], media_type


def try_channel(settings: Settings, name: str, sendto: str, *, subject: str, message: str) -> dict[str, Any]:
    """What came of a test message through the media type of a name; raises StoreError where there is not just one."""
    return asyncio.run(_try_channel(settings, name, sendto, subject, message))


async def _try_channel(settings: Settings, name: str, sendto: str, subject: str, message: str) -> dict[str, Any]:
    async with open_database(settings.database_path, settings, functions={}) as database:
        found = await database.read(media_type_ids, name)
        if len(found) != 1:
            raise StoreError(f"there {'are several media types' if found else 'is no media type'} {name!r}")
        async with open_sender(database, settings.scripts_dir, settings.work_dir, time.time) as sender:
            return await Trials(database, sender).send(found[0], sendto, subject=subject, message=message)
