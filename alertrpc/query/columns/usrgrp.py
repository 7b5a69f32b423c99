"""The fields of user groups: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/usergroup/object."""

from alertrpc.query.view import hiding, nullable_id, number, text, view

USRGRP = hiding(
    view(
        number("usrgrpid"),
        text("name"),
        number("gui_access"),
        number("users_status"),
        number("debug_mode"),
        nullable_id("userdirectoryid"),
        number("mfa_status"),
        nullable_id("mfaid"),
    ),
    "userdirectoryid",
    "mfaid",
)
