"""OCP's lists of alarms and notifications, page by page, what each can be asked for, and one alarm by its id.

Source: OCP's "Query the alert event list" and "Query alert notifications", as in query/ocp.py.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from alertrpc.intake.alarm import milliseconds
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
from alertrpc.records import Caller
from alertrpc.store.readers import Asker
from alertrpc.web.alarm_forms import ocp_alarm, ocp_notification
from alertrpc.web.body import is_gone
from alertrpc.web.callers import caller_of
from alertrpc.web.health import DATABASE
from alertrpc.web.ocp import NO_SUCH_ALARM, OcpFault

LARGEST_PAGE = 200
DEFAULT_PAGE = 20
LAST_PAGE = 10**9
LARGEST_ID = 2**63 - 1
_BOOLEANS = {"true": True, "false": False}


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("a text without NUL is expected")
    return value


def _whole(least: int, most: int, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 20 and least <= int(value) <= most):
        raise ValueError(f"a whole number from {least} to {most} is expected")
    return int(value)


def _time(value: str) -> int:
    try:
        return milliseconds(value)
    except ValueError as error:
        hint = "; the + of an offset is written %2B" if " " in value else ""
        raise ValueError(f"{error}{hint}") from error


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
    "activeAtStart": _time,
    "activeAtEnd": _time,
    "isSubscribedByMe": _boolean,
}
NOTIFICATION_FILTERS: Mapping[str, Callable[[str], SqlValue]] = {
    **_SHARED_FILTERS,
    "recipientUid": _id,
    "status": partial(_one_of, tuple(NOTIFICATION_STATUSES)),
    "sentAtStart": _time,
    "sentAtEnd": _time,
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
    return await _page_of(request, alarms_query(asked, caller), asked, caller, ocp_alarm)


async def get_alarm(request: web.Request) -> Any:
    """GET /api/v2/alarm/alarms/{id}."""
    caller = await caller_of(request)
    try:
        eventid = _id(request.match_info["id"])
    except ValueError as error:
        raise OcpFault(400, f"id: {error}") from error
    found = await _fetch(request, alarms_query(Asked({"id": eventid}, 1, 1), caller), caller)
    if not found["contents"]:
        raise OcpFault(404, f"there is no alarm {eventid}", code=NO_SUCH_ALARM)
    return ocp_alarm(found["contents"][0])


async def list_notifications(request: web.Request) -> Any:
    """GET /api/v2/alarm/notifications: a page of alerts, the newest first."""
    caller = await caller_of(request)
    asked = _asked(request, NOTIFICATION_FILTERS)
    return await _page_of(request, notifications_query(asked, caller), asked, caller, ocp_notification)


async def _page_of(
    request: web.Request,
    query: Query,
    asked: Asked,
    caller: Caller,
    form: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    found = await _fetch(request, query, caller)
    total: int = found["total"]
    page = {
        "number": asked.page,
        "size": asked.size,
        "totalElements": total,
        "totalPages": -(-total // asked.size),
    }
    return {"contents": [form(row) for row in found["contents"]], "page": page}


async def _fetch(request: web.Request, query: Query, caller: Caller) -> dict[str, Any]:
    asker = Asker(caller.userid, partial(is_gone, request))
    rows = await request.app[DATABASE].rows(query.sql, query.args, short=False, limit=1, asker=asker)
    found: dict[str, Any] = orjson.loads(rows.first)
    return found
