"""The fields of alerts: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/alert/object."""

from alertrpc.query.view import nullable_id, number, text, view

ALERT = view(
    number("alertid"),
    number("actionid"),
    number("eventid"),
    nullable_id("userid"),
    number("clock"),
    nullable_id("mediatypeid"),
    text("sendto"),
    text("subject"),
    text("message"),
    number("status"),
    number("retries"),
    text("error"),
    number("esc_step"),
    number("alerttype"),
    nullable_id("p_eventid"),
    nullable_id("acknowledgeid"),
)
