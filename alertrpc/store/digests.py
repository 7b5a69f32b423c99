"""Digests: alerts of one address that go as one message."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from alertrpc.records import AlertStatus, Queued
from alertrpc.store.bulk import as_json, insert, update
from alertrpc.store.statements import SQL
from alertrpc.store.tables import AlertResult, Attempt, DigestTried, NewDigest, QueueDigest

MOST_TOGETHER = 1000  # alerts of a digest
MOST_LOOKED_THROUGH = 100_000  # alerts of a media type for those of an address


class Waiting(NamedTuple):
    """An alert that waits for its address; `place` is where it stands among those of its problem."""

    alertid: int
    problemid: int
    severity: int
    place: int
    subject: str


def find_waiting(mediatypeid: int, sendto: str, connection: sqlite3.Connection) -> list[Waiting]:
    """The alerts of an address that may go together; of each problem, the first ones are among them."""
    asked = (mediatypeid, MOST_LOOKED_THROUGH, sendto, MOST_TOGETHER, MOST_TOGETHER)
    return [Waiting(*row) for row in orjson.loads(connection.execute(SQL["digests.waiting"], asked).fetchone()[0])]


def next_digestid(connection: sqlite3.Connection) -> int:
    last: int = connection.execute(SQL["digests.last_id"]).fetchone()[0]
    return last + 1


def add_digest(digest: NewDigest, alertids: Sequence[int], connection: sqlite3.Connection) -> None:
    """Adds a digest of alerts; the first one stands for it in the queue."""
    insert(connection, [digest])
    first, *others = alertids
    rows = [QueueDigest(alertid, digest.digestid, Queued.TOGETHER) for alertid in others]
    update(connection, [QueueDigest(first, digest.digestid, Queued.READY), *rows])
    connection.execute(SQL["alerts.set_status"], (AlertStatus.NOT_SENT, as_json(alertids), AlertStatus.NEW))


class DigestResult(NamedTuple):
    """What an attempt means for a digest: how many of its attempts have failed, and whether this one has (1, or 0)."""

    digestid: int
    retries: int
    failures: int


def record_digest(
    attempt: Attempt, alert: AlertResult, digest: DigestResult, connection: sqlite3.Connection
) -> list[int]:
    """Records the attempt, which is stored for the alert that stands for a digest, for the others; returns these."""
    others = [alertid for (alertid,) in connection.execute(SQL["digests.members"], (digest.digestid,))]
    connection.execute(SQL["digests.record"], (attempt.alertid, attempt.number))
    connection.execute(SQL["digests.set_results"], (alert.status, alert.error, digest.failures, digest.digestid))
    update(connection, [DigestTried(digest.digestid, digest.retries, attempt.request)])
    return others
