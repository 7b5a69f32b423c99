"""Delivers alerts: takes due ones from the queue, sends them through channels, and records the attempts."""
