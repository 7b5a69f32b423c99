"""Parameters of both event.get and problem.get, in Zabbix's order."""

from collections.abc import Mapping

from alertrpc.query.columns.event import EVENT_TAG, NO_SUPPRESSION, RECOVERY, SUPPRESSION, TAGS_OF_EVENT
from alertrpc.query.linked import Linked
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.related import Related
from alertrpc.records import SEVERITIES

ACTIONS = range(1, 512)

IDS: Mapping[str, str | Linked | None] = {"eventids": "eventid", "groupids": None, "hostids": None, "objectids": None}
STATE = {
    "acknowledged": Parameter(Given.BOOLEAN, "e.acknowledged = 1", otherwise="e.acknowledged = 0", null=True),
    "action": Parameter(Given.NUMBER, allowed=ACTIONS, spelled="1-511", null=True),
    "action_userids": Parameter(Given.IDS),
    "suppressed": Parameter(Given.BOOLEAN, "FALSE", null=True),
    "symptom": Parameter(Given.BOOLEAN, "FALSE", null=True),
}
SEVERITY = Parameter(Given.NUMBERS, allowed=SEVERITIES)
TAGGED = {"evaltype": Parameter(Given.NUMBER, allowed=(0, 2), default=0), "tags": Parameter(Given.TAGS)}
SELECTS = {
    "selectSuppressionData": Related("suppression_data", "sd", SUPPRESSION, NO_SUPPRESSION),
    "selectTags": Related("tags", "et", EVENT_TAG, TAGS_OF_EVENT),
}
RECOVERY_JOIN = {RECOVERY: "LEFT JOIN event_recovery er ON er.eventid = e.eventid"}
