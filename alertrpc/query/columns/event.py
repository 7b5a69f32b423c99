"""The fields of events, their tags and their suppression:
https://www.zabbix.com/documentation/7.0/en/manual/api/reference/event/object.
"""

from alertrpc.query.columns.trigger import TRIGGER_OBJECT, expanded
from alertrpc.query.view import json, nullable_id, number, text, view

RECOVERY = "recovery"  # the join for the end of a problem
NOT_KEPT = "0"  # causes and suppression are not stored

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
RECOVERY_COLUMNS = (
    nullable_id("r_eventid", "er.r_eventid", RECOVERY),
    nullable_id("c_eventid", "er.c_eventid", RECOVERY),
    nullable_id("correlationid", "er.correlationid", RECOVERY),
    nullable_id("userid", "er.userid", RECOVERY),
)
EVENT_TAG = view(text("tag"), text("value"))
TAGS_OF_EVENT = "FROM event_tag et WHERE et.eventid = e.eventid"
SUPPRESSION = view(number("maintenanceid", NOT_KEPT), number("suppress_until", NOT_KEPT), number("userid", NOT_KEPT))
NO_SUPPRESSION = "WHERE FALSE"
# The operational data of the event's trigger.
_OPDATA = f"""CASE e.object WHEN {TRIGGER_OBJECT} THEN COALESCE((
    SELECT {expanded("opdata")} FROM triggers t WHERE t.triggerid = e.objectid), '') ELSE '' END"""
# How the alarm of the problem, or of the problem that a recovery ended, is over.
_ENDED = """COALESCE((
    SELECT al.ended
    FROM alarms al
    WHERE al.eventid = COALESCE((SELECT er.eventid FROM event_recovery er WHERE er.r_eventid = e.eventid), e.eventid)
        AND al.resolved_at IS NOT NULL), '')"""
ENDED = text("ended", _ENDED, is_ours=True)
DERIVED_COLUMNS = (
    number("cause_eventid", NOT_KEPT),
    text("opdata", _OPDATA),
    number("suppressed", NOT_KEPT),
    json("urls", "'[]'"),
)
