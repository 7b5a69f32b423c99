"""The fields of hosts: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/host/object."""

from dataclasses import replace

from alertrpc.query.view import nullable_id, number, text, view

_SELECTED = (
    "hostid", "host", "monitored_by", "proxyid", "proxy_groupid", "assigned_proxyid", "status", "ipmi_authtype",
    "ipmi_privilege", "ipmi_username", "ipmi_password", "maintenanceid", "maintenance_status", "maintenance_type",
    "maintenance_from", "name", "flags", "description", "tls_connect", "tls_accept", "tls_issuer", "tls_subject",
    "inventory_mode", "active_available",
)  # fmt: skip

HOST = view(
    number("hostid"),
    nullable_id("proxyid"),
    text("host"),
    number("status"),
    number("ipmi_authtype"),
    number("ipmi_privilege"),
    text("ipmi_username"),
    text("ipmi_password"),
    nullable_id("maintenanceid"),
    number("maintenance_status"),
    number("maintenance_type"),
    number("maintenance_from"),
    text("name"),
    number("flags"),
    nullable_id("templateid"),
    text("description"),
    number("tls_connect"),
    number("tls_accept"),
    text("tls_issuer"),
    text("tls_subject"),
    number("custom_interfaces"),
    text("uuid"),
    text("vendor_name"),
    text("vendor_version"),
    nullable_id("proxy_groupid"),
    number("monitored_by"),
    number("inventory_mode"),
    number("active_available"),
    nullable_id("assigned_proxyid"),
)

# Hosts that are neither templates nor prototypes.
IS_HOST = "h.status IN (0, 1) AND h.flags IN (0, 4)"

# Strict get methods show some fields of hosts only by "extend".
HOST_OF_EVENT = replace(HOST, choice=_SELECTED, extended=tuple(HOST.columns))
