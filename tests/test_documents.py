"""TOML files of any content: what is read, and what is refused at once, in a line that names the file and the place."""

import os
import resource
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.documents import LARGEST_FILE, MOST_KEY_PARTS, read_document
from alertrpc.errors import SettingsError
from alertrpc.loglines import LONGEST_FAULT, MOST_FAULTS
from tests.support import environment, run_alertrpc

MEMORY = 512 * 1024**2  # bytes of addresses; tomllib would take gigabytes of the deep keys
MANY = 50_000
DEEP = f"a key of more than {MOST_KEY_PARTS} parts"
TOO_LARGE = f"it has more than {LARGEST_FILE} bytes"
LONG_VALUE = "a." * 300


def dotted(parts: int, part: str = "a", dot: str = ".") -> str:
    return dot.join([part] * parts)


REFUSED: list[tuple[str, Callable[[], str], str]] = [
    ("dotted", lambda: f"port = 1\n{dotted(MANY)} = 1", f"line 2: {DEEP}"),
    ("just over", lambda: f"\r\n\r\n{dotted(MOST_KEY_PARTS + 1)} = 1", f"line 3: {DEEP}"),
    ("spaced", lambda: f"{dotted(MANY, dot=' . ')} = 1", f"line 1: {DEEP}"),
    ("tabs", lambda: "{} = 1".format(dotted(MANY, dot="\t.\t")), f"line 1: {DEEP}"),
    ("quoted", lambda: f"{dotted(MANY, part=chr(34) * 2)} = 1", f"line 1: {DEEP}"),
    ("escaped", lambda: "{} = 1".format(dotted(MANY, part='"\\""')), f"line 1: {DEEP}"),
    ("literal", lambda: "{} = 1".format(dotted(MANY, part="'#'")), f"line 1: {DEEP}"),
    ("table", lambda: f"[{dotted(MANY)}]", f"line 1: {DEEP}"),
    ("array of tables", lambda: f"[[ {dotted(MANY)} ]]", f"line 1: {DEEP}"),
    ("inline", lambda: f"a = {{b = {{{dotted(MANY)} = 1}}}}", f"line 1: {DEEP}"),
    ("behind a string", lambda: f'a = ["""\n"""", \'\'\'\'\'\', {{{dotted(MANY)} = 1}}]', f"line 2: {DEEP}"),
    ("behind an escape", lambda: f'a = "\\\\"\n{dotted(MANY)} = 1', f"line 2: {DEEP}"),
    ("behind a comment", lambda: f'# "\n{dotted(MANY)} = 1', f"line 2: {DEEP}"),
    ("array", lambda: "a = " + "[" * MANY, "it is nested too deeply"),
    ("inline tables", lambda: "a = " + "{a=" * MANY, "it is nested too deeply"),
    ("large value", lambda: f"a = '{'a' * 100_000_000}'", TOO_LARGE),
    ("large", lambda: "\n" * (LARGEST_FILE + 1), TOO_LARGE),
    ("no end", lambda: 'a = """' + LONG_VALUE, "Unterminated string (at end of document)"),
    ("no end of a line", lambda: 'a = "' + LONG_VALUE, "Unterminated string (at end of document)"),
]
TAKEN: list[tuple[str, Any]] = [
    (f"{dotted(MOST_KEY_PARTS)} = 1\n[b]\n{dotted(MOST_KEY_PARTS)} = 1", None),
    (f'a = "{LONG_VALUE}"', LONG_VALUE),
    (f"a = '{LONG_VALUE}'", LONG_VALUE),
    (f'a = """\n{LONG_VALUE}"""""', LONG_VALUE + '""'),
    (f"a = '''\n{LONG_VALUE}'''''", LONG_VALUE + "''"),
    (f'a = "\\"{LONG_VALUE}"', '"' + LONG_VALUE),
    (f'a = """\\"""{LONG_VALUE}"""', '"""' + LONG_VALUE),
    (f"a = 1 # {LONG_VALUE}", 1),
    (f'"{LONG_VALUE}" = 1\na = 1.5', 1.5),
    ("a = [" + "1.5," * 1000 + "]", [1.5] * 1000),
    ("\n" * LARGEST_FILE, None),
]


def refusal(path: Path) -> str:
    with pytest.raises(SettingsError) as raised:
        read_document(str(path))
    said = str(raised.value)
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


@pytest.mark.parametrize(("text", "said"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_a_file_is_refused_at_once(tmp_path: Path, text: Callable[[], str], said: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(text().encode())
    assert refusal(path) == said

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    done = subprocess.run(
        [sys.executable, "-m", "alertrpc", "check", "a.toml"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        preexec_fn=bound,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"alertrpc: a.toml: {said}\n")


@pytest.mark.parametrize(("text", "value"), TAKEN, ids=range(len(TAKEN)))
def test_a_file_is_taken(tmp_path: Path, text: str, value: Any) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    document = read_document(str(path))
    assert value is None or document["a"] == value


# Statements in whose strings and comments a look may lose its way; the last three are those that it must find.
STATEMENTS = [
    f'a = """\n{LONG_VALUE}"""""',
    'b = """\\\\"""""',
    "c = '''\n\\'''''",
    'd = "\\\\"',
    "e = 'x\\'",
    f"# \" ' {LONG_VALUE}",
    'f = ["""#"""", "\'", \'"\', [1.5]]',
    '"g\'" = 1',
    "'h\"' = {}",
    'i = """',
    "[j]",
    f"'' = {{{dotted(MOST_KEY_PARTS + 1)} = 1}}",
    f"l.{dotted(MOST_KEY_PARTS)} = 1",
    "[m.{}]".format(dotted(MOST_KEY_PARTS, part='"b"')),
]


@given(st.lists(st.sampled_from(STATEMENTS), max_size=8, unique=True).map("\n".join))
def test_no_deep_key_is_overlooked(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever stands around it: what is refused has such a key, as tomllib reads it, and what is read has none."""
    path = tmp_path_factory.getbasetemp() / "drawn.toml"
    path.write_text(text)
    is_refused = False
    try:
        read_document(str(path))
    except SettingsError as error:
        is_refused = DEEP in str(error)
    try:
        document = tomllib.loads(text)
    except ValueError:
        return
    assert is_refused == (depth(document) > MOST_KEY_PARTS)


def depth(value: Any) -> int:
    """How many tables stand in each other; the keys that are drawn make either few or too many."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, dict) + max(map(depth, inner), default=0)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == "a file is expected, not a pipe"
    assert refusal(tmp_path) == "Is a directory"
    assert refusal(tmp_path / "none") == f"No such file or directory, looked for in {tmp_path}"
    assert refusal(Path("/dev/zero")) == TOO_LARGE
    assert read_document("/dev/null") == {}


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("k" * 500_000 + " = 1", "unknown setting 'kkk", "kkk'"),
        (f"port = '{'1' * 500_000}'", "port: a whole number from 0 to 65535 is expected, not '111", "111'"),
        (f"'{'k' * 100_000}' = 1\n'{'k' * 100_000}' = 2", "Cannot overwrite a value", "(at "),
        ("[a]\n" + f"[{'k' * 100_000}]\n" * 2, "Cannot declare ('kkk", "(at line 3, column "),
        ("'\x7f' = 1", "", "(at line 1, column "),
        ('"\\u001b[31m" = 1', "unknown setting '\\x1b[31m'", ""),
    ],
    ids=["name", "value", "duplicate", "table", "control", "escape"],
)
def test_a_fault_is_a_short_line(tmp_path: Path, text: str, start: str, end: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    done = run_alertrpc("check", "a.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"alertrpc: a.toml: {start}")
    assert end in done.stderr
    assert len(done.stderr) < 400
    assert done.stderr.strip().isprintable()


def test_many_faults_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("".join(f"k{number} = 1\n" for number in range(90_000)))
    done = run_alertrpc("check", "a.toml", cwd=tmp_path)
    *shown, rest = done.stderr.splitlines()
    assert shown == [f"alertrpc: a.toml: unknown setting 'k{number}'" for number in range(MOST_FAULTS)]
    assert rest == f"alertrpc: and {90_000 - MOST_FAULTS} more faults"


LONG = "9" * 100_000


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--port", LONG], {}),
        (["--database", f"sqlite:///{LONG}"], {}),
        ([f"--{LONG}"], {}),
        ([LONG], {}),
        ([], {"ALERTRPC_PORT": LONG}),
        ([], {f"ALERTRPC_{LONG}": "1"}),
        ([], {"ALERTRPC_CONFIG": LONG}),
    ],
    ids=["flag", "database", "unknown flag", "file", "variable", "unknown variable", "file of a variable"],
)
def test_a_long_setting_is_shown_in_a_short_line(
    tmp_path: Path, arguments: list[str], variables: dict[str, str]
) -> None:
    done = run_alertrpc("check", *arguments, cwd=tmp_path, env=variables)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert "999...999" in done.stderr
    assert len(done.stderr) <= len("alertrpc: \n") + LONGEST_FAULT
