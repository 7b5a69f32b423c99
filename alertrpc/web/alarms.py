"""Alarms by HTTP: pushes in the forms of OCP, Prometheus and Alertmanager, and OCP's lists.

Source: OCP's "Call an alert API", "Query the alert event list" and "Query alert notifications", as in query/ocp.py.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from alertrpc.intake import alertmanager, ocp, prometheus
from alertrpc.intake.alarm import Parsed, milliseconds
from alertrpc.intake.pushes import Push, Pushes
from alertrpc.ledger.alarm import Alarm
from alertrpc.ledger.variables import iso_time
from alertrpc.query.ocp import (
    ALARM_STATUSES,
    CATEGORIES,
    NOTIFICATION_STATUSES,
    Asked,
    Query,
    alarms_query,
    notifications_query,
)
from alertrpc.query.sql import SqlValue
from alertrpc.records import Clock, Json, UserType
from alertrpc.store.database import Database
from alertrpc.store.idempotency import Key
from alertrpc.web.callers import PUSH_LIMIT, caller_of
from alertrpc.web.health import DATABASE
from alertrpc.web.ocp import NO_SUCH_ALARM, OcpFault, add_route, enveloped, read_json

PUSHES = web.AppKey("pushes", Pushes)
CLOCK: web.AppKey[Clock] = web.AppKey("clock")
RESOLVE_TIMEOUT = web.AppKey("resolve_timeout", int)

LARGEST_PAGE = 200
DEFAULT_PAGE = 20
LAST_PAGE = 10**9
LARGEST_ID = 2**63 - 1
_LONGEST_KEY = 255
_NOTIFICATION_STATUS = {0: "Sending", 1: "Success", 2: "Failed", 3: "Pending"}
_BOOLEANS = {"true": True, "false": False}
_ELSEWHERE = r"/api/v2/{path:.*(?<!/api_jsonrpc\.php)}"  # all other paths; the excepted ones are JSON-RPC's anywhere

Parser = Callable[[Json, int], Parsed]


async def push_ocp(request: web.Request) -> Any:
    """POST /api/v2/alarm/alarms: the alarm as it is on record, or an array of them for an array."""
    body, rows = await _push(request, lambda body, now: Parsed(ocp.parse(body, now), []))
    data = [alarm_data(alarm, row) for alarm, row in rows]
    return data if isinstance(body, list) else data[0]


async def push_prometheus(request: web.Request) -> Any:
    """POST /api/v2/alerts, as Prometheus sends to an Alertmanager."""
    timeout = request.app[RESOLVE_TIMEOUT] * 1000
    _, rows = await _push(request, lambda body, now: prometheus.parse(body, now, timeout))
    return [alarm_data(alarm, row) for alarm, row in rows]


async def push_alertmanager(request: web.Request) -> Any:
    """POST /alertmanager, as Alertmanager's webhook sends."""
    _, rows = await _push(request, alertmanager.parse)
    return [alarm_data(alarm, row) for alarm, row in rows]


async def _push(request: web.Request, parse: Parser) -> tuple[Json, list[tuple[Alarm, Mapping[str, Any] | None]]]:
    """The body, and its alarms, each with its row."""
    caller = await caller_of(request, UserType.ADMIN)
    content, body = await read_json(request)
    alarms, faults = parse(content, int(request.app[CLOCK]() * 1000))
    request["headers"].update(request.app[PUSH_LIMIT].take(caller.userid, len(alarms)))
    rows = await request.app[PUSHES].record(Push(alarms, _key(request, caller.userid, body)))
    if faults:
        raise OcpFault(400, f"{faults[0]}; {len(alarms)} of {len(alarms) + len(faults)} alerts are on record")
    return content, list(zip(alarms, rows, strict=True))


def _key(request: web.Request, userid: int, body: bytes) -> Key | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= _LONGEST_KEY:
        raise OcpFault(400, f"Idempotency-Key: 1 to {_LONGEST_KEY} characters are expected")
    named = hashlib.sha256(f"{request.path}\0".encode() + key.encode(errors="surrogateescape")).hexdigest()
    return Key(userid, named, hashlib.sha256(body).hexdigest())


def alarm_data(alarm: Alarm, row: Mapping[str, Any] | None) -> dict[str, Any]:
    """An alarm of a push as OCP answers it; one that recovers and was never active has no id."""
    if row is not None:
        return ocp_alarm(row)
    return {
        "id": None,
        "alarmType": alarm.alarm_type,
        "target": alarm.target,
        "name": alarm.name,
        "level": alarm.level,
        "status": "Inactive",
        "labels": dict(alarm.labels),
    }


def ocp_alarm(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of an alarm as OCP answers it; resolvedAt only when it recovered."""
    labels = row["labels"]
    data = {
        "id": row["id"],
        "alarmType": row["alarm_type"],
        "appType": labels.get("app_type"),
        "scope": labels.get("alarm_scope"),
        "target": row["target"],
        "name": row["name"],
        "level": row["level"],
        "status": "Active" if row["resolved_at"] is None else "Inactive",
        "summary": row["summary"],
        "description": row["description"],
        "activeAt": iso_time(row["active_at"]),
        "updatedAt": iso_time(row["updated_at"]),
        "labels": labels,
    }
    if row["resolved_at"] is not None:
        data["resolvedAt"] = iso_time(row["resolved_at"])
    return data


def _ocp_notification(row: Mapping[str, Any]) -> dict[str, Any]:
    labels, attempt = row["labels"] or {}, row["attempt"]
    sent_at = iso_time(attempt["ended_at"]) if attempt is not None and row["status"] == 1 else None
    return {
        "id": row["id"],
        "recipientUid": row["userid"],
        "recipientAddr": row["sendto"],
        "channelId": row["mediatypeid"],
        "channelName": row["mediatype"],
        "appType": labels.get("app_type"),
        "scope": labels.get("alarm_scope"),
        "alarmType": row["alarm_type"],
        "level": row["level"],
        "subject": row["subject"],
        "message": row["message"],
        "status": _NOTIFICATION_STATUS.get(row["status"], "Failed"),
        "channelResponse": _channel_response(attempt, row["error"]),
        "attempts": 0 if attempt is None else attempt["number"],
        "generatedAt": iso_time(row["clock"] * 1000),
        "sentAt": sent_at,
        "labels": labels,
        "alarmIds": [row["alarm_id"]] if row["alarm_id"] else [],
        "isAggregated": False,
    }


def _channel_response(attempt: Mapping[str, Any] | None, error: str) -> str:
    """What the channel said last, as OCP writes it: for scripts both outputs."""
    if attempt is None:
        return error
    if attempt["stdout"] or attempt["stderr"]:
        return f"stdout={attempt['stdout']},stderr={attempt['stderr']}"
    return attempt["answer"] or error


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("a text without NUL is expected")
    return value


def _whole(least: int, most: int, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 20 and least <= int(value) <= most):
        raise ValueError(f"a whole number from {least} to {most} is expected")
    return int(value)


def _one_of(choice: Sequence[str], value: str) -> str:
    if value not in choice:
        raise ValueError(f"one of {', '.join(choice)} is expected")
    return value


def _boolean(value: str) -> bool:
    return _BOOLEANS[_one_of(tuple(_BOOLEANS), value)]


_page = partial(_whole, 1, LAST_PAGE)
_size = partial(_whole, 1, LARGEST_PAGE)
_id = partial(_whole, 1, LARGEST_ID)
_SHARED_FILTERS: Mapping[str, Callable[[str], SqlValue]] = {
    "appType": _text,
    "alarmType": _text,
    "scope": _text,
    "level": partial(_whole, 1, 5),
    "keyword": _text,
    "category": partial(_one_of, tuple(CATEGORIES)),
}
ALARM_FILTERS: Mapping[str, Callable[[str], SqlValue]] = {
    **_SHARED_FILTERS,
    "target": _text,
    "obClusterGroup": _text,
    "obCluster": _text,
    "obTenant": _text,
    "hostName": _text,
    "hostIp": _text,
    "appCluster": _text,
    "serviceName": _text,
    "status": partial(_one_of, tuple(ALARM_STATUSES)),
    "activeAtStart": milliseconds,
    "activeAtEnd": milliseconds,
    "isSubscribedByMe": _boolean,
}
NOTIFICATION_FILTERS: Mapping[str, Callable[[str], SqlValue]] = {
    **_SHARED_FILTERS,
    "recipientUid": _id,
    "status": partial(_one_of, tuple(NOTIFICATION_STATUSES)),
    "sentAtStart": milliseconds,
    "sentAtEnd": milliseconds,
    "alarmId": _id,
}


def _asked(request: web.Request, filters: Mapping[str, Callable[[str], SqlValue]]) -> Asked:
    """What the query string asks of a list; one that is empty asks nothing. Raises OcpFault that names the wrong one."""
    parsers: Mapping[str, Callable[[str], SqlValue]] = {**filters, "page": _page, "size": _size}
    given: dict[str, Any] = {}
    for name, value in request.query.items():
        if name not in parsers:
            raise OcpFault(400, f"{name}: unknown parameter")
        if name in given:
            raise OcpFault(400, f"{name}: given twice")
        try:
            given[name] = parsers[name](value) if value else None
        except ValueError as error:
            raise OcpFault(400, f"{name}: {error}") from error
    page, size = given.pop("page", None) or 1, given.pop("size", None) or DEFAULT_PAGE
    return Asked({name: value for name, value in given.items() if value is not None}, page, size)


async def list_alarms(request: web.Request) -> Any:
    """GET /api/v2/alarm/alarms: a page of alarms, the newest first."""
    caller = await caller_of(request)
    asked = _asked(request, ALARM_FILTERS)
    return await _page_of(request.app[DATABASE], alarms_query(asked, caller), asked, ocp_alarm)


async def get_alarm(request: web.Request) -> Any:
    """GET /api/v2/alarm/alarms/{id}."""
    caller = await caller_of(request)
    try:
        eventid = _id(request.match_info["id"])
    except ValueError as error:
        raise OcpFault(400, f"id: {error}") from error
    found = await _fetch(request.app[DATABASE], alarms_query(Asked({"id": eventid}, 1, 1), caller))
    if not found["contents"]:
        raise OcpFault(404, f"there is no alarm {eventid}", code=NO_SUCH_ALARM)
    return ocp_alarm(found["contents"][0])


async def list_notifications(request: web.Request) -> Any:
    """GET /api/v2/alarm/notifications: a page of alerts, the newest first."""
    caller = await caller_of(request)
    asked = _asked(request, NOTIFICATION_FILTERS)
    return await _page_of(request.app[DATABASE], notifications_query(asked, caller), asked, _ocp_notification)


async def _page_of(
    database: Database, query: Query, asked: Asked, form: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    found = await _fetch(database, query)
    total: int = found["total"]
    page = {
        "number": asked.page,
        "size": asked.size,
        "totalElements": total,
        "totalPages": -(-total // asked.size),
    }
    return {"contents": [form(row) for row in found["contents"]], "page": page}


async def _fetch(database: Database, query: Query) -> dict[str, Any]:
    rows = await database.rows(query.sql, query.args, short=False, limit=1)
    found: dict[str, Any] = orjson.loads(rows.first)
    return found


async def _nothing_here(request: web.Request) -> Any:
    raise OcpFault(404, "there is nothing at this path")


def add_routes(app: web.Application) -> None:
    add_route(app, "/api/v2/alarm/alarms", {"POST": push_ocp, "GET": list_alarms})
    add_route(app, "/api/v2/alarm/alarms/{id}", {"GET": get_alarm})
    add_route(app, "/api/v2/alarm/notifications", {"GET": list_notifications})
    add_route(app, "/api/v2/alerts", {"POST": push_prometheus})
    add_route(app, "/alertmanager", {"POST": push_alertmanager})
    app.router.add_route("*", _ELSEWHERE, enveloped(_nothing_here))
