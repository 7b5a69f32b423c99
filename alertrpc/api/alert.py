"""alert.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/alert/get, and alert.resend, ours."""

from collections.abc import Sequence
from functools import partial

from alertrpc.api.context import Context
from alertrpc.api.fields import Ids, elements
from alertrpc.api.get import GET_METHODS
from alertrpc.api.schema import ParamsSchema
from alertrpc.errors import APPLICATION_ERROR, NO_SUCH_OBJECT, ApiError, invalid_parameter, no_permission
from alertrpc.records import Json, Params, UserType
from alertrpc.store.connection import SqlConnection
from alertrpc.store.resends import add_again, make_again

MOST_RESENT = 10_000

get = GET_METHODS["alert"]

_RESEND = ParamsSchema({"alertids": Ids(null=False, required=True)})


async def resend(context: Context, params: Params) -> Json:
    """Sends messages again, as new alerts whose `resendOf` are the old ones; returns the new ids in the same order.

    An Admin may resend the alerts that alert.get shows; if it lacks one of them, none is resent. The resends are recorded
    in one transaction. The alerts are then created in several, so that other writes can run between them; the deliverer
    creates those that are missing after a crash.
    """
    if context.caller.type < UserType.ADMIN:
        raise no_permission("alert.resend")
    if len(elements(params.get("alertids")) or ()) > MOST_RESENT:
        raise invalid_parameter("/alertids", f"more than {MOST_RESENT} values.")
    alertids: list[int] = list(dict.fromkeys(_RESEND.load(params)["alertids"]))
    found = await get(context, {"alertids": list(map(str, alertids)), "countOutput": True})
    if found.rows.first != f'"{len(alertids)}"'.encode():
        raise ApiError(APPLICATION_ERROR, NO_SUCH_OBJECT)
    services = context.services
    again = await services.database.write(partial(_add_all_again, alertids))
    while await services.database.write(partial(make_again, int(services.clock() * 1000))):
        services.ring()
    services.ring()
    return {"alertids": [str(alertid) for alertid in again]}


def _add_all_again(alertids: Sequence[int], connection: SqlConnection) -> list[int]:
    again = add_again(alertids, connection)
    for place, alertid in enumerate(alertids, 1):
        if alertid not in again:
            raise invalid_parameter(f"/alertids/{place}", "a message sent through a media type is expected.")
    return list(again.values())
