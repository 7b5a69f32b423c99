"""Fills the tables that a new version of the schema adds, in pieces between which others write.

Triggers keep the new rows; what was there before is added here. A piece and how far it went are one transaction, so that
after a crash the work goes on where it was.
"""

import sqlite3

from alertrpc.store.statements import SQL

ALERT_INDEX = "alert_index"
ROWS_OF_PIECE = 500  # some 5 ms


def unfilled_tables(connection: sqlite3.Connection) -> frozenset[str]:
    """The tables that older rows are missing from."""
    names = connection.execute(SQL["filling.unfilled"]).fetchall()
    return frozenset([name.decode() if isinstance(name, bytes) else name for (name,) in names])


def fill_piece(connection: sqlite3.Connection) -> int:
    """Adds the next alerts to alert_index; returns how many were looked at, 0 if there are no more."""
    missing = connection.execute(SQL["filling.missing"], (ALERT_INDEX,)).fetchone()
    if missing is None:
        return 0
    [end, number] = connection.execute(SQL["filling.end_of_piece"], (*missing, ROWS_OF_PIECE)).fetchone()
    if not number:
        connection.execute(SQL["filling.is_filled"], (ALERT_INDEX,))
        return 0
    connection.execute(SQL["filling.fill_alert_index"], (missing[0], end))
    connection.execute(SQL["filling.go_on"], (end, ALERT_INDEX))
    return int(number)


def fill_whole(connection: sqlite3.Connection) -> None:
    """Adds all alerts that are missing in alert_index, also events that came after their alerts."""
    connection.execute(SQL["filling.fill_alert_index"], (-(2**63), 2**63 - 1))
    connection.execute(SQL["filling.find_events"])
    connection.execute(SQL["filling.is_filled"], (ALERT_INDEX,))
