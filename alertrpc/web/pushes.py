"""Alarms pushed by HTTP, in the forms of OCP, Prometheus, Alertmanager and Grafana.

Source: OCP's "Call an alert API", as in query/ocp.py.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from aiohttp import web

from alertrpc.intake import alertmanager, ocp, prometheus
from alertrpc.intake.bodies import Parsed
from alertrpc.intake.parsing import Bytes
from alertrpc.intake.pushes import AlarmRow, Push, Pushes
from alertrpc.ledger.alarm import Alarm
from alertrpc.ocp.envelope import OcpFault
from alertrpc.ocp.forms import recorded_alarm, told_alarm
from alertrpc.records import Caller, Clock, Json
from alertrpc.store.idempotency import Key
from alertrpc.web.body import SETTINGS
from alertrpc.web.callers import PUSH_LIMIT, sender_of
from alertrpc.web.ocp import HEADERS, WARNINGS, read_json
from alertrpc.web.refusals import tell_left_out, tell_skew, tell_warnings

PUSHES = web.AppKey("pushes", Pushes)
CLOCK: web.AppKey[Clock] = web.AppKey("clock")

_SECOND = 1000  # milliseconds
_KEY = "Idempotency-Key"
_LONGEST_KEY = 255

Parser = Callable[[Json, int], Parsed]


async def push_ocp(request: web.Request) -> Any:
    """POST /api/v2/alarm/alarms: returns the recorded alarm; for an array, an array of them."""
    read = await _read(request, ocp.parse)
    rows = await _record(request, read, is_whole=True)
    alarms = _in_form(read, rows)
    return alarms if read.is_array else alarms[0]


async def push_prometheus(request: web.Request) -> Any:
    """POST /api/v2/alerts, as Prometheus sends to an Alertmanager."""
    settings = request.app[SETTINGS]
    labels, timeout = settings.target_labels, settings.resolve_timeout * 1000
    return await _push_labelled(request, lambda body, now: prometheus.parse(body, now, labels, timeout))


async def push_alertmanager(request: web.Request) -> Any:
    """POST /alertmanager, as the webhooks of Alertmanager and Grafana send."""
    labels = request.app[SETTINGS].target_labels
    return await _push_labelled(request, lambda body, now: alertmanager.parse(body, now, labels))


class _Read(NamedTuple):
    """A push as it came; `digest` is the SHA-256 of a body that has an Idempotency-Key."""

    caller: Caller
    is_array: bool
    parsed: Parsed
    digest: str


async def _push_labelled(request: web.Request, parse: Parser) -> list[dict[str, Any]]:
    """Records the good alarms of a body, and returns them."""
    read = await _read(request, parse)
    rows = await _record(request, read, is_whole=False)
    alarms, faults, left_out, _ = read.parsed
    if left_out:
        await tell_left_out(request, left_out)
    if faults:
        raise OcpFault(400, f"{faults[0]}; {len(alarms)} of {len(alarms) + len(faults)} alerts are on record")
    return _in_form(read, rows)


def _in_form(read: _Read, rows: Sequence[AlarmRow | None]) -> list[dict[str, Any]]:
    """The alarms in OCP's form."""
    form = recorded_alarm if read.caller.is_super_admin else told_alarm
    return list(map(form, read.parsed.alarms, rows))


async def _read(request: web.Request, parse: Parser) -> _Read:
    caller = await sender_of(request)
    now = int(request.app[CLOCK]() * 1000)

    def read(content: Json, body: Bytes) -> _Read:
        digest = hashlib.sha256(body).hexdigest() if _KEY in request.headers else ""
        return _Read(caller, isinstance(content, list), parse(content, now), digest)

    return await read_json(request, read)


async def _record(request: web.Request, read: _Read, *, is_whole: bool) -> list[AlarmRow | None]:
    """The rows of the alarms."""
    userid, alarms = read.caller.userid, read.parsed.alarms
    request[HEADERS].update(request.app[PUSH_LIMIT].take(userid, len(alarms)))
    rows = await request.app[PUSHES].record(Push(alarms, _key(request, userid, read.digest), is_whole))
    request[WARNINGS] = read.parsed.warnings
    await tell_warnings(request, read.parsed.warnings)
    if ends := [alarm.resolved_at for alarm, row in zip(alarms, rows, strict=True) if _is_of_the_past(alarm, row)]:
        await tell_skew(request, request.app[CLOCK]() - max(filter(None, ends)) / 1000)
    return rows


def _is_of_the_past(alarm: Alarm, row: AlarmRow | None) -> bool:
    """Whether an alarm is over by its sender's clock alone and was not active at its end: the clock may be behind."""
    if not alarm.ended_by_clock or alarm.resolved_at is None:
        return False
    ended_at = None if row is None else row["resolved_at"]
    return row is None or (ended_at is not None and ended_at + _SECOND < alarm.resolved_at)


def _key(request: web.Request, userid: int, digest: str) -> Key | None:
    key = request.headers.get(_KEY)
    if key is None:
        return None
    if not 1 <= len(key) <= _LONGEST_KEY:
        raise OcpFault(400, f"{_KEY}: 1 to {_LONGEST_KEY} characters are expected")
    named = hashlib.sha256(f"{request.path}\0".encode() + key.encode(errors="surrogateescape")).hexdigest()
    return Key(userid, named, digest)
