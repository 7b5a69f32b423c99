"""POST /api/v2/alarm/channels/{name}/test: a test message through a media type, which OCP calls a channel."""

from typing import Any

from aiohttp import web

from alertrpc.api.mediatype import LONGEST_SENDTO
from alertrpc.delivery.trials import Trials
from alertrpc.intake import checks
from alertrpc.intake.bodies import BodyFault
from alertrpc.ocp.envelope import NO_SUCH_CHANNEL, OcpFault
from alertrpc.records import Json, UserType
from alertrpc.store.deliveries import media_type_ids
from alertrpc.web.callers import caller_of
from alertrpc.web.health import DATABASE
from alertrpc.web.ocp import read_json

TRIALS = web.AppKey("trials", Trials)

FIELDS = {"sendto": checks.text(1, LONGEST_SENDTO), "subject": checks.text(0, 255), "message": checks.text(0, 2**20)}


async def test_channel(request: web.Request) -> Any:
    """Sends a message through the named media type; returns its result. The body is {"sendto", "subject", "message"}."""
    caller = await caller_of(request, UserType.SUPER_ADMIN)
    fields = await read_json(request, lambda content, _: _fields(content))
    found = await request.app[DATABASE].read(media_type_ids, request.match_info["name"])
    if len(found) != 1:
        fault = "there is no channel of this name" if not found else "there are several channels of this name"
        raise OcpFault(404, fault, code=NO_SUCH_CHANNEL)
    return await request.app[TRIALS].send(found[0], userid=caller.userid, **fields)


def _fields(body: Json) -> dict[str, str]:
    given = checks.members(body)
    for name in given:
        if name not in FIELDS:
            raise BodyFault("unknown field", name)
    if "sendto" not in given:
        raise BodyFault(checks.REQUIRED, "sendto")
    return {name: checks.at(name, FIELDS[name], value) for name, value in given.items()}
