"""The fields of attempts, of alerts, which Zabbix does not have."""

from alertrpc.query.view import nullable_id, number, text, view

# The alerts of a digest share its request, which is kept with the one that stands for them, and with the digest.
_REQUEST = """COALESCE(
    CASE WHEN att.request = '' THEN (SELECT dg.request FROM digests dg WHERE dg.digestid = att.digestid) END,
    att.request)"""
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
    text("request", _REQUEST),
    number("request_cut"),
    nullable_id("digestid"),
)
