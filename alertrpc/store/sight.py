"""Which users see anything at all."""

import sqlite3

from alertrpc.records import UserType
from alertrpc.store.permissions import GROUP_PERMISSION, READ
from alertrpc.store.roles import MAY_CALL

_SEES_NOTHING = f"""
SELECT r.type <> {UserType.SUPER_ADMIN:d} AND {MAY_CALL.format("r.roleid")}
    AND NOT EXISTS (SELECT 1 FROM hstgrp g WHERE g.type = 0 AND {GROUP_PERMISSION.format("g.groupid")} >= {READ})
FROM users u JOIN role r ON r.roleid = u.roleid WHERE u.userid = ?"""


def sees_nothing(userid: int, connection: sqlite3.Connection) -> bool:
    """Whether the user may call methods, and no host group is open to it; a Super admin sees all."""
    found = connection.execute(_SEES_NOTHING, (userid, userid)).fetchone()
    return bool(found and found[0])
