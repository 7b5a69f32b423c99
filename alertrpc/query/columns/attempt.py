"""The fields of attempts, which are ours: each try to send an alert."""

from alertrpc.query.view import Column, Kind, number, text, view

ATTEMPT = view(
    number("alertid"),
    number("number"),
    number("started", "(att.started / 1000)"),
    number("milliseconds"),
    text("outcome"),
    text("reason"),
    Column("code", Kind.TEXT, "COALESCE(CAST(att.code AS TEXT), '')"),
    text("error"),
    text("answer"),
    text("stdout"),
    text("stderr"),
)
