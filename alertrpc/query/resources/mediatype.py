"""mediatype.get: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/mediatype/get."""

from alertrpc.query.columns.mediatype import MEDIATYPE
from alertrpc.query.columns.user import USER
from alertrpc.query.linked import ids_asked_for, is_linked, with_conditions
from alertrpc.query.params import GetParams
from alertrpc.query.related import NotKept, Related
from alertrpc.query.resource import Resource
from alertrpc.query.rights import is_in_some_group
from alertrpc.query.sql import Condition, Expression
from alertrpc.query.view import filterable, searchable
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


def _finds_nothing(params: GetParams, caller: Caller) -> bool:
    """Others than Super admins edit no media types, and match just what they are shown of them."""
    if caller.is_super_admin:
        return False
    return params.editable or (params.has_strange_members and not params.search_by_any)


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
    lax=True,
    ids={"mediatypeids": "mediatypeid", "mediaids": None, "userids": None},
    sortable=("mediatypeid",),
    filterable=filterable(MEDIATYPE, besides=("description", "script", "content_type", "parameters")),
    searchable=searchable(MEDIATYPE),
    related={
        "selectUsers": Related("users", "u", USER, _users, key="userid"),
        "selectMessageTemplates": NotKept("message_templates", for_super_admins=True),
        "selectActions": NotKept(
            "actions",
            choice=(
                "actionid", "esc_period", "eventsource", "name", "status", "pause_symptoms", "pause_suppressed",
                "notify_if_canceled",
            ),
            strict=True,
        ),
    },
    conditions=_conditions,
    finds_nothing=_finds_nothing,
    group_counted={},
)  # fmt: skip
