"""action.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/action/get."""

from alertrpc.query.parameters import NOTHING_FOUND
from alertrpc.query.params import GetParams
from alertrpc.query.related import NotKept, Related
from alertrpc.query.resource import Resource
from alertrpc.query.rights import is_in_some_group
from alertrpc.query.sql import Condition
from alertrpc.query.view import Column, Kind, duration, filterable, number, searchable, text, view
from alertrpc.records import Caller

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
    extended=_SHOWN,
)
_FILTER = view(
    number("evaltype"),
    text("formula"),
    text("eval_formula", "''"),
    Column("conditions", Kind.JSON, "'[]'"),
)


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    return is_in_some_group(caller)


RESOURCE = Resource(
    name="action",
    table="actions",
    alias="ac",
    key="actionid",
    view=_ACTION,
    lax=True,
    ids={"actionids": "actionid"},
    parameters=dict.fromkeys(
        ("groupids", "hostids", "triggerids", "mediatypeids", "usrgrpids", "userids", "scriptids"), NOTHING_FOUND
    ),
    sortable=("actionid", "name", "status"),
    filterable=filterable(_ACTION),
    searchable=searchable(_ACTION),
    related={
        "selectFilter": Related("filter", "ac", _FILTER, "", single=True),
        "selectOperations": NotKept("operations"),
        "selectRecoveryOperations": NotKept("recovery_operations"),
        "selectUpdateOperations": NotKept("update_operations"),
    },
    conditions=_conditions,
)
