"""Who may see what: the rights of user groups on host groups, as Zabbix checks them.

A deny on any host group of a host hides the host; otherwise the highest permission counts. A host in no host group is
open to nobody. Each statement reads the rights, so that a change takes effect at once.
"""

from alertrpc.query.sql import Condition
from alertrpc.records import Caller
from alertrpc.store.permissions import READ, READ_WRITE, group_permission, host_permission

ANY_OBJECT = Condition("TRUE")

# The users who share a user group with the user who is bound.
MEMBERS_OF_OWN_GROUPS = """SELECT theirs.userid
    FROM users_groups mine
    JOIN users_groups theirs ON theirs.usrgrpid = mine.usrgrpid
    WHERE mine.userid = ?"""


def is_in_some_group(caller: Caller) -> list[Condition]:
    """The caller is in a user group, which is enough to see objects without hosts."""
    if caller.is_super_admin:
        return []
    return [Condition("EXISTS (SELECT 1 FROM users_groups ug WHERE ug.userid = ?)", (caller.userid,))]


def host_is_open(hostid: str, caller: Caller, *, editable: bool = False) -> list[Condition]:
    """The host is open to the caller, for writing if `editable`; no condition for a Super admin."""
    return _is_open(host_permission(hostid), caller, editable=editable)


def group_is_open(groupid: str, caller: Caller, *, editable: bool = False) -> list[Condition]:
    """The host group is open to the caller, for writing if `editable`."""
    return _is_open(group_permission(groupid), caller, editable=editable)


def _is_open(permission: str, caller: Caller, *, editable: bool) -> list[Condition]:
    if caller.is_super_admin:
        return []
    return [Condition(f"{permission} >= {READ_WRITE if editable else READ}", (caller.userid,))]


def objects_are_open(
    objectid: str, objects: str, caller: Caller, *, few: bool, among: Condition = ANY_OBJECT
) -> list[Condition]:
    """All hosts of an object are open to the caller.

    `objects` are the kinds of objects, as SQL. If `few`, each object is checked; otherwise all open objects for which
    `among` holds are listed once.
    """
    if caller.is_super_admin:
        return []
    found = f"""(
        SELECT oh.objectid
        FROM object_hosts oh
        WHERE oh.object IN ({objects}) AND {f"oh.objectid = {objectid}" if few else among.sql}
        GROUP BY oh.objectid
        HAVING MIN({host_permission("oh.hostid")}) >= {READ})"""
    return [Condition(f"EXISTS {found}" if few else f"{objectid} IN {found}", (*among.args, caller.userid))]


def shares_user_group(userid_column: str, caller: Caller) -> list[Condition]:
    """The column is NULL or a user who shares a user group with the caller."""
    if caller.is_super_admin:
        return []
    sql = f"{userid_column} IS NULL OR @unindexed({userid_column}) IN ({MEMBERS_OF_OWN_GROUPS})"
    return [Condition(sql, (caller.userid,))]
