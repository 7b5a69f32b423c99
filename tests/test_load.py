"""`alertrpc load`: all of a data file or nothing of it, and what a wrong line is told of."""

import gzip
import itertools
import json
import re
import resource
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import pytest

from alertrpc.api.passwords import hash_password, is_password
from alertrpc.errors import LoadError
from alertrpc.store.connection import connect
from alertrpc.store.loading import BATCH_ROWS, MOST_LINE_BYTES, MOST_SHAPES
from alertrpc.store.loading import load as load_lines
from tests.support import DATASET, Client, environment, json_lines, passwords, run_alertrpc, serving
from tests.terminal import at_terminal

ROLE: dict[str, Any] = {"table": "role", "roleid": 1, "name": "User role", "type": 1}
USER: dict[str, Any] = {"table": "users", "userid": 1, "username": "Admin", "roleid": 1}
ALERT: dict[str, Any] = {"table": "alerts", "alertid": 1, "actionid": 1, "eventid": 1, "message": "good"}
GOOD = [ROLE, USER, ALERT]
MANY = 12_000
MEMORY = 1024**3  # bytes of addresses, about twice what a load takes of the worst lines
NOT_JSON = "not JSON: "
NO_SCALAR = "a value that is no string, number or null"

# A wrong fourth line, and what is said of it.
WRONG_LINES: list[tuple[object, str]] = [
    (b'{"table": "role"', NOT_JSON),
    (b"# a remark", NOT_JSON),
    (b'{"table": "role", "roleid": 2} {}', NOT_JSON),
    (b'{"table": "role", "name": "\xff"}', NOT_JSON),
    (b'{"table": "role", "name": "a\x00b"}', NOT_JSON),
    (b'{"table": "role", "roleid": NaN}', NOT_JSON),
    (b'{"table": "role", "name": "a\\u0000b"}', "a NUL character"),
    ([ROLE], "an object is expected"),
    ("role", "an object is expected"),
    (None, "an object is expected"),
    ({"roleid": 2}, "no table"),
    ({}, "no table"),
    ({"table": None, "roleid": 2}, "no table"),
    ({"table": "roles", "roleid": 2}, "unknown table 'roles'"),
    ({"table": "sessions", "sessionid": "x", "userid": 1, "lastaccess": 0}, "unknown table 'sessions'"),
    ({"table": "sqlite_master", "name": "x"}, "unknown table 'sqlite_master'"),
    ({"table": 5, "roleid": 2}, "unknown table 5"),
    ({"table": ["role"], "roleid": 2}, "unknown table "),
    ({"table": "role"}, "no column of table role"),
    ({"table": "role", "title": "x"}, "table role has no column 'title'"),
    ({"table": "role", "password": "x"}, "table role has no column 'password'"),
    ({"table": "role", "name) VALUES ('x'); --": "x"}, "table role has no column "),
    ({**ROLE, "roleid": 2, "type": "admin"}, "cannot store TEXT value in INTEGER column role.type"),
    ({**ROLE, "roleid": 2, "type": ""}, "cannot store TEXT value in INTEGER column role.type"),
    ({**ROLE, "roleid": 2, "type": 1.5}, "cannot store REAL value in INTEGER column role.type"),
    ({**ROLE, "roleid": 2, "type": 4}, "CHECK constraint failed: type BETWEEN 0 AND 3"),
    ({**ROLE, "roleid": 2, "name": None}, "NOT NULL constraint failed: role.name"),
    ({"table": "alerts", "alertid": 2, "actionid": 1}, "NOT NULL constraint failed: alerts.eventid"),
    ({**ROLE, "roleid": 2, "name": {"en": "x"}}, NO_SCALAR),
    ({**ROLE, "roleid": 2, "name": ["x"]}, NO_SCALAR),
    ({**ROLE, "roleid": 2**63}, "a number beyond 64 bits"),
    ({**ROLE, "roleid": str(2**64)}, "datatype mismatch"),
    ({**ROLE, "roleid": 2, "type": 2**64}, "cannot store REAL value in INTEGER column role.type"),
    (ROLE, "UNIQUE constraint failed: role.roleid"),
    ({**USER, "userid": 2}, "UNIQUE constraint failed: users.username"),
    ({**USER, "userid": 2, "username": "b", "password": 1}, "password: a string is expected"),
    ({**USER, "userid": 2, "username": "b", "password": None}, "password: a string is expected"),
]
WRONG_LAST_LINES: list[object] = [b"{", {"table": "nowhere", "x": 1}, {**ALERT, "alertid": 5}, {**ALERT, "clock": "x"}]


def encoded(line: object) -> bytes:
    return line if isinstance(line, bytes) else json.dumps(line).encode()


def written(path: Path, lines: Iterable[object]) -> Path:
    path.write_bytes(b"".join(encoded(line) + b"\n" for line in lines))
    return path


def load(file: Path) -> str:
    """Loads a good file into alertrpc.db beside it; the output."""
    done = run_alertrpc("load", file.name, cwd=file.parent)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def fault(file: Path) -> str:
    """What is said of a wrong file."""
    done = run_alertrpc("load", file.name, cwd=file.parent)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    return done.stderr


def query(folder: Path, sql: str) -> list[Any]:
    connection = sqlite3.connect(folder / "alertrpc.db")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def content(folder: Path) -> list[str]:
    """Everything in the database; nothing where there is no database or an empty one."""
    connection = sqlite3.connect(folder / "alertrpc.db")
    try:
        return list(connection.iterdump())[1:-1]
    finally:
        connection.close()


def indexes(folder: Path) -> list[Any]:
    return query(
        folder, "SELECT name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name"
    )


def test_the_data_set_is_loaded(loaded_database: Path) -> None:
    wanted = Counter(row["table"] for row in json_lines(DATASET))
    connection = sqlite3.connect(loaded_database)
    counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in wanted}
    connection.close()
    assert wanted["alerts"] == 1500
    assert counts == wanted


def test_a_plain_file_is_as_good_as_a_gzipped_one(loaded_database: Path, tmp_path: Path) -> None:
    plain = tmp_path / "dataset.jsonl"
    plain.write_bytes(gzip.decompress(DATASET.read_bytes()))
    output = load(plain)
    assert re.match(r"loaded 3048 rows in \d+\.\d s: ", output)
    assert "1500 alerts" in output
    other = sqlite3.connect(loaded_database)
    alerts = other.execute("SELECT * FROM alerts ORDER BY alertid").fetchall()
    other.close()
    assert query(tmp_path, "SELECT * FROM alerts ORDER BY alertid") == alerts
    assert {passwd[:7] for (passwd,) in query(tmp_path, "SELECT passwd FROM users")} == {"$2b$10$"}


def test_a_loaded_database_is_made_as_a_new_one(loaded_database: Path, tmp_path: Path) -> None:
    assert run_alertrpc("init", cwd=tmp_path).returncode == 0
    other = sqlite3.connect(loaded_database)
    sql = "SELECT name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name"
    loaded = other.execute(sql).fetchall()
    pragmas = [other.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "user_version")]
    other.close()
    assert loaded == indexes(tmp_path)
    assert [query(tmp_path, f"PRAGMA {name}")[0] for name in ("journal_mode", "user_version")] == pragmas


def test_passwords_are_hashed(loaded_database: Path) -> None:
    connection = sqlite3.connect(loaded_database)
    hashes = dict(connection.execute("SELECT username, passwd FROM users"))
    connection.close()
    assert hashes.keys() == passwords().keys()
    for username, password in passwords().items():
        assert is_password(password, hashes[username].encode())
    clear = [password for password in passwords().values() if len(password) > 8]
    assert clear
    assert not any(password.encode() in loaded_database.read_bytes() for password in clear)


def test_a_column_left_out_gets_its_default(tmp_path: Path) -> None:
    load(written(tmp_path / "data.jsonl", GOOD))
    row = query(tmp_path, "SELECT clock, userid, sendto, status, esc_step, p_eventid FROM alerts")
    assert row == [(0, None, "", 0, 0, None)]
    assert query(tmp_path, "SELECT autologout, theme FROM users") == [("15m", "default")]


def test_numbers_may_be_strings(tmp_path: Path) -> None:
    load(written(tmp_path / "data.jsonl", [{**ALERT, "alertid": "7", "clock": "1362128008"}]))
    assert query(tmp_path, "SELECT alertid, typeof(alertid), clock FROM alerts") == [(7, "integer", 1362128008)]


def test_blank_lines_are_passed_over_but_counted(tmp_path: Path) -> None:
    assert load(written(tmp_path / "data.jsonl", [b"", *GOOD, b"  \t", b""])).startswith("loaded 3 rows")
    assert "line 6: " in fault(written(tmp_path / "again.jsonl", [b"", b"", b"", b"", b"", ROLE]))


@pytest.mark.parametrize("text", ["C:\\\\u0000", "\\\\\\\\u0000", "u0000"])
def test_a_backslash_is_no_nul(tmp_path: Path, text: str) -> None:
    load(written(tmp_path / "data.jsonl", [b'{"table": "role", "roleid": 1, "name": "%s"}' % text.encode()]))
    assert query(tmp_path, "SELECT name FROM role WHERE roleid = 1") == [(json.loads(f'"{text}"'),)]


def test_an_empty_file_makes_the_schema(tmp_path: Path) -> None:
    assert load(written(tmp_path / "data.jsonl", [])).endswith(": the file is empty\n")
    assert query(tmp_path, "SELECT count(*) FROM alerts") == [(0,)]


@pytest.mark.parametrize(
    ("line", "said"), WRONG_LINES, ids=[re.sub(r"\W+", "-", repr(line))[:60] for line, _ in WRONG_LINES]
)
def test_a_wrong_line_is_named_and_nothing_is_loaded(tmp_path: Path, line: object, said: str) -> None:
    file = written(tmp_path / "data.jsonl", [*GOOD, line])
    connection = connect(tmp_path / "alertrpc.db", create=True)
    try:
        with file.open("rb") as lines, pytest.raises(LoadError) as raised:
            load_lines(connection, lines, hash_password)
    finally:
        connection.close()
    assert str(raised.value).startswith(f"line 4: {said}")
    assert content(tmp_path) == []


def test_the_command_names_the_file_and_the_line(tmp_path: Path) -> None:
    output = fault(written(tmp_path / "data.jsonl", [*GOOD, ROLE]))
    said = "line 4: UNIQUE constraint failed: role.roleid; nothing was loaded"
    assert output == f"alertrpc: data.jsonl: {said}\n"
    assert content(tmp_path) == []


@pytest.mark.parametrize("line", WRONG_LAST_LINES, ids=["json", "table", "duplicate", "type"])
def test_a_wrong_last_line_of_many_takes_all_back(tmp_path: Path, line: object) -> None:
    load(written(tmp_path / "good.jsonl", GOOD))
    before = content(tmp_path)
    many = ({**ALERT, "alertid": alertid} for alertid in range(2, MANY + 2))
    assert f"line {MANY + 1}: " in fault(written(tmp_path / "data.jsonl", [*many, line]))
    assert content(tmp_path) == before


def test_the_first_wrong_line_is_named(tmp_path: Path) -> None:
    wrong = [{**ROLE, "roleid": 2, "type": "x"}, {"table": "nowhere", "x": 1}]
    assert "line 4: " in fault(written(tmp_path / "data.jsonl", [*GOOD, *wrong]))


def test_a_row_that_is_there_already_is_refused(tmp_path: Path) -> None:
    load(written(tmp_path / "data.jsonl", GOOD))
    before = content(tmp_path)
    output = fault(written(tmp_path / "more.jsonl", [{**ROLE, "roleid": 2}, ROLE]))
    assert "more.jsonl: line 2: UNIQUE constraint failed: role.roleid; nothing was loaded" in output
    assert content(tmp_path) == before


def test_a_second_file_adds_to_the_first(tmp_path: Path) -> None:
    load(written(tmp_path / "data.jsonl", GOOD))
    before = indexes(tmp_path)
    assert load(written(tmp_path / "more.jsonl", [{**ALERT, "alertid": 2}])).startswith("loaded 1 row in ")
    assert query(tmp_path, "SELECT alertid FROM alerts") == [(1,), (2,)]
    assert indexes(tmp_path) == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-4],
        lambda whole: whole[:5000] + bytes(1000) + whole[6000:],
        lambda whole: gzip.compress(b"{}")[:10] + b"\xff" * 100,
        lambda whole: b"no gzip at all" + whole,
    ],
    ids=["half", "no-end", "damaged", "no-deflate", "no-gzip"],
)
def test_a_spoiled_gzip_file_is_refused(tmp_path: Path, spoil: Any) -> None:
    file = tmp_path / "data.jsonl.gz"
    file.write_bytes(spoil(DATASET.read_bytes()))
    output = fault(file)
    assert output.startswith("alertrpc: data.jsonl.gz: ")
    assert output.endswith("; nothing was loaded\n")
    assert content(tmp_path) == []


def test_a_server_sees_what_is_loaded(database: Path) -> None:
    with serving(database) as server:
        client = Client(server.port)
        before = client.call("alert.get", {"countOutput": True}, "Admin")
        actionid = client.call("alert.get", {"limit": 1, "output": ["actionid"]}, "Admin")[0]["actionid"]
        load(written(database.parent / "more.jsonl", [{**ALERT, "alertid": 7, "actionid": actionid}]))
        assert client.call("alert.get", {"alertids": "7"}, "Admin")[0]["message"] == "good"
        assert int(client.call("alert.get", {"countOutput": True}, "Admin")) == int(before) + 1
        client.close()


def test_progress_is_shown_at_a_terminal(tmp_path: Path) -> None:
    written(tmp_path / "data.jsonl", ({**ALERT, "alertid": alertid} for alertid in range(MANY)))
    status, shown = at_terminal("load", "data.jsonl", cwd=tmp_path)
    assert status == 0, shown
    assert "loading data.jsonl" in shown
    assert f"loaded {MANY} rows" in shown


def test_no_progress_is_shown_elsewhere(tmp_path: Path) -> None:
    assert load(written(tmp_path / "data.jsonl", GOOD)).count("\n") == 1  # and nothing on standard error


def load_in(folder: Path, file: str, stdin: IO[bytes] | None = None) -> subprocess.CompletedProcess[str]:
    """Loads with no more memory than may be needed; a process that wants more fails."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    command = [sys.executable, "-m", "alertrpc", "load", file]
    return subprocess.run(
        command, cwd=folder, stdin=stdin, capture_output=True, text=True, env=environment(), preexec_fn=bound
    )


def bomb(path: Path, letter: bytes) -> Path:
    """A file of 2 MB that holds a line of 2 GiB."""
    path.write_bytes(gzip.compress(letter * 2**24) * 128)
    return path


def row_of(table: bytes, members: bytes) -> bytes:
    return b'{"table": ' + table + b"," + members + b"}"


TOO_LONG = f"line 2: more than {MOST_LINE_BYTES} bytes"
HUGE_LINES: list[tuple[str, Callable[[], bytes], str]] = [
    ("too long", lambda: b"a" * (MOST_LINE_BYTES + 1), TOO_LONG),
    ("blank", lambda: b" " * (MOST_LINE_BYTES + 1), TOO_LONG),
    (
        "members",
        lambda: row_of(b'"role"', b",".join(b'"m%d":1' % i for i in range(1_000_000))),
        "line 2: table role has",
    ),
    ("lists", lambda: row_of(b'"role"', b'"name": [' + b"[]," * 3_000_000 + b"1]"), f"line 2: {NO_SCALAR}"),
    ("depth", lambda: row_of(b'"role"', b'"name": ' + b"[" * 5_000_000), f"line 2: {NOT_JSON}"),
    ("table", lambda: row_of(b'"' + b"x" * 10_000_000 + b'"', b'"name": 1'), "line 2: unknown table 'xxx"),
    ("column", lambda: row_of(b'"role"', b'"' + b"\\n" * 5_000_000 + b'": 1'), "line 2: table role has no column '\\n"),
]


@pytest.mark.parametrize(("line", "said"), [one[1:] for one in HUGE_LINES], ids=[one[0] for one in HUGE_LINES])
def test_a_huge_line_is_named_in_a_short_one(tmp_path: Path, line: Callable[[], bytes], said: str) -> None:
    written(tmp_path / "data.jsonl", [ROLE, line()])
    done = load_in(tmp_path, "data.jsonl")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr[-1000:]
    assert done.stderr.startswith(f"alertrpc: data.jsonl: {said}")
    assert len(done.stderr) < 300
    assert content(tmp_path) == []


@pytest.mark.parametrize("letter", [b"a", b" "])
def test_a_line_of_a_bomb_is_not_read_to_its_end(tmp_path: Path, letter: bytes) -> None:
    assert bomb(tmp_path / "data.jsonl.gz", letter).stat().st_size < 3_000_000
    done = load_in(tmp_path, "data.jsonl.gz")
    said = f"line 1: more than {MOST_LINE_BYTES} bytes; nothing was loaded"
    assert (done.returncode, done.stderr) == (1, f"alertrpc: data.jsonl.gz: {said}\n")


def test_an_endless_file_ends(tmp_path: Path) -> None:
    done = load_in(tmp_path, "/dev/zero")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"line 1: more than {MOST_LINE_BYTES} bytes" in done.stderr


def test_the_longest_line_is_loaded(tmp_path: Path) -> None:
    short = encoded({**ROLE, "name": ""})
    longest = encoded({**ROLE, "name": "x" * (MOST_LINE_BYTES - len(short) - 1)}) + b"\n"
    assert len(longest) == MOST_LINE_BYTES
    load(written(tmp_path / "data.jsonl", [longest.rstrip(b"\n")]))
    assert query(tmp_path, "SELECT length(name) FROM role") == [(MOST_LINE_BYTES - len(short) - 1,)]


def test_long_lines_do_not_wait_for_many(tmp_path: Path) -> None:
    lines = (encoded({**ALERT, "alertid": alertid, "message": "x" * 10_000_000}) for alertid in range(10))
    written_at: list[int] = []
    with closing(connect(tmp_path / "alertrpc.db", create=True)) as connection:
        load_lines(connection, lines, hash_password, written_at.append)
    assert written_at == [4, 8]  # each batch is the first of more than BATCH_BYTES
    assert query(tmp_path, "SELECT count(*), min(length(message)) FROM alerts") == [(10, 10_000_000)]


def test_columns_in_any_order_are_loaded(tmp_path: Path) -> None:
    """Each order has a statement of its own, of which only so many are kept."""
    orders = list(itertools.islice(itertools.permutations([*ALERT, "clock", "status", "error"]), 2 * MOST_SHAPES))
    rows = [{**ALERT, "clock": 1, "status": 1, "error": "", "alertid": n} for n in range(BATCH_ROWS + len(orders))]
    load(
        written(
            tmp_path / "data.jsonl",
            [{name: row[name] for name in orders[n % len(orders)]} for n, row in enumerate(rows)],
        )
    )
    assert query(tmp_path, "SELECT count(*), sum(alertid) FROM alerts") == [(len(rows), sum(range(len(rows))))]


def test_standard_input_is_loaded(tmp_path: Path) -> None:
    lines = b"".join(encoded({**ALERT, "alertid": alertid}) + b"\n" for alertid in range(MANY))
    (tmp_path / "data").write_bytes(lines)
    with subprocess.Popen(["cat", "data"], cwd=tmp_path, stdout=subprocess.PIPE) as writer:
        done = load_in(tmp_path, "/dev/stdin", writer.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert query(tmp_path, "SELECT count(*) FROM alerts") == [(MANY,)]
