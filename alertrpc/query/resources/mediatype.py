"""mediatype.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/mediatype/get."""

from alertrpc.query.checks import Lax, Selecting
from alertrpc.query.columns.mediatype import MEDIATYPE
from alertrpc.query.columns.user import USER
from alertrpc.query.filters import own, own_texts
from alertrpc.query.linked import ids_asked_for, is_linked, with_conditions
from alertrpc.query.params import GetParams
from alertrpc.query.related import NotKept, Related, Shown
from alertrpc.query.resource import Resource, Sorts
from alertrpc.query.rights import is_in_some_group
from alertrpc.query.sql import Condition, Expression
from alertrpc.records import Caller


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    """A medium by which media types are asked for; only their own, unless the caller is a Super admin."""
    asked = ids_asked_for(params, {"mediaids": "m.mediaid", "userids": "m.userid"})
    if not asked:
        return []
    media = "SELECT m.mediatypeid FROM media m WHERE TRUE"
    return [is_linked("mt.mediatypeid", media, [*asked, *_is_own("m.userid", caller)])]


def _is_own(userid: str, caller: Caller) -> list[Condition]:
    return [] if caller.is_super_admin else [Condition(f"{userid} = ?", (caller.userid,))]


def _users(params: GetParams, caller: Caller) -> Expression:
    users = """FROM (SELECT DISTINCT m.userid FROM media m WHERE m.mediatypeid = mt.mediatypeid) m
        @ordered JOIN users u ON u.userid = m.userid
        WHERE TRUE"""
    return with_conditions(Expression(users), [*_is_own("u.userid", caller), *is_in_some_group(caller)])


RESOURCE = Resource(
    name="mediatype",
    table="media_type",
    alias="mt",
    key="mediatypeid",
    view=MEDIATYPE,
    checks=Lax(),
    ids={"mediatypeids": "mediatypeid", "mediaids": None, "userids": None},
    filters=own(MEDIATYPE.columns, besides=("description", "script", "content_type", "parameters")),
    searches=own_texts(MEDIATYPE),
    sorts=Sorts(("mediatypeid",)),
    related={
        "selectUsers": Related("users", "u", USER, _users, key="userid"),
        "selectMessageTemplates": NotKept("message_templates", shown=Shown.TO_SUPER_ADMINS),
        "selectActions": NotKept(
            "actions",
            choice=(
                "actionid", "esc_period", "eventsource", "name", "status", "pause_symptoms", "pause_suppressed",
                "notify_if_canceled",
            ),
            checked=Selecting.BEFORE_ALL,
        ),
    },
    conditions=_conditions,
    group_counts={},
)  # fmt: skip
