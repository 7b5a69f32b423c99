"""The fields of media: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/user/object, Media."""

from alertrpc.query.view import Column, Kind, nullable_id, number, text, view

EMAIL = 0

# An address each line for mail, which Zabbix answers as an array; the text of another medium stands as it is. Of the
# JSON string only backslashes that are meant begin with two of them, so that "\\n" is a line's end where it stands.
_LINES = r"""'[' || replace(replace(json_quote({0}.sendto), '\\', '\u005c'), '\n', '","') || ']'"""
_SENDTO = f"""CASE (SELECT smt.type FROM media_type smt WHERE smt.mediatypeid = {{0}}.mediatypeid)
    WHEN {EMAIL} THEN {_LINES} ELSE json_quote({{0}}.sendto) END"""

MEDIA = view(
    number("mediaid"),
    number("mediatypeid"),
    Column("sendto", Kind.JSON, _SENDTO),
    number("active"),
    number("severity"),
    text("period"),
    nullable_id("userdirectory_mediaid"),
    number("provisioned", "({0}.userdirectory_mediaid IS NOT NULL)"),
    hidden=("userdirectory_mediaid",),
)
