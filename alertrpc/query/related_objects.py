"""The objects that a row may bring along: hosts, users and media types, with the fields that Zabbix 7.0 gives of each."""

from collections.abc import Iterable, Mapping

from alertrpc.query.params import GetParams
from alertrpc.query.resource import Column, Kind, Related, nullable_id, number, text


def _by_name(columns: Iterable[Column]) -> Mapping[str, Column]:
    return {column.name: column for column in columns}


HOST_COLUMNS = _by_name(
    (
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
)
HOST_CHOICE = (
    "hostid", "host", "monitored_by", "proxyid", "proxy_groupid", "assigned_proxyid", "status", "ipmi_authtype",
    "ipmi_privilege", "ipmi_username", "ipmi_password", "maintenanceid", "maintenance_status", "maintenance_type",
    "maintenance_from", "name", "flags", "description", "tls_connect", "tls_accept", "tls_issuer", "tls_subject",
    "inventory_mode", "active_available",
)  # fmt: skip

USER_COLUMNS = _by_name(
    (
        number("userid"),
        text("username"),
        text("name"),
        text("surname"),
        text("url"),
        number("autologin"),
        text("autologout"),
        text("lang"),
        text("refresh"),
        text("theme"),
        number("attempt_failed"),
        text("attempt_ip"),
        number("attempt_clock"),
        number("rows_per_page"),
        text("timezone"),
        nullable_id("roleid"),
        nullable_id("userdirectoryid"),
        number("ts_provisioned"),
        number("provisioned", "({0}.userdirectoryid IS NOT NULL)"),
    )
)
_PROVISIONING = ("userdirectoryid", "ts_provisioned")
USER_LIMITED = tuple(name for name in USER_COLUMNS if name not in _PROVISIONING)
USER_PUBLIC = ("userid", "username", "name", "surname")

# A webhook's parameters have names, as in Zabbix; those of a script have none, and the scripts of alertrpc take none.
_PARAMETERS = """(
    SELECT json_group_array(json_object('name', mp.name, 'value', mp.value)) FROM (
        SELECT p.name, p.value FROM media_type_param p
        WHERE p.mediatypeid = {0}.mediatypeid AND {0}.type = 4 ORDER BY p.name) mp)"""
MEDIATYPE_COLUMNS = _by_name(
    (
        number("mediatypeid"),
        number("type"),
        text("name"),
        text("smtp_server"),
        text("smtp_helo"),
        text("smtp_email"),
        text("exec_path"),
        text("gsm_modem"),
        text("username"),
        text("passwd"),
        number("status"),
        number("smtp_port"),
        number("smtp_security"),
        number("smtp_verify_peer"),
        number("smtp_verify_host"),
        number("smtp_authentication"),
        number("maxsessions"),
        number("maxattempts"),
        text("attempt_interval"),
        number("content_type", "{0}.message_format"),
        number("message_format"),
        text("script"),
        text("timeout"),
        number("process_tags"),
        number("show_event_menu"),
        text("event_menu_url"),
        text("event_menu_name"),
        text("description"),
        number("provider"),
        Column("parameters", Kind.JSON, _PARAMETERS),
    )
)
MEDIATYPE_LIMITED = ("mediatypeid", "type", "name", "status", "description", "maxattempts")

# The objects whose hosts are those of an event's object: items and discovery rules are one kind of thing.
HOST_OBJECTS = {0: "0", 4: "4, 5", 5: "4, 5"}


def _hosts_of_alert(params: GetParams) -> str:
    """The hosts of the event's object, where the event is of the source and object that are asked for."""
    source, obj = params.numbers["eventsource"], params.numbers["eventobject"]
    return (
        f"FROM events he CROSS JOIN object_hosts oh ON oh.objectid = he.objectid"
        f" AND oh.object IN ({HOST_OBJECTS.get(obj, 'NULL')}) CROSS JOIN hosts h ON h.hostid = oh.hostid"
        f" WHERE he.eventid = a.eventid AND he.source = {source:d} AND he.object = {obj:d}"
    )


HOST_OF_ALERT = Related(
    member="hosts",
    key="hostid",
    alias="h",
    source=_hosts_of_alert,
    columns=HOST_COLUMNS,
    choice=HOST_CHOICE,
    extended=tuple(HOST_COLUMNS),
)
USER_OF_ALERT = Related(
    member="users",
    key="userid",
    alias="u",
    source=lambda params: "FROM users u WHERE u.userid = a.userid",
    columns=USER_COLUMNS,
    choice=tuple(USER_COLUMNS),
    extended=tuple(USER_COLUMNS),
    limited_choice=USER_LIMITED,
    limited_extended=USER_LIMITED,
    public=USER_PUBLIC,
    is_own="u.userid = ?",
)
MEDIATYPE_OF_ALERT = Related(
    member="mediatypes",
    key="mediatypeid",
    alias="mt",
    source=lambda params: "FROM media_type mt WHERE mt.mediatypeid = a.mediatypeid",
    columns=MEDIATYPE_COLUMNS,
    choice=tuple(MEDIATYPE_COLUMNS),
    extended=tuple(MEDIATYPE_COLUMNS),
    limited_choice=MEDIATYPE_LIMITED,
    limited_extended=MEDIATYPE_LIMITED,
)

ATTEMPT_COLUMNS = _by_name(
    (
        number("alertid"),
        number("number"),
        number("started", "({0}.started / 1000)"),
        number("milliseconds"),
        text("outcome"),
        text("reason"),
        Column("code", Kind.TEXT, "COALESCE(CAST({0}.code AS TEXT), '')"),
        text("error"),
        text("answer"),
        text("stdout"),
        text("stderr"),
    )
)
ATTEMPT_OF_ALERT = Related(
    member="attempts",
    key="number",
    alias="att",
    source=lambda params: "FROM (SELECT * FROM attempts t WHERE t.alertid = a.alertid ORDER BY t.number) att",
    columns=ATTEMPT_COLUMNS,
    choice=tuple(ATTEMPT_COLUMNS),
    extended=tuple(ATTEMPT_COLUMNS),
)
RESENT_COLUMNS = _by_name((number("alertid", "{0}.resent_alertid"),))
RESENT_OF_ALERT = Related(
    member="resendOf",
    key="alertid",
    alias="rs",
    source=lambda params: "FROM resends rs WHERE rs.alertid = a.alertid",
    columns=RESENT_COLUMNS,
    choice=tuple(RESENT_COLUMNS),
    extended=tuple(RESENT_COLUMNS),
)
