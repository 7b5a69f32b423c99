"""The permissions of Zabbix's table `rights`, and what a user may do by them, as SQL on the rights as they stand."""

DENY = 0
READ = 2
READ_WRITE = 3

# The permission of a user on a host, {0}: 0, READ or READ_WRITE.
HOST_PERMISSION = """COALESCE((
    SELECT CASE MIN(r.permission) WHEN 0 THEN 0 ELSE MAX(r.permission) END
    FROM hosts_groups hg
    CROSS JOIN rights r ON r.id = hg.groupid
    CROSS JOIN users_groups ug ON ug.usrgrpid = r.groupid AND ug.userid = ?
    WHERE hg.hostid = {0}
), 0)"""
GROUP_PERMISSION = """COALESCE((
    SELECT CASE MIN(r.permission) WHEN 0 THEN 0 ELSE MAX(r.permission) END
    FROM rights r
    CROSS JOIN users_groups ug ON ug.usrgrpid = r.groupid AND ug.userid = ?
    WHERE r.id = {0}
), 0)"""
