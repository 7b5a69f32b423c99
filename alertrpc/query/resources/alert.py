"""alert.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/alert/get."""

from alertrpc.query.checks import FLAG, MATCHING, OUTPUT, PAGE, ROWS, SELECTS, Strict
from alertrpc.query.columns.alert import ALERT
from alertrpc.query.columns.attempt import ATTEMPT
from alertrpc.query.columns.host import HOST_OF_EVENT, IS_HOST
from alertrpc.query.columns.mediatype import MEDIATYPE
from alertrpc.query.columns.user import USER
from alertrpc.query.event_objects import HOST_OBJECTS, OBJECTS, OBJECTS_WITH_IDS, SOURCES, hosts_asked_for, objects_on
from alertrpc.query.get_params import GetParams
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.related import Related, keyed
from alertrpc.query.resource import Distinct, Finder, Grouping, Index, Plan, Resource, by_columns
from alertrpc.query.rights import is_colleague, objects_are_open, open_objects, shares_user_group
from alertrpc.query.sql import Condition, Expression, Members, all_of, is_in
from alertrpc.query.view import number, text, view
from alertrpc.records import Caller

SOURCES_FOUND_BY_ACTION = (0, 2)  # for a Super admin: trigger and autoregistration
EVENT = frozenset({"event"})
_ATTEMPTS = "FROM (SELECT * FROM attempts att WHERE att.alertid = a.alertid ORDER BY att.number) att"
_INDEXED_BY_OBJECT = "alert_index a @indexed_by(alert_index_object)"
_TEXTS = "texts"  # the join for what alert_index lacks
_RESENT = view(number("alertid", "rs.resent_alertid"))


def alert_conditions(params: GetParams, caller: Caller) -> list[Condition]:
    """Conditions on the source, the objects and the hosts of the event, and the rights."""
    obj = params.own["eventobject"]
    conditions = []
    if "objectids" in params.ids and obj in OBJECTS_WITH_IDS:
        conditions.append(_of_events(is_in("e.objectid", params.ids["objectids"])))
    if obj in HOST_OBJECTS:
        conditions += _hosts(params, caller, HOST_OBJECTS[obj])
    return [*conditions, *shares_user_group("a.userid", caller), _source(params, caller)]


def _source(params: GetParams, caller: Caller) -> Condition:
    source, obj = params.own["eventsource"], params.own["eventobject"]
    if caller.is_super_admin and source in SOURCES_FOUND_BY_ACTION:
        # The index of actions is only for counts: actions have many alerts, which a sort order or an id finds sooner.
        column = "a.actionid" if params.is_plain_count else "@unindexed(a.actionid)"
        return Condition(f"{column} IN (SELECT ac.actionid FROM actions ac WHERE ac.eventsource = ?)", (source,))
    return Condition("e.source = ? AND e.object = ?", (source, obj), EVENT)


def _is_joined(params: GetParams, caller: Caller) -> bool:
    """Whether Zabbix joins the events."""
    obj = params.own["eventobject"]
    return (
        not caller.is_super_admin
        or params.own["eventsource"] not in SOURCES_FOUND_BY_ACTION
        or ("objectids" in params.ids and obj in OBJECTS_WITH_IDS)
        or (("hostids" in params.ids or "groupids" in params.ids) and obj in HOST_OBJECTS)
    )


def _hosts(params: GetParams, caller: Caller, objects: str) -> list[Condition]:
    """One host of the object has the id, is in the group and is writable, each if asked for; all of its hosts are open."""
    asked = hosts_asked_for(params, caller)
    conditions = [_of_events(objects_on(asked, "e.objectid", objects))] if asked else []
    if not any(name in params.ids for name in ("hostids", "groupids")):
        # Too many hosts are writable to find alerts by them.
        conditions = [condition._replace(keys="") for condition in conditions]
    # With these ids there are few events, and each is checked.
    few = any(name in params.ids for name in ("alertids", "eventids", "objectids", "hostids", "groupids"))
    are_open = objects_are_open("e.objectid", objects, caller, few=few)
    return [*conditions, *[condition._replace(joins=EVENT) for condition in are_open]]


def _found_conditions(params: GetParams, caller: Caller) -> list[Condition]:
    """The same conditions on rows of alert_index."""
    obj, conditions = params.own["eventobject"], []
    if "objectids" in params.ids and obj in OBJECTS_WITH_IDS:
        asked = is_in("a.objectid", params.ids["objectids"])
        keys = f"SELECT a.alertid FROM {_INDEXED_BY_OBJECT} WHERE {asked.sql}"
        conditions.append(asked._replace(column="objectid", keys=keys))
    if obj in HOST_OBJECTS:
        conditions += _found_on_hosts(hosts_asked_for(params, caller), HOST_OBJECTS[obj], caller)
    return [*conditions, *is_colleague("userid", "a", caller), _found_source(params, caller)]


def _found_on_hosts(asked: list[Condition], objects: str, caller: Caller) -> list[Condition]:
    """The conditions of `_hosts`; objects are looked up once, as there are fewer than alerts."""
    if not asked and caller.is_super_admin:
        return []
    are_on = [objects_on(asked, "a.objectid", objects)] if asked else []
    each = all_of([*are_on, *objects_are_open("a.objectid", objects, caller, few=True)])
    source = f"FROM @numbers(?) one @ordered JOIN {_INDEXED_BY_OBJECT} ON a.objectid = one.value"
    return [each._replace(column="objectid", members=Members(open_objects(asked, objects, caller), source))]


def _found_source(params: GetParams, caller: Caller) -> Condition:
    source, obj = params.own["eventsource"], params.own["eventobject"]
    if caller.is_super_admin and source in SOURCES_FOUND_BY_ACTION:
        actions = Expression("SELECT ac.actionid FROM actions ac WHERE ac.eventsource = ?", (source,))
        return Condition(f"a.actionid IN ({actions.sql})", actions.args, column="actionid", members=Members(actions))
    return Condition("a.source = ? AND a.object = ?", (source, obj))


def _of_events(condition: Condition) -> Condition:
    """A condition on the event's own columns, and the keys of the alerts of such events."""
    keys = f"""SELECT a.alertid
        FROM events e
        @ordered JOIN alerts a ON a.eventid = e.eventid
        WHERE {condition.sql}"""
    return condition._replace(joins=EVENT, keys=keys)


def _hosts_of_alert(params: GetParams, caller: Caller) -> Expression:
    """The hosts of the event's object, if the event has the source and the object that are asked for."""
    source, obj = params.own["eventsource"], params.own["eventobject"]
    return Expression(f"""FROM events e
        @ordered JOIN object_hosts oh ON oh.objectid = e.objectid AND oh.object IN ({HOST_OBJECTS.get(obj, "NULL")})
        @ordered JOIN hosts h ON h.hostid = oh.hostid
        WHERE e.eventid = a.eventid AND e.source = {source:d} AND e.object = {obj:d} AND {IS_HOST}""")


RESOURCE = Resource(
    name="alert",
    table="alerts",
    alias="a",
    key="alertid",
    view=ALERT,
    checks=Strict({**OUTPUT, **SELECTS, **MATCHING, "countOutput": FLAG, "groupCount": FLAG, **PAGE, **ROWS}),
    ids={
        "alertids": "alertid",
        "groupids": None,
        "hostids": None,
        "objectids": None,
        "actionids": "actionid",
        "eventids": "eventid",
        "mediatypeids": "mediatypeid",
        "userids": "userid",
    },
    parameters={
        "eventsource": Parameter(Given.NUMBER, allowed=SOURCES, default=0),
        "eventobject": Parameter(Given.NUMBER, allowed=OBJECTS, default=0),
        "time_from": Parameter(Given.TIME, "a.clock > ?", leads=("alertid",), column="clock"),
        "time_till": Parameter(Given.TIME, "a.clock < ?", leads=("alertid",), column="clock"),
    },
    filters=by_columns("alertid", "actionid", "eventid", "userid", "mediatypeid", "status", "acknowledgeid"),
    searches=by_columns("sendto", "subject", "message", "error"),
    sortable=("alertid", "clock", "eventid", "status", "sendto", "mediatypeid"),
    group_counted={"eventids": Grouping("eventid", "a.eventid")},
    related={
        "selectHosts": Related("hosts", "h", HOST_OF_EVENT, _hosts_of_alert, keyed("hostid")),
        "selectMediatypes": Related(
            "mediatypes",
            "mt",
            MEDIATYPE,
            "FROM media_type mt WHERE mt.mediatypeid = a.mediatypeid",
            keyed("mediatypeid"),
        ),
        "selectUsers": Related("users", "u", USER, "FROM users u WHERE u.userid = a.userid", keyed("userid")),
        # Zabbix does not have these two.
        "selectAttempts": Related("attempts", "att", ATTEMPT, _ATTEMPTS, keyed("number")),
        "selectResendOf": Related(
            "resendOf", "rs", _RESENT, "FROM resends rs WHERE rs.alertid = a.alertid", keyed("alertid")
        ),
    },
    conditions=alert_conditions,
    distinct=Distinct(_is_joined, ("clock", "eventid", "status", "sendto")),
    joins={"event": "@ordered JOIN events e ON e.eventid = a.eventid"},
    plan=Plan(
        few_first=("alertids", "eventids", "userids"),
        short_ids=("alertids", "eventids"),
        finder=Finder(
            table="alert_index",
            indexed="alerts",
            indexes=(
                Index(""),
                Index("alerts_clock", ("clock",)),
                Index("alerts_eventid", ("eventid",)),
                Index("alerts_status", ("status", "clock")),
                Index("alerts_mediatypeid", ("mediatypeid",)),
                Index("alerts_userid", ("userid",)),
                Index("alerts_actionid", ("actionid",)),
                Index("alerts_sendto", ("sendto",)),
                Index("alerts_acknowledgeid", ("acknowledgeid",), is_partial=True),
            ),
            conditions=_found_conditions,
            apart={name: text(name, f"texts.{name}", _TEXTS) for name in ("sendto", "subject", "message", "error")},
            joins={_TEXTS: "@ordered JOIN alerts texts ON texts.alertid = a.alertid"},
            texts=_TEXTS,
            few_valued=("status", "mediatypeid"),
            counts=True,
        ),
    ),
)
