"""Brings the database to a configuration, by name. Changes only objects that it created, which `applied` lists."""
