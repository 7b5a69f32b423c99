"""The fields of roles: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/role/object."""

from alertrpc.query.view import number, text, view

ROLE = view(number("roleid"), text("name"), number("type"), number("readonly"))
