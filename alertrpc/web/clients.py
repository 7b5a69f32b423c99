"""The address of a client: that of its connection, or the one that a trusted proxy reports.

Sources: https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For and RFC 7239 (Forwarded).
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from aiohttp import web

from alertrpc.networks import Networks, address
from alertrpc.records import Caller
from alertrpc.web.body import SETTINGS

CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)  # whose credential is valid
LOGIN: web.RequestKey[str] = web.RequestKey("login", str)  # the username of Basic authentication

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_PAIR = re.compile(rf"[ \t]*+(?:({_TOKEN})=({_TOKEN}|{_QUOTED}))?[ \t]*+([;,]|\Z)")
_NODE = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?|([0-9.]+)(?::[0-9]{1,5})?|([0-9A-Fa-f:.]+)")


def address_of(request: web.Request) -> str:
    """The address of the client; empty if it has left."""
    remote = request.remote or ""
    trusted: Networks = request.app[SETTINGS].trusted_proxies
    if not trusted or (peer := address(remote)) is None or not trusted.have(peer):
        return remote
    headers = request.headers
    told = {
        nearest_client(_reported(headers.getall("X-Forwarded-For", [])), trusted),
        nearest_client(_forwarded(headers.getall("Forwarded", [])), trusted),
    } - {None}
    # If the two differ, the client itself may have sent one of them.
    return (told.pop() if len(told) == 1 else None) or remote


def nearest_client(nodes: Iterable[str], trusted: Networks) -> str | None:
    """The first node that is not a trusted proxy, or the last if all are; `nodes` start with the nearest.

    None if there are no nodes, or an invalid address comes first: the nodes after it may be forged.
    """
    farthest = None
    for node in nodes:
        written = _NODE.fullmatch(node)
        found = address(next(filter(None, written.groups()))) if written else None
        if found is None:
            return None
        farthest = str(found)
        if not trusted.have(found):
            break
    return farthest


def _reported(lines: Sequence[str]) -> Iterator[str]:
    """The nodes of X-Forwarded-For, the nearest first."""
    for line in reversed(lines):
        for node in reversed(line.split(",")):
            yield node.strip()


def _forwarded(lines: Sequence[str]) -> Iterator[str]:
    """The nodes of Forwarded, the nearest first; an empty one for a line that RFC 7239, section 4, does not allow."""
    for line in reversed(lines):
        yield from reversed(_nodes(line) or [""])


def _nodes(line: str) -> list[str] | None:
    """The `for` of each element of a line, empty if it has none; None for a malformed line."""
    nodes: list[str] = []
    element: dict[str, str] = {}
    place, end = 0, ""
    while not nodes or end:
        pair = _PAIR.match(line, place)
        if pair is None:
            return None
        name, value, end = pair.groups()
        if name is not None:
            if name.lower() in element:
                return None
            element[name.lower()] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value
        if end != ";":
            nodes.append(element.get("for", ""))
            element = {}
        place = pair.end()
    return nodes
