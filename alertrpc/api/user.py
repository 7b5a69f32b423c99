"""user.login, user.logout and user.checkAuthentication:
https://www.zabbix.com/documentation/7.0/en/manual/api/reference/user
"""

import hashlib
from typing import Any

from alertrpc.api.context import Context
from alertrpc.api.credentials import is_token
from alertrpc.api.fields import Boolean, Flag, String, unexpected
from alertrpc.api.schema import ParamsSchema, require_empty
from alertrpc.errors import APPLICATION_ERROR, INVALID_PARAMS, ApiError, invalid_parameter
from alertrpc.query.logged_in import LOGGED_IN
from alertrpc.records import Json, Params
from alertrpc.store.credentials import user_data

_LOGIN = ParamsSchema(
    {
        "username": String(longest=100, required=True),
        "password": String(longest=255, required=True),
        "userData": Flag(),
    }
)
_CHECK = ParamsSchema({"sessionid": String(), "extend": Boolean(), "token": String()})


async def login(context: Context, params: Params) -> Json:
    """The id of a new session; with `userData`, the row of the user too. `user` is the older name of `username`."""
    if "user" in params and "username" not in params:
        params = {"username" if name == "user" else name: value for name, value in params.items()}
    given = _LOGIN.load(params)
    credentials = context.services.credentials
    userid, sessionid = await credentials.login(given["username"], given["password"], context.remote)
    if not given.get("userData"):
        return sessionid
    return {**await _user_row(context, userid), **_of_session(sessionid)}


async def check_authentication(context: Context, params: Params) -> Json:
    """The row of the user of a session or an API token."""
    if "token" in params and "extend" in params and params.keys() <= _CHECK.names:
        raise invalid_parameter("/", unexpected("extend"))
    given = _CHECK.load(params)
    if ("sessionid" in given) == ("token" in given):
        raise ApiError(INVALID_PARAMS, "Session ID or token is expected.")
    credentials = context.services.credentials
    if "token" in given:
        caller = await credentials.token_caller(given["token"])
        return await _user_row(context, caller.userid)
    caller = await credentials.session_caller(given["sessionid"])
    return {**await _user_row(context, caller.userid), **_of_session(given["sessionid"])}


async def logout(context: Context, params: Params) -> Json:
    """Ends the session of the call."""
    require_empty(params)
    if context.credential is None or is_token(context.credential):
        raise ApiError(APPLICATION_ERROR, "System error occurred. Please contact Zabbix administrator.")
    await context.services.credentials.logout(context.credential)
    return True


async def _user_row(context: Context, userid: int) -> dict[str, Any]:
    data = await context.database.read(user_data, LOGGED_IN, userid)
    return {**data, "userip": context.remote}


def _of_session(sessionid: str) -> dict[str, str]:
    """The members about the session; `secret`, which signs links in Zabbix's pages, is computed from the id."""
    return {"sessionid": sessionid, "secret": hashlib.sha256(b"secret:" + sessionid.encode()).hexdigest()[:32]}
