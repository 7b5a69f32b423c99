"""host.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/host/get."""

from alertrpc.query.checks import LAX_AND_GROUPED
from alertrpc.query.columns.host import HOST, IS_HOST
from alertrpc.query.columns.hostgroup import HOSTGROUP
from alertrpc.query.columns.trigger import TRIGGER
from alertrpc.query.get_params import GetParams
from alertrpc.query.linked import Linked, with_conditions
from alertrpc.query.parameters import NOTHING_FOUND, Given, Parameter
from alertrpc.query.related import Check, NotKept, Related, keyed
from alertrpc.query.resource import Distinct, Grouping, Match, Resource, by_columns
from alertrpc.query.rights import group_is_open, host_is_open, objects_are_open
from alertrpc.query.sql import ONE_OF, Condition, Expression
from alertrpc.query.tags import NO_TAGS, tags_asked_for
from alertrpc.query.view import names_of, texts_of
from alertrpc.records import SEVERITIES, Caller

_IS_HOST_OR_TEMPLATE = "h.status IN (0, 1, 3) AND h.flags IN (0, 4)"
_OF_INTERFACES = dict.fromkeys(
    ("ip", "dns", "port", "useip", "type", "interfaceid", "available", "error"), Match.NO_ROW
)
_NOT_KEPT = (
    "templateids", "interfaceids", "maintenanceids", "graphids", "httptestids", "dserviceids", "with_item_prototypes",
    "with_simple_graph_item_prototypes", "with_graphs", "with_graph_prototypes",
)  # fmt: skip
_TEMPLATE_CHOICE = ("templateid", "host", "name", "description", "uuid", "link_type")
_JOINED = frozenset({"groupids", "triggerids", "itemids", "templateids"})
_OF_OTHER_TABLES = frozenset({"inventory_mode", "active_available", "assigned_proxyid"})


def _has(joined: str, condition: str) -> str:
    return f"""EXISTS (
        SELECT 1
        FROM object_hosts oh
        {joined}
        WHERE oh.hostid = h.hostid AND {condition})"""


# Items are not stored; a host with triggers or with alarms of items has some.
_HAS_ITEMS = _has("", "oh.object IN (0, 4)")
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
    checks=LAX_AND_GROUPED,
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
        **dict.fromkeys(_NOT_KEPT, NOTHING_FOUND),
        "with_httptests": Parameter(Given.TRUTH, "FALSE"),
        "with_monitored_httptests": Parameter(Given.TRUTH, "FALSE"),
        "searchInventory": NOTHING_FOUND,
    },
    filters={**by_columns(*names_of(HOST, besides=("description",))), **_OF_INTERFACES},
    searches={**by_columns(*texts_of(HOST)), **_OF_INTERFACES},
    sortable=("hostid", "host", "name", "status"),
    related={
        "selectGroups": Related("groups", "g", HOSTGROUP, _groups, check=Check.REFUSES_WITH_ROWS),
        "selectHostGroups": Related("hostgroups", "g", HOSTGROUP, _groups, check=Check.REFUSES_WITH_ROWS),
        "selectTriggers": Related("triggers", "t", TRIGGER, _triggers, keyed("triggerid"), "triggerid", countable=True),
        "selectItems": NotKept("items", countable=True),
        "selectDiscoveries": NotKept("discoveries", countable=True),
        "selectGraphs": NotKept("graphs", countable=True),
        "selectHttpTests": NotKept("httpTests", countable=True),
        "selectInterfaces": NotKept("interfaces", countable=True),
        "selectDashboards": NotKept("dashboards", countable=True),
        "selectTags": NotKept("tags", choice=("tag", "value", "automatic"), check=Check.REFUSES),
        "selectValueMaps": NotKept("valuemaps", choice=("valuemapid", "name", "mappings"), check=Check.REFUSES),
        "selectParentTemplates": NotKept(
            "parentTemplates", countable=True, choice=_TEMPLATE_CHOICE, check=Check.REFUSES
        ),
        "selectMacros": NotKept(
            "macros", choice=("hostmacroid", "macro", "value", "type", "description", "automatic"), check=Check.REFUSES
        ),
        "selectInheritedTags": NotKept("inheritedTags"),
        "selectInventory": NotKept("inventory", single=True),
        "selectDiscoveryRule": NotKept("discoveryRule"),
        "selectHostDiscovery": NotKept("hostDiscovery"),
    },
    conditions=_conditions,
    distinct=Distinct(_is_joined, ("host", "name", "status")),
    joins={"group": "@ordered JOIN hosts_groups hg ON hg.hostid = h.hostid"},
    group_counted={"groupids": Grouping("groupid", "hg.groupid", ("group",))},
)
