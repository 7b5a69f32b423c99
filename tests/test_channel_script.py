"""Scripts as they are run: what they are given, how they end, and that nothing of them is left."""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.configuration.media_types import key
from alertrpc.configuration.values import text
from alertrpc.delivery.channels.script import ScriptChannel, ScriptMediaType
from alertrpc.delivery.protocol import Message, Outcome, Reason, Verdict
from alertrpc.delivery.scripts.environment import TEXT_BYTES, TOTAL_BYTES, Room, environment_of
from alertrpc.delivery.scripts.files import UnusableScript, find_script, folder_name
from tests.delivering import sent_by
from tests.wire import eventually

RUNNERS: dict[str, Callable[[Coroutine[Any, Any, Any]], Any]] = {"asyncio": asyncio.run, "uvloop": uvloop.run}
DUMP = """#!/usr/bin/python3
import json, os, sys
json.dump({"env": dict(os.environ), "argv": sys.argv[1:], "stdin": json.load(sys.stdin)}, open("dump.json", "w"))
"""


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMediaType(ScriptMediaType):
    """A script that has a secret."""

    password: str = key(text(0, 255), "", is_secret=True)


class Scripts:
    """A folder of scripts and a channel that runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "scripts"
        self.folder.mkdir()
        self.work = folder / "work" / "deep"
        self.channel = ScriptChannel(self.folder, self.work)

    def write(self, text: str, name: str = "it") -> str:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return name

    async def send(self, text: str, variables: dict[str, str] | None = None, **members: Any) -> Outcome:
        media_type = SecretMediaType(**{"name": "chat", "script": self.write(text), **members})
        return await sent_by(self.channel, media_type, message(variables or {}))

    def wrote(self, name: str) -> str:
        return (self.work / "chat" / name).read_text()

    async def dump(self, variables: dict[str, str]) -> dict[str, Any]:
        outcome = await self.send(DUMP, variables)
        assert outcome.verdict is Verdict.SENT, outcome
        dumped: dict[str, Any] = json.loads(self.wrote("dump.json"))
        return dumped


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


def message(variables: dict[str, str]) -> Message:
    text = variables.get("message", "text")
    return Message(delivery_id="d1", sendto="bob", subject="sub", message=text, variables=variables)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def has_no_children() -> bool:
    """Whether no child of this process is a script or its zombie; servers of other tests may run."""
    pids = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    names = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in pids]
    return not {"it", "sh", "bash", "sleep", "cat"} & set(names)


def is_gone(pid: int) -> bool:
    """Whether the process ends within a second; a zombie has."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("runner", RUNNERS)
def test_many_at_once_leak_nothing_under_both_loops(runner: str, scripts: Scripts) -> None:
    async def main() -> None:
        await scripts.send("#!/bin/sh\nexit 0\n")
        name = scripts.write('#!/bin/sh\ncat >/dev/null; echo "$message"; echo "$1" >&2\n')
        media_type = ScriptMediaType(name="chat", script=name)
        before = open_files()
        sending = [sent_by(scripts.channel, media_type, message({"message": f"m{number}"})) for number in range(50)]
        outcomes = await asyncio.gather(*sending)
        assert [outcome.stdout for outcome in outcomes] == [f"m{number}\n" for number in range(50)]
        assert {(outcome.verdict, outcome.stderr, outcome.error) for outcome in outcomes} == {
            (Verdict.SENT, "bob\n", "")
        }
        assert open_files() == before
        assert has_no_children()

    RUNNERS[runner](main())


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (0, Verdict.SENT),
        (1, Verdict.TRY_AGAIN),
        (75, Verdict.TRY_AGAIN),
        (78, Verdict.GIVE_UP),
        (255, Verdict.TRY_AGAIN),
    ],
)
async def test_exit_statuses(status: int, verdict: Verdict, scripts: Scripts) -> None:
    outcome = await scripts.send(f"#!/bin/sh\nexit {status}\n")
    assert (outcome.verdict, outcome.code) == (verdict, status)
    assert outcome.error == (f"exit status {status}" if status else "")
    assert outcome.reason is (Reason.EXIT_STATUS if status else Reason.DELIVERED)


@pytest.mark.parametrize(
    ("commands", "error"),
    [("echo out; echo 'a\n b' >&2", "a b"), ("echo out", "out"), ("echo pass-word >&2", "******")],
)
async def test_an_error_is_what_the_script_says(commands: str, error: str, scripts: Scripts) -> None:
    assert (await scripts.send(f"#!/bin/sh\n{commands}\nexit 3\n", password="pass-word")).error == error


async def test_a_signal_is_told(scripts: Scripts) -> None:
    outcome = await scripts.send("#!/bin/sh\nkill -15 $$\n")
    assert (outcome.verdict, outcome.reason, outcome.code) == (Verdict.TRY_AGAIN, Reason.KILLED, -15)
    assert outcome.error == "killed by signal 15"


@pytest.mark.parametrize(
    ("commands", "expect", "is_sent"),
    [
        ("echo success: 1", "success.*", True),
        ('echo \'{"a": 1, "b": 2}\'', '{"a": 1}', True),
        ("echo success; echo oops >&2", "success", False),
        ("echo oops; echo success >&2", "success", True),
        ("exit 75", "success", False),
    ],
)
async def test_the_answer_is_verified(commands: str, expect: str, is_sent: bool, scripts: Scripts) -> None:
    outcome = await scripts.send(f"#!/bin/bash\n{commands}\n", expect=expect)
    assert (outcome.verdict is Verdict.SENT) is is_sent
    if not is_sent:
        assert outcome.reason is (Reason.EXIT_STATUS if "75" in commands else Reason.UNEXPECTED_ANSWER)


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_script_that_hangs_is_killed_with_its_group(runner: str, scripts: Scripts) -> None:
    text = "#!/bin/sh\necho begun\nsh -c 'sleep 60' &\necho $! > child\necho $$ > leader\nwait\n"
    outcome = RUNNERS[runner](scripts.send(text, timeout=1))
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.TIMEOUT)
    assert outcome.error == "killed after 1 s: begun"
    assert is_gone(int(scripts.wrote("child")))
    assert is_gone(int(scripts.wrote("leader")))


@pytest.mark.alone
async def test_children_that_hold_the_pipes_are_not_waited_for(scripts: Scripts) -> None:
    start = time.monotonic()
    outcome = await scripts.send("#!/bin/sh\nsleep 60 &\necho $! > child\necho done\n")
    assert (outcome.verdict, outcome.stdout) == (Verdict.SENT, "done\n")
    assert time.monotonic() - start < 5
    assert is_gone(int(scripts.wrote("child")))


async def test_a_child_out_of_the_group_holds_up_nothing(scripts: Scripts) -> None:
    outcome = await scripts.send("#!/bin/bash\nsetsid sh -c 'echo $$ > child; exec yes' &\nsleep 0.2\n")
    assert outcome.verdict is Verdict.SENT
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(scripts.wrote("child")), 9)


async def test_a_script_that_starts_while_its_send_is_cancelled_is_ended(scripts: Scripts) -> None:
    """As a server that stops does."""
    send = asyncio.create_task(scripts.send("#!/bin/sh\necho $$ > started\nsleep 1000\n"))
    await asyncio.sleep(0)  # the start is handed to a thread
    send.cancel()
    with pytest.raises(asyncio.CancelledError):
        await send
    await asyncio.sleep(0.3)
    assert runs_in(scripts.work / "chat") == []


def runs_in(folder: Path) -> list[int]:
    """The processes whose working folder it is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == folder.resolve():
                found.append(int(process.name))
    return found


async def test_a_cancelled_send_kills_the_group(scripts: Scripts) -> None:
    before = open_files()
    task = asyncio.create_task(scripts.send("#!/bin/sh\nsleep 60 &\necho $! > child\nwait\n"))
    child = scripts.work / "chat" / "child"
    while not (child.exists() and child.read_text().strip()):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(eventually, lambda: open_files() == before)
    assert is_gone(int(child.read_text()))
    assert has_no_children()


async def test_a_megabyte_of_output_blocks_nothing(scripts: Scripts) -> None:
    text = "#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x\nhead -c 1000000 /dev/zero >&2\n"
    outcome = await scripts.send(text)
    assert outcome.verdict is Verdict.SENT
    assert outcome.stdout == "x" * 2048
    assert outcome.stderr.startswith("\N{REPLACEMENT CHARACTER}")
    assert len(outcome.stderr.encode()) <= 2048


async def test_invalid_utf_8_is_replaced(scripts: Scripts) -> None:
    outcome = await scripts.send("#!/bin/sh\nprintf 'a\\377b\\000c'\n")
    assert outcome.stdout == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"


async def test_what_a_script_is_given(scripts: Scripts) -> None:
    variables = {
        "message": 'say "hi"\n',
        "alarm_id": "7",
        "PATH": "evil",
        "label_a.b": "odd",
        "label_a_b": "exact",
        "label_a-b": "odder",
        "label_ü": "u",
        "annotation_x y": "z",
    }
    dumped = await scripts.dump(variables)
    assert dumped["stdin"] == variables
    assert dumped["argv"] == ["bob", "sub", 'say "hi"\n']
    server = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    dumped["env"].pop("LC_CTYPE", None)  # Python's own
    assert dumped["env"] == {
        **server,
        "message": 'say "hi"\n',
        "message_json": '"say \\"hi\\"\\n"',
        "alarm_id": "7",
        "alarm_id_json": '"7"',
        "PATH_json": '"evil"',
        "label_a_b": "exact",
        "label_a_b_2": "odd",
        "label_a_b_3": "odder",
        "label__": "u",
        "annotation_x_y": "z",
        "environment_truncated": "1",  # PATH has no place
    }
    assert (scripts.work / "chat").stat().st_mode & 0o777 == 0o700
    assert scripts.work.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("prefix", ["label_", "annotation_"])
@pytest.mark.parametrize(
    ("pushed", "names"),
    [
        (["a.b", "a-b"], ["a_b", "a_b_2"]),
        (["a.b", "a-b", "a b", "a_b"], ["a_b_2", "a_b_3", "a_b_4", "a_b"]),
        (["a.b", "a-b", "a_b_2", "a/b"], ["a_b", "a_b_3", "a_b_2", "a_b_4"]),
        (["a.b", "a-b", "a.b_2"], ["a_b", "a_b_2", "a_b_2_2"]),
        (["七", "é", "_"], ["__2", "__3", "_"]),
    ],
)
async def test_names_that_change_to_one(prefix: str, pushed: list[str], names: list[str], scripts: Scripts) -> None:
    dumped = await scripts.dump({prefix + name: name for name in pushed})
    named = {name: value for name, value in dumped["env"].items() if name.startswith(prefix)}
    assert named == {prefix + name: value for name, value in zip(names, pushed, strict=True)}
    assert dumped["env"]["environment_truncated"] == "0"


OFTEN_THE_SAME = st.text("a_.-é2", min_size=1, max_size=5)


@given(st.lists(OFTEN_THE_SAME, unique=True, max_size=30), st.lists(OFTEN_THE_SAME, unique=True, max_size=10))
def test_no_label_is_lost_for_its_name(labels: list[str], annotations: list[str]) -> None:
    pushed = {f"label_{name}": f"l {name}" for name in labels} | {f"annotation_{name}": name for name in annotations}
    room = Room(TOTAL_BYTES)
    environment = environment_of({**pushed, "alarm_id": "7", "message": "m"}, room)
    named = {name.decode(): data.decode() for name, data in environment.items()}
    told = {name: value for name, value in named.items() if name.startswith(("label_", "annotation_"))}
    assert sorted(told.values()) == sorted(pushed.values())
    assert all(name.isascii() and name.isidentifier() for name in told)
    assert all(told[name] == value for name, value in pushed.items() if name.isascii() and name.isidentifier())
    assert (named["alarm_id"], named["environment_truncated"], room.is_exceeded) == ("7", "0", False)


async def test_ten_thousand_labels_that_change_to_one_name(scripts: Scripts) -> None:
    hundred = [chr(0x4E00 + number) for number in range(100)]
    labels = {f"label_{first}{second}": "v" for first in hundred for second in hundred}
    dumped = await scripts.dump({**labels, "label____5000": "exact"})
    assert dumped["env"]["environment_truncated"] == "0"
    named = {name: value for name, value in dumped["env"].items() if name.startswith("label_")}
    numbers = [number for number in range(2, 10_002) if number != 5000]
    assert named.keys() == {"label___", *(f"label____{number}" for number in [*numbers, 5000])}
    assert named["label____5000"] == "exact"


async def test_nuls_and_half_characters(scripts: Scripts) -> None:
    dumped = await scripts.dump({"message": "a\0b"})
    assert dumped["stdin"] == {"message": "a\0b"}
    assert dumped["env"]["message"] == dumped["argv"][2] == "a\N{REPLACEMENT CHARACTER}b"
    assert dumped["env"]["environment_truncated"] == "0"
    assert (await scripts.dump({"message": "a\ud800"}))["env"]["message"] == "a?"


async def test_no_character_of_an_alarm_loses_its_alert(scripts: Scripts) -> None:
    text = "".join(map(chr, range(0x100))) + "\u2028\u2029"
    dumped = await scripts.dump({"message": text, "alarm_name": text, f"label_{text}": text})
    assert dumped["stdin"]["alarm_name"] == text
    written = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    assert dumped["argv"] == ["bob", "sub", written]
    labels = {name: value for name, value in dumped["env"].items() if name.startswith("label_")}
    assert (dumped["env"]["alarm_name"], list(labels.values())) == (written, [written])


async def test_ten_thousand_labels_and_a_message_of_a_mebibyte(scripts: Scripts) -> None:
    labels = {f"label_{number}": "v" * 200 for number in range(10_000)}
    variables = {**labels, "message": 'é"' * 350_000, "alarm_id": "7"}
    dumped = await scripts.dump(variables)
    assert dumped["stdin"] == variables
    env = dumped["env"]
    assert (env["alarm_id"], env["environment_truncated"]) == ("7", "1")
    assert TEXT_BYTES - 8 < len(env["message"].encode()) <= TEXT_BYTES
    assert variables["message"].startswith(json.loads(env["message_json"]))
    assert "label_0" in env
    assert "label_9999" not in env


async def test_input_that_is_not_read(scripts: Scripts) -> None:
    assert (await scripts.send("#!/bin/sh\nexec <&-\n", {"message": "x" * 2**20})).verdict is Verdict.SENT


@pytest.mark.parametrize(
    "line",
    [
        "#!/bin/sh",
        "#! /bin/bash -e",
        "#!/usr/bin/env bash",
        "#!/usr/bin/env -S bash -e",
        "#!bash",
        "#!sh -e",
        "#!/usr/bin/env sh",
    ],
)
async def test_shebangs_of_bash(line: str, scripts: Scripts) -> None:
    assert (await scripts.send(f"{line}\necho $message\n", {"message": "hi"})).stdout == "hi\n"


@pytest.mark.parametrize("line", ["#!python", "#!/usr/bin/env python", "#!/no/such/python -u", "#!/usr/bin/python3"])
async def test_shebangs_of_python(line: str, scripts: Scripts) -> None:
    outcome = await scripts.send(f"{line}\nimport os\nprint(os.environ['message'])\n", {"message": "hi"})
    assert outcome.stdout == "hi\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("echo\n", "no shebang"),
        ("", "no shebang"),
        ("#!/usr/bin/perl\n", "neither Python nor Bash"),
        ("#!./bash\n", "neither Python nor Bash"),
        ("#!\n", "neither Python nor Bash"),
        ("#!/usr/bin/env\n", "names no interpreter"),
        ("#!/usr/bin/env bash -e\n", "only after -S"),
        ("#!/bin/bash\r\n", "CR LF"),
        ("#!/no/such/bash\n", "which there is not"),
        ("#!/usr/bin/env python3.99\n", "which there is not"),
    ],
)
async def test_scripts_that_cannot_be_used(text: str, fault: str, scripts: Scripts) -> None:
    outcome = await scripts.send(text)
    assert (outcome.verdict, outcome.reason) == (Verdict.GIVE_UP, Reason.UNUSABLE_SCRIPT)
    assert outcome.error.startswith("it: ")
    assert fault in outcome.error


def test_files_that_are_no_scripts(scripts: Scripts, tmp_path: Path) -> None:
    good = scripts.folder / scripts.write("#!/bin/sh\n", "sub/good")
    (scripts.folder / "inner").symlink_to(good)
    assert find_script(scripts.folder, "inner") == find_script(scripts.folder, "sub/good")
    outside = tmp_path / "outside"
    outside.write_text("#!/bin/sh\n")
    outside.chmod(0o755)
    (scripts.folder / "outer").symlink_to(outside)
    (scripts.folder / "loop").symlink_to("loop")
    (scripts.folder / "plain").write_text("#!/bin/sh\n")
    (scripts.folder / "plain").chmod(0o644)
    os.mkfifo(scripts.folder / "fifo")
    for name in ("", str(good), "../outside", "sub/../sub/good", "outer", "loop", "plain", "fifo", "sub", "no", "a\0b"):
        with pytest.raises(UnusableScript):
            find_script(scripts.folder, name)


def test_a_missing_script_is_told_with_the_folder(scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scripts.folder.parent)
    with pytest.raises(UnusableScript) as caught:
        find_script(Path("scripts"), "page.sh")
    assert str(caught.value) == f"page.sh: No such file or directory in scripts_dir {scripts.folder}"
    with pytest.raises(UnusableScript) as caught:
        find_script(Path("nowhere"), "page.sh")
    assert str(caught.value).endswith(f" in scripts_dir {scripts.folder.parent}/nowhere, which is no folder")


@pytest.mark.parametrize("name", ["", ".", "..", ".x", "a/b", "a\0b", "x" * 201, "\ud800"])
async def test_names_that_are_no_folders(name: str, scripts: Scripts) -> None:
    with pytest.raises(UnusableScript):
        folder_name(name)
    assert (await scripts.send("#!/bin/sh\n", name=name)).reason is Reason.UNUSABLE_SCRIPT


async def test_a_working_folder_that_cannot_be_made(scripts: Scripts) -> None:
    scripts.work.parent.write_text("a file")
    outcome = await scripts.send("#!/bin/sh\n")
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.CANNOT_START)


async def test_a_script_that_is_being_written_is_tried_again(scripts: Scripts) -> None:
    scripts.write("#!/bin/sh\n")
    with (scripts.folder / "it").open("a"):
        media_type = ScriptMediaType(name="chat", script="it")
        outcome = await sent_by(scripts.channel, media_type, message({}))
    assert (outcome.verdict, outcome.reason) == (Verdict.TRY_AGAIN, Reason.CANNOT_START)
    assert outcome.error == "it: cannot start: Text file busy"
