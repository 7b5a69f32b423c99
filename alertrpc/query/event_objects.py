"""What events are about: objects, the hosts on which they live, and who may see them.

Statements here speak of the event as `e`, and of the object's hosts as `oh`.
"""

from alertrpc.query.params import GetParams
from alertrpc.query.rights import host_is_writable
from alertrpc.query.sql import Condition, all_of, is_in
from alertrpc.records import Caller

TRIGGER = 0
SOURCES = range(5)
OBJECTS = range(7)
OBJECTS_WITH_IDS = (0, 4, 5, 6)  # trigger, item, low-level discovery rule, service

# The objects whose hosts are those of an event's object: items and discovery rules are one kind of thing.
HOST_OBJECTS = {0: "0", 4: "4, 5", 5: "4, 5"}


def hosts_asked_for(params: GetParams, caller: Caller) -> list[Condition]:
    """Conditions on the host `oh`: its id, its groups, and that it is writable where that is asked for."""
    asked = []
    if "hostids" in params.ids:
        asked.append(is_in("oh.hostid", params.ids["hostids"]))
    if "groupids" in params.ids:
        groups = is_in("hg.groupid", params.ids["groupids"])
        hosts = f"oh.hostid IN (SELECT hg.hostid FROM hosts_groups hg WHERE {groups.sql})"
        asked.append(Condition(hosts, groups.args))
    if params.editable and not caller.is_super_admin:
        asked.append(host_is_writable(caller.userid))
    return asked


def objects_on(hosts: list[Condition], objects: str) -> Condition:
    """The event's object, of one of these kinds, lives on a host for which all conditions hold."""
    host = all_of(hosts)
    on = f"SELECT oh.objectid FROM object_hosts oh WHERE oh.object IN ({objects}) AND {host.sql}"
    return Condition(f"{{}}.objectid IN ({on})", host.args)
