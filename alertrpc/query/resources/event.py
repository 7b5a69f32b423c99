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
from alertrpc.query.sql import ONE_OF, Condition, Expression, any_of, json_list
from alertrpc.query.view import view
from alertrpc.records import Caller

OK, PROBLEM = 0, 1
SOURCES_OF_PROBLEMS_IN_TIME = (0, 4)

_ALERT_FIELDS = tuple(name for name in ALERT.columns if name != "eventid")
_ALERT = replace(ALERT, choice=_ALERT_FIELDS, extended=_ALERT_FIELDS)
_TRIGGER = replace(TRIGGER_VIEW, choice=CHOICES[TRIGGER], extended=tuple(TRIGGER_VIEW.columns))
_LASTED = "{0}.value = 1 AND {0}.clock <= ? AND ({0}.recovered = 0 OR {0}.eventid IN ({1}))"
_RECOVERED_SINCE = """SELECT ser.eventid FROM event_recovery ser CROSS JOIN events sre ON sre.eventid = ser.r_eventid
    WHERE sre.clock >= ? AND ser.eventid = {0}.eventid"""


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    return [*event_conditions(params, caller), *_values(params)]


def _values(params: GetParams) -> list[Condition]:
    """The event's value; with both problem times, of problems that lasted in this time and of their recoveries."""
    values: list[int] | None = params.own.get("value")
    times = [params.own.get("problem_time_till"), params.own.get("problem_time_from")]
    if None in times or params.own["source"] not in SOURCES_OF_PROBLEMS_IN_TIME:
        return [] if values is None else [Condition(f"e.value IN {ONE_OF}", (json_list(values),))]
    conditions = []
    if values is None or PROBLEM in values:
        lasted = _LASTED.format("t", _RECOVERED_SINCE.format("t"))
        keys = f"SELECT t.eventid FROM events t WHERE {lasted}"
        conditions.append(Condition(_LASTED.format("e", _RECOVERED_SINCE.format("e")), tuple(times), keys=keys))
    if values is not None and OK in values:
        lasted = _LASTED.format("p", _RECOVERED_SINCE.format("p"))
        ends = "SELECT per.r_eventid FROM events p CROSS JOIN event_recovery per ON per.eventid = p.eventid"
        recoveries = f"{ends} WHERE {lasted}"
        conditions.append(Condition(f"e.eventid IN ({recoveries})", tuple(times)))
    return [any_of(conditions) if conditions else Condition("0")]


def _is_joined(params: GetParams, caller: Caller) -> bool:
    """Hosts or triggers are joined."""
    obj = params.own["object"]
    if obj not in HOST_OBJECTS:
        return False
    by_host = not {"hostids", "groupids"}.isdisjoint(params.ids)
    return by_host or not caller.is_super_admin or (obj == TRIGGER and "trigger_severities" in params.own)


def _alerts(params: GetParams, caller: Caller) -> Expression:
    """The alerts of the event as alert.get shows them, which are those of events of triggers alone."""
    if (params.own["source"], params.own["object"]) != (0, TRIGGER):
        return Expression("FROM alerts a WHERE 0")
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
    is_joined=_is_joined,
    shown_when_sorted=("clock",),
)  # fmt: skip
