"""A configuration brought to the database: what it makes, changes, disables and leaves alone."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alertrpc.delivery.channels.email import EmailMediaType
from alertrpc.delivery.channels.http import HttpMediaType
from alertrpc.delivery.channels.script import ScriptMediaType
from alertrpc.errors import NameFaults, StoreError
from alertrpc.records import (
    Action,
    Configuration,
    Media,
    Receiver,
    Recovery,
    Severity,
    SmtpSecurity,
    Step,
    UserGroup,
)
from alertrpc.store import users
from alertrpc.store.applying.applying import apply_configuration, bring, rehearse
from alertrpc.store.connection import connect, transaction
from alertrpc.store.database import create
from alertrpc.store.schema import APPLICATION_ID, SCHEMA_VERSION, migrations, schema_sql
from alertrpc.values import Rate

PAGER = ScriptMediaType(name="pager", script="a.py", subject="${alarm_name}", message="m", recovery_message="over")
CHAT = HttpMediaType(
    name="chat",
    url="http://localhost/url-secret",
    headers={"X-Token": "header-secret"},
    body="body-secret",
    proxy="http://proxy-secret@localhost",
    expect="{}",
)
MAIL = EmailMediaType(
    name="mail",
    smtp_server="localhost",
    smtp_email="a@localhost",
    smtp_security=SmtpSecurity.TLS,
    username="me",
    password="password-secret",
)
DBA = Receiver(
    username="dba",
    name="Ann",
    surname="Lee",
    user_groups=("On call",),
    media=(Media(media_type="pager", sendto="+371", severities=48), Media(media_type="mail", sendto="dba@localhost")),
)
WAKE = Action(
    name="Wake",
    alarm_type=("ob_*",),
    labels={"b": ("1",), "a": ("2", "3")},
    min_severity=Severity.AVERAGE,
    recovery=Recovery.TOLD,
    repeat_every=3600,
    steps=(Step(users=("dba",), media_types=("pager",)), Step(after=600, user_groups=("On call",))),
)
WHOLE = Configuration(media_types=(PAGER, CHAT, MAIL), receivers=(DBA,), actions=(WAKE,))
MADE = [
    'media type "pager": made',
    'media type "chat": made',
    'media type "mail": made',
    'user group "On call": made',
    'user "dba": made',
    'user "dba": joins user group "On call"',
    'user "dba": sees nothing; a [[user_group]] that has the user among its members, and read, changes this',
    'user "dba": media +371 through "pager" added',
    'user "dba": media dba@localhost through "mail" added',
    'action "Wake": made',
]
GONE = "disabled, as the file does not declare it"
TABLES = ("media_type", "media_type_param", "media_type_message", "media", "users", "users_groups", "usrgrp", "actions",
          "action_rules", "action_steps", "applied", "instance")  # fmt: skip
ONE_STEP = (Step(users=("dba",)),)

# A change of the declarations and the one line that tells it.
CHANGES: list[tuple[Configuration, str]] = [
    (replace(WHOLE, media_types=(replace(PAGER, timeout=10), CHAT, MAIL)), 'media type "pager": timeout 30s -> 10s'),
    (
        replace(WHOLE, media_types=(replace(PAGER, max_attempts=5, attempt_interval=60, max_sessions=0), CHAT, MAIL)),
        'media type "pager": max_attempts 10 -> 5, attempt_interval 10s -> 60s, max_sessions 1 -> 0',
    ),
    (
        replace(WHOLE, media_types=(replace(PAGER, script="b c.py", expect="x"), CHAT, MAIL)),
        'media type "pager": script "a.py" -> "b c.py", expect changed',
    ),
    (
        replace(
            WHOLE,
            media_types=(
                replace(PAGER, attempt_growth=1.5, give_up_after=60, rate=Rate(20, 60_000), hold="address"),
                CHAT,
                MAIL,
            ),
        ),
        'media type "pager": attempt_growth 2 -> 1.5, give_up_after 3600s -> 60s, rate none -> 20/60s, '
        "hold media_type -> address",
    ),
    (
        replace(
            WHOLE,
            media_types=(
                replace(PAGER, digest=5, digest_bytes=256, digest_subject="s", digest_message="m"),
                CHAT,
                MAIL,
            ),
        ),
        'media type "pager": digest 0 -> 5, digest_bytes 4096 -> 256, digest_subject changed, digest_message changed',
    ),
    (
        replace(WHOLE, media_types=(replace(PAGER, address_rate=Rate(1, 500)), CHAT, MAIL)),
        'media type "pager": address_rate none -> 1/500ms',
    ),
    (
        replace(WHOLE, media_types=(replace(PAGER, answers=[{"code": [3], "then": "wait"}]), CHAT, MAIL)),
        'media type "pager": answers changed',
    ),
    (
        replace(WHOLE, actions=(replace(WAKE, recovery=Recovery.ALWAYS),)),
        'action "Wake": recovery true -> always',
    ),
    (replace(WHOLE, actions=(replace(WAKE, settle=30),)), 'action "Wake": settle 0s -> 30s'),
    (replace(WHOLE, actions=(replace(WAKE, updates=True),)), 'action "Wake": updates false -> true'),
    (
        replace(WHOLE, media_types=(replace(PAGER, update_subject="s", update_message="m"), CHAT, MAIL)),
        'media type "pager": update_subject changed, update_message changed',
    ),
    (
        replace(WHOLE, media_types=(replace(PAGER, subject="", message="", recovery_subject="r"), CHAT, MAIL)),
        'media type "pager": subject changed, message changed, recovery_subject changed',
    ),
    (
        replace(
            WHOLE, media_types=(PAGER, replace(CHAT, url="http://other-secret", headers={}, body="", proxy=""), MAIL)
        ),
        'media type "chat": url changed, headers changed, body changed, proxy changed',
    ),
    (
        replace(WHOLE, media_types=(PAGER, replace(CHAT, sign={"scheme": "feishu", "secret": "x-secret"}), MAIL)),
        'media type "chat": sign changed',
    ),
    (
        replace(WHOLE, media_types=(PAGER, replace(CHAT, tls_ca="/ca.pem", tls_verify=False), MAIL)),
        'media type "chat": tls_ca changed, tls_verify changed',
    ),
    (replace(WHOLE, media_types=(PAGER, replace(CHAT, method="PUT"), MAIL)), 'media type "chat": method POST -> PUT'),
    (
        replace(WHOLE, media_types=(PAGER, CHAT, replace(MAIL, password="x-secret", smtp_security=SmtpSecurity.NONE))),
        'media type "mail": smtp_security tls -> none, password changed',
    ),
    (
        replace(WHOLE, media_types=(PAGER, CHAT, replace(MAIL, username="", smtp_verify=False, smtp_port=465))),
        'media type "mail": smtp_port 25 -> 465, smtp_verify true -> false, login true -> false, username "me" -> ""',
    ),
    (
        replace(WHOLE, media_types=(PAGER, ScriptMediaType(name="chat", script="c.py"), MAIL)),
        'media type "chat": type http -> script, script "" -> "c.py", method changed, url changed, headers changed,'
        " body changed, expect changed, proxy changed",
    ),
    (
        replace(WHOLE, receivers=(replace(DBA, media=(replace(DBA.media[0], severities=63), DBA.media[1])),)),
        'user "dba": media +371 through "pager" changed',
    ),
    (replace(WHOLE, receivers=(replace(DBA, media=DBA.media[1:]),)), 'user "dba": media +371 through "pager" removed'),
    (
        replace(WHOLE, receivers=(replace(DBA, media=(*DBA.media, Media(media_type="chat", sendto="a\nb"))),)),
        r'user "dba": media "a\nb" through "chat" added',
    ),
    (
        replace(WHOLE, actions=(replace(WAKE, steps=ONE_STEP, alarm_type=(), target=("*",), labels={}),)),
        'action "Wake": alarm_type changed, target changed, labels changed, steps changed',
    ),
    (
        replace(WHOLE, actions=(replace(WAKE, recovery=Recovery.NEVER, repeat_every=None, resolve_after=60),)),
        'action "Wake": recovery true -> false, repeat_every 3600s -> never, resolve_after never -> 60s',
    ),
    (
        replace(WHOLE, actions=(replace(WAKE, min_severity=Severity.HIGH),)),
        'action "Wake": min_severity Average -> High',
    ),
    (replace(WHOLE, media_types=(PAGER, MAIL)), f'media type "chat": {GONE}'),
    (replace(WHOLE, actions=()), f'action "Wake": {GONE}'),
]
FAULTS: list[tuple[Configuration, list[str]]] = [
    (
        Configuration(media_types=(replace(PAGER, name="theirs"), PAGER), actions=(replace(WAKE, name="Theirs"),)),
        [
            'media type "theirs": a media type of this name is there already, and apply did not make it',
            'action "Theirs": an action of this name is there already, and apply did not make it',
            'action "Theirs": steps 1: users: there is no user "dba"',
            'action "Theirs": steps 2: user_groups: there is no user group "On call"',
        ],
    ),
    (
        Configuration(receivers=(DBA,), actions=(replace(WAKE, steps=(Step(users=("x",), media_types=("y", "z")),)),)),
        [
            'user "dba": media 1: there is no media type "pager"',
            'user "dba": media 2: there is no media type "mail"',
            'action "Wake": steps 1: users: there is no user "x"',
            'action "Wake": steps 1: media_types: there is no media type "y"',
            'action "Wake": steps 1: media_types: there is no media type "z"',
        ],
    ),
    (
        Configuration(receivers=(Receiver(username="them", media=(Media(media_type="theirs", sendto="1"),)),)),
        ['user "them": media 1: the user has this address already, and apply did not make it'],
    ),
    (
        Configuration(
            receivers=(Receiver(username="them", user_groups=("New",)),),
            user_groups=(UserGroup(name="Newer", members=("them", "x")), UserGroup(name="a", members=("y",))),
            actions=(replace(WAKE, steps=(Step(user_groups=("New", "Newer", "Newest")),)),),
        ),
        [
            'user group "Newer": members: there is no user "x"',
            'user group "a": members: there is no user "y"',
            'action "Wake": steps 1: user_groups: there is no user group "Newest"',
        ],
    ),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database in which others have made a media type, a user with a medium, and an action."""
    path = tmp_path / "a.db"
    create(path)
    with closing(connect(path)) as connection, transaction(connection):
        userid = users.add_user(connection, "them", "hash", "admin", ["Zabbix administrators"])
        connection.execute("INSERT INTO media_type (mediatypeid, name, status) VALUES (7, 'theirs', 0)")
        connection.execute("INSERT INTO media (userid, mediatypeid, sendto) VALUES (?, 7, '1')", (userid,))
        connection.execute("INSERT INTO actions (name) VALUES ('Theirs')")
    return path


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path)) as connection:
        yield connection


def apply(connection: sqlite3.Connection, configuration: Configuration) -> list[str]:
    with transaction(connection):
        return apply_configuration(configuration, connection)


def content(connection: sqlite3.Connection) -> dict[str, list[Any]]:
    return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}


def row(connection: sqlite3.Connection, sql: str, *args: object) -> Any:
    return connection.execute(sql, args).fetchone()


def revision(connection: sqlite3.Connection) -> int:
    return int(row(connection, "SELECT revision FROM instance")[0])


def parameters(connection: sqlite3.Connection, name: str) -> Mapping[str, str]:
    return dict(
        connection.execute(
            "SELECT p.name, p.value FROM media_type_param p JOIN media_type USING (mediatypeid) WHERE media_type.name = ?",
            (name,),
        ).fetchall()
    )


def test_all_is_made_and_told(connection: sqlite3.Connection) -> None:
    before = revision(connection)
    assert apply(connection, WHOLE) == MADE
    assert revision(connection) == before + 1


def test_applied_again_nothing_changes(connection: sqlite3.Connection) -> None:
    apply(connection, WHOLE)
    before = content(connection)
    assert apply(connection, WHOLE) == []
    assert content(connection) == before


def test_the_rows_of_media_types(connection: sqlite3.Connection) -> None:
    apply(connection, WHOLE)
    shared = "status, timeout, attempt_interval, maxattempts, maxsessions, message_format"
    for name in ("pager", "chat", "mail"):
        found = row(connection, f"SELECT {shared} FROM media_type WHERE name = ?", name)
        assert found == (0, "30s", "10s", 10, 1, 0)
    assert row(connection, "SELECT type, exec_path FROM media_type WHERE name = 'pager'") == (1, "a.py")
    assert row(connection, "SELECT type FROM media_type WHERE name = 'chat'") == (4,)
    of_mail = "type, smtp_server, smtp_port, smtp_email, smtp_helo, smtp_security, smtp_verify_peer, smtp_verify_host"
    found = row(
        connection, f"SELECT {of_mail}, smtp_authentication, username, passwd FROM media_type WHERE name = 'mail'"
    )
    assert found == (0, "localhost", 25, "a@localhost", "", 2, 1, 1, 1, "me", "password-secret")


def test_the_parameters_of_media_types(connection: sqlite3.Connection) -> None:
    apply(connection, WHOLE)
    assert parameters(connection, "pager") == {"expect": ""}
    assert parameters(connection, "mail") == {}
    assert parameters(connection, "chat") == {
        "method": "POST",
        "url": "http://localhost/url-secret",
        "headers": '{"X-Token": "header-secret"}',
        "body": "body-secret",
        "expect": "{}",
        "proxy": "http://proxy-secret@localhost",
    }


def test_the_templates_of_media_types(connection: sqlite3.Connection) -> None:
    apply(connection, WHOLE)
    found = connection.execute(
        "SELECT t.name, eventsource, recovery, subject, message"
        " FROM media_type_message JOIN media_type t USING (mediatypeid)"
    )
    assert sorted(found) == [("pager", 0, 0, "${alarm_name}", "m"), ("pager", 0, 1, "", "over")]


def test_a_new_user(connection: sqlite3.Connection) -> None:
    apply(connection, WHOLE)
    found = row(
        connection,
        "SELECT u.name, surname, passwd, r.name FROM users u JOIN role r USING (roleid) WHERE username = 'dba'",
    )
    assert found == ("Ann", "Lee", "", "User role")
    assert [(line[1], line[3]) for line in users.list_users(connection)] == [
        ("dba", "On call"),
        ("them", "Zabbix administrators"),
    ]
    media = connection.execute(
        "SELECT t.name, sendto, active, severity, period FROM media JOIN media_type t USING (mediatypeid)"
        " WHERE userid = (SELECT userid FROM users WHERE username = 'dba')"
    )
    assert sorted(media) == [
        ("mail", "dba@localhost", 0, 63, "1-7,00:00-24:00"),
        ("pager", "+371", 0, 48, "1-7,00:00-24:00"),
    ]


def test_the_rows_of_actions(connection: sqlite3.Connection) -> None:
    apply(connection, WHOLE)
    actionid, *action = row(
        connection, "SELECT actionid, eventsource, status, esc_period FROM actions WHERE name = 'Wake'"
    )
    assert action == [0, 0, "1h"]
    rules = row(connection, "SELECT * FROM action_rules WHERE actionid = ?", actionid)
    assert rules[1:] == ('["ob_*"]', "[]", '{"a": ["2", "3"], "b": ["1"]}', 3, 1, 3600, None, 0, 0)
    (dba,) = row(connection, "SELECT userid FROM users WHERE username = 'dba'")
    (on_call,) = row(connection, "SELECT usrgrpid FROM usrgrp WHERE name = 'On call'")
    (pager,) = row(connection, "SELECT mediatypeid FROM media_type WHERE name = 'pager'")
    steps = connection.execute(
        "SELECT * FROM action_steps WHERE actionid = ? ORDER BY esc_step", (actionid,)
    ).fetchall()
    assert steps == [(actionid, 1, 0, f"[{dba}]", "[]", f"[{pager}]"), (actionid, 2, 600, "[]", f"[{on_call}]", None)]


@pytest.mark.parametrize(("changed", "line"), CHANGES, ids=[line for _, line in CHANGES])
def test_a_change_is_told_and_taken_back(connection: sqlite3.Connection, changed: Configuration, line: str) -> None:
    apply(connection, WHOLE)
    before, counted = content(connection), revision(connection)
    assert apply(connection, changed) == [line]
    assert revision(connection) == counted + 1
    assert apply(connection, changed) == []
    back = apply(connection, WHOLE)
    assert len(back) == 1
    assert [name for name in TABLES if len(content(connection)[name]) != len(before[name])] == []
    assert "secret" not in line + back[0]


def test_what_is_not_declared_is_disabled_and_comes_back(connection: sqlite3.Connection) -> None:
    apply(connection, WHOLE)
    ids = content(connection)["actions"]
    assert apply(connection, Configuration()) == [
        f'media type "pager": {GONE}',
        f'media type "chat": {GONE}',
        f'media type "mail": {GONE}',
        'user "dba": leaves user group "On call"',
        'user "dba": media +371 through "pager" removed',
        'user "dba": media dba@localhost through "mail" removed',
        f'action "Wake": {GONE}',
    ]
    assert apply(connection, Configuration()) == []
    assert users.user_exists(connection, "dba")
    assert apply(connection, WHOLE) == [
        'media type "pager": enabled',
        'media type "chat": enabled',
        'media type "mail": enabled',
        'user "dba": joins user group "On call"',
        'user "dba": media +371 through "pager" added',
        'user "dba": media dba@localhost through "mail" added',
        'action "Wake": enabled',
    ]
    assert content(connection)["actions"] == ids


def test_what_is_disabled_is_not_named(connection: sqlite3.Connection) -> None:
    apply(connection, WHOLE)
    with pytest.raises(NameFaults) as raised:
        apply(connection, replace(WHOLE, media_types=(CHAT, MAIL)))
    assert raised.value.faults == (
        'user "dba": media 1: there is no media type "pager"',
        'action "Wake": steps 1: media_types: there is no media type "pager"',
    )


def test_what_others_made_stays(connection: sqlite3.Connection) -> None:
    before = content(connection)
    apply(connection, WHOLE)
    apply(connection, Configuration())
    after = content(connection)
    for table in ("media_type", "media", "users", "users_groups", "usrgrp", "actions"):
        assert [line for line in before[table] if line not in after[table]] == []


def test_what_others_made_may_be_named(connection: sqlite3.Connection) -> None:
    configuration = Configuration(
        receivers=(Receiver(username="new", media=(Media(media_type="theirs", sendto="2"),)),),
        actions=(
            Action(
                name="a",
                steps=(Step(users=("them",), user_groups=("Zabbix administrators",), media_types=("theirs",)),),
            ),
        ),
    )
    assert apply(connection, configuration) == [
        'user "new": made',
        'user "new": sees nothing; a [[user_group]] that has the user among its members, and read, changes this',
        'user "new": media 2 through "theirs" added',
        'action "a": made',
    ]


def test_a_user_who_is_there_keeps_all_but_groups_and_media(connection: sqlite3.Connection) -> None:
    before = content(connection)
    media = (Media(media_type="theirs", sendto="2"),)
    them = Receiver(username="them", name="x", surname="y", user_groups=("New",), media=media)
    assert apply(connection, Configuration(receivers=(them,))) == [
        'user group "New": made',
        'user "them": joins user group "New"',
        'user "them": media 2 through "theirs" added',
    ]
    after = content(connection)
    assert after["users"] == before["users"]
    assert [after[name][0] for name in ("media", "users_groups")] == [
        before[name][0] for name in ("media", "users_groups")
    ]
    assert apply(connection, Configuration()) == [
        'user "them": leaves user group "New"',
        'user "them": media 2 through "theirs" removed',
        'user group "New": removed, as the file does not declare it and nothing is in it',
    ]
    after = content(connection)
    assert [name for name in ("media", "users_groups", "usrgrp", "applied") if after[name] != before[name]] == []


@pytest.mark.parametrize(("configuration", "faults"), FAULTS)
def test_all_names_are_looked_at_before_anything_is_written(
    connection: sqlite3.Connection, configuration: Configuration, faults: list[str]
) -> None:
    before = content(connection)
    with transaction(connection), pytest.raises(NameFaults) as raised:
        apply_configuration(configuration, connection)
    assert list(raised.value.faults) == faults
    assert str(raised.value) == "\n".join(faults)
    assert content(connection) == before


def test_a_medium_that_was_switched_off_is_on_again(connection: sqlite3.Connection) -> None:
    apply(connection, WHOLE)
    connection.execute("UPDATE media SET active = 1 WHERE sendto = '+371'")
    assert apply(connection, WHOLE) == ['user "dba": media +371 through "pager" changed']


def test_all_or_nothing(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TRIGGER fails BEFORE INSERT ON action_steps BEGIN SELECT RAISE(ABORT, 'no room'); END")
    before = content(connection)
    with pytest.raises(StoreError, match=r"database .*a\.db: no room"):
        bring(path, WHOLE)
    assert content(connection) == before


def test_a_rehearsal_changes_nothing(path: Path, connection: sqlite3.Connection) -> None:
    before = content(connection)
    assert rehearse(path, WHOLE) == MADE
    assert content(connection) == before
    assert bring(path, WHOLE) == MADE


def test_a_rehearsal_leaves_an_older_schema(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(schema_sql().partition("\n-- Version 2:")[0])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
    before = path.read_bytes()
    assert SCHEMA_VERSION - 1 in migrations()
    assert rehearse(path, WHOLE) == MADE
    assert path.read_bytes() == before
    assert bring(path, WHOLE) == MADE


def test_applied_by_several_at_one_time(path: Path, connection: sqlite3.Connection) -> None:
    started = threading.Barrier(4)
    told: list[list[str]] = []

    def run() -> None:
        started.wait()
        told.append(bring(path, WHOLE))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(told, key=len) == [[], [], [], MADE]
    assert apply(connection, WHOLE) == []
