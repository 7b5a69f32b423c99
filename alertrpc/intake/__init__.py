"""Turns bodies of senders into alarms, with a pure parser for each sender, and records pushes together."""
