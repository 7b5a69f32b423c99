"""What the commands say about users: who they are, what they see and why, and which command lets them see more."""

import shlex
import time
from collections.abc import Iterable, Iterator

from alertrpc.store.applying.names import quoted
from alertrpc.store.permissions import DENY, READ
from alertrpc.store.sight import Group, Right, Sight, Token
from alertrpc.words import counted

NAMED = 20  # names that a line shows
_PERMISSIONS = {DENY: "denied", READ: "read"}


def local_time(seconds: int, zero: str) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else zero


def described(sight: Sight, readers: str | None, push_group: str) -> Iterator[str]:
    """The lines of a user; `readers` is a user group that reads something, `push_group` the host group of pushed alarms."""
    yield f"user: {quoted(sight.username)}, userid {sight.userid}"
    user_type = "none, which lets nobody in" if sight.caller is None else sight.caller.type.spelled
    yield f"role: {quoted(sight.role)}, of type {user_type}"
    yield f"disabled: {'yes' if sight.is_disabled else 'no'}"
    yield f"user groups: {_listed(map(_group, sight.groups))}"
    yield from _lines("rights", map(_right, sight.rights))
    yield from _lines("tokens", map(_token, sight.tokens))
    yield f"sees: {_seen(sight)}"
    if sight.may_push:
        yield "pushes: alarms"
    yield from hints(sight, readers, push_group)


def hints(sight: Sight, readers: str | None, push_group: str) -> Iterator[str]:
    """What a user cannot see for lack of groups and rights, with the command that changes it."""
    name = quoted(sight.username)
    if sight.sees_nothing:
        command = _command(sight, readers, push_group)
        yield f"{name} can see nothing, as no user group of the user may read a host group; this changes it: {command}"
    elif sight.may_call and not sight.sees_everything and not sight.colleagues:
        group = _shell(sight.groups[0].name)
        yield (
            f"{name} can see no alerts but the user's own, as nobody else is in a user group of the user;"
            f" this changes it: alertrpc group join {group} USER"
        )


def _shell(text: str) -> str:
    """The text as a word of a command, in one line."""
    return shlex.quote(text) if text.isprintable() else "..."


def _command(sight: Sight, readers: str | None, push_group: str) -> str:
    """The command that lets a user who sees nothing see something."""
    denied = [right.user_group for right in sight.rights if right.permission == DENY and right.host_group == push_group]
    own = next((group.name for group in sight.groups if not group.is_disabled), None)
    user, group = _shell(sight.username), _shell(push_group)
    if denied or own is not None:
        return f"alertrpc group allow {_shell(denied[0] if denied else str(own))} {group}"
    if readers is not None:
        return f"alertrpc group join {_shell(readers)} {user}"
    return f"alertrpc group add Readers --member {user} --read {group}"


def _seen(sight: Sight) -> str:
    if not sight.may_call:
        return "nothing, as the role has no access to the API"
    if sight.sees_everything:
        return "everything, as a Super admin"
    if sight.sees_nothing:
        return "nothing"
    whom = f"the user, or to {_listed(map(quoted, sight.colleagues))}" if sight.colleagues else "the user"
    hosts, open_groups = counted(sight.hosts, "host"), counted(sight.host_groups, "open host group")
    return f"{hosts} in {open_groups}, and the alerts there that went to {whom}"


def _group(group: Group) -> str:
    return quoted(group.name) + (" (disabled)" if group.is_disabled else "")


def _right(right: Right) -> str:
    permission = _PERMISSIONS.get(right.permission, "write")
    return f"{quoted(right.host_group)}: {permission}, by user group {quoted(right.user_group)}"


def _token(token: Token) -> str:
    ends = local_time(token.expires_at, "never")
    state = ", disabled" if token.is_disabled else ""
    return f"{quoted(token.name)}: expires {ends}, last used {local_time(token.lastaccess, 'never')}{state}"


def _lines(heading: str, lines: Iterable[str]) -> Iterator[str]:
    found = [f"  {line}" for line in lines]
    yield f"{heading}:" if found else f"{heading}: none"
    yield from found


def _listed(names: Iterable[str]) -> str:
    """The first NAMED names, then the number of the others."""
    found = list(names)
    more = [f"{len(found) - NAMED} more"] if len(found) > NAMED else []
    return ", ".join([*found[:NAMED], *more]) or "none"
