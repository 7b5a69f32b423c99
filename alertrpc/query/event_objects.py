"""Conditions of event.get and problem.get: on objects, their hosts and rights, severities, acknowledgements and tags."""

from collections.abc import Callable
from enum import Enum

from alertrpc.query.columns.event import TAGS_OF_EVENT
from alertrpc.query.get_params import GetParams
from alertrpc.query.linked import ids_asked_for, is_linked, with_conditions
from alertrpc.query.rights import ANY_OBJECT, host_is_open, is_in_some_group, objects_are_open
from alertrpc.query.sql import ONE_OF, Condition, Expression, is_in, json_list
from alertrpc.query.tags import tags_asked_for
from alertrpc.records import Caller

TRIGGER, SERVICE = 0, 6
SOURCES = range(5)
OBJECTS = range(7)
OBJECTS_WITH_IDS = (0, 4, 5, 6)  # trigger, item, low-level discovery rule, service
OBJECTS_WITH_SEVERITY = (TRIGGER, SERVICE)

# The kinds of `object_hosts` for an event's object: an item and a discovery rule share their ids.
HOST_OBJECTS = {0: "0", 4: "4, 5", 5: "4, 5"}
_CHECKED = "@unindexed(e.objectid)"  # of events that another condition finds
_BESIDE_OBJECTID = {"source", "object", "time_from", "time_till", "evaltype"}


class Finding(Enum):
    """How a statement uses a condition on objects."""

    LISTING = "the events of the objects may lead"
    INDEX = "an index finds the few events of the objects"
    CHECK = "another condition finds events, and their objects are checked"


def event_conditions(params: GetParams, caller: Caller, finding: Finding = Finding.LISTING) -> list[Condition]:
    """The conditions of both event.get and problem.get that their descriptions leave to functions."""
    return [
        *_objects(params, finding),
        *_on_hosts(params, caller, finding),
        *_severities(params, finding),
        *_actions(params),
        *tags_asked_for(params, TAGS_OF_EVENT),
    ]


def _objects(params: GetParams, finding: Finding) -> list[Condition]:
    if "objectids" not in params.ids or params.own["object"] not in OBJECTS_WITH_IDS:
        return []
    asked = params.ids["objectids"]
    if asked.size == 1 and params.sort and params.sort[0][0] == "clock":
        return [is_in("e.objectid", asked)]  # an index has them by clock
    return [_found_by_object(lambda objectid: is_in(objectid, asked), params, finding)]


def _on_hosts(params: GetParams, caller: Caller, finding: Finding) -> list[Condition]:
    """The hosts and rights. Rights are read once for each object, but for each event if `eventids` are given."""
    if params.own["object"] not in HOST_OBJECTS:
        return is_in_some_group(caller)
    objects = HOST_OBJECTS[params.own["object"]]
    asked = hosts_asked_for(params, caller)
    if not {"hostids", "groupids"}.isdisjoint(params.ids):
        return [_found_by_object(lambda objectid: _is_open_on(asked, objectid, objects, caller), params, finding)]
    column = "e.objectid" if finding is Finding.LISTING and _is_counted_by_object(params) else _CHECKED
    on = [objects_on(asked, column, objects)] if asked else []
    if "eventids" in params.ids:
        return [*on, *objects_are_open("e.objectid", objects, caller, few=True)]
    among = is_in("oh.objectid", params.ids["objectids"]) if "objectids" in params.ids else ANY_OBJECT
    return [*on, *objects_are_open(column, objects, caller, few=False, among=among)]


def _found_by_object(asked: Callable[[str], Condition], params: GetParams, finding: Finding) -> Condition:
    """The condition on the objectid: an index finds events to be counted; for others it has the keys of the events."""
    if finding is Finding.CHECK:
        return asked(_CHECKED)
    if params.count_output or finding is Finding.INDEX:
        return asked("e.objectid")
    return asked(_CHECKED)._replace(keys=f"SELECT e.eventid FROM events e WHERE {asked('e.objectid').sql}")


def _is_counted_by_object(params: GetParams) -> bool:
    """Whether the index of objects has all columns that the count needs."""
    return params.is_plain_count and params.own.keys() <= _BESIDE_OBJECTID


def _is_open_on(hosts: list[Condition], objectid: str, objects: str, caller: Caller) -> Condition:
    """The object lives on a host for which all conditions hold, and is open to the caller."""
    if caller.is_super_admin:
        return objects_on(hosts, objectid, objects)
    among = objects_on(hosts, "oh.objectid", objects)
    [is_open] = objects_are_open(objectid, objects, caller, few=False, among=among)
    return is_open


def _severities(params: GetParams, finding: Finding) -> list[Condition]:
    """Severities, which are ignored for objects without them."""
    obj, conditions = params.own["object"], []
    if "severities" in params.own and obj in OBJECTS_WITH_SEVERITY:
        conditions.append(Condition(f"e.severity IN {ONE_OF}", (json_list(params.own["severities"]),)))
    if "trigger_severities" in params.own and obj == TRIGGER:
        triggers = f"SELECT t.triggerid FROM triggers t WHERE t.priority IN {ONE_OF}"
        asked = (json_list(params.own["trigger_severities"]),)
        conditions.append(
            _found_by_object(lambda objectid: Condition(f"{objectid} IN ({triggers})", asked), params, finding)
        )
    return conditions


def _actions(params: GetParams) -> list[Condition]:
    """One acknowledgement has all the actions and is by one of the users."""
    asked = []
    if "action" in params.own:
        asked.append(Condition("ak.action & ? = ?", (params.own["action"],) * 2))
    if "action_userids" in params.own:
        asked.append(Condition(f"ak.userid IN {ONE_OF}", (json_list(params.own["action_userids"]),)))
    if not asked:
        return []
    done = with_conditions(Expression("SELECT 1 FROM acknowledges ak WHERE ak.eventid = e.eventid"), asked)
    return [Condition(f"EXISTS ({done.sql})", done.args)]


def hosts_asked_for(params: GetParams, caller: Caller) -> list[Condition]:
    """Conditions on the host `oh`: its id, its groups, and that it is writable if `editable`."""
    asked = ids_asked_for(params, {"hostids": "oh.hostid"})
    if groups := ids_asked_for(params, {"groupids": "hg.groupid"}):
        asked.append(is_linked("oh.hostid", "SELECT hg.hostid FROM hosts_groups hg WHERE TRUE", groups))
    if params.editable:
        asked += host_is_open("oh.hostid", caller, editable=True)
    return asked


def objects_on(hosts: list[Condition], objectid: str, objects: str) -> Condition:
    """The object, of one of these kinds, lives on a host for which all conditions hold."""
    on = f"""SELECT oh.objectid
        FROM object_hosts oh
        WHERE oh.object IN ({objects})"""
    return is_linked(objectid, on, hosts)
