"""Alarms pushed by HTTP, in the forms of OCP, Prometheus and Alertmanager.

Source: OCP's "Call an alert API", as in query/ocp.py.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from aiohttp import web

from alertrpc.intake import alertmanager, ocp, prometheus
from alertrpc.intake.bodies import Parsed
from alertrpc.intake.parsing import Bytes
from alertrpc.intake.pushes import Push, Pushes
from alertrpc.ocp.envelope import OcpFault
from alertrpc.ocp.forms import recorded_alarm, told_alarm
from alertrpc.records import Clock, Json
from alertrpc.store.idempotency import Key
from alertrpc.web.body import SETTINGS
from alertrpc.web.callers import PUSH_LIMIT, sender_of
from alertrpc.web.ocp import HEADERS, read_json
from alertrpc.web.refusals import tell_left_out

PUSHES = web.AppKey("pushes", Pushes)
CLOCK: web.AppKey[Clock] = web.AppKey("clock")

_LONGEST_KEY = 255

Parser = Callable[[Json, int], Parsed]


async def push_ocp(request: web.Request) -> Any:
    """POST /api/v2/alarm/alarms: returns the recorded alarm; for an array, an array of them."""
    is_array, alarms = await _push(request, lambda body, now: Parsed(ocp.parse(body, now), []), is_whole=True)
    return alarms if is_array else alarms[0]


async def push_prometheus(request: web.Request) -> Any:
    """POST /api/v2/alerts, as Prometheus sends to an Alertmanager."""
    timeout = request.app[SETTINGS].resolve_timeout * 1000
    return (await _push(request, lambda body, now: prometheus.parse(body, now, timeout)))[1]


async def push_alertmanager(request: web.Request) -> Any:
    """POST /alertmanager, as Alertmanager's webhook sends."""
    return (await _push(request, alertmanager.parse))[1]


async def _push(request: web.Request, parse: Parser, *, is_whole: bool = False) -> tuple[bool, list[dict[str, Any]]]:
    """Records the alarms; returns whether the body is an array, and its alarms in OCP's form."""
    caller = await sender_of(request)
    now = int(request.app[CLOCK]() * 1000)

    def read(content: Json, body: Bytes) -> tuple[bool, Parsed, str]:
        return isinstance(content, list), parse(content, now), hashlib.sha256(body).hexdigest()

    is_array, (alarms, faults, left_out), digest = await read_json(request, read)
    request[HEADERS].update(request.app[PUSH_LIMIT].take(caller.userid, len(alarms)))
    rows = await request.app[PUSHES].record(Push(alarms, _key(request, caller.userid, digest), is_whole))
    if left_out:
        await tell_left_out(request, left_out)
    if faults:
        raise OcpFault(400, f"{faults[0]}; {len(alarms)} of {len(alarms) + len(faults)} alerts are on record")
    form = recorded_alarm if caller.is_super_admin else told_alarm
    return is_array, [form(alarm, row) for alarm, row in zip(alarms, rows, strict=True)]


def _key(request: web.Request, userid: int, digest: str) -> Key | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= _LONGEST_KEY:
        raise OcpFault(400, f"Idempotency-Key: 1 to {_LONGEST_KEY} characters are expected")
    named = hashlib.sha256(f"{request.path}\0".encode() + key.encode(errors="surrogateescape")).hexdigest()
    return Key(userid, named, digest)
