"""alert.get as a description, and the conditions that are its own.

Sources: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/alert/get and .../alert/object, and what a Zabbix
7.0.22 answered.
"""

from dataclasses import replace

from alertrpc.query.params import GetParams
from alertrpc.query.related_objects import HOST_OF_ALERT, MEDIATYPE_OF_ALERT, USER_OF_ALERT
from alertrpc.query.resource import Resource, nullable_id, number, text
from alertrpc.query.rights import object_is_open, shares_user_group
from alertrpc.query.sql import Condition, SqlValue, is_in
from alertrpc.records import Caller

EVENT = frozenset({"event"})
SOURCES = range(5)
OBJECTS = range(7)
OBJECTS_WITH_HOSTS = (0, 4, 5)  # trigger, item, low-level discovery rule
# The objects for which an id parameter counts; for any other it is left aside.
OBJECTS_OF_PARAMETER = {"objectids": (0, 4, 5, 6), "hostids": OBJECTS_WITH_HOSTS, "groupids": OBJECTS_WITH_HOSTS}
SOURCES_FOUND_BY_ACTION = (0, 2)  # for a Super admin: trigger and autoregistration

ALERT = Resource(
    name="alert",
    table="alerts",
    alias="a",
    key="alertid",
    columns=(
        number("alertid"),
        number("actionid"),
        number("eventid"),
        nullable_id("userid"),
        number("clock"),
        nullable_id("mediatypeid"),
        text("sendto"),
        text("subject"),
        text("message"),
        number("status"),
        number("retries"),
        text("error"),
        number("esc_step"),
        number("alerttype"),
        nullable_id("p_eventid"),
        nullable_id("acknowledgeid"),
    ),
    id_columns={
        "alertids": "alertid",
        "actionids": "actionid",
        "eventids": "eventid",
        "mediatypeids": "mediatypeid",
        "userids": "userid",
    },
    sortable=("alertid", "clock", "eventid", "status", "sendto", "mediatypeid"),
    filterable=("alertid", "actionid", "eventid", "userid", "mediatypeid", "status", "acknowledgeid"),
    searchable=("sendto", "subject", "message", "error"),
    shown_when_sorted=("clock", "eventid", "status", "sendto"),
    short_ids=("alertids", "eventids"),
    group_counted={"eventids": "eventid"},
    related={
        "selectHosts": HOST_OF_ALERT,
        "selectMediatypes": MEDIATYPE_OF_ALERT,
        "selectUsers": USER_OF_ALERT,
    },
    joins={"event": "JOIN events e ON e.eventid = a.eventid"},
)


def alert_conditions(params: GetParams, caller: Caller) -> list[Condition]:
    """What alert.get asks beside its id parameters: the source of the event, its objects and hosts, times and rights."""
    return [
        *_source(params, caller),
        *_objects(params),
        *_times(params),
        *([] if caller.is_super_admin else _rights(params, caller)),
    ]


def _source(params: GetParams, caller: Caller) -> list[Condition]:
    source, obj = params.numbers["eventsource"], params.numbers["eventobject"]
    if caller.is_super_admin and source in SOURCES_FOUND_BY_ACTION:
        # Unless all are counted, an order or an id finds the alerts sooner than the many alerts of these actions.
        column = "a.actionid" if params.count else "+a.actionid"
        return [Condition(f"{column} IN (SELECT actionid FROM actions WHERE eventsource = ?)", (source,))]
    return [_of_event("+e.source = ? AND +e.object = ?", source, obj)]


def _objects(params: GetParams) -> list[Condition]:
    obj = params.numbers["eventobject"]
    return [
        _on_object(name, params.ids[name], obj)
        for name, objects in OBJECTS_OF_PARAMETER.items()
        if name in params.ids and obj in objects
    ]


def _on_object(name: str, ids: list[int], obj: int) -> Condition:
    if name == "objectids":
        return is_in("e.objectid", ids, EVENT)
    if name == "hostids":
        found = is_in("oh.hostid", ids)
        return _on_hosts(f"object_hosts oh WHERE oh.object = ? AND {found.sql}", obj, *found.args)
    found = is_in("hg.groupid", ids)
    hosts = "object_hosts oh JOIN hosts_groups hg ON hg.hostid = oh.hostid"
    return _on_hosts(f"{hosts} WHERE oh.object = ? AND {found.sql}", obj, *found.args)


def _on_hosts(source: str, *args: SqlValue) -> Condition:
    return _of_event(f"e.objectid IN (SELECT oh.objectid FROM {source})", *args)


def _times(params: GetParams) -> list[Condition]:
    limits = {"time_from": "a.clock > ?", "time_till": "a.clock < ?"}
    return [Condition(sql, (params.numbers[name],)) for name, sql in limits.items() if name in params.numbers]


def _rights(params: GetParams, caller: Caller) -> list[Condition]:
    conditions = [shares_user_group("a.userid", caller.userid)]
    obj = params.numbers["eventobject"]
    if obj in OBJECTS_WITH_HOSTS:
        each = any(name in params.ids for name in ALERT.short_ids)
        opened = object_is_open("e.objectid", obj, caller.userid, editable=params.editable, each=each)
        conditions.append(replace(opened, joins=EVENT))
    return conditions


def _of_event(sql: str, *args: SqlValue) -> Condition:
    return Condition(sql, args, EVENT)
