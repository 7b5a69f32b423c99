"""Runs scripts: their files, their environment and their processes."""
