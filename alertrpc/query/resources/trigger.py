"""trigger.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/trigger/get."""

from dataclasses import replace

from alertrpc.query.checks import LAX_AND_GROUPED
from alertrpc.query.columns.event import EVENT_COLUMNS
from alertrpc.query.columns.host import HOST
from alertrpc.query.columns.hostgroup import HOSTGROUP
from alertrpc.query.columns.trigger import HOSTS_OF_TRIGGER, TRIGGER, expanded
from alertrpc.query.event_objects import hosts_asked_for, objects_on
from alertrpc.query.get_params import GetParams
from alertrpc.query.linked import NO_KEYS, Linked, with_conditions
from alertrpc.query.parameters import NOTHING_FOUND, Given, Parameter, Shows
from alertrpc.query.related import Check, NotKept, Related, keyed
from alertrpc.query.resource import ByDefault, Distinct, Grouping, Resource, by_columns
from alertrpc.query.rights import group_is_open, objects_are_open
from alertrpc.query.sql import Ago, Condition, Expression
from alertrpc.query.tags import NO_TAGS, tags_asked_for
from alertrpc.query.view import names_of, number, text, texts_of, view
from alertrpc.records import RECENT, Caller


def _is_on(host: str) -> str:
    """The trigger lives on a host for which a condition holds."""
    return f"EXISTS (SELECT 1 FROM {HOSTS_OF_TRIGGER} AND {host})"


_ON_HOST = "SELECT oh.objectid FROM object_hosts oh WHERE oh.object = 0"
_IS_MONITORED = f"t.status = 0 AND NOT {_is_on('h.status <> 0')}"
_IN_MAINTENANCE = _is_on("h.maintenance_status = 1")
_OF_GROUP_NAMED = """t.triggerid IN (
    SELECT oh.objectid
    FROM hstgrp g
    @ordered JOIN hosts_groups hg ON hg.groupid = g.groupid
    @ordered JOIN object_hosts oh ON oh.hostid = hg.hostid AND oh.object = 0
    WHERE g.name = ?)"""
_OF_HOSTS_NAMED = """SELECT oh.objectid
    FROM hosts h
    @ordered JOIN object_hosts oh ON oh.hostid = h.hostid AND oh.object = 0
    WHERE TRUE"""
_OF_HOST_NAMED = f"t.triggerid IN ({_OF_HOSTS_NAMED} AND h.host = ?)"
_EVENTS = "FROM events e WHERE e.objectid = t.triggerid AND e.object = 0 AND e.source = 0"
_UNACKNOWLEDGED = f"EXISTS (SELECT 1 {_EVENTS} AND e.value = 1 AND e.acknowledged = 0)"
_LAST_UNACKNOWLEDGED = f"""0 = (
    SELECT e.acknowledged
    FROM events e
    WHERE e.eventid = (SELECT MAX(e.eventid) {_EVENTS} AND e.value = 1))"""
_JOINED = frozenset({"groupids", "hostids", "templateids", "itemids", "group", "host", "hostid", "templated"})

_HOSTNAME = f"(SELECT MIN(h.name) FROM {HOSTS_OF_TRIGGER})"
_EXPANDED, _EXPANDED_COMMENTS = "expandedDescription", "expandedComments"
_ROW = replace(
    TRIGGER,
    columns={
        **TRIGGER.columns,
        "discover": number("discover"),
        "hostname": text("hostname", _HOSTNAME),
        _EXPANDED: text("description", expanded("description")),
        _EXPANDED_COMMENTS: text("comments", expanded("comments")),
    },
    choice=tuple(TRIGGER.columns),
)
_LAST_EVENT = view(*EVENT_COLUMNS)


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    few = not {"triggerids", "hostids", "groupids"}.isdisjoint(params.ids)
    conditions = objects_are_open("t.triggerid", "0", caller, few=few)
    if asked := hosts_asked_for(params, caller):
        conditions.append(objects_on(asked, "t.triggerid", "0"))
    if "only_true" in params.own:
        conditions.append(Condition("t.value = 1 OR t.lastchange > ?", (Ago(RECENT),)))
    if _is_sorted_by_host(params):
        conditions.append(Condition(f"EXISTS (SELECT 1 FROM {HOSTS_OF_TRIGGER})"))
    return [*conditions, *tags_asked_for(params, NO_TAGS)]


def _is_sorted_by_host(params: GetParams) -> bool:
    return any(name == "hostname" for name, _ in params.sort)


def _is_joined(params: GetParams, caller: Caller) -> bool:
    return (
        _is_sorted_by_host(params)
        or not caller.is_super_admin
        or not _JOINED.isdisjoint({*params.ids, *params.own, *params.filter})
    )


def _instead(name: str, shown: str) -> Shows:
    """Shows one column instead of another."""
    return lambda names, caller: tuple([shown if asked == name else asked for asked in names])


def _groups(params: GetParams, caller: Caller) -> Expression:
    groups = """FROM (
            SELECT DISTINCT hg.groupid
            FROM object_hosts oh
            @ordered JOIN hosts_groups hg ON hg.hostid = oh.hostid
            WHERE oh.object = 0 AND oh.objectid = t.triggerid) hg
        @ordered JOIN hstgrp g ON g.groupid = hg.groupid
        WHERE g.type = 0"""
    return with_conditions(Expression(groups), group_is_open("g.groupid", caller))


_SELECTED_HOSTS = f"FROM {HOSTS_OF_TRIGGER} AND h.flags IN (0, 4)"
_LAST_EVENT_OF_TRIGGER = f"""FROM (
    SELECT *
    {_EVENTS}
    ORDER BY e.clock DESC, e.ns DESC, e.eventid DESC
    LIMIT 1) e"""

RESOURCE = Resource(
    name="trigger",
    table="triggers",
    alias="t",
    key="triggerid",
    view=_ROW,
    checks=LAX_AND_GROUPED,
    ids={
        "triggerids": "triggerid",
        "groupids": None,
        "templateids": Linked("t.triggerid", _ON_HOST, "oh.hostid"),
        "hostids": None,
        "itemids": Linked("t.triggerid", NO_KEYS, "NULL"),
    },
    parameters={
        "group": Parameter(Given.TEXT, _OF_GROUP_NAMED),
        "host": Parameter(Given.TEXT, _OF_HOST_NAMED),
        "inherited": Parameter(Given.TRUTH, "t.templateid IS NOT NULL", otherwise="t.templateid IS NULL"),
        "templated": Parameter(Given.TRUTH, _is_on("h.status = 3"), otherwise=_is_on("h.status <> 3")),
        "dependent": Parameter(Given.TRUTH, "FALSE"),
        "maintenance": Parameter(
            Given.TRUTH, f"t.status = 0 AND {_IN_MAINTENANCE}", otherwise=f"t.status = 0 AND NOT {_IN_MAINTENANCE}"
        ),
        "monitored": Parameter(Given.ANYTHING, _IS_MONITORED),
        "active": Parameter(Given.ANYTHING, _IS_MONITORED),
        "functions": NOTHING_FOUND,
        "skipDependent": Parameter(Given.ANYTHING),
        "only_true": Parameter(Given.ANYTHING),
        "min_severity": Parameter(Given.NUMBER, "t.priority >= ?"),
        "lastChangeSince": Parameter(Given.NUMBER, "t.lastchange > ?"),
        "lastChangeTill": Parameter(Given.NUMBER, "t.lastchange < ?"),
        "withUnacknowledgedEvents": Parameter(Given.ANYTHING, _UNACKNOWLEDGED),
        "withAcknowledgedEvents": Parameter(Given.ANYTHING, f"NOT {_UNACKNOWLEDGED}"),
        "withLastEventUnacknowledged": Parameter(Given.ANYTHING, _LAST_UNACKNOWLEDGED),
        "evaltype": Parameter(Given.NUMBER),
        "tags": Parameter(Given.TAGS),
        "expandDescription": Parameter(Given.ANYTHING, shows=_instead("description", _EXPANDED)),
        "expandComment": Parameter(Given.ANYTHING, shows=_instead("comments", _EXPANDED_COMMENTS)),
        "expandExpression": Parameter(Given.ANYTHING),
        "expandData": Parameter(Given.ANYTHING),
    },
    filters={
        **by_columns(*names_of(_ROW, besides=("comments", "hostname", _EXPANDED, _EXPANDED_COMMENTS))),
        "flags": ByDefault((0, 4)),
        "host": Linked("t.triggerid", _OF_HOSTS_NAMED, "h.host"),
        "hostid": Linked("t.triggerid", _ON_HOST, "oh.hostid"),
    },
    searches=by_columns(*texts_of(TRIGGER)),
    sortable=("triggerid", "description", "status", "priority", "lastchange", "hostname"),
    related={
        "selectGroups": Related("groups", "g", HOSTGROUP, _groups, check=Check.REFUSES_WITH_ROWS),
        "selectHostGroups": Related("hostgroups", "g", HOSTGROUP, _groups, check=Check.REFUSES_WITH_ROWS),
        "selectTemplateGroups": NotKept(
            "templategroups", choice=("groupid", "name", "uuid"), check=Check.REFUSES_WITH_ROWS
        ),
        "selectHosts": Related("hosts", "h", HOST, _SELECTED_HOSTS, keyed("hostid"), "hostid"),
        "selectItems": NotKept("items"),
        "selectFunctions": NotKept("functions"),
        "selectTags": NotKept("tags"),
        "selectDependencies": NotKept("dependencies"),
        "selectDiscoveryRule": NotKept("discoveryRule"),
        "selectTriggerDiscovery": NotKept("triggerDiscovery"),
        "selectLastEvent": Related(
            "lastEvent", "e", _LAST_EVENT, _LAST_EVENT_OF_TRIGGER, keyed("eventid"), single=True, check=Check.ANY_WORD
        ),
    },
    conditions=_conditions,
    distinct=Distinct(_is_joined, ("description", "status", "priority", "lastchange", "hostname")),
    joins={
        "host": "@ordered JOIN object_hosts oh ON oh.object = 0 AND oh.objectid = t.triggerid",
        "group": "@ordered JOIN hosts_groups hg ON hg.hostid = oh.hostid",
    },
    group_counted={
        "groupids": Grouping("groupid", "hg.groupid", ("host", "group")),
        "hostids": Grouping("hostid", "oh.hostid", ("host",)),
        "templateids": Grouping("hostid", "oh.hostid", ("host",)),
    },
)
