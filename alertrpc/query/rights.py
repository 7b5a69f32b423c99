"""Who may see what: rights of user groups on host groups, as Zabbix's permission checks.

A deny on any host group of a host hides the host; otherwise the highest permission counts. An object is open for reading
when each of its hosts is, and for writing when one of them is open for writing too. Written as SQL on the rights as they
stand, so that a change counts at once.
"""

from alertrpc.query.sql import Condition, SqlValue

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


def object_is_open(objectid: str, obj: int, userid: int, *, editable: bool, each: bool) -> Condition:
    """The object is open to the user. `each` looks at one object a row, else all are looked at once."""
    opened = f"GROUP BY oh.objectid HAVING MIN({_HOST_PERMISSION}) >= {READ}"
    args: tuple[SqlValue, ...] = (obj, userid)
    if editable:
        opened += f" AND MAX({_HOST_PERMISSION}) >= {READ_WRITE}"
        args += (userid,)
    hosts = "FROM object_hosts oh WHERE oh.object = ?"
    if each:
        return Condition(f"EXISTS (SELECT 1 {hosts} AND oh.objectid = {objectid} {opened})", args)
    return Condition(f"+{objectid} IN (SELECT oh.objectid {hosts} {opened})", args)


def shares_user_group(userid_column: str, userid: int) -> Condition:
    """The column names no user, or one who shares a user group with the user."""
    return Condition(
        f"{userid_column} IS NULL OR +{userid_column} IN (SELECT theirs.userid FROM users_groups mine"
        " JOIN users_groups theirs ON theirs.usrgrpid = mine.usrgrpid WHERE mine.userid = ?)",
        (userid,),
    )
