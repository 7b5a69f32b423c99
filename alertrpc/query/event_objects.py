"""What events are about: objects, the hosts on which they live, who may see them, and what else is asked of events.

Statements here speak of the event as `e`, and of the object's hosts as `oh`.
"""

from alertrpc.query.columns.event_tag import TAGS_OF_EVENT
from alertrpc.query.linked import ids_asked_for, is_linked
from alertrpc.query.params import GetParams
from alertrpc.query.rights import host_is_open, is_in_some_group, objects_are_open
from alertrpc.query.sql import ONE_OF, Condition, args_of, is_in, json_list
from alertrpc.query.tags import tags_asked_for
from alertrpc.records import Caller

TRIGGER, SERVICE = 0, 6
SOURCES = range(5)
OBJECTS = range(7)
OBJECTS_WITH_IDS = (0, 4, 5, 6)  # trigger, item, low-level discovery rule, service
OBJECTS_WITH_SEVERITY = (TRIGGER, SERVICE)
FEW = ("eventids", "objectids", "hostids", "groupids")  # what picks few events

# The objects whose hosts are those of an event's object: items and discovery rules are one kind of thing.
HOST_OBJECTS = {0: "0", 4: "4, 5", 5: "4, 5"}


def event_conditions(params: GetParams, caller: Caller) -> list[Condition]:
    """What event.get and problem.get ask alike, beside what their tables say."""
    return [
        *_objects(params),
        *_on_hosts(params, caller),
        *_severities(params),
        *_actions(params),
        *tags_asked_for(params, TAGS_OF_EVENT),
    ]


def _objects(params: GetParams) -> list[Condition]:
    if "objectids" not in params.ids or params.own["object"] not in OBJECTS_WITH_IDS:
        return []
    asked, inner = [is_in(f"{alias}.objectid", params.ids["objectids"]) for alias in ("e", "t")]
    return [asked._replace(keys=f"SELECT t.eventid FROM events t WHERE {inner.sql}")]


def _on_hosts(params: GetParams, caller: Caller) -> list[Condition]:
    obj = params.own["object"]
    if obj not in HOST_OBJECTS:
        return is_in_some_group(caller)
    conditions = []
    if asked := hosts_asked_for(params, caller):
        is_few = any(name in params.ids for name in ("hostids", "groupids"))
        inner = objects_on(asked, "t.objectid", HOST_OBJECTS[obj])
        keys = f"SELECT t.eventid FROM events t WHERE {inner.sql}" if is_few else ""
        conditions.append(objects_on(asked, "e.objectid", HOST_OBJECTS[obj])._replace(keys=keys))
    few = any(name in params.ids for name in FEW)
    return [*conditions, *objects_are_open("e.objectid", HOST_OBJECTS[obj], caller, few=few)]


def _severities(params: GetParams) -> list[Condition]:
    """Severities count for the objects that have any, and are left aside for others."""
    obj, conditions = params.own["object"], []
    if "severities" in params.own and obj in OBJECTS_WITH_SEVERITY:
        conditions.append(Condition(f"e.severity IN {ONE_OF}", (json_list(params.own["severities"]),)))
    if "trigger_severities" in params.own and obj == TRIGGER:
        triggers = f"SELECT pt.triggerid FROM triggers pt WHERE pt.priority IN {ONE_OF}"
        conditions.append(Condition(f"e.objectid IN ({triggers})", (json_list(params.own["trigger_severities"]),)))
    return conditions


def _actions(params: GetParams) -> list[Condition]:
    """One acknowledgement did all that is asked for, by one of the users."""
    asked = []
    if "action" in params.own:
        asked.append(Condition("ak.action & ? = ?", (params.own["action"],) * 2))
    if "action_userids" in params.own:
        asked.append(Condition(f"ak.userid IN {ONE_OF}", (json_list(params.own["action_userids"]),)))
    if not asked:
        return []
    sql = "".join([f" AND {condition.sql}" for condition in asked])
    return [Condition(f"EXISTS (SELECT 1 FROM acknowledges ak WHERE ak.eventid = e.eventid{sql})", args_of(asked))]


def hosts_asked_for(params: GetParams, caller: Caller) -> list[Condition]:
    """Conditions on the host `oh`: its id, its groups, and that it is writable where that is asked for."""
    asked = ids_asked_for(params, {"hostids": "oh.hostid"})
    if groups := ids_asked_for(params, {"groupids": "hg.groupid"}):
        asked.append(is_linked("oh.hostid", "SELECT hg.hostid FROM hosts_groups hg WHERE 1", groups))
    if params.editable:
        asked += host_is_open("oh.hostid", caller, editable=True)
    return asked


def objects_on(hosts: list[Condition], objectid: str, objects: str) -> Condition:
    """The object, of one of these kinds, lives on a host for which all conditions hold."""
    on = f"SELECT oh.objectid FROM object_hosts oh WHERE oh.object IN ({objects})"
    return is_linked(objectid, on, hosts)
