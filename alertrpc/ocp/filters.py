"""The filters of OCP's lists of alarms and notifications: how each is read, and its condition.

Source: OCP's "Query the alert event list" and "Query alert notifications", as in query/ocp.py.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from alertrpc.intake.bodies import milliseconds
from alertrpc.query import ocp as sql
from alertrpc.values import INT64_MAX, one_of, whole

LARGEST_ID = INT64_MAX


def text(value: str) -> str:
    if "\0" in value:
        raise ValueError("a text without NUL is expected")
    return value


def time(value: str) -> int:
    try:
        return milliseconds(value)
    except ValueError as error:
        hint = "; the + of an offset is written %2B" if " " in value else ""
        raise ValueError(f"{error}{hint}") from error


class Filter(NamedTuple):
    """`read` parses the text and raises ValueError; `asks` is the condition of its value."""

    read: Callable[[str], Any]
    asks: sql.Asks


def _choice(conditions: Mapping[str, str]) -> Filter:
    return Filter(one_of(conditions), sql.chosen(conditions))


read_id = whole(1, LARGEST_ID)
_SHARED: Mapping[str, Filter] = {
    "appType": Filter(text, sql.labelled("app_type")),
    "alarmType": Filter(text, sql.compared(sql.TYPE)),
    "scope": Filter(text, sql.labelled("alarm_scope")),
    "level": Filter(whole(1, 5), sql.compared(sql.LEVEL)),
    "category": _choice(sql.CATEGORIES),
}
ALARM_FILTERS: Mapping[str, Filter] = {
    **_SHARED,
    "keyword": Filter(text, sql.has_word(sql.ALARM_WORDS)),
    "target": Filter(text, sql.compared(sql.TARGET)),
    "obClusterGroup": Filter(text, sql.labelled("ob_cluster_group")),
    "obCluster": Filter(text, sql.labelled("ob_cluster")),
    "obTenant": Filter(text, sql.labelled("ob_tenant")),
    "hostName": Filter(text, sql.labelled("host_name")),
    "hostIp": Filter(text, sql.labelled("host_ip", "svr_ip")),
    "appCluster": Filter(text, sql.labelled("app_cluster")),
    "serviceName": Filter(text, sql.labelled("service")),
    "status": _choice(sql.ALARM_STATUSES),
    "activeAtStart": Filter(time, sql.compared(sql.ACTIVE_AT, ">=")),
    "activeAtEnd": Filter(time, sql.compared(sql.ACTIVE_AT, "<=")),
    "isSubscribedByMe": Filter(one_of(sql.SUBSCRIBED), sql.subscribed),
}
NOTIFICATION_FILTERS: Mapping[str, Filter] = {
    **_SHARED,
    "keyword": Filter(text, sql.has_word(sql.NOTIFICATION_WORDS)),
    "recipientUid": Filter(read_id, sql.compared(sql.RECIPIENT)),
    "status": _choice(sql.NOTIFICATION_STATUSES),
    "sentAtStart": Filter(time, sql.compared(sql.SENT_AT, ">=")),
    "sentAtEnd": Filter(time, sql.compared(sql.SENT_AT, "<=")),
    "alarmId": Filter(read_id, sql.of_alarm),
}
