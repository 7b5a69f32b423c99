"""apiinfo.version: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/apiinfo/version"""

from alertrpc.api.context import Context
from alertrpc.api.schema import require_empty
from alertrpc.records import Params


async def version(context: Context, params: Params) -> str:
    require_empty(params)
    return context.services.settings.api_version
