"""Macros in the texts of triggers: https://www.zabbix.com/documentation/7.0/en/manual/appendix/macros/supported_by_location."""

import re

import orjson

UNKNOWN = "*UNKNOWN*"
_HOST, _NAME = 0, 1
_OF_HOST = {"HOST.HOST": _HOST, "HOSTNAME": _HOST, "HOST.NAME": _NAME}
# Interfaces and items are not stored. Functions of macros are not run.
_NOT_KEPT = ("HOST.IP", "IPADDRESS", "HOST.DNS", "HOST.CONN", "HOST.PORT", "ITEM.VALUE", "ITEM.LASTVALUE")
_NAMES = "|".join(map(re.escape, (*_OF_HOST, *_NOT_KEPT)))
_MACRO = re.compile(r"\{(?:\{[A-Z.]+[1-9]?\}\.[a-z]+\([^{}]*\)|(%s)([1-9]?))\}" % _NAMES)  # noqa: UP031 - braces all over


def expand_macros(text: str, hosts: str) -> str:
    """The text with its macros replaced; `hosts` is a JSON array of technical and visible names, the first host first."""
    names = orjson.loads(hosts)

    def replaced(macro: re.Match[str]) -> str:
        index = int(macro[2] or 1) - 1
        if macro[1] is None or macro[1] not in _OF_HOST or index >= len(names):
            return UNKNOWN
        name: str = names[index][_OF_HOST[macro[1]]]
        return name

    return _MACRO.sub(replaced, text)
