"""Records pushes of alarms: those that arrive during a commit are recorded together with the next one."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from alertrpc.errors import DatabaseBusy, DatabaseUnwritable, KeyReused
from alertrpc.ledger.alarm import Alarm
from alertrpc.ledger.ledger import Ledger
from alertrpc.records import Clock
from alertrpc.store.connection import SqlConnection
from alertrpc.store.database import Database
from alertrpc.store.gather import Gather, Outcome
from alertrpc.store.idempotency import Key, find_push, keep_push
from alertrpc.store.problems import find_alarms, find_times

MOST_TOGETHER = 1000  # alarms of one transaction
MOST_ALARMS = 500  # of one push in a transaction, unless it is whole
AlarmRow = Mapping[str, Any]

log = logging.getLogger(__name__)


class Push(NamedTuple):
    """The alarms of one request, of which all or none are recorded if it `is_whole` or has a `key`.

    A repeated request with the same key records nothing new.
    """

    alarms: Sequence[Alarm]
    key: Key | None = None
    is_whole: bool = True

    def pieces(self) -> list["Push"]:
        """The pushes of one transaction each: many alarms would keep other writes waiting."""
        if self.is_whole or self.key is not None:
            return [self]
        starts = range(0, max(1, len(self.alarms)), MOST_ALARMS)
        return [self._replace(alarms=self.alarms[start : start + MOST_ALARMS]) for start in starts]

    def weight(self) -> int:
        """The number of its alarms; even a push of none is work."""
        return max(1, len(self.alarms))


class Recorded(NamedTuple):
    """The rows of a push's alarms, and the ids of problems whose alerts are due but not created yet."""

    rows: list[AlarmRow | None]
    to_alert: list[int]


class Pushes:
    """Records pushes; `on_commit` is called after each commit."""

    def __init__(
        self, database: Database, ledger: Ledger, clock: Clock, on_commit: Callable[[], None], most: int = MOST_TOGETHER
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._on_commit = on_commit
        self._gather: Gather[Push, Recorded] = Gather(self._run, most, Push.weight)

    async def record(self, push: Push) -> list[AlarmRow | None]:
        """The rows of the alarms; None for one that recovers and was never active.

        Raises KeyReused, DatabaseBusy or DatabaseUnwritable; earlier pieces of a push that is not whole stay recorded.
        """
        rows: list[AlarmRow | None] = []
        for piece in push.pieces():
            recorded = await self._gather.add(piece)
            await self._alert(recorded.to_alert)
            rows += recorded.rows
        return rows

    async def _alert(self, eventids: list[int]) -> None:
        """Creates the due alerts, in transactions that let other writes in between.

        After a fault, the process that delivers creates the rest, which is recorded as due.
        """
        try:
            while eventids:
                now = int(self._clock() * 1000)
                eventids = await self._database.write(partial(self._ledger.alert_some, eventids, now))
                self._on_commit()
        except Exception as error:
            is_expected = isinstance(error, DatabaseBusy | DatabaseUnwritable)
            log.error("alerts of a push are left to the deliverer: %s", error, exc_info=not is_expected)

    async def _run(self, pushes: list[Push]) -> list[Outcome]:
        try:
            outcomes = await self._write(pushes)
        except (DatabaseBusy, DatabaseUnwritable):
            raise
        except Exception:
            if len(pushes) == 1:
                raise
            outcomes = [await self._alone(push) for push in pushes]  # a bad push fails alone
        self._on_commit()
        return outcomes

    async def _alone(self, push: Push) -> Outcome:
        try:
            return (await self._write([push]))[0]
        except Exception as fault:
            return Outcome(None, fault)

    async def _write(self, pushes: Sequence[Push]) -> list[Outcome]:
        return await self._database.write(partial(self._record_all, pushes, int(self._clock() * 1000)))

    def _record_all(self, pushes: Sequence[Push], now: int, connection: SqlConnection) -> list[Outcome]:
        later: list[int] = []
        plain = [push for push in pushes if push.key is None]
        recorded = iter(self._ledger.record([alarm for push in plain for alarm in push.alarms], now, connection, later))
        found: list[list[int | None] | KeyReused] = []
        for push in pushes:
            if push.key is None:
                found.append([next(recorded) for _ in push.alarms])
            else:
                found.append(self._record_once(push.alarms, push.key, now, connection, later))
        rows = _rows(pushes, found, connection)
        return [
            Outcome(None, ids) if isinstance(ids, KeyReused) else Outcome(Recorded(its, _among(later, ids)))
            for ids, its in zip(found, rows, strict=True)
        ]

    def _record_once(
        self, alarms: Sequence[Alarm], key: Key, now: int, connection: SqlConnection, later: list[int]
    ) -> list[int | None] | KeyReused:
        if (earlier := find_push(key, connection)) is not None:
            body, eventids = earlier
            return eventids if body == key.body else KeyReused("this Idempotency-Key came with another body before")
        eventids = self._ledger.record(alarms, now, connection, later)
        keep_push(key, eventids, now // 1000, connection)
        return eventids


def _rows(
    pushes: Sequence[Push], found: Sequence[list[int | None] | KeyReused], connection: SqlConnection
) -> list[list[AlarmRow | None]]:
    """The rows of each push's alarms; those that are active have its texts, unless its key may repeat an old push."""
    listed = [[] if isinstance(ids, KeyReused) else ids for ids in found]
    told = {
        eventid: _told(alarm)
        for push, ids in zip(pushes, listed, strict=True)
        if push.key is None
        for alarm, eventid in zip(push.alarms, ids, strict=True)
        if eventid is not None and alarm.is_active
    }
    times = find_times(told, connection)
    rows: dict[int, AlarmRow] = {eventid: text | times[eventid] for eventid, text in told.items() if eventid in times}
    rows |= find_alarms({eventid for ids in listed for eventid in ids if eventid is not None} - rows.keys(), connection)
    return [[rows.get(eventid or 0) for eventid in ids] for ids in listed]


def _told(alarm: Alarm) -> dict[str, Any]:
    """What an active alarm has on record after a push."""
    names = {name: getattr(alarm, name) for name in ("alarm_type", "target", "name", "level", "summary", "description")}
    return {**names, "labels": alarm.labels}


def _among(eventids: Sequence[int], those: Sequence[int | None]) -> list[int]:
    wanted = set(those)
    return [eventid for eventid in dict.fromkeys(eventids) if eventid in wanted]
