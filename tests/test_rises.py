"""Alarms that get worse: who is alerted newly, who is told of the rise, each once, in pieces and through kills."""

import threading
from collections import Counter
from contextlib import closing, suppress
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from alertrpc.delivery.channels.script import ScriptMediaType
from alertrpc.ledger import alerts as pieces
from alertrpc.ledger.ledger import Ledger
from alertrpc.records import Action, Media, Receiver, Recovery, Step
from alertrpc.store.connection import connect, transaction
from alertrpc.store.schema import migrate
from tests.receivers import Receiver as HttpReceiver
from tests.receivers import alerts, http_channel, older_database, push, settled, write_config
from tests.support import DEFAULTS, Server, serving
from tests.test_ledger import START, Book, an_alarm, book
from tests.test_pieces import record, step
from tests.wire import eventually, execute

__all__ = ["book"]  # a fixture

DISASTER, HIGH, AVERAGE = 1 << 5, 1 << 4, 1 << 3
PAGER = ScriptMediaType(name="pager", script="a.py", subject="${alarm_level}")
ALL = Receiver(username="all", user_groups=("On call",), media=(Media(media_type="pager", sendto="all"),))
WORST = Receiver(
    username="worst", user_groups=("On call",), media=(Media(media_type="pager", sendto="worst", severities=DISASTER),)
)
BAD = Receiver(username="bad", media=(Media(media_type="pager", sendto="bad", severities=DISASTER | HIGH),))
EVERYBODY = Step(users=("all", "worst", "bad"))
ACTION = Action(name="Wake", recovery=Recovery.TOLD, steps=(EVERYBODY,))


def apply(book: Book, *actions: Action, **more: Any) -> None:
    book.apply(*actions, **{"media_types": (PAGER,), "receivers": (ALL, WORST, BAD), **more})


def told(book: Book) -> list[tuple[str, str, int]]:
    """Of each alert the address, the subject and the step."""
    return [(row["sendto"], row["subject"], row["esc_step"]) for row in book.alerts()]


def levels(book: Book, *given: int) -> None:
    for place, level in enumerate(given):
        book.record(an_alarm(level=level), at=1000 * place)


# --- whom it alerts


def test_whose_media_take_it_now_is_alerted_at_once(book: Book) -> None:
    apply(book, ACTION)
    levels(book, 3, 2, 1)
    assert told(book) == [("all", "Warning", 1), ("bad", "Critical", 1), ("worst", "Stopped", 1)]
    assert book.rows("SELECT severity, risen FROM escalations") == [{"severity": 5, "risen": None}]


def test_at_each_step_that_was_done(book: Book) -> None:
    third = replace(EVERYBODY, after=1200, users=("worst",))
    apply(book, replace(ACTION, steps=(EVERYBODY, replace(EVERYBODY, after=600), third)))
    book.record(an_alarm())
    book.advance(600_000)
    assert [(name, number) for name, _, number in told(book)] == [("all", 1), ("all", 2)]
    book.record(an_alarm(level=1), at=700_000)
    assert [(name, number) for name, _, number in told(book)[2:]] == [
        ("worst", 1), ("bad", 1), ("worst", 2), ("bad", 2),
    ]  # fmt: skip
    book.advance(1_200_000)
    assert [(name, number) for name, _, number in told(book)[6:]] == [("worst", 3)]


def test_repeats_are_no_steps(book: Book) -> None:
    apply(book, replace(ACTION, repeat_every=60))
    book.record(an_alarm())
    for minute in range(1, 6):
        book.advance(60_000 * minute)
    book.record(an_alarm(level=1), at=300_500)
    assert [each for each in told(book) if each[0] == "worst"] == [("worst", "Stopped", 1)]
    book.advance(360_000)
    assert [each for each in told(book) if each[0] == "worst"][1:] == [("worst", "Stopped", 7)]


def test_each_is_told_once_of_a_level(book: Book) -> None:
    apply(book, replace(ACTION, updates=True))
    levels(book, 3, 1, 3, 1, 2, 1)
    assert [(name, number) for name, _, number in told(book)] == [("all", 1), ("all", 0), ("worst", 1), ("bad", 1)]


def test_a_fall_tells_nobody(book: Book) -> None:
    apply(book, replace(ACTION, updates=True))
    levels(book, 1, 3, 5)
    assert [name for name, *_ in told(book)] == ["all", "worst", "bad"]


def test_who_was_out_of_hours_is_not_alerted_by_a_rise(book: Book) -> None:
    """His media took the severity before: the step passed him over for another reason."""
    apply(book, ACTION)
    book.execute("UPDATE media SET period = '1-7,00:00-00:01' WHERE sendto = 'all'")
    book.record(an_alarm())
    book.execute("UPDATE media SET period = '1-7,00:00-24:00'")
    book.record(an_alarm(level=2), at=1000)
    assert [name for name, *_ in told(book)] == ["bad"]


def test_who_is_out_of_hours_now_is_not_alerted(book: Book) -> None:
    apply(book, ACTION)
    book.record(an_alarm())
    book.execute("UPDATE media SET period = '1-7,00:00-00:01' WHERE sendto = 'worst'")
    book.record(an_alarm(level=1), at=1000)
    assert [name for name, *_ in told(book)] == ["all", "bad"]


def test_recoveries_go_to_those_of_the_rise_too(book: Book) -> None:
    apply(book, ACTION)
    levels(book, 3, 2)
    book.record(an_alarm(is_active=False), at=5000)
    assert [name for name, *_ in told(book)] == ["all", "bad", "all", "bad"]


def test_another_action_that_takes_it_now_starts(book: Book) -> None:
    apply(book, ACTION, Action(name="Grave", min_severity=5, steps=(Step(users=("all",)),)))  # type: ignore[arg-type]
    levels(book, 3, 1)
    assert book.told_by() == ["Wake", "Wake", "Wake", "Grave"]


def test_a_group(book: Book) -> None:
    apply(book, replace(ACTION, steps=(Step(user_groups=("On call",)),)))
    levels(book, 3, 1)
    assert [name for name, *_ in told(book)] == ["all", "worst"]


# --- updates


def test_those_told_before_are_told_of_the_rise(book: Book) -> None:
    apply(book, replace(ACTION, updates=True))
    levels(book, 3, 2, 1)
    assert told(book) == [
        ("all", "Warning", 1),
        ("all", "Worse (from Warning to Critical): Critical", 0),
        ("bad", "Critical", 1),
        ("all", "Worse (from Critical to Stopped): Stopped", 0),
        ("bad", "Worse (from Critical to Stopped): Stopped", 0),
        ("worst", "Stopped", 1),
    ]
    assert {row["p_eventid"] for row in book.alerts()} == {None}
    assert book.alerts()[1]["message"].startswith("The level rose from Warning to Critical.\nAlarm: slow\n")


def test_without_updates_they_are_not(book: Book) -> None:
    apply(book, ACTION)
    levels(book, 3, 1)
    assert [name for name, *_ in told(book)] == ["all", "worst", "bad"]


def test_own_words(book: Book) -> None:
    words: dict[str, Any] = {
        "update_subject": "${alarm_previous_level} ${alarm_previous_level_number} -> ${alarm_level_number}",
        "update_message": "${alarm_name}: ${alarm_status} ${alarm_previous_level_json}",
    }
    apply(book, replace(ACTION, updates=True), media_types=(replace(PAGER, **words),))
    levels(book, 4, 2)
    [update] = [row for row in book.alerts() if row["esc_step"] == 0]
    assert (update["subject"], update["message"]) == ("Caution 4 -> 2", 'slow: Active "Caution"')
    assert execute_all(book, "SELECT recovery FROM media_type_message ORDER BY recovery") == [(0,), (2,)]


def execute_all(book: Book, sql: str) -> list[Any]:
    return book.connection.execute(sql).fetchall()


def test_each_address_is_told_once(book: Book) -> None:
    """Whatever the number of steps that alerted it."""
    apply(book, replace(ACTION, updates=True, steps=(EVERYBODY, EVERYBODY)))
    levels(book, 3, 2)
    assert [name for name, _, number in told(book) if number == 0] == ["all"]


def test_a_disabled_action_tells_nobody(book: Book) -> None:
    apply(book, replace(ACTION, updates=True))
    levels(book, 3)
    apply(book)
    levels(book, 2)
    assert len(told(book)) == 1


# --- in pieces


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MOST_ALERTED", 2500)


def many(book: Book, **more: Any) -> None:
    """Seven who are told at once, and seven from severity 5 on."""
    receivers = tuple(
        Receiver(
            username=f"user {number}",
            media=(Media(media_type="pager", sendto=f"{number:02}", severities=DISASTER | (63 if number < 7 else 0)),),
        )
        for number in range(14)
    )
    steps = (Step(users=tuple(each.username for each in receivers)),)
    apply(book, replace(ACTION, steps=steps, **more), receivers=receivers)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("by", ["alert_some", "advance"])
def test_a_rise_in_pieces(book: Book, by: str) -> None:
    many(book, updates=True)
    ledger = book.ledger
    later: list[int] = []
    for at, level in [(0, 3), (10_000, 1)]:
        with transaction(book.connection):
            ledger.record([an_alarm(level=level)], START + at, book.connection, later)
        rounds = 0
        while (due := book.rows("SELECT 1 FROM escalations WHERE nextcheck IS NOT NULL")) or later:
            assert due, "what is left is due"
            if by == "advance":
                book.advance(at)
                later.clear()
            else:
                later = step(Ledger(DEFAULTS), book.connection, later, at)
            rounds += 1
        assert rounds > 1
    found = told(book)
    assert Counter(found) == dict.fromkeys(found, 1)
    assert sorted(name for name, _, number in found if number == 1) == [f"{number:02}" for number in range(14)]
    assert sorted(name for name, _, number in found if number == 0) == [f"{number:02}" for number in range(7)]


@pytest.mark.usefixtures("small_pieces")
def test_an_alarm_that_ends_while_a_rise_is_put_off(book: Book) -> None:
    many(book, updates=True)
    later: list[int] = []
    for at, level in [(0, 3), (10_000, 1)]:
        with transaction(book.connection):
            book.ledger.record([an_alarm(level=level)], START + at, book.connection, later)
        while later and level == 3:
            later = step(book.ledger, book.connection, later)
    later = record(book.ledger, book.connection, [an_alarm(is_active=False)], 11_000)
    while later:
        later = step(book.ledger, book.connection, later, 11_000)
    while (due := book.advance(20_000)) is not None:
        assert due <= 20_000
    of_problem = {row["sendto"] for row in book.alerts() if row["p_eventid"] is None}
    of_recovery = [row["sendto"] for row in book.alerts() if row["p_eventid"] is not None]
    assert sorted(of_recovery) == sorted(of_problem)


@pytest.mark.usefixtures("small_pieces")
def test_it_gets_worse_once_more_while_a_rise_is_put_off(book: Book) -> None:
    many(book, updates=True)
    later: list[int] = []
    for at, level in [(0, 3), (10_000, 2), (20_000, 1)]:
        with transaction(book.connection):
            book.ledger.record([an_alarm(level=level)], START + at, book.connection, later)
        while later and level == 3:
            later = step(book.ledger, book.connection, later)
    while later:
        later = step(book.ledger, book.connection, later, 20_000)
    found = told(book)
    assert sorted(name for name, _, number in found if number == 1) == [f"{number:02}" for number in range(14)]
    assert {name for name, _, number in found if number == 0} == {f"{number:02}" for number in range(7)}
    assert set(Counter(found).values()) == {1}


# --- on servers


def tables(receiver: HttpReceiver, **action: Any) -> dict[str, list[dict[str, Any]]]:
    media = [
        {"media_type": "hook", "sendto": "all"},
        {"media_type": "hook", "sendto": "pager", "severities": ["Disaster"]},
    ]
    return {
        "media_type": [http_channel("hook", receiver)],
        "user": [{"username": "Admin", "media": media}],
        "action": [{"name": "All", "recovery": True, "steps": [{"users": ["Admin"]}], **action}],
    }


def test_the_pager_is_told(path: Path, receiver: HttpReceiver) -> None:
    config = write_config(path.with_name("config.toml"), tables(receiver, updates=True))
    with serving(path, "--config", str(config)) as server:
        push(server.port, level=3)
        push(server.port, level=1)
        push(server.port, status="Inactive")
        found = settled(path, 5)
    assert [(alert["sendto"], alert["subject"]) for alert in found] == [
        ("all", "Warning: slow on db-1"),
        ("all", "Worse (from Warning to Stopped): Stopped: slow on db-1"),
        ("pager", "Stopped: slow on db-1"),
        ("all", "Resolved: Stopped: slow on db-1"),
        ("pager", "Resolved: Stopped: slow on db-1"),
    ]
    in_order = [got.json["subject"] for got in receiver.got]
    assert in_order.index(found[0]["subject"]) < in_order.index(found[1]["subject"])
    assert {alert["status"] for alert in found} == {1}


def test_a_kill_while_a_rise_is_made(path: Path, receiver: HttpReceiver) -> None:
    """Hundreds of receivers, whose alerts take many transactions."""
    declared = tables(receiver, updates=True)
    declared["media_type"][0] |= {"message": "${alarm_description}", "max_sessions": 50}
    names = [f"user {number}" for number in range(200)]
    media = declared["user"][0]["media"]
    declared["user"] = [{"username": name, "media": media} for name in names]
    declared["action"][0]["steps"] = [{"users": names}]
    config = write_config(path.with_name("config.toml"), declared)
    server = Server(path, "--config", str(config), "--deliver", "no")
    push(server.port, description="d" * 60_000, level=3)
    assert eventually(lambda: len(alerts(path)) == 200)
    execute(path, "DELETE FROM alert_queue")
    connection = server_push(server.port, {"level": 1, "description": "e" * 60_000})
    assert eventually(lambda: len(alerts(path)) > 200)
    server.kill()
    connection()
    made = len(alerts(path))
    assert made < 600
    with serving(path, "--config", str(config)):
        assert eventually(lambda: len(alerts(path)) == 600), made
        assert eventually(lambda: execute(path, "SELECT COUNT(*) FROM escalations WHERE risen IS NOT NULL") == [(0,)])
    keys = Counter((row["userid"], row["sendto"], row["esc_step"]) for row in alerts(path))
    assert set(keys.values()) == {1}
    assert Counter((sendto, number) for _, sendto, number in keys) == {
        ("all", 1): 200,
        ("all", 0): 200,
        ("pager", 1): 200,
    }


def server_push(port: int, more: dict[str, Any]) -> Any:
    """Pushes beside the test, which kills the server meanwhile; waits for the end when it is called."""

    def work() -> None:
        with suppress(OSError, HTTPException):
            push(port, **more)

    thread = threading.Thread(target=work)
    thread.start()
    return thread.join


# --- an older database


def test_an_escalation_of_before(tmp_path: Path) -> None:
    path = older_database(tmp_path / "old.db", 5)
    execute(path, "INSERT INTO events (eventid, objectid, clock, value, severity) VALUES (7, 1, 1, 1, 3)")
    execute(path, "INSERT INTO escalations (escalationid, actionid, eventid, esc_step, started) VALUES (1, 1, 7, 1, 1)")
    with closing(connect(path)) as connection:
        migrate(connection)
        assert connection.execute("SELECT severity, risen FROM escalations").fetchall() == [(3, None)]
