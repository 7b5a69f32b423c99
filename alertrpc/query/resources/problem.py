"""problem.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/problem/get."""

from alertrpc.query import event_parameters as shared
from alertrpc.query.checks import STRICT
from alertrpc.query.columns.acknowledge import ACKNOWLEDGE, ACKNOWLEDGES_OF_EVENT
from alertrpc.query.columns.event import DERIVED_COLUMNS, ENDED, EVENT_COLUMNS, RECOVERY, RECOVERY_COLUMNS
from alertrpc.query.event_objects import OBJECTS_WITH_IDS, Finding, event_conditions
from alertrpc.query.get_params import GetParams
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.related import Related, keyed
from alertrpc.query.resource import Plan, Resource, by_columns
from alertrpc.query.sql import Ago, Condition
from alertrpc.query.view import nullable_id, view
from alertrpc.records import RECENT, Caller

SOURCES_OF_PROBLEMS = (0, 3, 4)

_OPEN = "e.value = 1 AND e.recovered = 0"
# Open problems, and those that recovered lately.
_RECENT = """e.value = 1 AND e.eventid IN (
    SELECT e.eventid
    FROM events e
    WHERE e.value = 1 AND e.recovered = 0
    UNION ALL
    SELECT er.eventid
    FROM events re
    @ordered JOIN event_recovery er ON er.r_eventid = re.eventid
    WHERE re.clock > ?)"""
_SHOWN = (
    "eventid", "source", "object", "objectid", "clock", "ns", "r_eventid", "r_clock", "r_ns", "correlationid", "userid",
    "name", "acknowledged", "severity", "cause_eventid", "opdata", "suppressed", "urls",
)  # fmt: skip


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    if params.own.get("recent"):
        return [Condition(_RECENT, (Ago(RECENT),)), *event_conditions(params, caller, Finding.CHECK)]
    return [Condition(_OPEN), *event_conditions(params, caller, Finding.INDEX)]


RESOURCE = Resource(
    name="problem",
    table="events",
    alias="e",
    key="eventid",
    view=view(
        *EVENT_COLUMNS,
        *RECOVERY_COLUMNS,
        nullable_id("r_clock", "re.clock", RECOVERY),
        nullable_id("r_ns", "re.ns", RECOVERY),
        *DERIVED_COLUMNS,
        ENDED,
        choice=_SHOWN,
    ),
    checks=STRICT,
    ids=shared.IDS,
    parameters={
        "source": Parameter(Given.NUMBER, "e.source = ?", allowed=SOURCES_OF_PROBLEMS, default=0),
        "object": Parameter(Given.NUMBER, "e.object = ?", allowed=OBJECTS_WITH_IDS, default=0),
        "severities": shared.SEVERITY,
        # Open problems are few: an index on ids or clocks would find more events.
        "eventid_from": Parameter(Given.ID, "@unindexed(e.eventid) >= ?"),
        "eventid_till": Parameter(Given.ID, "@unindexed(e.eventid) <= ?"),
        "time_from": Parameter(Given.TIME, "@unindexed(e.clock) >= ?"),
        "time_till": Parameter(Given.TIME, "@unindexed(e.clock) <= ?"),
        **shared.STATE,
        "recent": Parameter(Given.BOOLEAN, null=True),
        **shared.TAGGED,
    },
    filters=by_columns(
        "eventid", "source", "object", "objectid", "r_eventid", "correlationid", "userid", "name", "acknowledged",
        "severity", "cause_eventid",
    ),
    searches=by_columns("name"),
    sortable=("eventid",),
    related={
        "selectAcknowledges": Related(
            "acknowledges", "ak", ACKNOWLEDGE, ACKNOWLEDGES_OF_EVENT, keyed("acknowledgeid"), countable=True
        ),
        **shared.SELECTS,
    },
    conditions=_conditions,
    joins={RECOVERY: f"{shared.RECOVERY_JOIN[RECOVERY]} LEFT JOIN events re ON re.eventid = er.r_eventid"},
    plan=Plan(short_ids=("eventids",)),
)  # fmt: skip
