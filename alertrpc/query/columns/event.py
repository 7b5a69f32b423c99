"""The fields of events: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/event/object."""

from alertrpc.query.resource import Column, Kind, nullable_id, number, text, view

RECOVERY = "recovery"  # the join that says how a problem ended
NOT_KEPT = "0"  # causes and suppression are not kept

EVENT_COLUMNS = (
    number("eventid"),
    number("source"),
    number("object"),
    number("objectid"),
    number("clock"),
    number("value"),
    number("acknowledged"),
    number("ns"),
    text("name"),
    number("severity"),
)
EVENT = view(
    *EVENT_COLUMNS,
    nullable_id("r_eventid", "er.r_eventid", RECOVERY),
    nullable_id("c_eventid", "er.c_eventid", RECOVERY),
    nullable_id("correlationid", "er.correlationid", RECOVERY),
    nullable_id("userid", "er.userid", RECOVERY),
    number("cause_eventid", NOT_KEPT),
    text("opdata", "''"),
    number("suppressed", NOT_KEPT),
    Column("urls", Kind.JSON, "'[]'"),
)
