"""The fields of attempts, of alerts, which Zabbix does not have."""

from alertrpc.query.view import nullable_id, number, text, view

ATTEMPT = view(
    number("alertid"),
    number("number"),
    number("started", "(att.started / 1000)"),
    number("milliseconds"),
    text("outcome"),
    text("reason"),
    text("code", "COALESCE(CAST(att.code AS TEXT), '')"),
    text("error"),
    text("answer"),
    text("stdout"),
    text("stderr"),
    nullable_id("digestid"),
)
