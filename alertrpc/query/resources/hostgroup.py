"""hostgroup.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/hostgroup/get."""

from dataclasses import replace

from alertrpc.query.checks import BOOLEAN, LIMIT, MATCHING, OUTPUT, PAGE, ROWS, SELECTS, Strict
from alertrpc.query.columns.host import HOST, IS_HOST
from alertrpc.query.columns.hostgroup import HOSTGROUP
from alertrpc.query.get_params import GetParams
from alertrpc.query.linked import NO_KEYS, Linked, with_conditions
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.related import NotKept, Related, keyed
from alertrpc.query.resource import Distinct, Resource, by_columns
from alertrpc.query.rights import group_is_open, host_is_open
from alertrpc.query.sql import Condition, Expression
from alertrpc.query.view import text
from alertrpc.records import Caller

_HOSTS = "@ordered JOIN hosts h ON h.hostid = hg.hostid"
_OBJECTS = "@ordered JOIN object_hosts oh ON oh.hostid = hg.hostid"
_TRIGGERS = f"""{_OBJECTS} AND oh.object = 0
    @ordered JOIN triggers t ON t.triggerid = oh.objectid"""
_NONE_HAS = Parameter(Given.BOOLEAN, "FALSE")
_HAS_ITEMS = "oh.object IN (0, 4)"  # items are not stored; a host with triggers or with alarms of items has some
_OF_TRIGGERS = """SELECT hg.groupid
    FROM object_hosts oh
    @ordered JOIN hosts_groups hg ON hg.hostid = oh.hostid
    WHERE oh.object = 0"""

_HOST = replace(
    HOST,
    columns={**HOST.columns, "tls_psk_identity": text("tls_psk_identity", "''"), "tls_psk": text("tls_psk", "''")},
    choice=(
        "hostid", "host", "name", "description", "proxyid", "status", "ipmi_authtype", "ipmi_privilege",
        "ipmi_password", "ipmi_username", "inventory_mode", "tls_connect", "tls_accept", "tls_psk_identity",
        "tls_psk", "tls_issuer", "tls_subject", "maintenanceid", "maintenance_type", "maintenance_from",
        "maintenance_status", "flags",
    ),
    extended=tuple(HOST.columns),
)  # fmt: skip

_GROUP_DISCOVERIES = ("parent_group_prototypeid", "name", "lastcheck", "ts_delete", "status")

_DISCOVERY_RULES = (
    "itemid", "hostid", "name", "type", "key_", "url", "query_fields", "request_method", "timeout",
    "post_type", "posts", "headers", "status_codes", "follow_redirects", "retrieve_mode", "http_proxy",
    "authtype", "verify_peer", "verify_host", "ssl_cert_file", "ssl_key_file", "ssl_key_password",
    "ipmi_sensor", "jmx_endpoint", "interfaceid", "username", "publickey", "privatekey", "password",
    "snmp_oid", "parameters", "params", "delay", "master_itemid", "lifetime", "trapper_hosts", "allow_traps",
    "description", "status", "state", "error", "templateid",
)  # fmt: skip

_HOST_PROTOTYPES = (
    "hostid", "host", "name", "status", "templateid", "inventory_mode", "discover", "custom_interfaces", "uuid",
)  # fmt: skip

_FLAGS = dict.fromkeys(("startSearch", "excludeSearch"), BOOLEAN)  # other methods take any value


def _with(joined: str, condition: str) -> Parameter:
    """A host of the group has joined rows for which the condition holds."""
    return Parameter(
        Given.BOOLEAN,
        f"""EXISTS (
            SELECT 1
            FROM hosts_groups hg
            {joined}
            WHERE hg.groupid = g.groupid AND {condition})""",
    )


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    return [Condition("g.type = 0"), *group_is_open("g.groupid", caller, editable=params.editable)]


def _hosts(params: GetParams, caller: Caller) -> Expression:
    hosts = """FROM hosts_groups hg
        @ordered JOIN hosts h ON h.hostid = hg.hostid
        WHERE hg.groupid = g.groupid AND """
    return with_conditions(Expression(hosts + IS_HOST), host_is_open("h.hostid", caller))


def _is_joined(params: GetParams, caller: Caller) -> bool:
    return not {"hostids", "triggerids", "graphids", "maintenanceids"}.isdisjoint(params.ids)


RESOURCE = Resource(
    name="hostgroup",
    table="hstgrp",
    alias="g",
    key="groupid",
    view=HOSTGROUP,
    checks=Strict(
        {**MATCHING, **_FLAGS, **OUTPUT, **SELECTS, "countOutput": BOOLEAN, **PAGE, "limitSelects": LIMIT, **ROWS},
        deprecated={"monitored_hosts": "with_monitored_hosts", "real_hosts": "with_hosts"},
    ),
    ids={
        "groupids": "groupid",
        "hostids": Linked("g.groupid", "SELECT hg.groupid FROM hosts_groups hg WHERE TRUE", "hg.hostid"),
        "graphids": Linked("g.groupid", NO_KEYS, "NULL"),
        "triggerids": Linked("g.groupid", _OF_TRIGGERS, "oh.objectid"),
        "maintenanceids": Linked("g.groupid", NO_KEYS, "NULL"),
    },
    parameters={
        "with_monitored_hosts": _with(_HOSTS, "h.status = 0"),
        "with_hosts": _with(_HOSTS, "h.status IN (0, 1)"),
        "with_items": _with(_OBJECTS, _HAS_ITEMS),
        "with_item_prototypes": _NONE_HAS,
        "with_simple_graph_items": _with(_OBJECTS, _HAS_ITEMS),
        "with_simple_graph_item_prototypes": _NONE_HAS,
        "with_monitored_items": _with(f"{_HOSTS} {_OBJECTS}", f"h.status = 0 AND {_HAS_ITEMS}"),
        "with_triggers": _with(_TRIGGERS, "TRUE"),
        "with_monitored_triggers": _with(
            _TRIGGERS, "t.status = 0 AND oh.hostid IN (SELECT h.hostid FROM hosts h WHERE h.status = 0)"
        ),
        "with_httptests": _NONE_HAS,
        "with_monitored_httptests": _NONE_HAS,
        "with_graphs": _NONE_HAS,
        "with_graph_prototypes": _NONE_HAS,
    },
    filters=by_columns("groupid", "name", "flags", "uuid"),
    searches=by_columns("name"),
    sortable=("groupid", "name"),
    related={
        "selectHosts": Related("hosts", "h", _HOST, _hosts, keyed("hostid"), "hostid", countable=True),
        "selectGroupDiscoveries": NotKept("groupDiscoveries", choice=_GROUP_DISCOVERIES),
        "selectDiscoveryRules": NotKept("discoveryRules", choice=_DISCOVERY_RULES),
        "selectHostPrototypes": NotKept("hostPrototypes", choice=_HOST_PROTOTYPES),
    },
    conditions=_conditions,
    distinct=Distinct(_is_joined, ("name",)),
)
