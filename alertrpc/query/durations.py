"""Times with a unit, such as 1h: https://www.zabbix.com/documentation/7.0/en/manual/appendix/suffixes."""

import re

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([0-9]{1,15})([smhdw]?)")


def seconds(text: str | None) -> int | None:
    """The seconds of a time; None for anything else, such as a macro."""
    found = _DURATION.fullmatch(text or "")
    return int(found[1]) * _SECONDS[found[2]] if found else None
