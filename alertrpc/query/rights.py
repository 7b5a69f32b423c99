"""Who may see what: rights of user groups on host groups, as Zabbix's permission checks.

A deny on any host group of a host hides the host; otherwise the highest permission counts. A host in no host group is
open to nobody. Written as SQL on the rights as they stand, so that a change counts at once.
"""

from alertrpc.query.sql import Condition

EVENT = frozenset({"event"})

READ = 2
READ_WRITE = 3

# The permission of a user on the host `oh.hostid`: 0, READ or READ_WRITE.
_HOST_PERMISSION = """COALESCE((
    SELECT CASE MIN(r.permission) WHEN 0 THEN 0 ELSE MAX(r.permission) END
    FROM hosts_groups hg
    CROSS JOIN rights r ON r.id = hg.groupid
    CROSS JOIN users_groups ug ON ug.usrgrpid = r.groupid AND ug.userid = ?
    WHERE hg.hostid = oh.hostid
), 0)"""


def host_is_writable(userid: int) -> Condition:
    """The host `oh.hostid` is open to the user for writing."""
    return Condition(f"{_HOST_PERMISSION} >= {READ_WRITE}", (userid,))


def objects_are_readable(objects: str, userid: int, *, few: bool) -> Condition:
    """All hosts of the object of the event `e` are open to the user; `objects` are the kinds of objects, as SQL.

    `few` events are checked one by one; else the open objects are listed once.
    """
    readable = f"HAVING MIN({_HOST_PERMISSION}) >= {READ}"
    found = f"FROM object_hosts oh WHERE oh.object IN ({objects})"
    if few:
        sql = f"EXISTS (SELECT 1 {found} AND oh.objectid = e.objectid GROUP BY oh.objectid {readable})"
    else:
        sql = f"e.objectid IN (SELECT oh.objectid {found} GROUP BY oh.objectid {readable})"
    return Condition(sql, (userid,), EVENT)


def shares_user_group(userid_column: str, userid: int) -> Condition:
    """The column names no user, or one who shares a user group with the user."""
    return Condition(
        f"{userid_column} IS NULL OR +{userid_column} IN (SELECT theirs.userid FROM users_groups mine"
        " JOIN users_groups theirs ON theirs.usrgrpid = mine.usrgrpid WHERE mine.userid = ?)",
        (userid,),
    )
