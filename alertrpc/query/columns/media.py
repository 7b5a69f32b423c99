"""The fields of media: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/user/object, Media."""

from alertrpc.query.view import Column, Kind, nullable_id, number, text, view

EMAIL = 0

# An address each line for mail, which Zabbix answers as an array; the text of another medium stands as it is. Of the
# JSON string only backslashes that are meant begin with two of them, so that "\\n" is a line's end where it stands.
_LINES = r"""'[' || replace(replace(@json_string(m.sendto), '\\', '\u005c'), '\n', '","') || ']'"""
_SENDTO = f"""CASE (SELECT mt.type FROM media_type mt WHERE mt.mediatypeid = m.mediatypeid)
    WHEN {EMAIL} THEN {_LINES} ELSE @json_string(m.sendto) END"""

MEDIA = view(
    number("mediaid"),
    number("mediatypeid"),
    Column("sendto", Kind.JSON, _SENDTO),
    number("active"),
    number("severity"),
    text("period"),
    nullable_id("userdirectory_mediaid"),
    number("provisioned", "CASE WHEN m.userdirectory_mediaid IS NULL THEN 0 ELSE 1 END"),
    hidden=("userdirectory_mediaid",),
)
