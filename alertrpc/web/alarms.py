"""OCP's alarms by HTTP: the paths, the lists, and one alarm by its id. pushes.py handles pushes."""

from functools import partial
from typing import Any

import orjson
from aiohttp import web

from alertrpc.ocp.envelope import NO_SUCH_ALARM, OcpFault
from alertrpc.ocp.filters import read_id
from alertrpc.ocp.forms import ocp_alarm
from alertrpc.ocp.lists import ALARMS, NOTIFICATIONS, OcpList, alarm_query, answered, asked
from alertrpc.query.ocp import Query
from alertrpc.records import Caller
from alertrpc.store.filling import ALERT_INDEX
from alertrpc.store.readers import Asker
from alertrpc.web.body import is_gone
from alertrpc.web.callers import caller_of
from alertrpc.web.channels import test_channel
from alertrpc.web.health import DATABASE
from alertrpc.web.ocp import Routes
from alertrpc.web.pushes import push_alertmanager, push_ocp, push_prometheus
from alertrpc.web.refusals import PUSH_ALERTMANAGER, PUSH_OCP, PUSH_PROMETHEUS


async def list_of(of: OcpList, request: web.Request) -> dict[str, Any]:
    """A page of a list, the newest first."""
    caller = await caller_of(request)
    conditions, page = asked(of, request.query.items(), caller)
    is_indexed = ALERT_INDEX not in request.app[DATABASE].unfilled
    query = of.query(conditions, page, caller, is_indexed=is_indexed)
    return answered(of, await _fetch(request, query, caller), page)


async def get_alarm(request: web.Request) -> dict[str, Any]:
    caller = await caller_of(request)
    try:
        eventid = read_id(request.match_info["id"])
    except ValueError as error:
        raise OcpFault(400, f"id: {error}") from error
    found = await _fetch(request, alarm_query(eventid, caller), caller)
    if not found["contents"]:
        raise OcpFault(404, f"there is no alarm {eventid}", code=NO_SUCH_ALARM)
    return ocp_alarm(found["contents"][0])


async def _fetch(request: web.Request, query: Query, caller: Caller) -> dict[str, Any]:
    asker = Asker(caller.userid, partial(is_gone, request))
    rows = await request.app[DATABASE].rows(*query, short=False, limit=1, asker=asker)
    found: dict[str, Any] = orjson.loads(rows.first)
    return found


ROUTES: Routes = {
    PUSH_OCP: {"POST": push_ocp, "GET": partial(list_of, ALARMS)},
    "/api/v2/alarm/alarms/{id}": {"GET": get_alarm},
    "/api/v2/alarm/notifications": {"GET": partial(list_of, NOTIFICATIONS)},
    "/api/v2/alarm/channels/{name}/test": {"POST": test_channel},
    PUSH_PROMETHEUS: {"POST": push_prometheus},
    PUSH_ALERTMANAGER: {"POST": push_alertmanager},
}
