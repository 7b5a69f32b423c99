"""The fields of triggers: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/trigger/object."""

from alertrpc.query.view import nullable_id, number, text, view

TRIGGER_OBJECT = 0  # the kind of an event's object
HOSTS_OF_TRIGGER = f"""object_hosts oh
    @ordered JOIN hosts h ON h.hostid = oh.hostid
    WHERE oh.object = {TRIGGER_OBJECT} AND oh.objectid = t.triggerid"""


def expanded(column: str) -> str:
    """A text of a trigger with its macros expanded: {HOST.NAME} is the first of its hosts, {HOST.NAME2} the second."""
    return f"""CASE instr(t.{column}, '{{') WHEN 0 THEN t.{column} ELSE expand_macros(t.{column}, (
        SELECT @json_array_of(@json_array(h.host, h.name))
        FROM (
            SELECT h.host, h.name
            FROM {HOSTS_OF_TRIGGER}
            ORDER BY h.hostid) h)) END"""


TRIGGER = view(
    number("triggerid"),
    text("expression"),
    text("description"),
    text("url"),
    number("status"),
    number("value"),
    number("priority"),
    number("lastchange"),
    text("comments"),
    text("error"),
    nullable_id("templateid"),
    number("type"),
    number("state"),
    number("flags"),
    number("recovery_mode"),
    text("recovery_expression"),
    number("correlation_mode"),
    text("correlation_tag"),
    number("manual_close"),
    text("opdata"),
    text("event_name"),
    text("uuid"),
    text("url_name"),
)
