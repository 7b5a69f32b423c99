"""What limits the sending through media types: holds, which receivers asked for, and turns, which count for rates."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from alertrpc.store.bulk import run
from alertrpc.store.statements import SQL

EVERY_ADDRESS = ""


class Hold(NamedTuple):
    """Nothing is sent to the address, or EVERY_ADDRESS, before `until`, in milliseconds."""

    mediatypeid: int
    sendto: str
    until: int


class Turn(NamedTuple):
    """The end of an attempt that counts for a rate, in milliseconds."""

    alertid: int
    ended: int


def find_holds(mediatypeid: int, now: int, connection: sqlite3.Connection) -> dict[str, int]:
    """Until when which addresses of a media type are held, in milliseconds; holds that are over are deleted."""
    connection.execute(SQL["limits.drop_holds"], (mediatypeid, now))
    return dict(connection.execute(SQL["limits.holds"], (mediatypeid,)).fetchall())


def hold(holds: Sequence[Hold], connection: sqlite3.Connection) -> None:
    """Holds media types or addresses; the longest hold of each counts."""
    longest = {each[:2]: each for each in sorted(holds, key=lambda hold: hold.until)}
    run(connection, SQL["limits.hold"], longest.values())


def find_turns(mediatypeid: int, since: int, connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """The address and the end of the attempts that end after `since`, in milliseconds; older ones are deleted."""
    connection.execute(SQL["limits.drop_turns"], (mediatypeid, since))
    return connection.execute(SQL["limits.turns"], (mediatypeid,)).fetchall()


def end_turns(turns: Sequence[Turn], connection: sqlite3.Connection) -> None:
    """The last attempts of alerts have ended, most of them sooner than they might have."""
    run(connection, SQL["limits.end_turns"], turns)
