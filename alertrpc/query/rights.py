"""Who may see what: rights of user groups on host groups, as Zabbix's permission checks.

A deny on any host group of a host hides the host; otherwise the highest permission counts. A host in no host group is
open to nobody. Written as SQL on the rights as they stand, so that a change counts at once.
"""

from alertrpc.query.sql import Condition

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


def every_host_is_readable(userid: int) -> Condition:
    """A condition of a HAVING clause: all hosts `oh.hostid` of the group are open to the user."""
    return Condition(f"MIN({_HOST_PERMISSION}) >= {READ}", (userid,))


def shares_user_group(userid_column: str, userid: int) -> Condition:
    """The column names no user, or one who shares a user group with the user."""
    return Condition(
        f"{userid_column} IS NULL OR +{userid_column} IN (SELECT theirs.userid FROM users_groups mine"
        " JOIN users_groups theirs ON theirs.usrgrpid = mine.usrgrpid WHERE mine.userid = ?)",
        (userid,),
    )
