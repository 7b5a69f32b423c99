"""Statistics of how values are distributed, by which the engine plans the statements that do not name their indexes."""

import sqlite3

ANALYZED = (
    "alerts", "alert_index", "events", "event_tag", "event_recovery", "acknowledges", "alarms", "attempts", "object_hosts",
)  # fmt: skip
ROWS_OF_INDEX = 1_000  # that are looked at; a table takes some milliseconds, however large it is


def analyze(table: str, connection: sqlite3.Connection) -> None:
    """Renews the statistics of one of the ANALYZED tables."""
    connection.execute(f"PRAGMA analysis_limit = {ROWS_OF_INDEX:d}")
    connection.execute(f"ANALYZE {table}")


def tell_readers(connection: sqlite3.Connection) -> None:
    """Makes other connections read the statistics, which they do only when the schema changes."""
    connection.execute("CREATE TABLE analyzed (number INTEGER) STRICT")
    connection.execute("DROP TABLE analyzed")
