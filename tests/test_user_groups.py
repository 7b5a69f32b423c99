"""User groups of a configuration file: memberships and rights come and go, and what was made by hand stays."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alertrpc.records import Action, Configuration, Receiver, Step, UserGroup
from alertrpc.store import users
from alertrpc.store.applying.applying import apply_configuration
from alertrpc.store.connection import connect, transaction
from alertrpc.store.database import create
from alertrpc.store.loading import load
from alertrpc.store.schema import APPLICATION_ID, migrate, schema_sql

ON_CALL = UserGroup(name="On call", members=("ann", "bob"), read=("Pushed alarms",), write=("Web",), deny=("Secret",))
GROUP = Configuration(user_groups=(ON_CALL,))
MADE = [
    'user group "On call": made',
    'host group "Pushed alarms": made',
    'host group "Secret": made',
    'user "ann": joins user group "On call"',
    'user "bob": joins user group "On call"',
    'user group "On call": reads host group "Pushed alarms"',
    'user group "On call": writes host group "Web"',
    'user group "On call": is denied host group "Secret"',
]
TAKEN_BACK = [
    'user "ann": leaves user group "On call"',
    'user "bob": leaves user group "On call"',
    'user group "On call": reads no more host group "Pushed alarms"',
    'user group "On call": writes no more host group "Web"',
    'user group "On call": is denied no more host group "Secret"',
    'user group "On call": removed, as the file does not declare it and nothing is in it',
    'host group "Pushed alarms": removed, as the file does not declare it and nothing is in it',
    'host group "Secret": removed, as the file does not declare it and nothing is in it',
]
TABLES = ("usrgrp", "users_groups", "hstgrp", "rights", "applied")
# A change of the group, and the lines that tell it.
CHANGES: list[tuple[UserGroup, list[str]]] = [
    (replace(ON_CALL, members=("bob",)), ['user "ann": leaves user group "On call"']),
    (replace(ON_CALL, members=("bob", "cid", "ann")), ['user "cid": joins user group "On call"']),
    (
        replace(ON_CALL, read=(), write=("Web", "Pushed alarms")),
        [
            'user group "On call": writes host group "Pushed alarms"',
            'user group "On call": reads no more host group "Pushed alarms"',
        ],
    ),
    (
        replace(ON_CALL, deny=()),
        [
            'user group "On call": is denied no more host group "Secret"',
            'host group "Secret": removed, as the file does not declare it and nothing is in it',
        ],
    ),
    (
        replace(ON_CALL, name="Day"),
        [
            'user group "Day": made',
            'user "ann": joins user group "Day"',
            'user "bob": joins user group "Day"',
            *TAKEN_BACK[:2],
            'user group "Day": reads host group "Pushed alarms"',
            'user group "Day": writes host group "Web"',
            'user group "Day": is denied host group "Secret"',
            *TAKEN_BACK[2:6],
        ],
    ),
]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database with users, a host group with a host, and groups of templates of the names that are declared."""
    create(tmp_path / "a.db")
    with closing(connect(tmp_path / "a.db")) as connection:
        with transaction(connection):
            for username in ("ann", "bob", "cid"):
                users.add_user(connection, username, "", "user")
            connection.execute("INSERT INTO hstgrp (groupid, name, type) VALUES (4, 'Pushed alarms', 1), (5, 'Web', 0)")
            connection.execute("INSERT INTO hstgrp (groupid, name, type) VALUES (3, 'Web', 1)")
            connection.execute("INSERT INTO hosts_groups (hostid, groupid) VALUES (1, 5)")
        yield connection


def apply(connection: sqlite3.Connection, configuration: Configuration = GROUP) -> list[str]:
    with transaction(connection):
        return apply_configuration(configuration, connection)


def content(connection: sqlite3.Connection) -> dict[str, list[Any]]:
    return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}


def members(connection: sqlite3.Connection, group: str = "On call") -> list[str]:
    found = connection.execute(
        "SELECT username FROM users JOIN users_groups USING (userid) JOIN usrgrp g USING (usrgrpid) WHERE g.name = ?"
        " ORDER BY 1",
        (group,),
    )
    return [username for (username,) in found]


def rights(connection: sqlite3.Connection) -> list[tuple[str, str, int, int]]:
    found = connection.execute(
        "SELECT g.name, h.name, h.type, permission FROM rights r JOIN usrgrp g ON g.usrgrpid = r.groupid"
        " JOIN hstgrp h ON h.groupid = r.id ORDER BY rightid"
    )
    return found.fetchall()


def test_a_group_is_made_and_told(connection: sqlite3.Connection) -> None:
    assert apply(connection) == MADE
    assert members(connection) == ["ann", "bob"]
    assert rights(connection) == [
        ("On call", "Pushed alarms", 0, 2),
        ("On call", "Web", 0, 3),
        ("On call", "Secret", 0, 0),
    ]


def test_applied_again_nothing_changes(connection: sqlite3.Connection) -> None:
    apply(connection)
    before = content(connection)
    assert apply(connection) == []
    assert content(connection) == before


def test_all_that_was_made_is_taken_back(connection: sqlite3.Connection) -> None:
    before = content(connection)
    apply(connection)
    assert apply(connection, Configuration()) == TAKEN_BACK
    assert content(connection) == before
    assert apply(connection) == MADE


@pytest.mark.parametrize(("changed", "lines"), CHANGES)
def test_a_change_is_told_and_taken_back(connection: sqlite3.Connection, changed: UserGroup, lines: list[str]) -> None:
    apply(connection)
    before = members(connection), sorted(rights(connection))
    assert apply(connection, Configuration(user_groups=(changed,))) == lines
    assert apply(connection, Configuration(user_groups=(changed,))) == []
    apply(connection)
    assert (members(connection), sorted(rights(connection))) == before


def test_users_and_groups_name_the_same_membership(connection: sqlite3.Connection) -> None:
    ann = Receiver(username="ann", user_groups=("On call",))
    both = Configuration(receivers=(ann,), user_groups=(UserGroup(name="On call", members=("ann",)),))
    assert apply(connection, both) == ['user group "On call": made', 'user "ann": joins user group "On call"']
    assert apply(connection, Configuration(receivers=(ann,))) == []
    assert apply(connection, Configuration(user_groups=both.user_groups)) == []


def test_a_new_user_who_reads_a_host_group_is_not_told_to_see_nothing(connection: sqlite3.Connection) -> None:
    new = Receiver(username="new")
    group = UserGroup(name="On call", members=("new",), read=("Web",))
    told = apply(connection, Configuration(receivers=(new, Receiver(username="blind")), user_groups=(group,)))
    assert [line.partition(":")[0] for line in told if "sees nothing" in line] == ['user "blind"']


# --- by hand


def by_command(connection: sqlite3.Connection) -> None:
    users.join_group(connection, users.user_id(connection, "ann"), users.group_id(connection, "On call"))


def by_loading(connection: sqlite3.Connection) -> None:
    """As other tools write; where the file made the membership already, a data file could not have it."""
    connection.execute(
        "INSERT INTO users_groups (usrgrpid, userid) SELECT usrgrpid, userid FROM usrgrp JOIN users"
        " WHERE usrgrp.name = 'On call' AND username = 'ann'"
    )


@pytest.mark.parametrize("join", [by_command, by_loading])
def test_a_membership_made_by_hand_before_stays(
    connection: sqlite3.Connection, join: Callable[[sqlite3.Connection], None]
) -> None:
    connection.execute("INSERT INTO usrgrp (name) VALUES ('On call')")
    join(connection)
    before = content(connection)
    assert 'user "ann": joins user group "On call"' not in apply(connection)
    apply(connection, Configuration())
    assert content(connection) == before


def test_a_membership_made_by_hand_later_stays(connection: sqlite3.Connection) -> None:
    apply(connection)
    by_command(connection)
    assert apply(connection) == []
    apply(connection, Configuration())
    assert members(connection) == ["ann"]
    assert apply(connection, Configuration()) == []


def test_who_is_disabled_by_hand_stays_so(connection: sqlite3.Connection) -> None:
    disabled = Configuration(user_groups=(UserGroup(name="Disabled", members=("ann", "bob")),))
    apply(connection, disabled)
    users.disable_user(connection, "ann")
    apply(connection, Configuration())
    assert members(connection, "Disabled") == ["ann"]


def test_a_membership_that_was_ended_by_hand_is_made_again(connection: sqlite3.Connection) -> None:
    apply(connection)
    connection.execute("DELETE FROM users_groups WHERE userid = ?", (users.user_id(connection, "ann"),))
    assert apply(connection) == ['user "ann": joins user group "On call"']


def test_an_id_that_is_given_again_is_not_the_files(connection: sqlite3.Connection) -> None:
    """SQLite gives the largest id again when its row is deleted."""
    apply(connection)
    last = connection.execute("SELECT MAX(id) FROM users_groups").fetchone()
    connection.execute("DELETE FROM users_groups WHERE id = ?", last)
    users.join_group(connection, users.user_id(connection, "cid"), users.group_id(connection, "On call"))
    assert connection.execute("SELECT MAX(id) FROM users_groups").fetchone() == last
    right = connection.execute("SELECT MAX(rightid), groupid, id FROM rights").fetchone()
    connection.execute("DELETE FROM rights WHERE rightid = ?", right[:1])
    connection.execute("INSERT INTO rights (rightid, groupid, permission, id) VALUES (?, ?, 3, ?)", right)
    apply(connection, Configuration())
    assert members(connection) == ["cid"]
    assert rights(connection) == [("On call", "Secret", 0, 3)]


def test_a_right_made_by_hand_stays(connection: sqlite3.Connection) -> None:
    """One that was there before is not made, and the same one that came later is another row."""
    connection.execute("INSERT INTO usrgrp (usrgrpid, name) VALUES (70, 'On call')")
    connection.execute("INSERT INTO rights (groupid, permission, id) VALUES (70, 3, 5)")
    before = content(connection)
    assert 'user group "On call": writes host group "Web"' not in apply(connection)
    apply(connection, Configuration())
    assert content(connection) == before
    apply(connection)
    [(groupid,)] = connection.execute("SELECT groupid FROM hstgrp WHERE name = 'Pushed alarms' AND type = 0")
    line = b'{"table": "rights", "groupid": 70, "permission": 2, "id": %d}' % groupid
    load(connection, [line], lambda password: password)
    apply(connection, Configuration())
    assert rights(connection) == [("On call", "Web", 0, 3), ("On call", "Pushed alarms", 0, 2)]


def test_groups_that_are_used_stay(connection: sqlite3.Connection) -> None:
    """A host of a push is in the host group, and an action, that is disabled too, names the user group."""
    action = Action(name="Page", steps=(Step(user_groups=("On call",)),))
    apply(connection, replace(GROUP, actions=(action,)))
    connection.execute(
        "INSERT INTO hosts_groups (hostid, groupid) SELECT 1, groupid FROM hstgrp WHERE name = 'Pushed alarms' AND type = 0"
    )
    told = apply(connection, Configuration())
    assert [line for line in told if "removed" in line] == [TAKEN_BACK[-1]]
    assert apply(connection, replace(GROUP, actions=(action,))) == [
        'host group "Secret": made',
        *MADE[3:],
        'action "Page": enabled',
    ]


def test_groups_made_by_hand_stay(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO usrgrp (name) VALUES ('On call')")
    connection.execute("INSERT INTO hstgrp (name) VALUES ('Pushed alarms')")
    told = [*apply(connection), *apply(connection, Configuration())]
    assert [line for line in told if "removed" in line] == [TAKEN_BACK[-1]]


def test_a_database_of_version_3_keeps_what_its_file_made(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "old.db", create=True)) as connection:
        connection.executescript(schema_sql().partition("\n-- Version 4:")[0])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 3")
        connection.execute("INSERT INTO usrgrp (usrgrpid, name) VALUES (7, 'On call')")
        connection.execute("INSERT INTO users (userid, username) VALUES (1, 'ann')")
        connection.execute("INSERT INTO users_groups (usrgrpid, userid) VALUES (7, 1)")
        connection.execute("INSERT INTO applied (object, objectid) VALUES ('usrgrp', 7), ('users', 1)")
        assert migrate(connection) == 3
        apply(connection, Configuration())
        assert members(connection) == ["ann"]
