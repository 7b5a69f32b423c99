"""The ledger on a real database and a scripted clock: whom alarms alert, when, and what is on record of them."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alertrpc.delivery.channels.http import HttpMediaType
from alertrpc.delivery.channels.script import ScriptMediaType
from alertrpc.intake.bodies import identity_of
from alertrpc.ledger.alarm import Alarm
from alertrpc.ledger.ledger import Ledger
from alertrpc.records import Action, Configuration, Media, Receiver, Recovery, Severity, Step
from alertrpc.store import users
from alertrpc.store.applying.applying import apply_configuration
from alertrpc.store.connection import connect, transaction
from alertrpc.store.database import create
from tests.support import DEFAULTS

START = 1_700_000_000_000
MINUTE = 60_000
PAGER = ScriptMediaType(name="pager", script="a.py", subject="${alarm_name}", message="${alarm_status}")
CHAT = HttpMediaType(name="chat", url="http://localhost/", subject="chat ${alarm_name}", message="m")
DBA = Receiver(
    username="dba",
    user_groups=("On call",),
    media=(Media(media_type="pager", sendto="+1"), Media(media_type="chat", sendto="@dba")),
)
BOSS = Receiver(username="boss", media=(Media(media_type="pager", sendto="+9"),))
DBA_STEP = Step(users=("dba",), media_types=("pager",))
BOSS_STEP = Step(after=600, users=("boss",))
WAKE = Action(name="Wake", steps=(DBA_STEP,))
SEEN = "username", "mediatype", "esc_step", "status"


def configured(*actions: Action, **more: Any) -> Configuration:
    return Configuration(**{"media_types": (PAGER, CHAT), "receivers": (DBA, BOSS), "actions": actions, **more})


def an_alarm(target: str = "db-1", alarm_type: str = "slow", **more: Any) -> Alarm:
    labels: Mapping[str, str] = more.pop("labels", {"cluster": "prod-1"})
    identity = more.pop("identity", identity_of(alarm_type, target))
    alarm = Alarm(identity=identity, alarm_type=alarm_type, target=target, name=alarm_type, level=3, labels=labels)
    return replace(alarm, **more)


class Book:
    """A ledger and its database; times are in milliseconds after START."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.ledger = Ledger(DEFAULTS)

    def apply(self, *actions: Action, **more: Any) -> None:
        with transaction(self.connection):
            apply_configuration(configured(*actions, **more), self.connection)

    def record(self, *alarms: Alarm, at: int = 0) -> list[int | None]:
        with transaction(self.connection):
            return self.ledger.record(alarms, START + at, self.connection)

    def advance(self, at: int) -> int | None:
        with transaction(self.connection):
            found = self.ledger.advance(START + at, self.connection)
        return None if found is None else found - START

    def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        cursor = self.connection.execute(sql, args)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def execute(self, sql: str, *args: Any) -> None:
        self.connection.execute(sql, args)

    def alerts(self) -> list[dict[str, Any]]:
        return self.rows(
            """SELECT a.*, u.username, m.name AS mediatype, c.name AS action FROM alerts a
               LEFT JOIN users u USING (userid) LEFT JOIN media_type m USING (mediatypeid)
               LEFT JOIN actions c USING (actionid) ORDER BY alertid"""
        )

    def told(self) -> list[tuple[Any, ...]]:
        """Of each alert the receiver, how, at which step, and its status."""
        return [tuple(alert[name] for name in SEEN) for alert in self.alerts()]

    def told_by(self) -> list[str]:
        return [alert["action"] for alert in self.alerts()]

    def events(self) -> list[tuple[int, str, int]]:
        return [(row["value"], row["name"], row["severity"]) for row in self.rows("SELECT * FROM events")]

    def one(self, sql: str, *args: Any) -> Any:
        ((found,),) = self.connection.execute(sql, args).fetchall()
        return found


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    create(tmp_path / "alertrpc.db")
    with closing(connect(tmp_path / "alertrpc.db")) as connection:
        yield Book(connection)


# --- what is on record of an alarm


def test_a_problem_and_its_recovery(book: Book) -> None:
    problem, other = book.record(an_alarm(level=1, active_at=START - 1500), an_alarm("db-2"))
    event, _ = book.rows("SELECT * FROM events")
    assert (event["eventid"], event["source"], event["object"], event["value"]) == (problem, 0, 0, 1)
    assert (event["clock"], event["ns"], event["severity"]) == ((START - 1500) // 1000, 500_000_000, 5)
    assert book.rows("SELECT tag, value FROM event_tag WHERE eventid = ?", problem) == [
        {"tag": "cluster", "value": "prod-1"}
    ]
    trigger = book.rows("SELECT * FROM triggers WHERE triggerid = ?", event["objectid"])[0]
    assert (trigger["description"], trigger["value"], trigger["priority"]) == ("slow", 1, 5)
    assert book.one("SELECT COUNT(*) FROM hosts_groups JOIN hstgrp USING (groupid) WHERE name = 'Pushed alarms'") == 2

    assert book.record(an_alarm(is_active=False, resolved_at=START + 5000), at=6000) == [problem]
    recovery = book.rows("SELECT * FROM events WHERE value = 0")
    assert [(row["clock"], row["name"], row["severity"]) for row in recovery] == [((START + 5000) // 1000, "slow", 0)]
    r_eventid = recovery[0]["eventid"]
    assert book.rows("SELECT eventid, r_eventid FROM event_recovery") == [{"eventid": problem, "r_eventid": r_eventid}]
    assert book.rows("SELECT tag, value FROM event_tag WHERE eventid = ?", r_eventid) == [
        {"tag": "cluster", "value": "prod-1"}
    ]
    assert book.one("SELECT value FROM triggers WHERE triggerid = ?", event["objectid"]) == 0
    assert book.rows("SELECT resolved_at FROM alarms WHERE eventid = ?", other) == [{"resolved_at": None}]
    # again: a new problem of the same trigger and host
    (again,) = book.record(an_alarm(), at=9000)
    assert again not in (problem, None)
    assert book.one("SELECT objectid FROM events WHERE eventid = ?", again) == event["objectid"]
    assert book.one("SELECT COUNT(*) FROM hosts") == 2


def test_a_recovery_is_not_before_its_problem(book: Book) -> None:
    (problem,) = book.record(an_alarm())
    book.record(an_alarm(is_active=False, resolved_at=START - 99_000), at=5)
    assert book.one("SELECT resolved_at FROM alarms WHERE eventid = ?", problem) == START


def test_a_recovery_of_nothing_is_nothing(book: Book) -> None:
    book.apply(WAKE)
    assert book.record(an_alarm(is_active=False)) == [None]
    assert book.events() == []
    assert book.told() == []


def test_a_push_again_updates_the_problem(book: Book) -> None:
    book.apply(WAKE)
    (problem,) = book.record(an_alarm())
    more = an_alarm(level=1, name="Very slow", labels={"cluster": "b", "new": ""}, summary="s", annotations={"a": "b"})
    assert book.record(more, at=7000) == [problem]
    assert book.events() == [(1, "Very slow", 5)]
    assert book.rows("SELECT tag, value FROM event_tag ORDER BY tag") == [
        {"tag": "cluster", "value": "b"},
        {"tag": "new", "value": ""},
    ]
    (alarm,) = book.rows("SELECT * FROM alarms")
    assert (alarm["level"], alarm["summary"], alarm["annotations"]) == (1, "s", '{"a":"b"}')
    assert (alarm["active_at"], alarm["updated_at"]) == (START, START + 7000)
    assert book.one("SELECT priority FROM triggers") == 5
    assert len(book.told()) == 1, "the action is at work already"


def test_one_alarm_many_times_in_a_batch(book: Book) -> None:
    book.apply(replace(WAKE, recovery=Recovery.TOLD))
    active, over, other = an_alarm(), an_alarm(is_active=False), an_alarm("db-2")
    first, ended, again, lone, last = book.record(active, over, active, other, active)
    assert first == ended != again == last
    assert lone not in (first, again)
    assert sorted(value for value, _, _ in book.events()) == [0, 1, 1, 1]
    assert len(book.rows("SELECT * FROM alarms WHERE resolved_at IS NULL")) == 2
    by_event = [(alert["p_eventid"] or alert["eventid"], alert["p_eventid"] is not None) for alert in book.alerts()]
    assert sorted(by_event) == sorted([(first, False), (first, True), (again, False), (lone, False)])
    assert book.one("SELECT COUNT(*) FROM triggers") == 2


def test_alarms_of_one_trigger(book: Book) -> None:
    """As Prometheus has them: the label set is the identity."""
    one, two = (an_alarm(identity=name, labels={"disk": name}) for name in ("sda", "sdb"))
    first, second = book.record(one, two)
    assert first != second
    assert book.one("SELECT COUNT(*) FROM triggers") == 1
    book.record(replace(one, is_active=False), at=1000)
    assert book.one("SELECT value FROM triggers") == 1, "the other lasts"
    book.record(replace(two, is_active=False), at=2000)
    assert book.one("SELECT value FROM triggers") == 0
    assert book.rows("SELECT e.eventid, t.value FROM events e JOIN event_tag t USING (eventid) WHERE e.value = 0") == [
        {"eventid": 3, "value": "sda"},
        {"eventid": 4, "value": "sdb"},
    ]


def test_a_host_that_is_there_is_taken(book: Book) -> None:
    book.execute("INSERT INTO hosts (hostid, host, name, status) VALUES (7, 'db-1', 'Base', 0), (8, 'db-2', 't', 3)")
    book.execute("INSERT INTO triggers (triggerid, description) VALUES (70, 'slow')")
    book.execute("INSERT INTO object_hosts VALUES (0, 70, 7)")
    book.record(an_alarm(), an_alarm("db-1", "other"), an_alarm("db-2"))
    found = book.rows("SELECT t.description, oh.* FROM object_hosts oh JOIN triggers t ON t.triggerid = objectid")
    assert [(row["description"], row["objectid"], row["hostid"]) for row in found] == [
        ("slow", 70, 7),
        ("other", 71, 7),
        ("slow", 72, 9),  # 8 is a template
    ]


# --- steps by time


def test_steps_and_repeats(book: Book) -> None:
    book.apply(replace(WAKE, steps=(DBA_STEP, BOSS_STEP), repeat_every=3600))
    book.record(an_alarm(), at=900)
    pager = ("dba", "pager", 1, 3)
    assert book.told() == [pager]
    assert book.advance(1000) == 600_000
    assert book.advance(599_999) == 600_000
    assert book.told() == [pager]
    assert book.advance(600_000) == 4_200_000
    assert book.told()[1:] == [("boss", "pager", 2, 3)]
    assert book.advance(4_200_000) == 7_800_000
    assert book.told()[2:] == [("boss", "pager", 3, 3)]
    # nobody looked for three hours
    assert book.advance(20_000_000) == 22_200_000
    assert book.told()[3:] == [("boss", "pager", 7, 3)]
    assert [alert["clock"] - START // 1000 for alert in book.alerts()] == [0, 600, 4200, 20_000]


def test_recovery_stops_steps(book: Book) -> None:
    book.apply(replace(WAKE, steps=(DBA_STEP, BOSS_STEP), repeat_every=60))
    book.record(an_alarm())
    book.record(an_alarm(is_active=False), at=5000)
    assert book.advance(9_000_000) is None
    assert book.told() == [("dba", "pager", 1, 3)]
    assert book.rows("SELECT * FROM escalations") == []


def test_a_step_that_begins_later(book: Book) -> None:
    book.apply(replace(WAKE, steps=(BOSS_STEP,)))
    book.record(an_alarm())
    assert book.told() == []
    assert book.advance(600_000) is None
    assert book.told() == [("boss", "pager", 1, 3)]
    assert book.advance(900_000_000) is None


def test_more_steps_than_one_look_does(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alertrpc.ledger.ledger.MOST_AT_ONCE", 3)
    book.apply(replace(WAKE, steps=(BOSS_STEP,)))
    book.record(*[an_alarm(f"db-{number}") for number in range(7)])
    assert [book.advance(600_000) for _ in range(3)] == [600_000, 600_000, None]
    assert len(book.told()) == 7


def test_the_queue(book: Book) -> None:
    book.apply(WAKE)
    book.record(an_alarm(), at=321)
    assert [(row["alertid"], row["due"] - START) for row in book.rows("SELECT * FROM alert_queue")] == [(1, 321)]


# --- recoveries


def test_recovery_is_told_once_to_all_who_were_alerted(book: Book) -> None:
    steps = (DBA_STEP, replace(BOSS_STEP, users=("boss", "dba")))
    book.apply(
        replace(WAKE, steps=steps, repeat_every=60, recovery=Recovery.TOLD), Action(name="No", steps=(DBA_STEP,))
    )
    (problem,) = book.record(an_alarm())
    book.advance(600_000)
    book.advance(660_000)
    before = len(book.told())
    book.record(an_alarm(is_active=False), at=700_000)
    recoveries = book.alerts()[before:]
    assert [(a["username"], a["mediatype"], a["sendto"], a["esc_step"], a["action"]) for a in recoveries] == [
        ("dba", "pager", "+1", 0, "Wake"),
        ("dba", "chat", "@dba", 0, "Wake"),
        ("boss", "pager", "+9", 0, "Wake"),
    ]
    assert {(a["p_eventid"], a["eventid"], a["status"]) for a in recoveries} == {(problem, 2, 3)}
    assert [(a["subject"], a["message"]) for a in recoveries][:1] == [
        ("Resolved: slow", "Resolved at 2023-11-14T22:25:00Z after 700 s.\nInactive")
    ]
    book.record(an_alarm(is_active=False), at=800_000)
    assert len(book.alerts()) == before + 3


def test_recovery_is_not_told_to_who_was_not_alerted(book: Book) -> None:
    book.apply(replace(WAKE, steps=(DBA_STEP, BOSS_STEP), recovery=Recovery.TOLD))
    book.record(an_alarm())
    book.record(an_alarm(is_active=False), at=5000)
    assert [alert["username"] for alert in book.alerts()] == ["dba", "dba"]


def test_recovery_is_not_told_to_users_disabled_since(book: Book) -> None:
    book.apply(replace(WAKE, recovery=Recovery.TOLD))
    book.record(an_alarm())
    users.disable_user(book.connection, "dba")
    book.record(an_alarm(is_active=False), at=5000)
    assert len(book.told()) == 1


@pytest.mark.parametrize("actions", [[], [replace(WAKE, recovery=Recovery.NEVER)]])
def test_an_action_that_does_not_tell_recoveries_any_more(book: Book, actions: list[Action]) -> None:
    book.apply(replace(WAKE, recovery=Recovery.TOLD))
    book.record(an_alarm())
    book.apply(*actions)
    book.record(an_alarm(is_active=False), at=5000)
    assert len(book.told()) == 1
    assert book.one("SELECT COUNT(*) FROM escalations") == 0


# --- which alarms an action takes

CONDITIONS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({}, {}, True),
    ({"alarm_type": ("slow",)}, {}, True),
    ({"alarm_type": ("slo",)}, {}, False),
    ({"alarm_type": ("low",)}, {}, False),
    ({"alarm_type": ("SLOW",)}, {}, False),
    ({"alarm_type": ("s*",)}, {}, True),
    ({"alarm_type": ("s?ow",)}, {}, True),
    ({"alarm_type": ("[rs]low",)}, {}, True),
    ({"alarm_type": ("[!s]low",)}, {}, False),
    ({"alarm_type": ("a", "b", "s*")}, {}, True),
    ({"alarm_type": ("a", "b")}, {}, False),
    ({"alarm_type": ("slow|fast",)}, {}, False),
    ({"alarm_type": ("s.*",)}, {}, False),
    ({"alarm_type": ("*",)}, {"alarm_type": "two\nlines"}, True),
    ({"target": ("db-*",)}, {}, True),
    ({"target": ("web-*",)}, {}, False),
    ({"alarm_type": ("slow",), "target": ("web-*",)}, {}, False),
    ({"labels": {"cluster": ("prod*",)}}, {}, True),
    ({"labels": {"cluster": ("test*", "prod*")}}, {}, True),
    ({"labels": {"cluster": ("test*",)}}, {}, False),
    ({"labels": {"cluster": ("prod*",), "disk": ("*",)}}, {}, True),  # a label that is missing is an empty text
    ({"labels": {"disk": ("?*",)}}, {}, False),
    ({"labels": {"disk": ("?*",)}}, {"labels": {"disk": "sda"}}, True),
    ({"labels": {"ключ": ("з*",)}}, {"labels": {"ключ": "значение"}}, True),
    ({"min_severity": Severity.AVERAGE}, {"level": 3}, True),
    ({"min_severity": Severity.AVERAGE}, {"level": 4}, False),
    ({"min_severity": Severity.DISASTER}, {"level": 1}, True),
    ({"min_severity": Severity.DISASTER}, {"level": 2}, False),
    ({"min_severity": Severity.INFORMATION}, {"level": 5}, True),
]


@pytest.mark.parametrize(("conditions", "alarm", "takes"), CONDITIONS)
def test_conditions(book: Book, conditions: dict[str, Any], alarm: dict[str, Any], takes: bool) -> None:
    book.apply(replace(WAKE, **conditions))
    book.record(an_alarm(**alarm))
    assert bool(book.told()) is takes


def test_a_level_that_rises_puts_other_actions_to_work(book: Book) -> None:
    book.apply(
        WAKE,
        Action(name="Worst", min_severity=Severity.DISASTER, recovery=Recovery.TOLD, steps=(Step(users=("boss",)),)),
    )
    book.record(an_alarm(level=3))
    assert book.told_by() == ["Wake"]
    book.record(an_alarm(level=1), at=60_000)
    assert book.told_by() == ["Wake", "Worst"]
    book.record(an_alarm(level=4), at=90_000)
    book.record(an_alarm(level=1), at=100_000)
    assert book.told_by() == ["Wake", "Worst"]
    book.record(an_alarm(is_active=False), at=120_000)
    assert book.told_by() == ["Wake", "Worst", "Worst"]


def test_labels_that_change_put_other_actions_to_work(book: Book) -> None:
    book.apply(replace(WAKE, labels={"cluster": ("b",)}))
    book.record(an_alarm())
    assert book.told() == []
    book.record(an_alarm(labels={"cluster": "b"}), at=1000)
    assert len(book.told()) == 1


# --- whom a step alerts


@pytest.mark.parametrize(
    ("level", "sends"), [(1, ["+5", "+45"]), (2, ["+45"]), (3, []), (5, [])], ids=["5", "4", "3", "1"]
)
def test_severities_of_media(book: Book, level: int, sends: list[str]) -> None:
    media = (
        Media(media_type="pager", sendto="+5", severities=1 << 5),
        Media(media_type="pager", sendto="+45", severities=3 << 4),
    )
    book.apply(WAKE, receivers=(Receiver(username="dba", media=media),))
    book.record(an_alarm(level=level))
    assert [alert["sendto"] for alert in book.alerts()] == sends


def test_media_types_of_a_step(book: Book) -> None:
    book.apply(Action(name="All", steps=(Step(users=("dba", "boss")),)))
    book.record(an_alarm())
    assert book.told() == [("dba", "pager", 1, 3), ("dba", "chat", 1, 3), ("boss", "pager", 1, 3)]
    assert [alert["subject"] for alert in book.alerts()] == ["slow", "chat slow", "slow"]


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        (" a  b ", "| a  b |"),
        ("a\r\n\tb\x1b\x7f\x85\u2028c\N{NO-BREAK SPACE}", "|a   b    c\N{NO-BREAK SPACE}|"),
        ("é" * 2046, f"|{'é' * 2046}|"),
        ("é" * 2047, f"|{'é' * 2047}"),
        ("\n" * 2**20, f"|{' ' * 2047}"),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_a_subject_is_one_line_of_2048_characters(book: Book, name: str, subject: str) -> None:
    book.apply(WAKE, media_types=(replace(PAGER, subject="|${alarm_name}|", message="${alarm_name}"), CHAT))
    book.record(an_alarm(name=name))
    assert [(alert["subject"], alert["message"]) for alert in book.alerts()] == [(subject, name)]


def test_groups_and_users_are_alerted_once(book: Book) -> None:
    step = Step(users=("dba",), user_groups=("On call",), media_types=("pager",))
    book.apply(Action(name="All", steps=(step,)))
    book.record(an_alarm())
    assert book.told() == [("dba", "pager", 1, 3)]


def test_a_user_without_media(book: Book) -> None:
    book.apply(Action(name="All", steps=(Step(users=("boss", "nobody"), media_types=("chat",)),)),
               receivers=(DBA, BOSS, Receiver(username="nobody")))  # fmt: skip
    book.record(an_alarm())
    assert book.told() == [("boss", None, 1, 2), ("nobody", None, 1, 2)]
    assert {(a["error"], a["sendto"], a["subject"], a["retries"]) for a in book.alerts()} == {
        ("No media defined for user.", "", "", 0)
    }
    assert book.rows("SELECT * FROM alert_queue") == []


DISABLED: list[tuple[str, list[tuple[Any, ...]]]] = [
    ("INSERT INTO users_groups (usrgrpid, userid) SELECT 9, userid FROM users WHERE username = 'dba'", []),
    ("UPDATE usrgrp SET users_status = 1 WHERE name = 'On call'", []),
    ("UPDATE actions SET status = 1", []),
    ("UPDATE actions SET eventsource = 3", []),
    ("DELETE FROM users WHERE username = 'dba'", []),
    ("UPDATE media SET active = 1", [("dba", None, 1, 2)]),
    ("UPDATE media_type SET status = 1", [("dba", None, 1, 2)]),
    ("DELETE FROM media", [("dba", None, 1, 2)]),
    ("UPDATE media_type SET status = 1 WHERE name = 'chat'", [("dba", "pager", 1, 3)]),
]


@pytest.mark.parametrize(("change", "told"), DISABLED)
def test_what_is_disabled_is_left_aside(book: Book, change: str, told: list[tuple[Any, ...]]) -> None:
    book.apply(WAKE)
    book.execute(change)
    book.record(an_alarm())
    assert book.told() == told


# --- time limits


def test_the_sender_says_when_it_ends(book: Book) -> None:
    book.apply(replace(WAKE, recovery=Recovery.TOLD))
    book.record(an_alarm(expires_at=START + MINUTE))
    assert book.advance(MINUTE - 1) == MINUTE
    book.record(an_alarm(expires_at=START + 2 * MINUTE), at=MINUTE - 1)
    assert book.advance(MINUTE) == 2 * MINUTE
    assert book.advance(2 * MINUTE + 7) is None
    assert [value for value, _, _ in book.events()] == [1, 0]
    assert book.one("SELECT resolved_at FROM alarms") == START + 2 * MINUTE + 7
    assert [alert["p_eventid"] for alert in book.alerts()] == [None, 1]


def test_an_action_says_when_it_ends(book: Book) -> None:
    book.apply(
        replace(WAKE, resolve_after=120), Action(name="Sooner", target=("db-*",), resolve_after=60, steps=(DBA_STEP,))
    )
    book.record(an_alarm(), an_alarm("web-1"), an_alarm("db-2", expires_at=START + 30_000))
    ends = book.rows("SELECT target, expires_at - ? AS ends FROM alarms", START)
    assert [(row["target"], row["ends"]) for row in ends] == [("db-1", 60_000), ("web-1", 120_000), ("db-2", 30_000)]
    book.record(an_alarm(), at=50_000)
    assert book.advance(60_000) == 110_000
    assert book.advance(120_000) is None
    assert book.one("SELECT COUNT(*) FROM alarms WHERE resolved_at IS NULL") == 0


# --- rules that change


def test_rules_are_read_again(book: Book) -> None:
    book.record(an_alarm())
    assert book.told() == []
    book.apply(WAKE)
    book.record(an_alarm("db-2"), at=1)
    assert len(book.told()) == 1
    book.apply(WAKE, media_types=(replace(PAGER, subject="new"), CHAT))
    book.record(an_alarm("db-3"), at=2)
    assert [alert["subject"] for alert in book.alerts()] == ["slow", "new"]
    book.apply()
    book.record(an_alarm("db-4"), at=3)
    assert len(book.told()) == 2


def test_an_action_that_is_no_more_stops(book: Book) -> None:
    book.apply(replace(WAKE, steps=(DBA_STEP, BOSS_STEP), repeat_every=60))
    book.record(an_alarm())
    book.apply()
    assert book.advance(600_000) is None
    assert len(book.told()) == 1


def test_steps_that_change_count_from_the_next_one(book: Book) -> None:
    book.apply(replace(WAKE, repeat_every=60))
    book.record(an_alarm())
    for minute in range(1, 121):
        book.advance(minute * MINUTE)
    assert len(book.told()) == 121
    book.apply(replace(WAKE, repeat_every=3600))
    assert book.advance(121 * MINUTE) == 180 * MINUTE
    assert len(book.told()) == 122
    assert book.advance(180 * MINUTE) == 240 * MINUTE
    assert len(book.told()) == 123
