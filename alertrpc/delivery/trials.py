"""Sends test messages at once, as alerts are sent, and stores each as an alert with its outcome."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from alertrpc.delivery.limits import has_rates, limits_of
from alertrpc.delivery.media_types import UnusableMediaType, media_type_of
from alertrpc.delivery.protocol import Verdict
from alertrpc.delivery.sender import Sender, open_sender
from alertrpc.errors import StoreError
from alertrpc.ledger.messages import subject_line
from alertrpc.ledger.rules import RuleBook
from alertrpc.ledger.variables import OF_LABELS, Told, Variables
from alertrpc.records import AlertStatus, MediaType, Operation
from alertrpc.settings import Settings
from alertrpc.store.alerts import add_alerts
from alertrpc.store.connection import SqlConnection
from alertrpc.store.database import Database, open_database
from alertrpc.store.deliveries import find_alerts, find_media_type, media_type_ids, record_attempts
from alertrpc.store.limits import take_turns
from alertrpc.store.tables import NewAlert, NewTurn
from alertrpc.store.trials import test_action

MARK = "[TEST] "
_NOT_OF_A_TEST = {"number", "started", "digestid", "request", "request_cut"}  # members of an attempt


def _sample_alarm(now: int) -> dict[str, Any]:
    """An alarm that gives every variable a value; `now` is in milliseconds."""
    return {
        "id": 0,
        "alarm_type": "test",
        "target": "alertrpc",
        "name": "Test message",
        "level": 5,
        "summary": "A test message; nothing is wrong",
        "description": "Somebody asked alertrpc to test this media type.",
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
        """Sends a message, marked as a test, and returns the result; disabled media types send it too.

        An empty subject or message is replaced by the media type's own.
        """
        now = int(self._sender.clock() * 1000)
        alarm = _sample_alarm(now)
        no_action = no_event = 0
        texts, status = (sendto, subject, message), AlertStatus.NOT_SENT
        test = NewAlert(no_action, no_event, userid, now // 1000, mediatypeid, *texts, status)
        alert, media_type, opens = await self._database.write(partial(_prepare, test, alarm, self._sender))
        alert = {**alert, "alarm": alarm}
        if opens is None:
            once = await self._sender.send(alert, media_type)
        else:
            once = self._sender.hold_back(alert, media_type, opens)
        if once.attempt.outcome != Verdict.SENT:
            once = once._replace(alert=once.alert._replace(status=AlertStatus.FAILED), due=None)
        await self._database.write(partial(record_attempts, [once]))
        result = {name: value for name, value in once.attempt._asdict().items() if name not in _NOT_OF_A_TEST}
        return {**result, "alertid": str(once.attempt.alertid)}


def _prepare(
    test: NewAlert, alarm: Mapping[str, Any], sender: Sender, connection: SqlConnection
) -> tuple[dict[str, Any], MediaType | UnusableMediaType, int | None]:
    """Stores the alert of the test, and takes a turn for it.

    Returns its row, the media type that sends it, and when it may send, in milliseconds; None: now.
    """
    assert test.mediatypeid is not None, "a test names it"
    now, mediatypeid = int(sender.clock() * 1000), test.mediatypeid
    templates = RuleBook().current(connection).templates_of(mediatypeid)
    variables = Variables(Told(alarm, is_active=True, now=now / 1000, public_url=sender.settings.public_url))
    subject, message = templates.rendered(variables, Operation.PROBLEM)
    test = test._replace(
        actionid=test_action(connection),
        subject=subject_line(MARK + (test.subject or subject)),
        message=MARK + (test.message or message),
    )
    [alert] = find_alerts(add_alerts([test], now, connection), connection)
    media_type = media_type_of(find_media_type(mediatypeid, connection), even_disabled=True)
    if isinstance(media_type, UnusableMediaType):
        return alert, media_type, None
    limits = limits_of(mediatypeid, media_type, now, connection)
    if (ends := limits.takes(test.sendto)) is None:
        return alert, media_type, limits.opens_for(test.sendto)
    if has_rates(media_type):
        take_turns([NewTurn(mediatypeid, test.sendto, alert["alertid"], ends)], connection)
    return alert, media_type, None


async def send_test(settings: Settings, name: str, sendto: str, *, subject: str, message: str) -> dict[str, Any]:
    """Sends a test message through the media type of a name. Raises StoreError unless there is exactly one."""
    async with open_database(settings.database_path, settings, functions={}) as database:
        found = await database.read(media_type_ids, name)
        if len(found) != 1:
            raise StoreError(f"there {'are several media types' if found else 'is no media type'} {name!r}")
        async with open_sender(database, settings, time.time) as sender:
            return await Trials(database, sender).send(found[0], sendto, subject=subject, message=message)
