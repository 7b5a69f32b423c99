"""alert.get as a description, and the conditions that are its own.

Sources: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/alert/get and .../alert/object, and what a Zabbix
7.0.22 answered.
"""

from alertrpc.query.params import GetParams
from alertrpc.query.related_objects import HOST_OBJECTS, HOST_OF_ALERT, MEDIATYPE_OF_ALERT, USER_OF_ALERT
from alertrpc.query.resource import Resource, nullable_id, number, text
from alertrpc.query.rights import every_host_is_readable, host_is_writable, shares_user_group
from alertrpc.query.sql import Condition, all_of, is_in
from alertrpc.records import Caller

EVENT = frozenset({"event"})
SOURCES = range(5)
OBJECTS = range(7)
OBJECTS_WITH_IDS = (0, 4, 5, 6)  # trigger, item, low-level discovery rule, service
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
    """What alert.get asks beside its id columns: the source of the event, its objects and hosts, times and rights."""
    conditions = [_source(params, caller), *_times(params)]
    obj = params.numbers["eventobject"]
    if "objectids" in params.ids and obj in OBJECTS_WITH_IDS:
        conditions.append(is_in("e.objectid", params.ids["objectids"], EVENT))
    if not caller.is_super_admin:
        conditions.append(shares_user_group("a.userid", caller.userid))
    if obj in HOST_OBJECTS:
        conditions += _hosts(params, caller, HOST_OBJECTS[obj])
    return conditions


def _source(params: GetParams, caller: Caller) -> Condition:
    source, obj = params.numbers["eventsource"], params.numbers["eventobject"]
    if caller.is_super_admin and source in SOURCES_FOUND_BY_ACTION:
        # An order or an id finds the alerts sooner than the many alerts of these actions, but all are counted so.
        column = "a.actionid" if params.is_plain_count else "+a.actionid"
        return Condition(f"{column} IN (SELECT actionid FROM actions WHERE eventsource = ?)", (source,))
    return Condition("+e.source = ? AND +e.object = ?", (source, obj), EVENT)


def _times(params: GetParams) -> list[Condition]:
    limits = {"time_from": "a.clock > ?", "time_till": "a.clock < ?"}
    return [Condition(sql, (params.numbers[name],)) for name, sql in limits.items() if name in params.numbers]


def _hosts(params: GetParams, caller: Caller, objects: str) -> list[Condition]:
    """One host of the object is asked for, in a group asked for, and writable where that is asked for; all are open."""
    asked = []
    if "hostids" in params.ids:
        asked.append(is_in("oh.hostid", params.ids["hostids"]))
    if "groupids" in params.ids:
        groups = is_in("hg.groupid", params.ids["groupids"])
        hosts = f"oh.hostid IN (SELECT hg.hostid FROM hosts_groups hg WHERE {groups.sql})"
        asked.append(Condition(hosts, groups.args))
    conditions = [_of_object("e.objectid", objects, all_of(asked))] if asked else []
    if caller.is_super_admin:
        return conditions
    if params.editable:
        asked.append(host_is_writable(caller.userid))
        conditions = [_of_object("+e.objectid", objects, all_of(asked))]
    readable = every_host_is_readable(caller.userid)
    # What picks few events is checked for each of them, else the open objects are listed once.
    few = any(name in params.ids for name in ("alertids", "eventids", "objectids", "hostids", "groupids"))
    if few:
        each = f"SELECT 1 FROM object_hosts oh WHERE oh.object IN ({objects}) AND oh.objectid = e.objectid"
        opened = f"EXISTS ({each} GROUP BY oh.objectid HAVING {readable.sql})"
    else:
        every = f"SELECT oh.objectid FROM object_hosts oh WHERE oh.object IN ({objects})"
        opened = f"+e.objectid IN ({every} GROUP BY oh.objectid HAVING {readable.sql})"
    return [*conditions, Condition(opened, readable.args, EVENT)]


def _of_object(objectid: str, objects: str, host: Condition) -> Condition:
    """The event's object lives on a host for which `host` holds."""
    hosts = f"SELECT oh.objectid FROM object_hosts oh WHERE oh.object IN ({objects}) AND {host.sql}"
    return Condition(f"{objectid} IN ({hosts})", host.args, EVENT)
