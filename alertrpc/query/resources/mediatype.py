"""mediatype.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/mediatype/get."""

from alertrpc.query.checks import LAX_AND_GROUPED
from alertrpc.query.columns.mediatype import MEDIATYPE
from alertrpc.query.columns.user import USER
from alertrpc.query.get_params import GetParams
from alertrpc.query.linked import ids_asked_for, is_linked, with_conditions
from alertrpc.query.related import Check, NotKept, Related, keyed
from alertrpc.query.resource import Resource, by_columns
from alertrpc.query.rights import is_in_some_group
from alertrpc.query.sql import Condition, Expression
from alertrpc.query.view import names_of, texts_of
from alertrpc.records import Caller


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    """Media types of the media asked for; only of the caller's own ones, unless the caller is a Super admin."""
    asked = ids_asked_for(params, {"mediaids": "m.mediaid", "userids": "m.userid"})
    if not asked:
        return []
    media = "SELECT m.mediatypeid FROM media m WHERE TRUE"
    return [is_linked("mt.mediatypeid", media, [*asked, *_is_caller("m.userid", caller)])]


def _is_caller(userid: str, caller: Caller) -> list[Condition]:
    return [] if caller.is_super_admin else [Condition(f"{userid} = ?", (caller.userid,))]


def _users(params: GetParams, caller: Caller) -> Expression:
    users = """FROM (SELECT DISTINCT m.userid FROM media m WHERE m.mediatypeid = mt.mediatypeid) m
        @ordered JOIN users u ON u.userid = m.userid
        WHERE TRUE"""
    return with_conditions(Expression(users), [*_is_caller("u.userid", caller), *is_in_some_group(caller)])


RESOURCE = Resource(
    name="mediatype",
    table="media_type",
    alias="mt",
    key="mediatypeid",
    view=MEDIATYPE,
    checks=LAX_AND_GROUPED,
    ids={"mediatypeids": "mediatypeid", "mediaids": None, "userids": None},
    filters=by_columns(*names_of(MEDIATYPE, besides=("description", "script", "content_type", "parameters"))),
    searches=by_columns(*texts_of(MEDIATYPE)),
    sortable=("mediatypeid",),
    related={
        "selectUsers": Related("users", "u", USER, _users, keyed("userid")),
        "selectMessageTemplates": NotKept("message_templates", check=Check.OF_SUPER_ADMINS),
        "selectActions": NotKept(
            "actions",
            choice=(
                "actionid", "esc_period", "eventsource", "name", "status", "pause_symptoms", "pause_suppressed",
                "notify_if_canceled",
            ),
            check=Check.REFUSES,
        ),
    },
    conditions=_conditions,
)  # fmt: skip
