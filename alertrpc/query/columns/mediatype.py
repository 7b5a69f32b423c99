"""The fields of media types: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/mediatype/object."""

from alertrpc.query.view import json, number, text, view

# A webhook's parameters have names, as in Zabbix; those of a script have none, and the scripts of alertrpc take none.
_PARAMETERS = """(
    SELECT @json_array_of(@json_object('name', mp.name, 'value', mp.value))
    FROM (
        SELECT mp.name, mp.value
        FROM media_type_param mp
        WHERE mp.mediatypeid = mt.mediatypeid AND mt.type = 4
        ORDER BY mp.name) mp)"""

MEDIATYPE = view(
    number("mediatypeid"),
    number("type"),
    text("name"),
    text("smtp_server"),
    text("smtp_helo"),
    text("smtp_email"),
    text("exec_path"),
    text("gsm_modem"),
    text("username"),
    text("passwd"),
    number("status"),
    number("smtp_port"),
    number("smtp_security"),
    number("smtp_verify_peer"),
    number("smtp_verify_host"),
    number("smtp_authentication"),
    number("maxsessions"),
    number("maxattempts"),
    text("attempt_interval"),
    number("content_type", "mt.message_format"),
    number("message_format"),
    text("script"),
    text("timeout"),
    number("process_tags"),
    number("show_event_menu"),
    text("event_menu_url"),
    text("event_menu_name"),
    text("description"),
    number("provider"),
    json("parameters", _PARAMETERS),
    limited=("mediatypeid", "type", "name", "status", "description", "maxattempts"),
)
