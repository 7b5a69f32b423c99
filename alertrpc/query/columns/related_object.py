"""The fields that may be asked for of the object of an event, by the kind of object, as Zabbix 7.0 names them."""

CHOICES = {
    0: (
        "triggerid", "expression", "description", "url", "status", "value", "priority", "lastchange", "comments",
        "error", "templateid", "type", "state", "flags", "recovery_mode", "recovery_expression", "correlation_mode",
        "correlation_tag", "manual_close", "opdata", "event_name", "url_name",
    ),
    1: (
        "dhostid", "druleid", "status", "lastup", "lastdown",
    ),
    2: (
        "dserviceid", "dhostid", "value", "port", "status", "lastup", "lastdown", "dcheckid", "ip", "dns",
    ),
    3: (),
    4: (
        "itemid", "type", "snmp_oid", "hostid", "name", "key_", "delay", "history", "trends", "status",
        "value_type", "trapper_hosts", "units", "logtimefmt", "templateid", "valuemapid", "params", "ipmi_sensor",
        "authtype", "username", "password", "publickey", "privatekey", "flags", "interfaceid", "description",
        "inventory_link", "jmx_endpoint", "master_itemid", "timeout", "url", "query_fields", "posts",
        "status_codes", "follow_redirects", "post_type", "http_proxy", "headers", "retrieve_mode", "request_method",
        "output_format", "ssl_cert_file", "ssl_key_file", "ssl_key_password", "verify_peer", "verify_host",
        "allow_traps", "state", "error", "parameters", "lastclock", "lastns", "lastvalue", "prevvalue",
        "name_resolved",
    ),
    5: (
        "itemid", "type", "snmp_oid", "hostid", "name", "key_", "delay", "status", "trapper_hosts", "templateid",
        "params", "ipmi_sensor", "authtype", "username", "password", "publickey", "privatekey", "interfaceid",
        "description", "lifetime_type", "lifetime", "enabled_lifetime_type", "enabled_lifetime", "jmx_endpoint",
        "master_itemid", "timeout", "url", "query_fields", "posts", "status_codes", "follow_redirects", "post_type",
        "http_proxy", "headers", "retrieve_mode", "request_method", "ssl_cert_file", "ssl_key_file",
        "ssl_key_password", "verify_peer", "verify_host", "allow_traps", "state", "error", "parameters",
    ),
    6: (
        "serviceid", "uuid", "name", "status", "algorithm", "sortorder", "weight", "propagation_rule",
        "propagation_value", "description", "created_at", "readonly",
    ),
}  # fmt: skip
