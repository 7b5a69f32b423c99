"""proxy.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/proxy/get. There are no proxies."""

from alertrpc.query.checks import STRICT
from alertrpc.query.related import NotKept
from alertrpc.query.resource import Resource, by_columns
from alertrpc.query.view import Kind, names_of, number, text, view

_TIMEOUTS = (
    "timeout_zabbix_agent", "timeout_simple_check", "timeout_snmp_agent", "timeout_external_check",
    "timeout_db_monitor", "timeout_http_agent", "timeout_ssh_agent", "timeout_telnet_agent", "timeout_script",
    "timeout_browser",
)  # fmt: skip
_TEXTS = (
    "local_address", "local_port", "operating_mode", "allowed_addresses", "address", "port", "description",
    "tls_connect", "tls_accept", "tls_issuer", "tls_subject", "custom_timeouts", *_TIMEOUTS, "lastaccess", "version",
    "compatibility", "state",
)  # fmt: skip
_PROXY = view(number("proxyid"), text("name"), number("proxy_groupid"), *[text(name) for name in _TEXTS])
_NULL = {Kind.NUMBER: "CAST(NULL AS INTEGER)", Kind.TEXT: "''"}
_NONE = ", ".join([f"{_NULL[column.kind]} AS {name}" for name, column in _PROXY.columns.items()])
_HOST_CHOICE = (
    "hostid", "host", "monitored_by", "status", "ipmi_authtype", "ipmi_privilege", "ipmi_username", "ipmi_password",
    "maintenanceid", "maintenance_status", "maintenance_type", "maintenance_from", "name", "flags", "description",
    "tls_connect", "tls_accept", "tls_issuer", "tls_subject", "inventory_mode", "active_available",
)  # fmt: skip

RESOURCE = Resource(
    name="proxy",
    table=f"(SELECT {_NONE} WHERE FALSE)",
    alias="p",
    key="proxyid",
    view=_PROXY,
    checks=STRICT,
    ids={"proxyids": "proxyid", "proxy_groupids": "proxy_groupid"},
    filters=by_columns(*names_of(_PROXY, besides=("description",))),
    searches=by_columns(
        "name", "local_address", "local_port", "allowed_addresses", "address", "port", "description", *_TIMEOUTS
    ),
    sortable=("proxyid", "name", "operating_mode"),
    related={
        "selectAssignedHosts": NotKept("assignedHosts", countable=True, choice=_HOST_CHOICE),
        "selectHosts": NotKept("hosts", countable=True, choice=_HOST_CHOICE),
        "selectProxyGroup": NotKept(
            "proxyGroup", choice=("name", "failover_delay", "min_online", "description", "state")
        ),
    },
)
