"""Pushes of alarms: those that come in while others are written are recorded together, with one commit."""

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
from alertrpc.store.problems import find_alarms

MOST_TOGETHER = 200
MOST_ALARMS = 500  # of one transaction, where a push need not be whole
AlarmRow = Mapping[str, Any]

log = logging.getLogger(__name__)


class Push(NamedTuple):
    """The alarms of one request, which is taken whole or not at all where it `is_whole`.

    With a `key`, which only a whole one has, a request that is repeated makes nothing new.
    """

    alarms: Sequence[Alarm]
    key: Key | None = None
    is_whole: bool = True

    def pieces(self) -> list["Push"]:
        """What is recorded by one transaction each: many alarms would keep other writes waiting."""
        if self.is_whole or self.key is not None:
            return [self]
        starts = range(0, max(1, len(self.alarms)), MOST_ALARMS)
        return [Push(self.alarms[start : start + MOST_ALARMS]) for start in starts]


class Recorded(NamedTuple):
    """The alarms of a push as they are on disk; and the problems whose alerts are on record as due, and not made yet."""

    rows: list[AlarmRow | None]
    to_alert: list[int]


class Pushes:
    """Records pushes; `on_recorded` is told after each commit."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        clock: Clock,
        on_recorded: Callable[[], None],
        most_together: int = MOST_TOGETHER,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._on_recorded = on_recorded
        self._gather: Gather[Push, Recorded] = Gather(self._run, most_together)

    async def record(self, push: Push) -> list[AlarmRow | None]:
        """The alarms as they are on disk now; None for one that recovers and was never active.

        Raises KeyReused, DatabaseBusy or DatabaseUnwritable; earlier pieces of what is not whole are on record then.
        """
        rows: list[AlarmRow | None] = []
        for piece in push.pieces():
            recorded = await self._gather.add(piece)
            await self._alert(recorded.to_alert)
            rows += recorded.rows
        return rows

    async def _alert(self, eventids: list[int]) -> None:
        """Makes the alerts that are due, in transactions that let other writes in between.

        What fails is on record as due, and is made by who delivers.
        """
        try:
            while eventids:
                now = int(self._clock() * 1000)
                eventids = await self._database.write(partial(self._ledger.alert_some, eventids, now))
                self._on_recorded()
        except (DatabaseBusy, DatabaseUnwritable) as error:
            log.error("the alerts of a push are left to who delivers: %s", error)
        except Exception:
            log.exception("the alerts of a push are left to who delivers")

    async def _run(self, pushes: list[Push]) -> list[Outcome]:
        try:
            outcomes = await self._write(pushes)
        except (DatabaseBusy, DatabaseUnwritable):
            raise
        except Exception:
            if len(pushes) == 1:
                raise
            outcomes = [await self._alone(push) for push in pushes]  # so that one bad push fails alone
        self._on_recorded()
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
        eventids = {eventid for ids in found if isinstance(ids, list) for eventid in ids if eventid is not None}
        rows = find_alarms(eventids, connection)
        return [
            Outcome(None, ids)
            if isinstance(ids, KeyReused)
            else Outcome(Recorded([rows.get(eventid or 0) for eventid in ids], _among(later, ids)))
            for ids in found
        ]

    def _record_once(
        self, alarms: Sequence[Alarm], key: Key, now: int, connection: SqlConnection, later: list[int]
    ) -> list[int | None] | KeyReused:
        earlier = find_push(key, connection)
        if earlier is not None:
            body, eventids = earlier
            return eventids if body == key.body else KeyReused("this Idempotency-Key came with another body before")
        eventids = self._ledger.record(alarms, now, connection, later)
        keep_push(key, eventids, now // 1000, connection)
        return eventids


def _among(eventids: Sequence[int], those: Sequence[int | None]) -> list[int]:
    wanted = set(those)
    return [eventid for eventid in dict.fromkeys(eventids) if eventid in wanted]
