"""Reads what a TOML file declares beside settings, or reports all its faults at once."""
