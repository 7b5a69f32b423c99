"""Conditions on the tags of a row: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/event/get, `tags`."""

from typing import NamedTuple

OPERATORS = range(6)
CONTAINS = 0


class Tag(NamedTuple):
    """What is asked of a tag."""

    tag: str
    operator: int
    value: str
