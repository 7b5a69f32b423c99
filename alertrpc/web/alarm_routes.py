"""The paths of alarms: pushes, lists, and an envelope for every other path under /api/v2."""

from typing import Any

from aiohttp import web

from alertrpc.web.alarm_lists import get_alarm, list_alarms, list_notifications
from alertrpc.web.expect import expect
from alertrpc.web.ocp import OcpFault, add_route, enveloped
from alertrpc.web.pushes import push_alertmanager, push_ocp, push_prometheus
from alertrpc.web.refusals import PUSH_ALERTMANAGER, PUSH_OCP, PUSH_PROMETHEUS

_ELSEWHERE = r"/api/v2/{path:.*(?<!/api_jsonrpc\.php)}"  # all other paths; the excepted ones are JSON-RPC's anywhere


def add_routes(app: web.Application) -> None:
    add_route(app, PUSH_OCP, {"POST": push_ocp, "GET": list_alarms})
    add_route(app, "/api/v2/alarm/alarms/{id}", {"GET": get_alarm})
    add_route(app, "/api/v2/alarm/notifications", {"GET": list_notifications})
    add_route(app, PUSH_PROMETHEUS, {"POST": push_prometheus})
    add_route(app, PUSH_ALERTMANAGER, {"POST": push_alertmanager})
    app.router.add_route("*", _ELSEWHERE, enveloped(_nothing_here), expect_handler=expect)


async def _nothing_here(request: web.Request) -> Any:
    raise OcpFault(404, "there is nothing at this path")
