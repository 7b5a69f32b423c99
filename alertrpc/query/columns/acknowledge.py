"""The fields of acknowledgements: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/event/get."""

from alertrpc.query.rights import MEMBERS_OF_OWN_GROUPS
from alertrpc.query.view import nullable_id, number, text, view

_COLUMNS = (
    number("acknowledgeid"),
    number("userid"),
    number("clock"),
    text("message"),
    number("action"),
    number("old_severity"),
    number("new_severity"),
    number("suppress_until"),
    nullable_id("taskid"),
)
_NAMES = tuple([column.name for column in _COLUMNS])

ACKNOWLEDGE = view(*_COLUMNS)
# The name of the user, for callers who may see the user.
ACKNOWLEDGE_BY_USER = view(
    *_COLUMNS,
    *[
        text(name, f"(SELECT u.{name} FROM users u WHERE u.userid = ak.userid)")
        for name in ("username", "name", "surname")
    ],
    public=_NAMES,
    whole_if=f"ak.userid IN ({MEMBERS_OF_OWN_GROUPS})",
)
ACKNOWLEDGES_OF_EVENT = """FROM (
    SELECT *
    FROM acknowledges ak
    WHERE ak.eventid = e.eventid
    ORDER BY ak.clock DESC, ak.acknowledgeid DESC) ak"""
