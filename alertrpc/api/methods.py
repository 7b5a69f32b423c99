"""The table of methods, by their names in lower case."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from alertrpc.api import alert, apiinfo, mediatype, user
from alertrpc.api.context import Context
from alertrpc.api.get import GET_METHODS, RowsAnswer
from alertrpc.records import Json, Params

Handler = Callable[[Context, Params], Awaitable[Json | RowsAnswer]]


class Method(NamedTuple):
    """`name` as Zabbix writes it. A public method must be called without a credential."""

    name: str
    handler: Handler
    public: bool = False


_TABLE = (
    Method("apiinfo.version", apiinfo.version, public=True),
    Method("user.login", user.login, public=True),
    Method("user.checkAuthentication", user.check_authentication, public=True),
    Method("user.logout", user.logout),
    Method("alert.resend", alert.resend),
    Method("mediatype.test", mediatype.test),
    *[Method(f"{name}.get", method) for name, method in GET_METHODS.items()],
)
METHODS = {method.name.lower(): method for method in _TABLE}
OBJECTS = frozenset(name.partition(".")[0] for name in METHODS)
