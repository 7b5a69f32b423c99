"""alert.get as a description, and the conditions that are its own.

Sources: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/alert/get and .../alert/object, and what a Zabbix
7.0.22 answered.
"""

from alertrpc.query.params import GetParams
from alertrpc.query.related_objects import (
    ATTEMPT_OF_ALERT,
    HOST_OBJECTS,
    HOST_OF_ALERT,
    MEDIATYPE_OF_ALERT,
    RESENT_OF_ALERT,
    USER_OF_ALERT,
)
from alertrpc.query.resource import Resource, nullable_id, number, text
from alertrpc.query.rights import EVENT, host_is_writable, objects_are_readable, shares_user_group
from alertrpc.query.sql import Condition, all_of, is_in
from alertrpc.records import Caller

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
        "alertids": "alertid",  # those that pick the fewest alerts come first
        "eventids": "eventid",
        "userids": "userid",
        "actionids": "actionid",
        "mediatypeids": "mediatypeid",
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
        "selectAttempts": ATTEMPT_OF_ALERT,
        "selectResendOf": RESENT_OF_ALERT,
    },
    joins={"event": "CROSS JOIN events e ON e.eventid = a.eventid"},
)


def alert_conditions(params: GetParams, caller: Caller) -> list[Condition]:
    """What alert.get asks beside its id columns: the source of the event, its objects and hosts, times and rights."""
    obj = params.numbers["eventobject"]
    conditions = []
    if "objectids" in params.ids and obj in OBJECTS_WITH_IDS:
        conditions.append(_of_events(is_in("{}.objectid", params.ids["objectids"])))
    if obj in HOST_OBJECTS:
        conditions += _hosts(params, caller, HOST_OBJECTS[obj])
    if not caller.is_super_admin:
        conditions.append(shares_user_group("a.userid", caller.userid))
    return [*conditions, _source(params, caller), *_times(params)]


def _source(params: GetParams, caller: Caller) -> Condition:
    source, obj = params.numbers["eventsource"], params.numbers["eventobject"]
    if caller.is_super_admin and source in SOURCES_FOUND_BY_ACTION:
        # An order or an id finds the alerts sooner than the many alerts of these actions, but all are counted so.
        column = "a.actionid" if params.is_plain_count else "+a.actionid"
        return Condition(f"{column} IN (SELECT actionid FROM actions WHERE eventsource = ?)", (source,))
    return Condition("e.source = ? AND e.object = ?", (source, obj), EVENT)


def _times(params: GetParams) -> list[Condition]:
    limits = {"time_from": "{}.clock > ?", "time_till": "{}.clock < ?"}
    given = [name for name in limits if name in params.numbers]
    if not given:
        return []
    sql = " AND ".join([limits[name] for name in given])
    keys = f"SELECT t.alertid FROM alerts t WHERE {sql.replace('{}', 't')}" if params.is_sorted_by("alertid") else ""
    return [Condition(sql.replace("{}", "a"), tuple([params.numbers[name] for name in given]), keys=keys)]


def _hosts(params: GetParams, caller: Caller, objects: str) -> list[Condition]:
    """One host of the object is asked for, in a group asked for, and writable where that is asked for; all are open."""
    asked = []
    if "hostids" in params.ids:
        asked.append(is_in("oh.hostid", params.ids["hostids"]))
    if "groupids" in params.ids:
        groups = is_in("hg.groupid", params.ids["groupids"])
        hosts = f"oh.hostid IN (SELECT hg.hostid FROM hosts_groups hg WHERE {groups.sql})"
        asked.append(Condition(hosts, groups.args))
    writable = [host_is_writable(caller.userid)] if params.editable and not caller.is_super_admin else []
    conditions = [_on_host(objects, all_of([*asked, *writable]))] if asked or writable else []
    if not asked:  # hosts that are writable are many, and are no way to find an alert
        conditions = [condition._replace(keys="") for condition in conditions]
    if caller.is_super_admin:
        return conditions
    # What picks few events is checked for each of them.
    few = any(name in params.ids for name in ("alertids", "eventids", "objectids", "hostids", "groupids"))
    return [*conditions, objects_are_readable(objects, caller.userid, few=few)]


def _on_host(objects: str, host: Condition) -> Condition:
    """The event's object lives on a host for which `host` holds."""
    hosts = f"SELECT oh.objectid FROM object_hosts oh WHERE oh.object IN ({objects}) AND {host.sql}"
    return _of_events(Condition(f"{{}}.objectid IN ({hosts})", host.args))


def _of_events(condition: Condition) -> Condition:
    """A condition on the events' own columns, their alias written {}, and the keys of the alerts of such events."""
    alerts = "SELECT t.alertid FROM events te CROSS JOIN alerts t ON t.eventid = te.eventid"
    keys = f"{alerts} WHERE {condition.sql.replace('{}', 'te')}"
    return Condition(condition.sql.replace("{}", "e"), condition.args, EVENT, keys)
