"""Who sees what by the get methods: every user of the data set beside a plain model of the rights, read and editable."""

from collections.abc import Iterator
from contextlib import closing
from functools import cache
from typing import Any

import pytest

from tests.recorded import groups_of, members_of_own_groups, readable_groups, readable_hosts, row, rows
from tests.support import Client, Server

USERS = [user["username"] for user in rows("users")]
NOT_LET_IN = {"guest", "disabled"}  # by a disabled user group
SUPER_ADMIN, READ_WRITE = "3", 3
IS_TRIGGER = frozenset({"0"})
OF_ITEMS = frozenset({"4", "5"})  # items and discovery rules are kept as one kind of object
KINDS = sorted({(event["source"], event["object"]) for event in rows("events")})
# Of others than themselves users see these alone, of themselves all but what is for Super admins.
PUBLIC = {"userid", "username", "name", "surname"}
FOR_SUPER_ADMINS = {"userdirectoryid", "ts_provisioned"}
ACCESS = {"gui_access", "debug_mode", "users_status"}
MEDIA_TYPE = {"mediatypeid", "type", "name", "status", "description", "maxattempts"}


@pytest.fixture(scope="module")
def client(shared_server: Server) -> Iterator[Client]:
    """One client for all, as logins take long."""
    with closing(Client(shared_server.port)) as client:
        yield client


each_user = pytest.mark.parametrize("user", [name for name in USERS if name not in NOT_LET_IN])
each_way = pytest.mark.parametrize("editable", [False, True], ids=["read", "editable"])


# --- the model


@cache
def is_super_admin(user: str) -> bool:
    return bool(row("role", roleid=row("users", username=user)["roleid"])["type"] == SUPER_ADMIN)


@cache
def own_groups(user: str) -> set[str]:
    return {link["usrgrpid"] for link in rows("users_groups", userid=row("users", username=user)["userid"])}


def can_write(user: str, groupids: set[str]) -> bool:
    """Some right on one of the groups is to write."""
    return is_super_admin(user) or any(
        int(right["permission"]) >= READ_WRITE
        for right in rows("rights")
        if right["groupid"] in own_groups(user) and right["id"] in groupids
    )


def host_groups(user: str, *, editable: bool) -> set[str]:
    groups = {group["groupid"] for group in readable_groups(user)}
    return {groupid for groupid in groups if not editable or can_write(user, {groupid})}


@cache
def hosts(user: str, *, editable: bool) -> set[str]:
    found = {host["hostid"] for host in readable_hosts(user)}
    return {hostid for hostid in found if not editable or can_write(user, groups_of(hostid))}


@cache
def is_open(user: str, kinds: frozenset[str], objectid: str, *, editable: bool) -> bool:
    """All hosts of the object are open, and one of them to be written where it shall be editable."""
    of_object = {link["hostid"] for kind in kinds for link in rows("object_hosts", object=kind, objectid=objectid)}
    return is_super_admin(user) or (
        bool(of_object)
        and of_object <= hosts(user, editable=False)
        and (not editable or not of_object.isdisjoint(hosts(user, editable=True)))
    )


def is_open_event(user: str, event: dict[str, Any], *, editable: bool) -> bool:
    """Events that are not of hosts are open to all who have a user group."""
    for kinds in (IS_TRIGGER, OF_ITEMS):
        if event["object"] in kinds:
            return is_open(user, kinds, event["objectid"], editable=editable)
    return is_super_admin(user) or bool(own_groups(user))


@cache
def events(user: str, kind: tuple[str, str], *, editable: bool) -> set[str]:
    return {
        event["eventid"]
        for event in rows("events", source=kind[0], object=kind[1])
        if is_open_event(user, event, editable=editable)
    }


def triggers(user: str, *, editable: bool) -> set[str]:
    found = rows("triggers")
    return {one["triggerid"] for one in found if is_open(user, IS_TRIGGER, one["triggerid"], editable=editable)}


@cache
def users(user: str, *, editable: bool) -> set[str]:
    if editable and not is_super_admin(user):
        return {row("users", username=user)["userid"]}
    return {one["userid"] for one in members_of_own_groups(user)}


def alerts(user: str, kind: tuple[str, str], *, editable: bool) -> set[str]:
    """Alerts to nobody and to those with whom a user group is shared; a Super admin finds some by their actions."""
    source, _ = kind
    if is_super_admin(user) and source in ("0", "2"):
        actionids = {action["actionid"] for action in rows("actions", eventsource=source)}
        return {alert["alertid"] for alert in rows("alerts") if alert["actionid"] in actionids}
    seen, open_events = users(user, editable=False), events(user, kind, editable=editable)
    if not is_super_admin(user) and kind[1] in ("1", "2", "3", "6"):  # not events of hosts
        open_events = {event["eventid"] for event in rows("events", source=source, object=kind[1])}
    return {
        alert["alertid"]
        for alert in rows("alerts")
        if alert["eventid"] in open_events and (alert.get("userid") in (None, "0") or alert["userid"] in seen)
    }


# --- what is answered


def visible(client: Client, method: str, user: str, **params: Any) -> set[str]:
    found = client.call(f"{method}.get", {"output": [f"{method}id"], **params}, user)
    assert isinstance(found, list), found
    count = client.call(f"{method}.get", {"countOutput": True, **params}, user)
    if (method, found) != ("mediatype", []):
        assert count == str(len(found))
    return {row[f"{method}id"] for row in found}


@pytest.mark.parametrize("user", sorted(NOT_LET_IN))
def test_who_is_not_let_in(client: Client, user: str) -> None:
    """Those users of the data set have no place below."""
    answer = client.request("user.login", {"username": user, "password": row("users", username=user)["password"]})
    assert "error" in answer


def test_the_model_tells_users_apart() -> None:
    seen = {(len(hosts(user, editable=False)), len(triggers(user, editable=True))) for user in USERS}
    assert len(seen) >= 4


@each_user
@each_way
def test_hosts_and_their_groups(client: Client, user: str, editable: bool) -> None:
    assert visible(client, "host", user, editable=editable) == hosts(user, editable=editable)
    found = client.call("hostgroup.get", {"output": ["groupid"], "editable": editable}, user)
    assert {group["groupid"] for group in found} == host_groups(user, editable=editable)


@each_user
@each_way
def test_triggers(client: Client, user: str, editable: bool) -> None:
    assert visible(client, "trigger", user, editable=editable) == triggers(user, editable=editable)


@each_user
@each_way
@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_events(client: Client, user: str, kind: tuple[str, str], editable: bool) -> None:
    source, obj = kind
    params = {"source": source, "object": obj, "editable": editable}
    assert visible(client, "event", user, **params) == events(user, kind, editable=editable)


@each_user
@each_way
@pytest.mark.parametrize("kind", [("0", "0"), ("3", "0"), ("3", "4"), ("3", "5"), ("4", "6")], ids="-".join)
def test_problems(client: Client, user: str, kind: tuple[str, str], editable: bool) -> None:
    source, obj = kind
    recovered = {recovery["eventid"] for recovery in rows("event_recovery")}
    problems = {event["eventid"] for event in rows("events", value="1")} - recovered
    found = client.call(
        "problem.get", {"output": ["eventid"], "source": source, "object": obj, "editable": editable}, user
    )
    assert {problem["eventid"] for problem in found} == events(user, kind, editable=editable) & problems


@each_user
@each_way
@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_alerts(client: Client, user: str, kind: tuple[str, str], editable: bool) -> None:
    source, obj = kind
    params = {"eventsource": source, "eventobject": obj, "editable": editable}
    assert visible(client, "alert", user, **params) == alerts(user, kind, editable=editable)


@each_user
@each_way
def test_users(client: Client, user: str, editable: bool) -> None:
    assert visible(client, "user", user, editable=editable) == users(user, editable=editable)


@each_user
@each_way
def test_media_types_actions_and_proxies(client: Client, user: str, editable: bool) -> None:
    is_super = is_super_admin(user)
    media_types = {one["mediatypeid"] for one in rows("media_type")} if is_super or not editable else set()
    assert visible(client, "mediatype", user, editable=editable) == media_types
    actions = {one["actionid"] for one in rows("actions")} if is_super or own_groups(user) else set()
    assert visible(client, "action", user, editable=editable) == actions
    assert visible(client, "proxy", user, editable=editable) == set()


# --- what is hidden


@each_user
@pytest.mark.parametrize("by_name", [False, True], ids=["extend", "by name"])
def test_fields_of_users(client: Client, user: str, by_name: bool) -> None:
    """Of others only their names, and nothing of the password of anybody."""
    [whole] = client.call("user.get", {"userids": "1"}, "Admin")
    output = [*whole, "passwd", "alias"] if by_name else "extend"
    selects = dict.fromkeys(("selectMedias", "selectMediatypes", "selectRole", "selectUsrgrps"), "extend")
    found = client.call("user.get", {"output": output, "getAccess": True, **selects}, user)
    own_only = {"medias", "mediatypes", "role"}
    for one in found:
        if is_super_admin(user):
            assert one.keys() == whole.keys() | ACCESS | own_only | {"usrgrps"}
        elif one["username"] == user:
            assert one.keys() == (whole.keys() - FOR_SUPER_ADMINS) | ACCESS | own_only | {"usrgrps"}
        else:
            assert one.keys() == PUBLIC | {"usrgrps"}
        shared = {link["usrgrpid"] for link in rows("users_groups", userid=one["userid"])}
        expected = shared if is_super_admin(user) else shared & own_groups(user)
        assert {group["usrgrpid"] for group in one["usrgrps"]} == expected
    assert "passwd" not in whole


@each_user
def test_what_is_hidden_finds_nothing(client: Client, user: str) -> None:
    """Others are not found by what is not shown of them."""
    everyone = users(user, editable=False)
    own = {one["userid"] for one in rows("users", username=user)}
    for params in (
        {"filter": {"lang": "default"}},
        {"filter": {"userdirectoryid": 0}},
        {"search": {"theme": "default"}},
        {"search": {"timezone": "zzz"}, "excludeSearch": True},
    ):
        expected = everyone if is_super_admin(user) else everyone & own
        assert visible(client, "user", user, **params) == expected, params
    assert visible(client, "user", user, filter={"name": "Dieter"}) == everyone & {"30012"}


@each_user
def test_fields_of_media_types(client: Client, user: str) -> None:
    [whole] = client.call("mediatype.get", {"mediatypeids": "30031"}, "Admin")
    expected = set(whole) if is_super_admin(user) else MEDIA_TYPE
    assert whole.keys() > MEDIA_TYPE
    for output in ("extend", [*whole]):
        found = client.call("mediatype.get", {"output": output}, user)
        assert [one.keys() for one in found] == [expected] * len(rows("media_type"))
    brought = client.call("alert.get", {"output": ["alertid"], "selectMediatypes": "extend", "limit": 50}, user)
    assert all(one.keys() <= expected for alert in brought for one in alert["mediatypes"])


@each_user
def test_users_of_media_types(client: Client, user: str) -> None:
    """Others are shown themselves alone."""
    own = {one["userid"] for one in rows("users", username=user)}
    for found in client.call("mediatype.get", {"output": [], "selectUsers": []}, user):
        userids = {media["userid"] for media in rows("media", mediatypeid=found["mediatypeid"])}
        assert {one["userid"] for one in found["users"]} == (userids if is_super_admin(user) else userids & own)


@each_user
def test_media_of_users(client: Client, user: str) -> None:
    """By media others find themselves alone."""
    media = rows("media")
    found = visible(client, "user", user, mediaids=[one["mediaid"] for one in media])
    own = {one["userid"] for one in rows("users", username=user)}
    everyone = {one["userid"] for one in media}
    assert found == (everyone if is_super_admin(user) else everyone & own)
