"""mediatype.test, ours: sends a message marked [TEST] and returns the result."""

from alertrpc.api.context import Context
from alertrpc.api.fields import Id, String
from alertrpc.api.schema import ParamsSchema
from alertrpc.errors import APPLICATION_ERROR, NO_SUCH_OBJECT, ApiError, no_permission
from alertrpc.records import Json, Params
from alertrpc.store.deliveries import find_media_type

LONGEST_SENDTO = 1024
_TEST = ParamsSchema(
    {
        "mediatypeid": Id(required=True),
        "sendto": String(longest=LONGEST_SENDTO, required=True),
        "subject": String(longest=255),
        "message": String(longest=2**20),
    }
)


async def test(context: Context, params: Params) -> Json:
    """Outcome, reason, code, outputs and milliseconds of one attempt. Only a Super admin may call it, as in Zabbix."""
    if not context.caller.is_super_admin:
        raise no_permission("mediatype.test")
    given = _TEST.load(params)
    mediatypeid = given.pop("mediatypeid")
    if await context.database.read(find_media_type, mediatypeid) is None:
        raise ApiError(APPLICATION_ERROR, NO_SUCH_OBJECT)
    return await context.services.trials.send(mediatypeid, userid=context.caller.userid, **given)
