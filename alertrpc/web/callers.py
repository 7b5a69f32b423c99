"""Who calls by HTTP: a user by Basic authentication, or a session or API token as Bearer; and the limit of pushes."""

import math
import time
from collections.abc import Callable

from aiohttp import BasicAuth, web

from alertrpc.api.credentials import NOT_AUTHORIZED, Credentials
from alertrpc.errors import INVALID_PARAMS, ApiError
from alertrpc.ocp.envelope import OcpFault
from alertrpc.records import Caller, UserType
from alertrpc.settings import Settings
from alertrpc.web.clients import CALLER, LOGIN, address_of

CREDENTIALS = web.AppKey("credentials", Credentials)

_BEARER = "bearer "
_MINUTE = 60


async def caller_of(request: web.Request, least: UserType = UserType.USER) -> Caller:
    """Who calls. Raises ApiError without a valid credential, OcpFault if the user's type is less than `least`."""
    caller = await _known_caller(request)
    if not caller.may_call or caller.type < least:
        raise OcpFault(403, f"a user of type {_spelled(least)} is needed, whose role allows the API")
    return caller


async def sender_of(request: web.Request) -> Caller:
    """Who pushes alarms. Raises ApiError without a valid credential, OcpFault if the user may not push."""
    caller = await _known_caller(request)
    if not caller.may_push:
        needed = f"a user of the role push, or of type {_spelled(UserType.ADMIN)} whose role allows the API"
        raise OcpFault(403, f"{needed}, is needed")
    return caller


async def _known_caller(request: web.Request) -> Caller:
    authorization = request.headers.get("Authorization", "")
    credentials = request.app[CREDENTIALS]
    if authorization[: len(_BEARER)].lower() == _BEARER:
        caller = await credentials.caller(authorization[len(_BEARER) :].strip())
    else:
        try:
            given = BasicAuth.decode(authorization, encoding="utf-8")
        except ValueError as error:
            raise ApiError(INVALID_PARAMS, NOT_AUTHORIZED) from error
        request[LOGIN] = given.login
        caller = await credentials.password_caller(given.login, given.password, address_of(request))
    request[CALLER] = caller
    return caller


def _spelled(user_type: UserType) -> str:
    return " or ".join([each.spelled for each in UserType if each >= user_type])


class PushLimit:
    """Counts the alarms that each user pushes in a minute, up to the setting `push_limit`; 0 is no limit."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._minutes: dict[int, tuple[int, int]] = {}

    def take(self, userid: int, alarms: int) -> dict[str, str]:
        """Counts alarms that a user pushes; returns the headers that tell how many are left.

        Raises OcpFault 429 if the limit is exceeded.
        """
        limit = self._settings.push_limit
        if not limit:
            return {}
        now = self._clock()
        minute = int(now // _MINUTE)
        started, taken = self._minutes.get(userid, (minute, 0))
        if started != minute:
            taken = 0
        reset = str(math.ceil((minute + 1) * _MINUTE - now))
        headers = {"RateLimit-Limit": str(limit), "RateLimit-Reset": reset}
        if taken + alarms > limit:
            headers |= {"RateLimit-Remaining": str(max(0, limit - taken)), "Retry-After": reset}
            raise OcpFault(429, f"more than {limit} alarms a minute", headers=headers)
        self._minutes[userid] = (minute, taken + alarms)
        return {**headers, "RateLimit-Remaining": str(limit - taken - alarms)}


PUSH_LIMIT = web.AppKey("push_limit", PushLimit)
