"""action.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/action/get."""

from alertrpc.query.checks import LAX
from alertrpc.query.parameters import NOTHING_FOUND
from alertrpc.query.related import NotKept, Related
from alertrpc.query.resource import Resource, by_columns
from alertrpc.query.rights import is_in_some_group
from alertrpc.query.view import duration, json, names_of, number, text, texts_of, view

_SHOWN = (
    "actionid", "name", "eventsource", "status", "esc_period", "pause_suppressed", "notify_if_canceled",
    "pause_symptoms",
)  # fmt: skip
_ACTION = view(
    number("actionid"),
    text("name"),
    number("eventsource"),
    number("evaltype"),
    number("status"),
    duration("esc_period"),
    text("formula"),
    number("pause_suppressed"),
    number("notify_if_canceled"),
    number("pause_symptoms"),
    choice=_SHOWN,
)
_FILTER = view(number("evaltype"), text("formula"), text("eval_formula", "''"), json("conditions", "'[]'"))

RESOURCE = Resource(
    name="action",
    table="actions",
    alias="ac",
    key="actionid",
    view=_ACTION,
    checks=LAX,
    ids={"actionids": "actionid"},
    parameters=dict.fromkeys(
        ("groupids", "hostids", "triggerids", "mediatypeids", "usrgrpids", "userids", "scriptids"), NOTHING_FOUND
    ),
    filters=by_columns(*names_of(_ACTION)),
    searches=by_columns(*texts_of(_ACTION)),
    sortable=("actionid", "name", "status"),
    related={
        "selectFilter": Related("filter", "ac", _FILTER, "", single=True),
        "selectOperations": NotKept("operations"),
        "selectRecoveryOperations": NotKept("recovery_operations"),
        "selectUpdateOperations": NotKept("update_operations"),
    },
    conditions=lambda params, caller: is_in_some_group(caller),
)
