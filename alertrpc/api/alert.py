"""alert.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/alert/get"""

from functools import cache

from alertrpc.api.context import Context
from alertrpc.api.fields import Ids, Integer, Timestamp
from alertrpc.api.get import RowsAnswer, common_fields, get_params
from alertrpc.api.schema import ParamsSchema
from alertrpc.query.alert import ALERT, OBJECTS, SOURCES, alert_conditions
from alertrpc.query.compile import Statement, compile_get
from alertrpc.query.params import GetParams
from alertrpc.records import Caller, Params, UserType

IDS = ("alertids", "groupids", "hostids", "objectids", "actionids", "eventids", "mediatypeids", "userids")
EVENT_DEFAULTS = {"eventsource": 0, "eventobject": 0}
TIMES = ("time_from", "time_till")


@cache
def _schema(user_type: UserType) -> ParamsSchema:
    return ParamsSchema(
        {
            **{name: Ids() for name in IDS},
            "eventsource": Integer(SOURCES, "0, 1, 2, 3, 4"),
            "eventobject": Integer(OBJECTS, "0, 1, 2, 3, 4, 5, 6"),
            **{name: Timestamp(null=True) for name in TIMES},
            **common_fields(ALERT, Caller(0, user_type)),
        }
    )


def checked(params: Params, caller: Caller) -> GetParams:
    """The parameters of alert.get, or ApiError with Zabbix's text for the first fault in them."""
    given = _schema(caller.type).load(params)
    times = {name: given[name] for name in TIMES if given.get(name) is not None}
    events = {name: given.get(name, default) for name, default in EVENT_DEFAULTS.items()}
    return get_params(ALERT, given, ids=IDS, numbers=events | times)


def statement(params: GetParams, caller: Caller) -> Statement:
    return compile_get(ALERT, params, caller, alert_conditions(params, caller))


async def get(context: Context, params: Params) -> RowsAnswer:
    """The alerts that the caller may see and the parameters ask for."""
    found = statement(checked(params, context.caller), context.caller)
    return RowsAnswer(
        await context.database.rows(found.sql, found.args, short=found.short, limit=found.limit), found.shape
    )
