"""The fields of suppression: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/event/get. None is kept."""

from alertrpc.query.view import number, view

SUPPRESSION = view(number("maintenanceid", "0"), number("suppress_until", "0"), number("userid", "0"))
NO_SUPPRESSION = "WHERE FALSE"
