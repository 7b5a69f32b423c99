"""Connections, transactions, migrations, coalesced reads and streams of rows: the only room that uses SQLite's driver."""
