"""A delivery in the test's own process: a real database, real receivers and channels, and no server around them."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from alertrpc.configuration.reading import parse_configuration
from alertrpc.delivery.bell import Bell
from alertrpc.delivery.channels import KINDS
from alertrpc.delivery.deliverer import Deliverer
from alertrpc.delivery.lane import Lane, Record
from alertrpc.delivery.lock import DeliveryLock
from alertrpc.delivery.protocol import Message, Outcome
from alertrpc.delivery.secrets import secrets_of
from alertrpc.delivery.sender import Sender, open_sender
from alertrpc.ledger.ledger import Ledger
from alertrpc.records import Clock, MediaType
from alertrpc.store.applying.applying import bring
from alertrpc.store.connection import Job, connect
from alertrpc.store.database import Database, open_database
from tests.receivers import to_admin
from tests.support import DEFAULTS
from tests.wire import execute

NOW = 1_700_000_000.0


@asynccontextmanager
async def opened(path: Path, **more: Any) -> AsyncIterator[Database]:
    async with open_database(path, DEFAULTS, functions={}, **more) as database:
        yield database


def declare(path: Path, *media_types: Mapping[str, Any]) -> dict[str, int]:
    """Brings the database to these media types; their ids by their names."""
    bring(path, parse_configuration(to_admin(*media_types), KINDS))
    return dict(execute(path, "SELECT name, mediatypeid FROM media_type"))


def queue(
    path: Path,
    mediatypeid: int,
    count: int,
    *,
    message: str = "text",
    due: int = 0,
    sendto: str = "to",
    severity: int = 0,
) -> None:
    """Puts alerts of no alarm on the queue, with the next ids."""
    connection = connect(path)
    connection.execute("BEGIN")
    last = connection.execute("SELECT COALESCE(MAX(alertid), 0) FROM alerts").fetchone()[0]
    for alertid in range(last + 1, last + count + 1):
        connection.execute(
            "INSERT INTO alerts (alertid, actionid, eventid, clock, mediatypeid, sendto, subject, message, status)"
            " VALUES (?, 1, ?, ?, ?, ?, ?, ?, 3)",
            (alertid, alertid, int(NOW), mediatypeid, sendto, f"alert {alertid}", message),
        )
        connection.execute(
            "INSERT INTO alert_queue (alertid, mediatypeid, due, problemid, sendto, rank) VALUES (?, ?, ?, ?, ?, ?)",
            (alertid, mediatypeid, due, alertid, sendto, -60_000 * severity),
        )
    connection.execute("COMMIT")
    connection.close()


@asynccontextmanager
async def lane_of(
    path: Path, mediatypeid: int, record: Record, clock: Clock = lambda: NOW, ring: Callable[[], None] = lambda: None
) -> AsyncIterator[Lane]:
    async with opened(path) as database, open_sender(database, DEFAULTS, clock) as sender:
        lane = Lane(mediatypeid, database, sender, record, ring)
        try:
            yield lane
        finally:
            await lane.close(0)


def deliverer_of(path: Path, database: Database, sender: Sender, bell: Bell) -> Deliverer:
    return Deliverer(database, Ledger(DEFAULTS), sender, bell, DeliveryLock(path))


class Counted(Database):
    """A database that counts what is asked of it."""

    def __init__(self, database: Database) -> None:
        vars(self).update(vars(database))
        self.writes = self.reads = 0

    async def write(self, job: Job[Any], *, patient: bool = False) -> Any:
        self.writes += 1
        return await super().write(job, patient=patient)

    async def read(self, function: Callable[..., Any], *args: Any) -> Any:
        self.reads += 1
        return await super().read(function, *args)


def statuses(path: Path) -> Sequence[int]:
    return [status for (status,) in execute(path, "SELECT status FROM alerts ORDER BY alertid")]


async def sent_by(channel: Any, media_type: MediaType, message: Message) -> Outcome:
    """The outcome of a message, of which the secrets of its media type are masked; without what was sent."""
    outcome: Outcome = await channel.send(media_type, replace(message, secrets=secrets_of(media_type)))
    return replace(outcome, request="", request_cut=False)
