"""alert.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/alert/get"""

from alertrpc.api.fields import Integer, Timestamp
from alertrpc.api.get import GetMethod
from alertrpc.query.alert import ALERT, OBJECTS, SOURCES, alert_conditions

IDS = ("alertids", "groupids", "hostids", "objectids", "actionids", "eventids", "mediatypeids", "userids")
OWN_FIELDS = {
    "eventsource": Integer(SOURCES, "0, 1, 2, 3, 4"),
    "eventobject": Integer(OBJECTS, "0, 1, 2, 3, 4, 5, 6"),
    "time_from": Timestamp(null=True),
    "time_till": Timestamp(null=True),
}

get = GetMethod(
    ALERT,
    ids=IDS,
    own_fields=OWN_FIELDS,
    defaults={"eventsource": 0, "eventobject": 0},
    conditions=alert_conditions,
)
