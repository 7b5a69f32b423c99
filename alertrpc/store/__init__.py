"""Connections, transactions, migrations, coalesced reads and streams of rows: the only room that knows SQLite's driver."""
