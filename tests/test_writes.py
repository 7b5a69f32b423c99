"""Writes that share commits, and what gathers them: each job apart, faults to whom they belong, disks without room."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.errors import DatabaseBusy, DatabaseUnwritable
from alertrpc.store.connection import Connection, Job, connect
from alertrpc.store.database import create, prepare
from alertrpc.store.gather import PATIENCE_SECONDS, Gather, Outcome
from alertrpc.store.writes import MOST_TOGETHER, Writes
from tests.receivers import (
    PUSH,
    Answer,
    http_channel,
    new_database,
    post,
    push,
    receiving,
    settled,
    to_admin,
    write_config,
)
from tests.support import serving
from tests.wire import eventually, execute

# --- Gather


class Batches:
    """What a Gather runs: keeps the batches; each waits until `open` is set."""

    def __init__(self, outcome: Callable[[Any], Outcome] = Outcome) -> None:
        self.seen: list[list[Any]] = []
        self.open = asyncio.Event()
        self.open.set()
        self._outcome = outcome

    async def __call__(self, items: list[Any]) -> Sequence[Outcome]:
        self.seen.append(items)
        await self.open.wait()
        return [self._outcome(item) for item in items]


def adding(gather: Gather[Any, Any], items: Sequence[Any]) -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(gather.add(item)) for item in items]


async def turns(count: int = 5) -> None:
    """Lets the other tasks go on."""
    for _ in range(count):
        await asyncio.sleep(0)


@given(
    items=st.lists(st.integers(-5, 5), max_size=30),
    most=st.integers(1, 10),
    cancelled=st.sets(st.integers(0, 29)),
)
def test_every_waiter_is_told_what_is_its_own(items: list[int], most: int, cancelled: set[int]) -> None:
    """Negative items fail."""

    def outcome(item: tuple[int, int]) -> Outcome:
        return Outcome(None, ValueError(item)) if item[1] < 0 else Outcome(item)

    async def run() -> None:
        batches = Batches(outcome)
        batches.open.clear()
        gather: Gather[Any, Any] = Gather(batches, most)
        numbered = list(enumerate(items))
        tasks = adding(gather, numbered)
        await turns()
        for place in cancelled & set(range(len(items))):
            tasks[place].cancel()
        batches.open.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        for place, (item, value) in enumerate(zip(numbered, found, strict=True)):
            if place in cancelled:
                assert isinstance(value, asyncio.CancelledError)
            elif item[1] < 0:
                assert isinstance(value, ValueError)
                assert value.args == (item,)
            else:
                assert value == item
        run_items = [item for batch in batches.seen for item in batch]
        assert run_items == sorted(run_items), "in the order of their arrival"
        assert all(0 < len(batch) <= most for batch in batches.seen)
        first = set(range(most))
        assert [item for item in run_items if item[0] in cancelled - first] == [], "nobody waits for these"
        assert await gather.add((99, 99)) == (99, 99)

    asyncio.run(run())


async def test_what_arrives_while_a_batch_runs_is_the_next_batch() -> None:
    batches = Batches()
    batches.open.clear()
    gather: Gather[int, int] = Gather(batches, 100)
    tasks = adding(gather, [0])
    await turns()
    tasks += adding(gather, [1, 2, 3])
    await turns()
    assert batches.seen == [[0]]
    batches.open.set()
    assert await asyncio.gather(*tasks) == [0, 1, 2, 3]
    assert batches.seen == [[0], [1, 2, 3]]


async def test_a_fault_of_a_batch_is_told_to_all_of_it_and_no_other() -> None:
    calls: list[list[int]] = []

    async def run(items: list[int]) -> Sequence[Outcome]:
        calls.append(items)
        await asyncio.sleep(0)
        if len(calls) == 2:
            raise OSError("the second")
        return [Outcome(item) for item in items]

    gather: Gather[int, int] = Gather(run, 2)
    found = await asyncio.gather(*adding(gather, range(6)), return_exceptions=True)
    assert calls == [[0, 1], [2, 3], [4, 5]]
    assert [value if isinstance(value, int) else str(value) for value in found] == [0, 1, *["the second"] * 2, 4, 5]


async def test_a_batch_weighs_no_more_than_the_most_or_is_one_item() -> None:
    batches = Batches()
    batches.open.clear()
    gather: Gather[int, int] = Gather(batches, 10, lambda item: item)
    tasks = adding(gather, [1])
    await turns()
    tasks += adding(gather, [4, 6, 5, 11, 10, 3, 3])
    batches.open.set()
    await asyncio.gather(*tasks)
    assert batches.seen == [[1], [4, 6], [5], [11], [10], [3, 3]]


async def test_patient_items_are_run_when_no_other_waits() -> None:
    batches = Batches()
    batches.open.clear()
    gather: Gather[str, str] = Gather(batches, 2)
    tasks = adding(gather, ["first"])
    await turns()
    tasks += [asyncio.create_task(gather.add(f"patient {number}", patient=True)) for number in range(3)]
    await turns()
    tasks += adding(gather, ["a", "b", "c"])
    await turns()
    batches.open.set()
    await asyncio.gather(*tasks)
    assert batches.seen == [["first"], ["a", "b"], ["c"], ["patient 0", "patient 1"], ["patient 2"]]
    assert await gather.add("alone", patient=True) == "alone"


async def test_who_was_answered_goes_before_the_patient() -> None:
    """A gather of pushes adds the next of them to the gather of writes when the one before is written."""
    batches = Batches()
    writes: Gather[Any, Any] = Gather(batches, 10)

    async def write(items: list[int]) -> Sequence[Outcome]:
        await writes.add(items)
        return [Outcome(item) for item in items]

    pushes: Gather[int, int] = Gather(write, 2)
    tasks = adding(pushes, range(5))
    await turns(1)
    tasks.append(asyncio.create_task(writes.add("patient", patient=True)))
    await asyncio.gather(*tasks)
    assert batches.seen == [[[0, 1]], [[2, 3]], [[4]], ["patient"]]


async def test_patient_items_do_not_wait_for_ever() -> None:
    """Others come all the time, and never leave the gather without one that waits."""
    batches = Batches()
    gather: Gather[str, str] = Gather(batches, 10)
    loop = asyncio.get_running_loop()
    is_over = asyncio.Event()

    async def keep_adding() -> None:
        while not is_over.is_set():
            await gather.add("other")

    others = [asyncio.create_task(keep_adding()) for _ in range(3)]
    await turns()
    started = loop.time()
    assert await gather.add("patient", patient=True) == "patient"
    assert loop.time() - started >= PATIENCE_SECONDS
    [batch] = [batch for batch in batches.seen if "patient" in batch]
    assert batch[0] == "patient"
    assert "other" in batch, "they share a commit"
    is_over.set()
    await asyncio.gather(*others)


# --- Writes


@asynccontextmanager
async def writing(path: Path, **more: Any) -> AsyncIterator[tuple[Writes, Connection]]:
    create(path)
    prepare(path)
    async with Connection(lambda: connect(path)) as connection:
        yield Writes(connection, path, **more), connection


def add(name: str, fault: Exception | None = None) -> Job[str]:
    """A job that adds two host groups, and may fail between them."""

    def job(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO hstgrp (name) VALUES (?)", (name,))
        if fault is not None:
            raise fault
        connection.execute("INSERT INTO hstgrp (name) VALUES (?)", (name,))
        return name

    return job


def named(path: Path) -> list[str]:
    return [name for (name,) in execute(path, "SELECT name FROM hstgrp ORDER BY groupid")]


def violate(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO hstgrp (name) VALUES ('violated')")
    connection.execute("INSERT INTO role (roleid, type) VALUES (1, 99)")


@pytest.mark.parametrize("alone", [True, False])
async def test_jobs_are_apart(tmp_path: Path, alone: bool) -> None:
    fault = LookupError("mine")
    jobs: list[Job[Any]] = [add("a"), add("b", fault), violate, add("c")]
    async with writing(tmp_path / "a.db") as (writes, _):
        if alone:
            found = [(await asyncio.gather(writes.write(job), return_exceptions=True))[0] for job in jobs]
        else:
            found = await asyncio.gather(
                writes.write(lambda _: "first"), *map(writes.write, jobs), return_exceptions=True
            )
            found = found[1:]
    assert found[0] == "a"
    assert found[1] is fault
    assert isinstance(found[2], sqlite3.IntegrityError)
    assert found[3] == "c"
    assert named(tmp_path / "a.db") == ["a", "a", "c", "c"]


async def test_a_patient_job_is_written_after_the_others(tmp_path: Path) -> None:
    async with writing(tmp_path / "a.db") as (writes, _):
        await asyncio.gather(
            writes.write(add("first")), writes.write(add("patient"), patient=True), writes.write(add("last"))
        )
    assert named(tmp_path / "a.db") == ["first", "first", "last", "last", "patient", "patient"]


async def test_jobs_share_a_commit(tmp_path: Path) -> None:
    commits: list[str] = []
    async with writing(tmp_path / "a.db") as (writes, connection):
        await connection.run(lambda raw: raw.set_trace_callback(lambda sql: commits.append(sql)))
        await asyncio.gather(*[writes.write(add(str(number))) for number in range(MOST_TOGETHER)])
    assert commits.count("COMMIT") <= 2
    assert len(named(tmp_path / "a.db")) == 2 * MOST_TOGETHER


async def test_what_is_told_is_on_disk(tmp_path: Path) -> None:
    async with writing(tmp_path / "a.db") as (writes, _):
        for name in ("a", "b"):
            await writes.write(add(name))
            assert named(tmp_path / "a.db")[-1] == name


async def test_a_full_database_is_unwritable_until_there_is_room(tmp_path: Path) -> None:
    large = "x" * 50_000
    async with writing(tmp_path / "a.db") as (writes, connection):
        pages = await connection.run(lambda raw: raw.execute("PRAGMA page_count").fetchone()[0])
        await connection.run(lambda raw: raw.execute(f"PRAGMA max_page_count = {pages + 10}").fetchall())
        found = await asyncio.gather(
            *[writes.write(add(name)) for name in ("a", "b", large, "c")], return_exceptions=True
        )
        told = [name for name, value in zip("ab-c", found, strict=True) if not isinstance(value, Exception)]
        assert {type(value) for value in found if isinstance(value, Exception)} == {DatabaseUnwritable}
        assert named(tmp_path / "a.db") == [name for name in told for _ in range(2)]
        with pytest.raises(DatabaseUnwritable, match=r"^The database cannot be written: .* full\.$"):
            await writes.write(add(large))
        assert await writes.write(add("d")) == "d"
        await connection.run(lambda raw: raw.execute("PRAGMA max_page_count = 100000").fetchall())
        assert await writes.write(add(large)) == large


async def test_a_locked_database_is_busy(tmp_path: Path) -> None:
    async with writing(tmp_path / "a.db", busy_timeout=0.1) as (writes, _):
        with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            found = await asyncio.gather(*[writes.write(add(name)) for name in "abc"], return_exceptions=True)
            assert {type(value) for value in found} == {DatabaseBusy}
            other.execute("ROLLBACK")
        assert await writes.write(add("d")) == "d"
    assert named(tmp_path / "a.db") == ["d", "d"]


async def test_who_comes_behind_a_busy_batch_waits_shortly(tmp_path: Path) -> None:
    """It waited already; as soon as a batch is written, the whole time counts again."""
    async with writing(tmp_path / "a.db", busy_timeout=0.7) as (writes, connection):

        async def timeout() -> int:
            return int(await connection.run(lambda raw: raw.execute("PRAGMA busy_timeout").fetchone()[0]))

        with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waited = []
            for name in "ab":
                with pytest.raises(DatabaseBusy):
                    await writes.write(add(name))
                waited.append(await timeout())
            other.execute("ROLLBACK")
        assert waited == [700, 500]
        for name in "cd":
            await writes.write(add(name))
        assert await timeout() == 700


# --- a server without room


def limit_files(pid: int, size: int) -> None:
    """Files of a process may not grow beyond this."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux")
def test_a_server_without_room(tmp_path: Path) -> None:
    """503 while there is none; what was acknowledged stays; it goes on, and records what it sent meanwhile."""
    database = new_database(tmp_path / "alertrpc.db")
    hold = threading.Event()
    with receiving() as receiver:
        config = write_config(tmp_path / "c.toml", to_admin(http_channel("hook", receiver, max_sessions=4)))
        receiver.answer = lambda got: Answer(hold=hold)
        with serving(database, "--config", str(config)) as server:
            acknowledged = [push(server.port, f"before-{number}")["target"] for number in range(3)]
            receiver.waits_for(3)
            wal = Path(f"{database}-wal").stat().st_size
            assert server.log.stat().st_size < wal, "the log has room"
            limit_files(server.process.pid, wal)
            hold.set()
            refused = []
            for number in range(8):
                status, envelope = post(
                    server.port, PUSH, {"alarmType": "slow", "target": f"full-{number}", "description": "x" * 20_000}
                )
                if status == 200:
                    acknowledged.append(envelope["data"]["target"])
                    continue
                assert status == 503, envelope
                assert envelope["error"]["message"].startswith("The database cannot be written: ")
                refused.append(f"full-{number}")
            assert refused
            assert eventually(lambda: "could not be recorded" in server.log.read_text())
            limit_files(server.process.pid, resource.RLIM_INFINITY)
            acknowledged.append(push(server.port, "after")["target"])
            done = settled(database, len(acknowledged))
            log = server.log.read_text()
        assert "Traceback" not in log
    assert {alert["status"] for alert in done} == {1}
    assert set(receiver.counts.values()) == {1}
    assert sorted(got.json["target"] for got in receiver.got) == sorted(acknowledged)
    assert sorted(target for (target,) in execute(database, "SELECT target FROM alarms")) == sorted(acknowledged)
    assert execute(database, "PRAGMA integrity_check") == [("ok",)]


def test_a_server_with_a_locked_database(tmp_path: Path) -> None:
    database = new_database(tmp_path / "alertrpc.db")
    with receiving() as receiver:
        config = write_config(tmp_path / "c.toml", to_admin(http_channel("hook", receiver)))
        with serving(database, "--config", str(config)) as server:
            push(server.port, "before")
            settled(database, 1)
            with closing(sqlite3.connect(database, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                status, envelope = post(server.port, PUSH, {"alarmType": "slow", "target": "meanwhile"})
                assert (status, envelope["error"]["code"]) == (503, 503)
                other.execute("ROLLBACK")
            push(server.port, "after")
            settled(database, 2)
            assert "Traceback" not in server.log.read_text()
    assert [got.json["target"] for got in receiver.got] == ["before", "after"]
