"""Brings the database to a configuration, by name. What it makes is on record in `applied`; it changes nothing else."""
