"""The fields of media: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/user/object, Media."""

from alertrpc.query.view import hiding, json, nullable_id, number, text, view

EMAIL = 0

# An array of lines for mail, one address each; a string for other media. In the JSON string a backslash is written as two,
# which are replaced first: each "\\n" that is left is the end of a line.
_LINES = r"""'[' || replace(replace(@json_string(m.sendto), '\\', '\u005c'), '\n', '","') || ']'"""
_SENDTO = f"""CASE (SELECT mt.type FROM media_type mt WHERE mt.mediatypeid = m.mediatypeid)
    WHEN {EMAIL} THEN {_LINES} ELSE @json_string(m.sendto) END"""

MEDIA = hiding(
    view(
        number("mediaid"),
        number("mediatypeid"),
        json("sendto", _SENDTO),
        number("active"),
        number("severity"),
        text("period"),
        nullable_id("userdirectory_mediaid"),
        number("provisioned", "CASE WHEN m.userdirectory_mediaid IS NULL THEN 0 ELSE 1 END"),
    ),
    "userdirectory_mediaid",
)
