"""What limits the sending through media types: holds, which receivers asked for, and turns, which count for rates."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from alertrpc.store.bulk import insert, run
from alertrpc.store.statements import SQL
from alertrpc.store.tables import NewTurn

LONGEST_HOLD = 86_400  # seconds


class Hold(NamedTuple):
    """Nothing is sent before `until`, in milliseconds: through the media type, or to one of its addresses."""

    mediatypeid: int
    is_whole: bool
    sendto: str
    until: int


class Holds(NamedTuple):
    """Until when a media type is held, in milliseconds, or None, and which of its addresses."""

    whole: int | None
    addresses: dict[str, int]


class Turn(NamedTuple):
    """The end of an attempt that counts for a rate, in milliseconds."""

    alertid: int
    ended: int


def find_holds(mediatypeid: int, now: int, connection: sqlite3.Connection) -> Holds:
    """The holds of a media type at `now`, in milliseconds; those that are over are deleted."""
    latest = now + 1000 * LONGEST_HOLD
    connection.execute(SQL["limits.drop_holds"], (mediatypeid, now))
    connection.execute(SQL["limits.shorten_holds"], (latest, mediatypeid, latest))
    found = connection.execute(SQL["limits.holds"], (mediatypeid,)).fetchall()
    addresses = {sendto: until for is_whole, sendto, until in found if not is_whole}
    return Holds(next((until for is_whole, _, until in found if is_whole), None), addresses)


def hold(holds: Sequence[Hold], connection: sqlite3.Connection) -> None:
    """Holds media types or addresses; the longest hold of each counts."""
    longest = {each[:3]: each for each in sorted(holds, key=lambda hold: hold.until)}
    run(
        connection, SQL["limits.hold"], [(each.mediatypeid, int(each.is_whole), *each[2:]) for each in longest.values()]
    )


def find_turns(mediatypeid: int, since: int, latest: int, connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """The address and the end of the attempts that end after `since`, in milliseconds; older ones are deleted.

    None can end later than `latest`.
    """
    connection.execute(SQL["limits.drop_turns"], (mediatypeid, since))
    connection.execute(SQL["limits.shorten_turns"], (latest, mediatypeid, latest))
    return connection.execute(SQL["limits.turns"], (mediatypeid,)).fetchall()


def take_turns(turns: Sequence[NewTurn], connection: sqlite3.Connection) -> None:
    insert(connection, turns)


def end_turns(turns: Sequence[Turn], connection: sqlite3.Connection) -> None:
    """The last attempts of alerts have ended, most of them sooner than they might have."""
    run(connection, SQL["limits.end_turns"], turns)
