"""user.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/user/get."""

from dataclasses import replace

from alertrpc.query.checks import LAX
from alertrpc.query.columns.media import MEDIA
from alertrpc.query.columns.mediatype import MEDIATYPE
from alertrpc.query.columns.role import ROLE
from alertrpc.query.columns.user import USER
from alertrpc.query.columns.usrgrp import USRGRP
from alertrpc.query.get_params import GetParams
from alertrpc.query.linked import ids_asked_for, is_linked, with_conditions
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.related import Check, Related, keyed
from alertrpc.query.resource import Distinct, Match, Resource, by_columns
from alertrpc.query.rights import MEMBERS_OF_OWN_GROUPS
from alertrpc.query.sql import Condition, Expression
from alertrpc.query.view import json, names_of, texts_of
from alertrpc.records import Caller

_OF_MEDIA = {"mediaids": "m.mediaid", "mediatypeids": "m.mediatypeid"}
_MEDIA_TYPES_OF_USER = """FROM media_type mt
    WHERE mt.mediatypeid IN (SELECT m.mediatypeid FROM media m WHERE m.userid = u.userid)"""
_ACCESS = ("gui_access", "debug_mode", "users_status")


def _strictest(column: str) -> str:
    """The highest value among the user's groups as a text; the number 0 without groups, as in Zabbix."""
    return f"""COALESCE((
        SELECT @json_string(CAST(MAX(usg.{column}) AS TEXT))
        FROM users_groups ug
        @ordered JOIN usrgrp usg ON usg.usrgrpid = ug.usrgrpid
        WHERE ug.userid = u.userid
        HAVING COUNT(*) > 0), '0')"""


_ROW = replace(
    USER,
    columns={**USER.columns, **{name: json(name, _strictest(name)) for name in _ACCESS}},
    choice=tuple(USER.columns),
    public=(*USER.public, "usrgrps"),
)


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    """Callers who are not Super admins see users of their groups, by media only themselves, and edit only themselves."""
    asked = [*_in_groups(params, caller), *_with_media(params)]
    if caller.is_super_admin:
        return asked
    is_self = Condition("u.userid = ?", (caller.userid,))
    if params.editable:
        return [is_self, *asked]
    by_media = not _OF_MEDIA.keys().isdisjoint(params.ids)
    shares = Condition(f"u.userid IN ({MEMBERS_OF_OWN_GROUPS})", (caller.userid,))
    return [shares, *asked, *([is_self] if by_media else [])]


def _in_groups(params: GetParams, caller: Caller) -> list[Condition]:
    asked = ids_asked_for(params, {"usrgrpids": "ug.usrgrpid"})
    if not asked:
        return []
    members = "SELECT ug.userid FROM users_groups ug WHERE TRUE"
    return [is_linked("u.userid", members, [*asked, *_is_own_group("ug.usrgrpid", caller)])]


def _with_media(params: GetParams) -> list[Condition]:
    """One medium has all the ids asked for."""
    asked = ids_asked_for(params, _OF_MEDIA)
    return [is_linked("u.userid", "SELECT m.userid FROM media m WHERE TRUE", asked)] if asked else []


def _is_own_group(usrgrpid: str, caller: Caller) -> list[Condition]:
    if caller.is_super_admin:
        return []
    return [Condition(f"{usrgrpid} IN (SELECT ug.usrgrpid FROM users_groups ug WHERE ug.userid = ?)", (caller.userid,))]


def _user_groups(params: GetParams, caller: Caller) -> Expression:
    """The groups of the user; only the shared ones, unless the caller is a Super admin."""
    groups = """FROM users_groups ug
        @ordered JOIN usrgrp usg ON usg.usrgrpid = ug.usrgrpid
        WHERE ug.userid = u.userid"""
    return with_conditions(Expression(groups), _is_own_group("ug.usrgrpid", caller))


def _is_joined(params: GetParams, caller: Caller) -> bool:
    if not caller.is_super_admin:
        return not params.editable
    return not {"usrgrpids", "mediaids", "mediatypeids"}.isdisjoint(params.ids)


RESOURCE = Resource(
    name="user",
    table="users",
    alias="u",
    key="userid",
    view=_ROW,
    checks=LAX,
    ids={"userids": "userid", "usrgrpids": None, "mediaids": None, "mediatypeids": None},
    parameters={"getAccess": Parameter(Given.ANYTHING, shows=lambda names, caller: (*names, *_ACCESS))},
    filters={**by_columns(*names_of(USER)), "passwd": Match.PASSWORD},
    searches={**by_columns(*texts_of(USER)), "passwd": Match.PASSWORD},
    sortable=("userid", "username"),
    related={
        "selectUsrgrps": Related("usrgrps", "usg", USRGRP, _user_groups, keyed("usrgrpid")),
        "selectMedias": Related("medias", "m", MEDIA, "FROM media m WHERE m.userid = u.userid"),
        "selectMediatypes": Related("mediatypes", "mt", MEDIATYPE, _MEDIA_TYPES_OF_USER, keyed("mediatypeid")),
        "selectRole": Related(
            "role", "ro", ROLE, "FROM role ro WHERE ro.roleid = u.roleid", single=True, check=Check.REFUSES_WITH_ROWS
        ),
    },
    conditions=_conditions,
    distinct=Distinct(_is_joined, ("username",)),
)
