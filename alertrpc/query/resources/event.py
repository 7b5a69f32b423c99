"""event.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/event/get."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from alertrpc.query import event_parameters as shared
from alertrpc.query.checks import FLAG, MATCHING, OUTPUT, PAGE, ROWS, SELECTS, Strict
from alertrpc.query.columns.acknowledge import ACKNOWLEDGE_BY_USER, ACKNOWLEDGES_OF_EVENT
from alertrpc.query.columns.alert import ALERT
from alertrpc.query.columns.event import DERIVED_COLUMNS, ENDED, EVENT_COLUMNS, RECOVERY_COLUMNS
from alertrpc.query.columns.host import HOST_OF_EVENT, IS_HOST
from alertrpc.query.columns.related_object import CHOICES
from alertrpc.query.columns.trigger import TRIGGER as TRIGGER_VIEW
from alertrpc.query.counting import ROWSCOUNT
from alertrpc.query.event_objects import HOST_OBJECTS, OBJECTS, SOURCES, TRIGGER, event_conditions
from alertrpc.query.get_params import GetParams
from alertrpc.query.linked import with_conditions
from alertrpc.query.parameters import Given, Names, Parameter
from alertrpc.query.problem_times import PROBLEM, lasted_from_till
from alertrpc.query.related import Related, keyed
from alertrpc.query.resource import Distinct, Finder, Index, Match, Plan, Resource, by_columns
from alertrpc.query.rights import shares_user_group
from alertrpc.query.sql import ONE_OF, Condition, Expression, json_list
from alertrpc.query.view import view
from alertrpc.records import Caller

_OTHER_THAN_IDS = ("clock", "objectid")
_OTHER_THAN_TIMES = ("eventid", "objectid")
SOURCES_OF_PROBLEMS_IN_TIME = (0, 4)

_ALERT_FIELDS = tuple(name for name in ALERT.columns if name != "eventid")
_ALERT = replace(ALERT, choice=_ALERT_FIELDS)
_TRIGGER = replace(TRIGGER_VIEW, choice=CHOICES[TRIGGER], extended=tuple(TRIGGER_VIEW.columns))


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    return [*event_conditions(params, caller), *_values(params)]


def _values(params: GetParams) -> list[Condition]:
    """The event's value; with both problem times, only problems that lasted in this time, and their recoveries."""
    values: list[int] | None = params.own.get("value")
    since, till = params.own.get("problem_time_from"), params.own.get("problem_time_till")
    if since is None or till is None or params.own["source"] not in SOURCES_OF_PROBLEMS_IN_TIME:
        return [] if values is None else [Condition(f"e.value IN {ONE_OF}", (json_list(values),))]
    return [lasted_from_till([PROBLEM] if values is None else values, since, till)]


def _is_joined(params: GetParams, caller: Caller) -> bool:
    """Whether Zabbix joins hosts or triggers."""
    obj = params.own["object"]
    if obj not in HOST_OBJECTS:
        return False
    by_host = not {"hostids", "groupids"}.isdisjoint(params.ids)
    return by_host or not caller.is_super_admin or (obj == TRIGGER and "trigger_severities" in params.own)


def _alerts(params: GetParams, caller: Caller) -> Expression:
    """The alerts of the event from actions on events of triggers, if the caller may see them."""
    alerts = """SELECT *
        FROM alerts a
        WHERE a.eventid = e.eventid
        AND a.actionid IN (SELECT ac.actionid FROM actions ac WHERE ac.eventsource = 0)"""
    found = with_conditions(Expression(alerts), shares_user_group("a.userid", caller))
    return Expression(f"FROM ({found.sql} ORDER BY a.clock DESC, a.alertid DESC) a", found.args)


def _with_clock(names: Names, caller: Caller) -> Names:
    """Zabbix sorts the alerts by clock, and then shows it to users who are not Super admins."""
    return names if caller.is_super_admin or "clock" in names else (*names, "clock")


def _hosts(params: GetParams, caller: Caller) -> Expression:
    objects = HOST_OBJECTS.get(params.own["object"], "NULL")
    return Expression(f"""FROM object_hosts oh
        @ordered JOIN hosts h ON h.hostid = oh.hostid
        WHERE oh.object IN ({objects}) AND oh.objectid = e.objectid AND {IS_HOST}""")


def _related_object(params: GetParams, caller: Caller) -> Expression:
    """The trigger; objects of other kinds are not stored."""
    is_stored = "TRUE" if params.own["object"] == TRIGGER else "FALSE"
    return Expression(f"FROM triggers t WHERE t.triggerid = e.objectid AND t.flags IN (0, 4) AND {is_stored}")


def _choice(given: Mapping[str, Any]) -> Names:
    """The fields of the kind of object asked for. An invalid `object` has its own fault."""
    return CHOICES[given.get("object", TRIGGER)]


RESOURCE = Resource(
    name="event",
    table="events",
    alias="e",
    key="eventid",
    view=view(*EVENT_COLUMNS, *RECOVERY_COLUMNS, *DERIVED_COLUMNS, ENDED),
    checks=Strict(
        {
            **MATCHING, **OUTPUT, "groupBy": Parameter(Given.GROUP_BY, allowed=("objectid",)), **SELECTS,
            "countOutput": FLAG, **PAGE, **ROWS,
        },
        deprecated={"select_acknowledges": "selectAcknowledges", "select_alerts": "selectAlerts"},
    ),
    ids=shared.IDS,
    parameters={
        "source": Parameter(Given.NUMBER, "e.source = ?", allowed=SOURCES, default=0),
        "object": Parameter(Given.NUMBER, "e.object = ?", allowed=OBJECTS, default=0),
        "value": Parameter(Given.NUMBERS),
        "severities": shared.SEVERITY,
        "trigger_severities": shared.SEVERITY,
        "eventid_from": Parameter(Given.ID, "e.eventid >= ?", leads=_OTHER_THAN_IDS, column="eventid"),
        "eventid_till": Parameter(Given.ID, "e.eventid <= ?", leads=_OTHER_THAN_IDS, column="eventid"),
        "time_from": Parameter(Given.TIME, "e.clock >= ?", leads=_OTHER_THAN_TIMES, column="clock"),
        "time_till": Parameter(Given.TIME, "e.clock <= ?", leads=_OTHER_THAN_TIMES, column="clock"),
        "problem_time_from": Parameter(Given.TIME),
        "problem_time_till": Parameter(Given.TIME),
        **shared.STATE,
        **shared.TAGGED,
    },
    filters={
        **by_columns("eventid", "source", "object", "objectid", "value", "acknowledged", "name", "severity"),
        "cause_eventid": Match.IGNORED,
    },
    searches=by_columns("name"),
    sortable=("eventid", "objectid", "clock", ROWSCOUNT),
    related={
        "selectAcknowledges": Related(
            "acknowledges", "ak", ACKNOWLEDGE_BY_USER, ACKNOWLEDGES_OF_EVENT, countable=True
        ),
        "selectAlerts": Related("alerts", "a", _ALERT, _alerts, _with_clock),
        "selectHosts": Related("hosts", "h", HOST_OF_EVENT, _hosts, keyed("hostid")),
        "selectRelatedObject": Related(
            "relatedObject", "t", _TRIGGER, _related_object, keyed("triggerid"), single=True, choice=_choice
        ),
        **shared.SELECTS,
    },
    conditions=_conditions,
    joins=shared.RECOVERY_JOIN,
    distinct=Distinct(_is_joined, ("clock",)),
    plan=Plan(
        short_ids=("eventids",),
        finder=Finder(
            table="events",
            indexed="events",
            indexes=(Index(""), Index("events_clock", ("clock",)), Index("events_objectid", ("objectid",))),
            conditions=_conditions,
            joins=shared.RECOVERY_JOIN,
        ),
    ),
)  # fmt: skip
