"""The permissions of Zabbix's table `rights`, and SQL that computes a user's permission from them.

The userid is a bound value; the result is DENY, READ or READ_WRITE.
"""

DENY = 0
READ = 2
READ_WRITE = 3


def host_permission(hostid: str) -> str:
    return f"""COALESCE((
        SELECT CASE MIN(r.permission) WHEN {DENY} THEN {DENY} ELSE MAX(r.permission) END
        FROM hosts_groups hg
        @ordered JOIN rights r ON r.id = hg.groupid
        @ordered JOIN users_groups ug ON ug.usrgrpid = r.groupid AND ug.userid = ?
        WHERE hg.hostid = {hostid}
    ), {DENY})"""


def group_permission(groupid: str) -> str:
    return f"""COALESCE((
        SELECT CASE MIN(r.permission) WHEN {DENY} THEN {DENY} ELSE MAX(r.permission) END
        FROM rights r
        @ordered JOIN users_groups ug ON ug.usrgrpid = r.groupid AND ug.userid = ?
        WHERE r.id = {groupid}
    ), {DENY})"""
