"""Creates missing users, and brings users' media to their declarations."""

import re
import sqlite3
from collections.abc import Iterator, Sequence

from alertrpc.records import Receiver
from alertrpc.store import users
from alertrpc.store.applying.names import ids_of, quoted, spoken
from alertrpc.store.applying.objects import put_on_record
from alertrpc.store.sight import has_open_groups
from alertrpc.store.statements import SQL

_LETS_SEE = "a [[user_group]] that has the user among its members, and read, changes this"
_MediumKey = tuple[int, int, str]  # userid, mediatypeid, sendto
_HOST = re.compile(r"https?://[^/@?#]*/", re.IGNORECASE)


def new_users(receivers: Sequence[Receiver], connection: sqlite3.Connection) -> list[Receiver]:
    """The receivers that are not users yet."""
    there = ids_of("users", [receiver.username for receiver in receivers], connection)
    return [receiver for receiver in receivers if receiver.username not in there]


def make_users(new: Sequence[Receiver], connection: sqlite3.Connection) -> Iterator[str]:
    """Creates users without a password; yields the changes."""
    for receiver in new:
        userid = users.add_user(connection, receiver.username, "", "user")
        connection.execute(SQL["users.set_names"], (receiver.name, receiver.surname, userid))
        put_on_record("users", userid, connection)
        yield f"{spoken('users', receiver.username)}: made"


def tell_who_sees_nothing(new: Sequence[Receiver], connection: sqlite3.Connection) -> Iterator[str]:
    """A line for each new user who can see nothing, for want of a user group with rights."""
    for receiver in new:
        if not has_open_groups(users.user_id(connection, receiver.username), connection):
            yield f"{spoken('users', receiver.username)}: sees nothing; {_LETS_SEE}"


def bring_media(receivers: Sequence[Receiver], connection: sqlite3.Connection) -> Iterator[str]:
    """Creates, changes and deletes the media that apply created; yields the changes."""
    userids = ids_of("users", [receiver.username for receiver in receivers], connection)
    used = {medium.media_type for receiver in receivers for medium in receiver.media}
    mediatypeids = ids_of("media_type", used, connection)
    declared = {
        (userids[receiver.username], mediatypeids[medium.media_type], medium.sendto): (
            medium.severities,
            _medium(receiver.username, medium.sendto, medium.media_type),
        )
        for receiver in receivers
        for medium in receiver.media
    }
    made = _applied_media(connection)
    for key, (severities, told) in declared.items():
        if key not in made:
            put_on_record("media", connection.execute(SQL["media.add"], (*key, severities)).fetchone()[0], connection)
            yield f"{told} added"
        elif connection.execute(SQL["media.change"], (severities, made[key][0], severities)).rowcount:
            yield f"{told} changed"
    for key, (mediaid, told) in made.items():
        if key not in declared:
            connection.execute(SQL["media.drop"], (mediaid,))
            connection.execute(SQL["applied.drop"], ("media", mediaid))
            yield f"{told} removed"


def _medium(username: str, sendto: str, media_type: str) -> str:
    address = _HOST.match(sendto)  # the rest of a webhook is as secret as a password
    shown = f"{address[0]}..." if address else sendto if sendto.isprintable() else quoted(sendto)
    return f"{spoken('users', username)}: media {shown} through {quoted(media_type)}"


def _applied_media(connection: sqlite3.Connection) -> dict[_MediumKey, tuple[int, str]]:
    """The media that apply created: their ids and texts."""
    rows = connection.execute(SQL["media.applied"])
    return {
        (userid, mediatypeid, sendto): (mediaid, _medium(username, sendto, media_type))
        for userid, mediatypeid, sendto, mediaid, username, media_type in rows
    }
