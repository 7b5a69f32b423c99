"""Alarms and notifications in OCP's form: of a push, and of rows on record."""

from collections.abc import Mapping
from typing import Any

from alertrpc.ledger.alarm import Alarm
from alertrpc.ledger.variables import iso_time
from alertrpc.records import AlertStatus

_NOTIFICATION_STATUS = {
    AlertStatus.NEW: "Pending",
    AlertStatus.NOT_SENT: "Sending",
    AlertStatus.SENT: "Success",
    AlertStatus.FAILED: "Failed",
}
_TOLD = ("level", "name", "summary", "description", "labels")


def told_alarm(alarm: Alarm, row: Mapping[str, Any] | None) -> dict[str, Any]:
    """An alarm of a push for a sender who may not read the host: its texts are those of this push."""
    return recorded_alarm(alarm, row and {**row, **{name: getattr(alarm, name) for name in _TOLD}})


def recorded_alarm(alarm: Alarm, row: Mapping[str, Any] | None) -> dict[str, Any]:
    """An alarm of a push as it is on record; a recovery of one that was never active has no id."""
    if row is not None:
        return ocp_alarm(row)
    return {
        "id": None,
        "alarmType": alarm.alarm_type,
        "target": alarm.target,
        "name": alarm.name,
        "level": alarm.level,
        "status": "Inactive",
        "labels": dict(alarm.labels),
    }


def ocp_alarm(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of an alarm; resolvedAt, and how it ended if that is on record, only if it recovered."""
    labels = row["labels"]
    ended = (
        {}
        if row["resolved_at"] is None
        else {"resolvedAt": iso_time(row["resolved_at"]), "ended": row["ended"] or None}
    )
    return {
        "id": row["id"],
        "alarmType": row["alarm_type"],
        "appType": labels.get("app_type"),
        "scope": labels.get("alarm_scope"),
        "target": row["target"],
        "name": row["name"],
        "level": row["level"],
        "status": "Active" if row["resolved_at"] is None else "Inactive",
        "summary": row["summary"],
        "description": row["description"],
        "activeAt": iso_time(row["active_at"]),
        "updatedAt": iso_time(row["updated_at"]),
        "labels": labels,
        **ended,
    }


def ocp_notification(row: Mapping[str, Any]) -> dict[str, Any]:
    labels, attempt = row["labels"] or {}, row["attempt"]
    sent_at = iso_time(attempt["ended_at"]) if attempt is not None and row["status"] == AlertStatus.SENT else None
    return {
        "id": row["id"],
        "recipientUid": row["userid"],
        "recipientAddr": row["sendto"],
        "channelId": row["mediatypeid"],
        "channelName": row["mediatype"],
        "appType": labels.get("app_type"),
        "scope": labels.get("alarm_scope"),
        "alarmType": row["alarm_type"],
        "level": row["level"],
        "subject": row["subject"],
        "message": row["message"],
        "status": _NOTIFICATION_STATUS.get(row["status"], "Failed"),
        "channelResponse": _channel_response(attempt, row["error"]),
        "attempts": 0 if attempt is None else attempt["number"],
        "generatedAt": iso_time(row["clock"] * 1000),
        "sentAt": sent_at,
        "labels": labels,
        "alarmIds": row["together"] or ([row["alarm_id"]] if row["alarm_id"] else []),
        "isAggregated": bool(row["is_aggregated"]),
    }


def _channel_response(attempt: Mapping[str, Any] | None, error: str) -> str:
    """The channel's last answer in OCP's form: for scripts both outputs."""
    if attempt is None:
        return error
    if attempt["stdout"] or attempt["stderr"]:
        return f"stdout={attempt['stdout']},stderr={attempt['stderr']}"
    return attempt["answer"] or error
