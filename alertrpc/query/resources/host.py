"""host.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/host/get."""

from alertrpc.query.columns.host import HOST, IS_HOST
from alertrpc.query.columns.hostgroup import HOSTGROUP
from alertrpc.query.columns.trigger import TRIGGER
from alertrpc.query.linked import with_conditions
from alertrpc.query.parameters import NOTHING_FOUND, Given, Parameter
from alertrpc.query.params import GetParams
from alertrpc.query.related import NotKept, Related
from alertrpc.query.resource import Grouping, Linked, Resource
from alertrpc.query.rights import group_is_open, host_is_open, objects_are_open
from alertrpc.query.sql import ONE_OF, Condition, Expression
from alertrpc.query.tags import NO_TAGS, tags_asked_for
from alertrpc.query.view import filterable, searchable
from alertrpc.records import SEVERITIES, Caller

_IS_HOST_OR_TEMPLATE = "h.status IN (0, 1, 3) AND h.flags IN (0, 4)"
_OF_INTERFACES = ("ip", "dns", "port", "useip", "type", "interfaceid", "available", "error")  # which are not kept
_JOINED = frozenset({"groupids", "triggerids", "itemids", "templateids"})
_OF_OTHER_TABLES = frozenset({"inventory_mode", "active_available", "assigned_proxyid"})


def _has(joined: str, condition: str) -> str:
    return f"""EXISTS (
        SELECT 1
        FROM object_hosts oh
        {joined}
        WHERE oh.hostid = h.hostid AND {condition})"""


_HAS_ITEMS = _has(
    "", "oh.object IN (0, 4)"
)  # items are not kept; where triggers and alarms of items live there are some
_TRIGGERS = "@ordered JOIN triggers t ON t.triggerid = oh.objectid"
_EVENTS = f"""{_TRIGGERS}
    @ordered JOIN events e ON e.objectid = oh.objectid AND e.object = 0 AND e.source = 0"""
_PROBLEM = "oh.object = 0 AND e.value = 1 AND e.recovered = 0"


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    return [
        Condition(_IS_HOST_OR_TEMPLATE if "templated_hosts" in params.own else IS_HOST),
        *host_is_open("h.hostid", caller, editable=params.editable),
        *tags_asked_for(params, NO_TAGS),
    ]


def _is_joined(params: GetParams, caller: Caller) -> bool:
    asked = {*params.ids, *params.own}
    if not caller.is_super_admin or not _JOINED.isdisjoint(asked):
        return True
    return not _OF_OTHER_TABLES.isdisjoint([*params.output, *params.filter])


def _groups(params: GetParams, caller: Caller) -> Expression:
    groups = """FROM hosts_groups hg
        @ordered JOIN hstgrp g ON g.groupid = hg.groupid
        WHERE hg.hostid = h.hostid AND g.type = 0"""
    return with_conditions(Expression(groups), group_is_open("g.groupid", caller))


def _triggers(params: GetParams, caller: Caller) -> Expression:
    triggers = """FROM object_hosts oh
        @ordered JOIN triggers t ON t.triggerid = oh.objectid
        WHERE oh.object = 0 AND oh.hostid = h.hostid AND t.flags IN (0, 4)"""
    return with_conditions(Expression(triggers), objects_are_open("t.triggerid", "0", caller, few=True))


RESOURCE = Resource(
    name="host",
    table="hosts",
    alias="h",
    key="hostid",
    view=HOST,
    lax=True,
    ids={
        "hostids": "hostid",
        "groupids": Linked("h.hostid", "SELECT hg.hostid FROM hosts_groups hg WHERE TRUE", "hg.groupid"),
        "triggerids": Linked("h.hostid", "SELECT oh.hostid FROM object_hosts oh WHERE oh.object = 0", "oh.objectid"),
        "itemids": Linked("h.hostid", "SELECT oh.hostid FROM object_hosts oh WHERE oh.object IN (4, 5)", "oh.objectid"),
        "proxyids": "proxyid",
        "proxy_groupids": "proxy_groupid",
    },
    parameters={
        "monitored_hosts": Parameter(Given.ANYTHING, "h.status = 0"),
        "templated_hosts": Parameter(Given.ANYTHING),
        "with_items": Parameter(Given.ANYTHING, _HAS_ITEMS),
        "with_monitored_items": Parameter(Given.ANYTHING, _HAS_ITEMS),
        "with_simple_graph_items": Parameter(Given.ANYTHING, _HAS_ITEMS),
        "with_triggers": Parameter(Given.ANYTHING, _has(_TRIGGERS, "oh.object = 0")),
        "with_monitored_triggers": Parameter(Given.ANYTHING, _has(_TRIGGERS, "oh.object = 0 AND t.status = 0")),
        "inheritedTags": Parameter(Given.BOOLEAN),
        "severities": Parameter(
            Given.NUMBERS, _has(_EVENTS, f"{_PROBLEM} AND e.severity IN {ONE_OF}"), allowed=SEVERITIES
        ),
        "withProblemsSuppressed": Parameter(Given.BOOLEAN, "FALSE", otherwise=_has(_EVENTS, _PROBLEM), null=True),
        "evaltype": Parameter(Given.NUMBER),
        "tags": Parameter(Given.TAGS),
        "templateids": NOTHING_FOUND,
        "interfaceids": NOTHING_FOUND,
        "maintenanceids": NOTHING_FOUND,
        "graphids": NOTHING_FOUND,
        "httptestids": NOTHING_FOUND,
        "dserviceids": NOTHING_FOUND,
        "with_item_prototypes": NOTHING_FOUND,
        "with_simple_graph_item_prototypes": NOTHING_FOUND,
        "with_graphs": NOTHING_FOUND,
        "with_graph_prototypes": NOTHING_FOUND,
        "with_httptests": Parameter(Given.TRUTH, "FALSE"),
        "with_monitored_httptests": Parameter(Given.TRUTH, "FALSE"),
        "searchInventory": NOTHING_FOUND,
    },
    sortable=("hostid", "host", "name", "status"),
    filterable=filterable(HOST, besides=("description",)),
    searchable=searchable(HOST),
    unmatched=_OF_INTERFACES,
    related={
        "selectGroups": Related("groups", "g", HOSTGROUP, _groups, strict=True),
        "selectHostGroups": Related("hostgroups", "g", HOSTGROUP, _groups, strict=True),
        "selectTriggers": Related("triggers", "t", TRIGGER, _triggers, key="triggerid", countable=True, limited=True),
        "selectItems": NotKept("items", countable=True),
        "selectDiscoveries": NotKept("discoveries", countable=True),
        "selectGraphs": NotKept("graphs", countable=True),
        "selectHttpTests": NotKept("httpTests", countable=True),
        "selectInterfaces": NotKept("interfaces", countable=True),
        "selectDashboards": NotKept("dashboards", countable=True),
        "selectTags": NotKept("tags", choice=("tag", "value", "automatic"), strict=True),
        "selectValueMaps": NotKept("valuemaps", choice=("valuemapid", "name", "mappings"), strict=True),
        "selectParentTemplates": NotKept(
            "parentTemplates",
            countable=True,
            choice=("templateid", "host", "name", "description", "uuid", "link_type"),
            strict=True,
        ),
        "selectMacros": NotKept(
            "macros", choice=("hostmacroid", "macro", "value", "type", "description", "automatic"), strict=True
        ),
        "selectInheritedTags": NotKept("inheritedTags"),
        "selectInventory": NotKept("inventory", always=True),
        "selectDiscoveryRule": NotKept("discoveryRule"),
        "selectHostDiscovery": NotKept("hostDiscovery"),
    },
    conditions=_conditions,
    is_joined=_is_joined,
    shown_when_sorted=("host", "name", "status"),
    joins={"group": "@ordered JOIN hosts_groups hg ON hg.hostid = h.hostid"},
    group_counted={"groupids": Grouping("groupid", "hg.groupid", ("group",))},
)
