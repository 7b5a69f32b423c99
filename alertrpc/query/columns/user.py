"""The fields of users: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/user/object."""

from alertrpc.query.view import duration, hiding, nullable_id, number, text, view

USER = hiding(
    view(
        number("userid"),
        text("username"),
        text("name"),
        text("surname"),
        text("url"),
        number("autologin"),
        duration("autologout"),
        text("lang"),
        duration("refresh"),
        text("theme"),
        number("attempt_failed"),
        text("attempt_ip"),
        number("attempt_clock"),
        number("rows_per_page"),
        text("timezone"),
        nullable_id("roleid"),
        nullable_id("userdirectoryid"),
        number("ts_provisioned"),
        number("provisioned", "CASE WHEN u.userdirectoryid IS NULL THEN 0 ELSE 1 END"),
        public=("userid", "username", "name", "surname"),
        whole_if="u.userid = ?",
    ),
    "userdirectoryid",
    "ts_provisioned",
)
