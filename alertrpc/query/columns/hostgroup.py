"""The fields of host groups: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/hostgroup/object."""

from alertrpc.query.view import number, text, view

HOSTGROUP = view(number("groupid"), text("name"), number("flags"), text("uuid"))
