"""When and how alarms end: each endpoint has a say, one that flaps settles, and what is no longer reported is told so."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertrpc.ledger.alarm import Alarm
from alertrpc.records import Recovery
from alertrpc.store.connection import connect
from alertrpc.store.schema import migrate
from tests.receivers import (
    Receiver,
    alerts,
    http_channel,
    older_database,
    post,
    push,
    rows,
    settled,
    to_admin,
    write_config,
)
from tests.support import ROOT, Server, serving
from tests.test_alarm_api import ALERTS, WEBHOOK, Api, firing, notified, webhook
from tests.test_ledger import MINUTE, START, WAKE, Book, an_alarm, book
from tests.wire import eventually, execute

__all__ = ["book"]  # a fixture

PROMETHEUS, ALERTMANAGER = "prometheus", "alertmanager"
ALARM = an_alarm()


def seen(endpoint: str, expires_at: int | None = None) -> Alarm:
    return replace(ALARM, endpoint=endpoint, expires_at=None if expires_at is None else START + expires_at)


def over(endpoint: str, resolved_at: int | None = None) -> Alarm:
    at = None if resolved_at is None else START + resolved_at
    return replace(ALARM, endpoint=endpoint, is_active=False, resolved_at=at)


def end(book: Book) -> tuple[str, int | None]:
    """How the one alarm ended, and when after START."""
    [row] = book.rows("SELECT ended, resolved_at FROM alarms")
    return row["ended"] if row["resolved_at"] else "", row["resolved_at"] and row["resolved_at"] - START


# --- endpoints

ACTIVE = ("", None)
ENDS: Mapping[str, tuple[list[tuple[Alarm, int]], tuple[str, int | None], int | None]] = {
    "both die": ([(seen(PROMETHEUS, 4 * MINUTE), 0), (seen(ALERTMANAGER), 1)], ("expired", 4 * MINUTE), 4 * MINUTE),
    "both die, the other way round": (
        [(seen(ALERTMANAGER), 0), (seen(PROMETHEUS, 4 * MINUTE), 1)], ("expired", 4 * MINUTE), 4 * MINUTE,
    ),
    "the webhook alone never ends": ([(seen(ALERTMANAGER), 0)], ACTIVE, 999 * MINUTE),
    "only the webhook says so": (
        [(seen(PROMETHEUS, 4 * MINUTE), 0), (seen(ALERTMANAGER), 1), (over(ALERTMANAGER), 2)], ACTIVE, None,
    ),
    "the webhook says so, Prometheus dies": (
        [(seen(PROMETHEUS, 4 * MINUTE), 0), (seen(ALERTMANAGER), 1), (over(ALERTMANAGER), 2)],
        ("expired", 4 * MINUTE), 4 * MINUTE,
    ),
    "only Prometheus says so": (
        [(seen(PROMETHEUS, 4 * MINUTE), 0), (seen(ALERTMANAGER), 1), (over(PROMETHEUS), 2)], ACTIVE, 999 * MINUTE,
    ),
    "both say so": (
        [(seen(PROMETHEUS, 4 * MINUTE), 0), (seen(ALERTMANAGER), 1), (over(PROMETHEUS), 2), (over(ALERTMANAGER, 3), 5)],
        ("resolved", 3), None,
    ),
    "one that never reported says so": ([(seen(PROMETHEUS, 4 * MINUTE), 0), (over(ALERTMANAGER), 2)], ACTIVE, None),
    "the other has expired": (
        [(seen(PROMETHEUS, MINUTE), 0), (seen(ALERTMANAGER), 1), (over(ALERTMANAGER), 2 * MINUTE)],
        ("resolved", 2 * MINUTE), None,
    ),
    "it is reported again": (
        [(seen(PROMETHEUS, 4 * MINUTE), 0), (seen(ALERTMANAGER), 1), (seen(PROMETHEUS, 6 * MINUTE), 2)],
        ACTIVE, 5 * MINUTE,
    ),
    "the end comes sooner": (
        [(seen(PROMETHEUS, 6 * MINUTE), 0), (seen(PROMETHEUS, 4 * MINUTE), 2)], ("expired", 5 * MINUTE), 5 * MINUTE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDS)
def test_each_endpoint_has_a_say(book: Book, case: str) -> None:
    pushes, expected, later = ENDS[case]
    for alarm, at in pushes:
        book.record(alarm, at=at)
    if later is not None:
        book.advance(later)
    assert end(book) == expected


def test_what_says_something_new_has_a_say_too(book: Book) -> None:
    """The rows of an alarm are changed in two ways: times alone, or all."""
    book.record(seen(PROMETHEUS, 4 * MINUTE))
    book.record(replace(seen(ALERTMANAGER), summary="other"), at=1)
    book.record(replace(over(ALERTMANAGER), summary="new"), at=2)
    book.advance(4 * MINUTE - 1)
    assert end(book) == ACTIVE
    book.advance(4 * MINUTE)
    assert end(book) == ("expired", 4 * MINUTE)


def test_an_action_may_end_it_sooner(book: Book) -> None:
    book.apply(replace(WAKE, resolve_after=60))
    book.record(seen(PROMETHEUS, 4 * MINUTE))
    book.record(seen(ALERTMANAGER), at=1000)
    assert book.advance(MINUTE) == MINUTE + 1000
    book.advance(MINUTE + 1000)
    assert end(book) == ("expired", MINUTE + 1000)


def test_an_alarm_of_before(tmp_path: Path) -> None:
    """It does not know who reports it, until somebody does."""
    path = older_database(tmp_path / "old.db", 5)
    execute(
        path,
        "INSERT INTO alarms (eventid, identity, alarm_type, target, level, name, active_at, updated_at, expires_at)"
        " VALUES (1, ?, 'slow', 'db-1', 3, 'slow', ?, ?, ?)",
        ALARM.identity, START, START, START + MINUTE,
    )  # fmt: skip
    execute(path, "INSERT INTO events (eventid, objectid, clock, value) VALUES (1, 1, ?, 1)", START // 1000)
    with closing(connect(path)) as connection:
        migrate(connection)
        book = Book(connection)
        assert book.record(over(ALERTMANAGER), at=1) == [1]
        assert end(book) == ("resolved", 1)


# --- settling


def settling(book: Book, *seconds: int) -> None:
    book.apply(*[replace(WAKE, name=f"Wake {each}", settle=each, recovery=Recovery.TOLD) for each in seconds])


def test_what_comes_again_never_ended(book: Book) -> None:
    settling(book, 30)
    eventids = [book.record(alarm, at=at) for alarm, at in [(ALARM, 0), (over("ocp"), 1000), (ALARM, 30_000)]]
    assert eventids[0] == eventids[1] == eventids[2]
    assert book.advance(MINUTE) is None
    assert end(book) == ACTIVE
    assert len(book.events()) == len(book.told()) == 1


def test_it_ended_at_its_first_end(book: Book) -> None:
    settling(book, 30)
    book.record(ALARM)
    for at in (1000, 5000, 20_000):
        book.record(over("ocp"), at=at)
    assert book.advance(30_999) == 31_000
    assert end(book) == ACTIVE
    assert book.one("SELECT value FROM triggers") == 1
    assert book.advance(31_000) is None
    assert end(book) == ("resolved", 1000)
    assert book.rows("SELECT clock, ns FROM events WHERE value = 0") == [{"clock": START // 1000 + 1, "ns": 0}]
    assert [told[2] for told in book.told()] == [1, 0]


def test_the_end_that_the_sender_gave_counts(book: Book) -> None:
    settling(book, 30)
    book.record(ALARM)
    book.record(over("ocp", 400), at=1000)
    book.advance(31_000)
    assert end(book) == ("resolved", 400)


def test_the_longest_settle_of_those_that_take_it_counts(book: Book) -> None:
    book.apply(
        replace(WAKE, name="A", settle=10),
        replace(WAKE, name="B", settle=60),
        replace(WAKE, name="C", settle=600, target=("x",)),
    )
    book.record(ALARM)
    book.record(over("ocp"), at=1000)
    assert book.advance(60_999) == 61_000
    book.advance(61_000)
    assert end(book) == ("resolved", 1000)


def test_what_expires_settles_too(book: Book) -> None:
    settling(book, 30)
    book.record(seen(PROMETHEUS, MINUTE))
    assert book.advance(MINUTE) == MINUTE + 30_000
    book.record(seen(PROMETHEUS, 9 * MINUTE), at=MINUTE + 10_000)
    assert end(book) == ACTIVE
    book.advance(9 * MINUTE)
    book.record(over(PROMETHEUS), at=9 * MINUTE + 1000)  # comes late
    book.advance(9 * MINUTE + 30_000)
    assert end(book) == ("expired", 9 * MINUTE)


def test_it_settles_when_it_comes_with_other_words(book: Book) -> None:
    settling(book, 30)
    book.record(ALARM)
    book.record(over("ocp"), at=1000)
    book.record(replace(ALARM, summary="other"), at=2000)
    assert book.advance(MINUTE) is None
    assert end(book) == ACTIVE


def test_two_senders_that_disagree_make_one_problem(book: Book) -> None:
    settling(book, 30)
    for round_ in range(20):
        book.record(ALARM, at=20_000 * round_)
        book.record(over("ocp"), at=20_000 * round_ + 10_000)
        book.advance(20_000 * round_ + 15_000)
    book.advance(20_000 * 19 + 40_000)
    assert [told[2] for told in book.told()] == [1, 0]
    assert end(book) == ("resolved", 20_000 * 19 + 10_000)


def test_without_settle_it_ends_at_once(book: Book) -> None:
    settling(book, 0)
    book.record(ALARM)
    book.record(over("ocp"), at=1000)
    assert end(book) == ("resolved", 1000)


# --- on servers


def configured(path: Path, receiver: Receiver, **action: Any) -> Path:
    return write_config(
        path.with_name("config.toml"), to_admin(http_channel("hook", receiver), recovery=True, **action)
    )


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_both_senders_die(path: Path, receiver: Receiver) -> None:
    with serving(path, "--config", str(configured(path, receiver))) as server:
        assert post(server.port, ALERTS, [firing("Down", endsAt=soon(1))])[0] == 200
        assert post(server.port, WEBHOOK, webhook(notified("Down", "firing")))[0] == 200
        settled(path, 2)
        _, answer = post(server.port, "/api_jsonrpc.php", event_get(output=["value", "ended"]))
        _, plain = post(server.port, "/api_jsonrpc.php", event_get(output="extend"))
        [listed] = Api(server.port).get("/api/v2/alarm/alarms")["contents"]
    told = receiver.got[1].json
    assert told["subject"] == "No longer reported: Critical: Down on db-1:9100"
    assert told["message"].startswith("It is no longer reported, at 20")
    assert (listed["status"], listed["ended"]) == ("Inactive", "expired")
    ended = {(event["value"], event["ended"]) for event in answer["result"]}
    assert ended == {("1", "expired"), ("0", "expired")}
    assert all("ended" not in event for event in plain["result"])


def event_get(**params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "event.get", "params": {"value": [0, 1], **params}, "id": 1}


def test_a_flapping_alarm_is_one_problem_and_one_recovery(path: Path, receiver: Receiver) -> None:
    with serving(path, "--config", str(configured(path, receiver, settle="2s"))) as server:
        ids = {push(server.port, status=status)["id"] for status in ["Active", "Inactive"] * 5}
        state = push(server.port, status="Inactive")
        [listed] = Api(server.port).get("/api/v2/alarm/alarms?status=Active")["contents"]
        settled(path, 2)
        [over_] = Api(server.port).get("/api/v2/alarm/alarms")["contents"]
    assert ids == {state["id"]} == {listed["id"]}
    assert (state["status"], listed["status"], "ended" in listed) == ("Active", "Active", False)
    assert [got.json["subject"].split(":")[0] for got in receiver.got] == ["Warning", "Resolved"]
    assert datetime.fromisoformat(over_["resolvedAt"]) < datetime.fromisoformat(over_["updatedAt"]) - timedelta(
        seconds=1
    )
    assert over_["ended"] == "resolved"


def test_a_kill_while_alarms_settle(path: Path, receiver: Receiver) -> None:
    config = configured(path, receiver, settle="3s")
    server = Server(path, "--config", str(config))
    for target in ("db-1", "db-2"):
        push(server.port, target)
        push(server.port, target, status="Inactive")
    settled(path, 2)
    ends = execute(path, "SELECT ended_at FROM alarms ORDER BY eventid")
    server.kill()
    with serving(path, "--config", str(config)) as server:
        push(server.port, "db-1")
        assert eventually(lambda: len(alerts(path)) == 3)
        settled(path, 3)
        assert execute(path, "SELECT resolved_at FROM alarms ORDER BY eventid") == [(None,), ends[1]]
    subjects = [got.json["subject"] for got in receiver.got]
    assert sorted(subjects) == ["Resolved: Warning: slow on db-2", "Warning: slow on db-1", "Warning: slow on db-2"]


def test_the_recipe_of_a_dead_mans_switch(path: Path, receiver: Receiver) -> None:
    document = (ROOT / "docs" / "alarms.rst").read_text()
    recipe = document.split("Give it an action of its own::\n\n")[1].split("\n\nThose on call")[0]
    quick = recipe.replace('"10m"', '"1s"').replace('"1m"', '"1s"')
    tables = to_admin(http_channel("hook", receiver))
    config = write_config(path.with_name("config.toml"), {**tables, "action": []})
    on_call = '\n[[user_group]]\nname = "On call"\nmembers = ["Admin"]\n'
    config.write_text(config.read_text() + on_call + "\n".join(line[4:] for line in quick.splitlines()))
    alive = webhook(notified("Watchdog", "firing"))
    with serving(path, "--config", str(config)) as server:
        for _ in range(3):
            post(server.port, WEBHOOK, alive)
        settled(path, 2)
        post(server.port, WEBHOOK, alive)
        settled(path, 3)
    subjects = [got.json["subject"] for got in receiver.got]
    assert subjects[0] == subjects[2] == "Critical: Watchdog on db-1:9100"
    assert subjects[1] == "No longer reported: " + subjects[0]
    assert [row["ended"] for row in rows(path, "SELECT ended FROM alarms ORDER BY eventid")] == ["expired", ""]


@pytest.mark.parametrize(("state", "how"), [("Inactive", "resolved"), ("Active", "expired")])
def test_own_words_may_say_how(path: Path, receiver: Receiver, state: str, how: str) -> None:
    hook = http_channel("hook", receiver, recovery_subject="<${alarm_ended}>", subject="<${alarm_ended}>")
    config = write_config(path.with_name("config.toml"), to_admin(hook, recovery=True))
    with serving(path, "--config", str(config)) as server:
        push(server.port)
        push(server.port, status=state, resolvedAt=soon(-1 if state == "Inactive" else 1))
        settled(path, 2)
    assert [got.json["subject"] for got in receiver.got] == ["<>", f"<{how}>"]
