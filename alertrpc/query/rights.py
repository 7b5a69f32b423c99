"""Who may see what: the rights of user groups on host groups, as Zabbix checks them.

A deny on any host group of a host hides the host; otherwise the highest permission counts. A host in no host group is
open to nobody. Each statement reads the rights, so that a change takes effect at once.
"""

from collections.abc import Sequence

from alertrpc.query.linked import with_conditions
from alertrpc.query.sql import Condition, Expression, Members
from alertrpc.records import Caller
from alertrpc.store.permissions import DENY, READ, READ_WRITE, group_permission, host_permission

ANY_OBJECT = Condition("TRUE")

# The users who share a user group with the user who is bound.
MEMBERS_OF_OWN_GROUPS = """SELECT theirs.userid
    FROM users_groups mine
    JOIN users_groups theirs ON theirs.usrgrpid = mine.usrgrpid
    WHERE mine.userid = ?"""

_OPEN_HOSTS = f"""SELECT hg.hostid
    FROM users_groups ug
    @ordered JOIN rights r ON r.groupid = ug.usrgrpid
    @ordered JOIN hosts_groups hg ON hg.groupid = r.id
    WHERE ug.userid = ?
    GROUP BY hg.hostid
    HAVING MIN(r.permission) > {DENY} AND MAX(r.permission) >= {READ}"""


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


def open_objects(asked: Sequence[Condition], objects: str, caller: Caller) -> Expression:
    """A statement of the objects of these kinds on a host for which `asked` holds, if they are open to the caller."""
    on = Expression(f"SELECT DISTINCT oh.objectid FROM object_hosts oh WHERE oh.object IN ({objects})")
    if caller.is_super_admin:
        return with_conditions(on, asked)
    if not asked:
        asked = [Condition("oh.hostid IN (SELECT open_hosts.hostid FROM open_hosts)")]
    found = with_conditions(on, asked)
    return Expression(
        f"""WITH open_hosts (hostid) AS MATERIALIZED ({_OPEN_HOSTS})
        {found.sql} AND NOT EXISTS (
            SELECT 1
            FROM object_hosts other
            WHERE other.object IN ({objects})
                AND other.objectid = oh.objectid
                AND other.hostid NOT IN (SELECT open_hosts.hostid FROM open_hosts))""",
        (caller.userid, *found.args),
    )


def is_colleague(column: str, alias: str, caller: Caller) -> list[Condition]:
    """The condition of `shares_user_group`; the users are looked up once."""
    colleagues = Members(Expression(MEMBERS_OF_OWN_GROUPS, (caller.userid,)), or_null=True)
    return [
        condition._replace(column=column, members=colleagues)
        for condition in shares_user_group(f"{alias}.{column}", caller)
    ]


def shares_user_group(userid_column: str, caller: Caller) -> list[Condition]:
    """The column is NULL or a user who shares a user group with the caller."""
    if caller.is_super_admin:
        return []
    sql = f"{userid_column} IS NULL OR @unindexed({userid_column}) IN ({MEMBERS_OF_OWN_GROUPS})"
    return [Condition(sql, (caller.userid,))]
