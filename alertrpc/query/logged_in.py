"""The user's row as user.login and user.checkAuthentication give it, which is not quite user.get's:
https://www.zabbix.com/documentation/7.0/en/manual/api/reference/user/login
"""

from alertrpc.query.columns.user import USER

_OTHERWISE = {
    "lang": "CASE u.lang WHEN 'default' THEN 'en_US' ELSE u.lang END",
    "timezone": "CASE u.timezone WHEN 'default' THEN 'system' ELSE u.timezone END",
}
_COLUMNS = [column for name, column in USER.columns.items() if name != "provisioned"]
LOGGED_IN = f"""SELECT @json_object(
        {", ".join([f"'{column.name}', {_OTHERWISE.get(column.name) or column.json('u')}" for column in _COLUMNS])},
        'debug_mode', COALESCE(MAX(usg.debug_mode), 0),
        'deprovisioned', @json('false'),
        'gui_access', COALESCE(MAX(usg.gui_access), 0),
        'mfaid', 0,
        'auth_type', 0,
        'type', MAX(ro.type))
    FROM users u
    JOIN role ro ON ro.roleid = u.roleid
    LEFT JOIN users_groups ug ON ug.userid = u.userid
    LEFT JOIN usrgrp usg ON usg.usrgrpid = ug.usrgrpid
    WHERE u.userid = ?
    GROUP BY u.userid"""
