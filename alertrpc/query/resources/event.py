"""event.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/event/get."""

from dataclasses import replace

from alertrpc.query.columns.acknowledge import ACKNOWLEDGE_BY_USER, ACKNOWLEDGES_OF_EVENT
from alertrpc.query.columns.alert import ALERT
from alertrpc.query.columns.event import DERIVED_COLUMNS, EVENT_COLUMNS, RECOVERY_COLUMNS
from alertrpc.query.columns.host import HOST_OF_EVENT, IS_HOST
from alertrpc.query.columns.related_object import CHOICES
from alertrpc.query.columns.trigger import TRIGGER as TRIGGER_VIEW
from alertrpc.query.counting import ROWSCOUNT
from alertrpc.query.event_objects import HOST_OBJECTS, OBJECTS, SOURCES, TRIGGER, event_conditions
from alertrpc.query.event_parameters import (
    EVENT_IDS,
    FROM_TILL,
    RECOVERY_JOIN,
    SEVERITY,
    STATE,
    SUPPRESSION_OF_EVENT,
    TAGGED,
    TAGS_SELECTED,
)
from alertrpc.query.linked import with_conditions
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.params import GetParams
from alertrpc.query.related import Related
from alertrpc.query.resource import Resource
from alertrpc.query.rights import shares_user_group
from alertrpc.query.sql import NOTHING, ONE_OF, Condition, Expression, json_list
from alertrpc.query.view import view
from alertrpc.records import Caller

OK, PROBLEM = 0, 1
SOURCES_OF_PROBLEMS_IN_TIME = (0, 4)

_ALERT_FIELDS = tuple(name for name in ALERT.columns if name != "eventid")
_ALERT = replace(ALERT, choice=_ALERT_FIELDS, extended=_ALERT_FIELDS)
_TRIGGER = replace(TRIGGER_VIEW, choice=CHOICES[TRIGGER], extended=tuple(TRIGGER_VIEW.columns))
# Problems that lasted in the time from `since` to `till` of `w`, and the recoveries that ended them.
_LASTED = """{0}.value = 1 AND {0}.clock <= w.till AND ({0}.recovered = 0 OR EXISTS (
    SELECT 1 FROM event_recovery ser CROSS JOIN events sre ON sre.eventid = ser.r_eventid
    WHERE ser.eventid = {0}.eventid AND sre.clock >= w.since))"""
_ENDED = f"""EXISTS (SELECT 1 FROM event_recovery per CROSS JOIN events p ON p.eventid = per.eventid
    WHERE per.r_eventid = e.eventid AND {_LASTED.format("p")})"""
_IN_TIME = "EXISTS (SELECT 1 FROM (SELECT ? AS till, ? AS since) w WHERE {})"
# They are found among what began before, or among what is open or ended since, whichever is the shorter time.
_LASTED_KEYS = f"""WITH w AS MATERIALIZED (
    SELECT till, since, COALESCE((SELECT MAX(clock) FROM events) - since < till - (SELECT MIN(clock) FROM events), 0) AS late
    FROM (SELECT ? AS till, ? AS since)),
lasted (eventid) AS (
    SELECT * FROM (
        SELECT t.eventid FROM w CROSS JOIN events t WHERE {_LASTED.format("t")} LIMIT -1 * (SELECT 1 - late FROM w))
    UNION ALL SELECT * FROM (
        SELECT t.eventid FROM w CROSS JOIN events t INDEXED BY events_open
        WHERE t.value = 1 AND t.recovered = 0 AND t.clock <= w.till LIMIT -1 * (SELECT late FROM w))
    UNION ALL SELECT * FROM (
        SELECT ser.eventid FROM w CROSS JOIN events sre CROSS JOIN event_recovery ser ON ser.r_eventid = sre.eventid
        WHERE sre.clock >= w.since
        AND (SELECT t.value = 1 AND t.clock <= w.till FROM events t WHERE t.eventid = ser.eventid)
        LIMIT -1 * (SELECT late FROM w)))"""
_OF_VALUE = {
    PROBLEM: (_LASTED.format("e"), "SELECT eventid FROM lasted"),
    OK: (_ENDED, "SELECT per.r_eventid FROM lasted CROSS JOIN event_recovery per ON per.eventid = lasted.eventid"),
}


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    return [*event_conditions(params, caller), *_values(params)]


def _values(params: GetParams) -> list[Condition]:
    """The event's value; with both problem times, of problems that lasted in this time and of their recoveries."""
    values: list[int] | None = params.own.get("value")
    times = [params.own.get("problem_time_till"), params.own.get("problem_time_from")]
    if None in times or params.own["source"] not in SOURCES_OF_PROBLEMS_IN_TIME:
        return [] if values is None else [Condition(f"e.value IN {ONE_OF}", (json_list(values),))]
    of_values = [_OF_VALUE[value] for value in (PROBLEM, OK) if value in ([PROBLEM] if values is None else values)]
    if not of_values:
        return [NOTHING]
    in_time = _IN_TIME.format(" OR ".join([f"({condition})" for condition, _ in of_values]))
    keys = f"{_LASTED_KEYS} {' UNION ALL '.join([keys for _, keys in of_values])}"
    return [Condition(in_time, tuple(times), keys=keys)]


def _is_joined(params: GetParams, caller: Caller) -> bool:
    """Hosts or triggers are joined."""
    obj = params.own["object"]
    if obj not in HOST_OBJECTS:
        return False
    by_host = not {"hostids", "groupids"}.isdisjoint(params.ids)
    return by_host or not caller.is_super_admin or (obj == TRIGGER and "trigger_severities" in params.own)


def _alerts(params: GetParams, caller: Caller) -> Expression:
    """The alerts of the event that actions on events of triggers sent, as far as the caller may see them."""
    alerts = """SELECT * FROM alerts t
        WHERE t.eventid = e.eventid AND t.actionid IN (SELECT actionid FROM actions WHERE eventsource = 0)"""
    found = with_conditions(Expression(alerts), shares_user_group("t.userid", caller))
    return Expression(f"FROM ({found.sql} ORDER BY t.clock DESC, t.alertid DESC) a", found.args)


def _hosts(params: GetParams, caller: Caller) -> Expression:
    objects = HOST_OBJECTS.get(params.own["object"], "NULL")
    return Expression(
        "FROM object_hosts soh CROSS JOIN hosts h ON h.hostid = soh.hostid"
        f" WHERE soh.object IN ({objects}) AND soh.objectid = e.objectid AND {IS_HOST.format('h')}"
    )


def _related_object(params: GetParams, caller: Caller) -> Expression:
    """The trigger; objects of other kinds are not kept."""
    kept = "1" if params.own["object"] == TRIGGER else "0"
    return Expression(f"FROM triggers st WHERE st.triggerid = e.objectid AND st.flags IN (0, 4) AND {kept}")


RESOURCE = Resource(
    name="event",
    table="events",
    alias="e",
    key="eventid",
    view=view(*EVENT_COLUMNS, *RECOVERY_COLUMNS, *DERIVED_COLUMNS),
    ids=EVENT_IDS,
    parameters={
        "source": Parameter(Given.NUMBER, "{0}.source = ?", allowed=SOURCES, default=0),
        "object": Parameter(Given.NUMBER, "{0}.object = ?", allowed=OBJECTS, default=0),
        "value": Parameter(Given.NUMBERS),
        "severities": SEVERITY,
        "trigger_severities": SEVERITY,
        **FROM_TILL,
        "problem_time_from": Parameter(Given.TIME),
        "problem_time_till": Parameter(Given.TIME),
        **STATE,
        **TAGGED,
    },
    sortable=("eventid", "objectid", "clock", ROWSCOUNT),
    group_by=("objectid",),
    filterable=(
        "eventid", "source", "object", "objectid", "value", "acknowledged", "name", "severity", "cause_eventid",
    ),
    ignored_filters=("cause_eventid",),
    searchable=("name",),
    related={
        "selectAcknowledges": Related(
            "acknowledges", "ack", ACKNOWLEDGE_BY_USER, ACKNOWLEDGES_OF_EVENT, countable=True
        ),
        "selectAlerts": Related("alerts", "a", _ALERT, _alerts, shown_beside=("clock",)),
        "selectHosts": Related("hosts", "h", HOST_OF_EVENT, _hosts, key="hostid"),
        "selectRelatedObject": Related(
            "relatedObject", "st", _TRIGGER, _related_object, key="triggerid", single=True, choices=CHOICES
        ),
        "selectSuppressionData": SUPPRESSION_OF_EVENT,
        "selectTags": TAGS_SELECTED,
    },
    deprecated={"select_acknowledges": "selectAcknowledges", "select_alerts": "selectAlerts"},
    conditions=_conditions,
    joins=RECOVERY_JOIN,
    short_ids=("eventids",),
    pages=True,
    is_joined=_is_joined,
    shown_when_sorted=("clock",),
)  # fmt: skip
