"""Logins, sessions and API tokens, on real servers; the rows they leave are looked up in the database file."""

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alertrpc.api import credentials
from alertrpc.api.passwords import NOBODY, hash_password, is_password
from alertrpc.errors import ApiError
from alertrpc.store.database import open_database
from tests.support import DEFAULTS, Server, passwords, run_alertrpc, serving, settings_of
from tests.wire import PATIENCE, call, error, eventually, exchange, execute

WRONG_LOGIN = error(
    -32500,
    "Application error.",
    "Incorrect user name or password or account is temporarily blocked.",
    1,
)
NO_ACCESS = error(-32602, "Invalid params.", "No permissions for system access.", 1)
TERMINATED = error(-32602, "Invalid params.", "Session terminated, re-login, please.", 1)
NOT_AUTHORIZED = error(-32602, "Invalid params.", "Not authorized.", 1)
EXPIRED = error(-32500, "Application error.", "API token expired.", 1)
ONE = {"output": ["alertid"], "limit": 1}
WORKERS = 2


def log_in(port: int, username: str = "Admin", password: str = "zabbix", **params: Any) -> Any:
    return exchange(port, call("user.login", {"username": username, "password": password, **params}, id=1))


def session(port: int, username: str = "Admin") -> str:
    sessionid = log_in(port, username, passwords()[username])["result"]
    assert isinstance(sessionid, str)
    return sessionid


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def get(port: int, credential: str | None) -> Any:
    """The response to alert.get with a credential in its body, over a connection of its own."""
    members = {} if credential is None else {"auth": credential}
    return exchange(port, call("alert.get", ONE, id=1, **members))


def is_let_in(port: int, credential: str) -> bool:
    response = get(port, credential)
    assert "result" in response or response == TERMINATED, response
    return "result" in response


def alertrpc(database: Path, *arguments: str, **env: str) -> str:
    done = run_alertrpc(*arguments, "--database", f"sqlite:///{database}", env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def new_token(database: Path, user: str = "noc", name: str = "robot") -> str:
    return alertrpc(database, "token", "add", user, name)


@pytest.fixture
def two_workers(database: Path) -> Iterator[Server]:
    with serving(database, "--workers", str(WORKERS)) as server:
        yield server


@pytest.fixture(scope="module")
def lenient(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server that blocks nobody soon, and its database, for tests of passwords."""
    path = tmp_path_factory.mktemp("lenient") / "alertrpc.db"
    path.write_bytes(loaded_database.read_bytes())
    with serving(path, "--login-attempts", "32", "--login-block", "1s") as server:
        yield server, path


def log_in_with_hash(lenient: tuple[Server, Path], hashed: str, password: str) -> Any:
    """The answer to a login of noc, whose hash it is."""
    server, database = lenient
    execute(database, "UPDATE users SET passwd = ?, attempt_failed = 0 WHERE username = 'noc'", hashed)
    return log_in(server.port, "noc", password)


# --- logging in


@pytest.mark.parametrize("member", ["username", "user"])
def test_login_answers_a_session_id(shared_server: Server, member: str) -> None:
    answer = exchange(shared_server.port, call("user.login", {member: "noc", "password": passwords()["noc"]}, id=1))
    assert len(answer["result"]) == 32
    assert set(answer["result"]) <= set("0123456789abcdef")
    assert is_let_in(shared_server.port, answer["result"])


def test_each_login_is_a_session_of_its_own(shared_server: Server) -> None:
    assert session(shared_server.port) != session(shared_server.port)


def test_user_data_is_the_users_row(shared_server: Server) -> None:
    row = log_in(shared_server.port, "dba", passwords()["dba"], userData=True)["result"]
    assert is_let_in(shared_server.port, row.pop("sessionid"))
    assert len(row.pop("secret")) == 32
    assert row == {
        "userid": "30012",
        "username": "dba",
        "name": "Dieter",
        "surname": "Bähr",
        "url": "",
        "autologin": "0",
        "autologout": "15m",
        "lang": "en_US",
        "refresh": "30s",
        "theme": "default",
        "attempt_failed": "0",
        "attempt_ip": "",
        "attempt_clock": "0",
        "rows_per_page": "50",
        "timezone": "system",
        "roleid": "2",
        "userdirectoryid": "0",
        "ts_provisioned": "0",
        "userip": "127.0.0.1",
        "debug_mode": 0,
        "deprovisioned": False,
        "gui_access": 0,
        "mfaid": 0,
        "auth_type": 0,
        "type": 2,
    }


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("Admin", ""),
        ("Admin", "Zabbix"),
        ("Admin", "zabbix "),
        ("Admin", "zabbi"),
        ("admin", "zabbix"),
        ("nosuchuser", "zabbix"),
        ("", ""),
        ("Admin\0", "zabbix"),
        ("' OR 1=1 --", "zabbix"),
        ("disabled", "wrong"),
    ],
)
def test_wrong_logins_have_one_answer(lenient: tuple[Server, Path], username: str, password: str) -> None:
    assert log_in(lenient[0].port, username, password) == WRONG_LOGIN


def test_disabled_user_is_not_let_in(shared_server: Server) -> None:
    assert log_in(shared_server.port, "disabled", passwords()["disabled"]) == NO_ACCESS


def test_user_without_a_role_is_not_let_in(server: Server, database: Path) -> None:
    execute(database, "UPDATE users SET roleid = NULL WHERE username = 'noc'")
    assert log_in(server.port, "noc", passwords()["noc"]) == NO_ACCESS


@pytest.mark.parametrize("password", ["zabbix\0", "\0zabbix", "zabbix\0more", "zabbix\0zabbix"])
def test_nul_in_a_password_lets_nobody_in(lenient: tuple[Server, Path], password: str) -> None:
    assert log_in(lenient[0].port, "Admin", password) == WRONG_LOGIN


@pytest.mark.parametrize(
    ("password", "expected"),
    [("p" * 100, True), ("p" * 72 + "other", True), ("p" * 71, False), ("p" * 71 + "x", False)],
)
def test_bytes_of_a_password_beyond_72_do_not_count(
    lenient: tuple[Server, Path], password: str, expected: bool
) -> None:
    response = log_in_with_hash(lenient, hash_password("p" * 100), password)
    assert ("result" in response) is expected
    assert expected or response == WRONG_LOGIN


@pytest.mark.parametrize("password", ["я" * 36, "я" * 40, "x" + "я" * 40])
def test_letters_of_many_bytes_are_cut_like_any_other(lenient: tuple[Server, Path], password: str) -> None:
    assert "result" in log_in_with_hash(lenient, hash_password(password), password)


# What Zabbix 7.0 keeps in users.passwd of a new Admin: the password is "zabbix".
ZABBIX_HASH = "$2y$10$92nDno4n0Zm7Ej7Jfsz8WukBfgSS/U0QkIuu8WkJPihXBb2A1UrEK"


@pytest.mark.parametrize(
    "hashed", [ZABBIX_HASH, hash_password("zabbix"), hash_password("zabbix").replace("$2b$", "$2y$")], ids=range(3)
)
def test_hash_of_zabbix_fits(lenient: tuple[Server, Path], hashed: str) -> None:
    assert log_in_with_hash(lenient, hashed, "wrong") == WRONG_LOGIN
    assert "result" in log_in_with_hash(lenient, hashed, "zabbix")


@pytest.mark.parametrize("hashed", ["", "zabbix", "5fce1b3e34b520afeffb37ce08c7cd66", "$2y$10$", "$2y$10$ключ"])
@pytest.mark.parametrize("password", ["zabbix", ""])
def test_hash_that_is_none_lets_nobody_in(lenient: tuple[Server, Path], hashed: str, password: str) -> None:
    assert log_in_with_hash(lenient, hashed, password) == WRONG_LOGIN


# --- sessions


def test_session_is_taken_from_body_and_header(shared_server: Server) -> None:
    sessionid = session(shared_server.port)
    in_body = get(shared_server.port, sessionid)
    assert len(in_body["result"]) == 1
    assert exchange(shared_server.port, call("alert.get", ONE, id=1), bearer(sessionid)) == in_body


def test_header_wins(shared_server: Server) -> None:
    sessionid = session(shared_server.port)
    good_body = call("alert.get", ONE, auth=sessionid, id=1)
    bad_body = call("alert.get", ONE, auth="0" * 32, id=1)
    assert exchange(shared_server.port, good_body, bearer("0" * 32)) == TERMINATED
    assert "result" in exchange(shared_server.port, bad_body, bearer(sessionid))


@pytest.mark.parametrize("header", ["Basic QWRtaW46emFiYml4", "Bearer", "bearer {}", "{}", "Token {}"])
def test_header_that_is_no_bearer_is_no_credential(shared_server: Server, header: str) -> None:
    sessionid = session(shared_server.port)
    headers = {"Authorization": header.format(sessionid)}
    assert exchange(shared_server.port, call("alert.get", ONE, id=1), headers) == NOT_AUTHORIZED
    assert "result" in exchange(shared_server.port, call("alert.get", ONE, auth=sessionid, id=1), headers)


@pytest.mark.parametrize("credential", ["\xff", "é" * 32, "\xe9\x80", "a\xff" * 32], ids=range(4))
def test_credential_beyond_ascii_is_an_unknown_one(shared_server: Server, credential: str) -> None:
    response = exchange(shared_server.port, call("alert.get", ONE, id=1), bearer(credential))
    assert response in (TERMINATED, NOT_AUTHORIZED)


@pytest.mark.parametrize("params", [[], {}])
def test_logout_ends_this_session_alone(shared_server: Server, params: Any) -> None:
    ended, other = session(shared_server.port), session(shared_server.port)
    logout = call("user.logout", params, auth=ended, id=1)
    assert exchange(shared_server.port, logout) == {"jsonrpc": "2.0", "result": True, "id": 1}
    assert exchange(shared_server.port, logout) == TERMINATED
    assert not is_let_in(shared_server.port, ended)
    assert is_let_in(shared_server.port, other)


def check(port: int, **params: str) -> Any:
    return exchange(port, call("user.checkAuthentication", params, id=1))


def test_check_authentication_of_a_session(shared_server: Server) -> None:
    sessionid = session(shared_server.port, "noc")
    row = check(shared_server.port, sessionid=sessionid)["result"]
    assert (row["userid"], row["username"], row["type"], row["sessionid"]) == ("30011", "noc", 1, sessionid)
    assert row["userip"] == "127.0.0.1"
    assert check(shared_server.port, sessionid="0" * 32) == TERMINATED


def test_check_authentication_of_a_token(server: Server, database: Path) -> None:
    token = new_token(database)
    row = check(server.port, token=token)["result"]
    assert (row["userid"], row["username"], row["type"]) == ("30011", "noc", 1)
    assert "sessionid" not in row
    assert check(server.port, token="0" * 64) == NOT_AUTHORIZED


@pytest.mark.parametrize("params", [{}, {"sessionid": "0" * 32, "token": "0" * 64}])
def test_check_authentication_takes_one_credential(shared_server: Server, params: dict[str, str]) -> None:
    assert check(shared_server.port, **params)["error"]["data"] == "Session ID or token is expected."


def test_session_counts_at_once_in_every_worker(two_workers: Server) -> None:
    for _ in range(5):
        sessionid = session(two_workers.port)
        assert all(is_let_in(two_workers.port, sessionid) for _ in range(20))
        exchange(two_workers.port, call("user.logout", [], auth=sessionid, id=1))
        assert not any(is_let_in(two_workers.port, sessionid) for _ in range(20))


def test_disabling_a_user_ends_the_session_for_good(server: Server, database: Path) -> None:
    sessionid, other = session(server.port, "noc"), session(server.port, "dba")
    assert is_let_in(server.port, sessionid)
    alertrpc(database, "user", "disable", "noc")
    assert not is_let_in(server.port, sessionid)
    assert log_in(server.port, "noc", passwords()["noc"]) == NO_ACCESS
    alertrpc(database, "user", "enable", "noc")
    assert not is_let_in(server.port, sessionid)
    assert is_let_in(server.port, session(server.port, "noc"))
    assert is_let_in(server.port, other)


def test_disabling_a_group_ends_the_session_for_good(server: Server, database: Path) -> None:
    sessionid = session(server.port, "noc")
    assert is_let_in(server.port, sessionid)
    execute(database, "UPDATE usrgrp SET users_status = 1 WHERE name = 'NOC 3'")
    assert not is_let_in(server.port, sessionid)
    execute(database, "UPDATE usrgrp SET users_status = 0 WHERE name = 'NOC 3'")
    assert not is_let_in(server.port, sessionid)
    assert is_let_in(server.port, session(server.port, "noc"))


def test_new_password_ends_the_sessions(server: Server, database: Path) -> None:
    sessionid = session(server.port, "noc")
    alertrpc(database, "user", "passwd", "noc", ALERTRPC_PASSWORD="another")
    assert not is_let_in(server.port, sessionid)
    assert "result" in log_in(server.port, "noc", "another")


def test_change_of_role_counts_at_once(server: Server, database: Path) -> None:
    sessionid = session(server.port, "noc")
    assert is_let_in(server.port, sessionid)
    execute(database, "UPDATE users SET roleid = 4 WHERE username = 'noc'")
    denied = error(-32500, "Application error.", 'No permissions to call "alert.get".', 1)
    assert get(server.port, sessionid) == denied
    assert exchange(server.port, call("ALERT.GET", ONE, auth=sessionid, id=1)) == denied


def test_only_hashes_are_stored(server: Server, database: Path) -> None:
    sessionid, token = session(server.port), new_token(database)
    assert is_let_in(server.port, sessionid)
    assert "result" in get(server.port, token)
    assert execute(database, "SELECT sessionid FROM sessions") == [(hashlib.sha256(sessionid.encode()).hexdigest(),)]
    assert execute(database, "SELECT token FROM token") == [(hashlib.sha512(token.encode()).hexdigest(),)]
    kept = b"".join(path.read_bytes() for path in database.parent.iterdir())
    assert hashlib.sha256(sessionid.encode()).hexdigest().encode() in kept
    assert sessionid.encode() not in kept
    assert token.encode() not in kept
    assert b"noc-Secret-1" not in kept


def last_access(database: Path) -> int:
    [(lastaccess,)] = execute(database, "SELECT lastaccess FROM sessions")
    assert isinstance(lastaccess, int)
    return lastaccess


def test_last_access_is_written_in_the_background(server: Server, database: Path) -> None:
    sessionid = session(server.port)
    long_ago = int(time.time()) - 600
    execute(database, "UPDATE sessions SET lastaccess = ?", long_ago)
    assert is_let_in(server.port, sessionid)
    assert eventually(lambda: last_access(database) >= long_ago + 600)


def test_last_access_is_written_at_the_end(database: Path) -> None:
    with serving(database) as server:
        sessionid = session(server.port)
        long_ago = int(time.time()) - 600
        execute(database, "UPDATE sessions SET lastaccess = ?", long_ago)
        assert is_let_in(server.port, sessionid)
    assert last_access(database) >= long_ago + 600


def test_session_lasts_for_the_idle_time(server: Server, database: Path) -> None:
    sessionid = session(server.port)
    execute(database, "UPDATE sessions SET lastaccess = lastaccess - 15 * 60 + 60")
    assert is_let_in(server.port, sessionid)


def test_idle_session_ends(server: Server, database: Path) -> None:
    sessionid = session(server.port)
    execute(database, "UPDATE sessions SET lastaccess = ?", int(time.time()) - 15 * 60 - 1)
    assert get(server.port, sessionid) == TERMINATED
    assert execute(database, "SELECT * FROM sessions") == []


def test_rows_of_idle_sessions_disappear(database: Path) -> None:
    with serving(database, "--session-idle", "1s") as server:
        session(server.port)
        assert eventually(lambda: execute(database, "SELECT * FROM sessions") == [])


# --- API tokens


def test_token_is_taken_from_body_and_header(server: Server, database: Path) -> None:
    token = new_token(database)
    assert len(token) == 64
    in_body = get(server.port, token)
    assert in_body == get(server.port, session(server.port, "noc"))
    assert exchange(server.port, call("alert.get", ONE, id=1), bearer(token)) == in_body


def test_token_is_not_logged_out(server: Server, database: Path) -> None:
    token = new_token(database)
    answer = exchange(server.port, call("user.logout", [], auth=token, id=1))
    assert answer["error"]["code"] == -32500
    assert "result" in get(server.port, token)


def test_token_lives_as_its_row_says(server: Server, database: Path) -> None:
    token, now = new_token(database), int(time.time())
    for change, expected in (
        (f"expires_at = {now + 3600}", None),
        (f"expires_at = {now - 3600}", EXPIRED),
        ("expires_at = 0", None),
        ("status = 1", NOT_AUTHORIZED),
        ("status = 0", None),
    ):
        execute(database, f"UPDATE token SET {change}")
        response = get(server.port, token)
        assert response == expected if expected else "result" in response, change


def test_token_ends_with_its_row(server: Server, database: Path) -> None:
    token, kept = new_token(database), new_token(database, name="other")
    [(tokenid,)] = execute(database, "SELECT tokenid FROM token WHERE name = 'robot'")
    assert "result" in get(server.port, token)
    alertrpc(database, "token", "delete", str(tokenid))
    assert get(server.port, token) == NOT_AUTHORIZED
    assert "result" in get(server.port, kept)


def test_token_of_a_disabled_user_waits_for_the_user(server: Server, database: Path) -> None:
    token = new_token(database)
    alertrpc(database, "user", "disable", "noc")
    assert get(server.port, token) == NOT_AUTHORIZED
    alertrpc(database, "user", "enable", "noc")
    assert "result" in get(server.port, token)


def test_use_of_a_token_is_noted(server: Server, database: Path) -> None:
    token, now = new_token(database), int(time.time())
    assert "result" in get(server.port, token)
    assert eventually(lambda: execute(database, "SELECT lastaccess >= ? FROM token", now) == [(1,)])


# --- blocks


def attempts(database: Path, username: str = "noc") -> int:
    [(failed,)] = execute(database, "SELECT attempt_failed FROM users WHERE username = ?", username)
    assert isinstance(failed, int)
    return failed


def fail(port: int, times: int) -> None:
    for _ in range(times):
        assert log_in(port, "noc", "wrong") == WRONG_LOGIN


@pytest.mark.parametrize("workers", [1, WORKERS])
def test_failed_logins_block_the_right_password(database: Path, workers: int) -> None:
    with serving(database, "--workers", str(workers), "--login-block", "1h") as server:
        fail(server.port, 4)
        assert "result" in log_in(server.port, "noc", passwords()["noc"])
        assert attempts(database) == 0
        fail(server.port, 5)
        for _ in range(5):
            assert log_in(server.port, "noc", passwords()["noc"]) == WRONG_LOGIN
        assert attempts(database) == 5
        assert "result" in log_in(server.port, "Admin", "zabbix")


def test_block_ends_with_time(server: Server, database: Path) -> None:
    fail(server.port, 5)
    execute(database, "UPDATE users SET attempt_clock = attempt_clock + 3600")
    assert log_in(server.port, "noc", passwords()["noc"]) == WRONG_LOGIN
    execute(database, "UPDATE users SET attempt_clock = ?", int(time.time()) - 30)
    assert "result" in log_in(server.port, "noc", passwords()["noc"])


def test_block_ends_after_login_block(database: Path) -> None:
    with serving(database, "--login-block", "1s") as server:
        fail(server.port, 5)
        assert eventually(lambda: "result" in log_in(server.port, "noc", passwords()["noc"]))


def test_session_outlives_a_block(server: Server) -> None:
    sessionid = session(server.port, "noc")
    fail(server.port, 5)
    assert is_let_in(server.port, sessionid)


def test_failed_attempts_are_told_at_the_next_login(server: Server) -> None:
    fail(server.port, 2)
    row = log_in(server.port, "noc", passwords()["noc"], userData=True)["result"]
    assert row["attempt_ip"] == "127.0.0.1"
    assert abs(int(row["attempt_clock"]) - time.time()) < 2 * PATIENCE


def test_many_guesses_at_a_time_are_no_more_guesses(server: Server, database: Path) -> None:
    guesses = [call("user.login", {"username": "noc", "password": f"guess {i}"}, id=1) for i in range(20)]
    threads = [threading.Thread(target=exchange, args=(server.port, guess)) for guess in guesses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert attempts(database) == 5


# --- in this process: what cannot be seen from outside


class Bcrypt:
    """Stands before is_password: notes what is checked, and makes it wait for the test."""

    def __init__(self) -> None:
        self.hashes: list[bytes] = []
        self.running = 0
        self.most_running = 0
        self.may_go = threading.Semaphore(0)

    def __call__(self, password: str, hashed: bytes) -> bool:
        self.hashes.append(hashed)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        assert self.may_go.acquire(timeout=PATIENCE)
        self.running -= 1
        return is_password(password, hashed)


@pytest.fixture
def bcrypt(monkeypatch: pytest.MonkeyPatch) -> Bcrypt:
    stand_in = Bcrypt()
    monkeypatch.setattr(credentials, "is_password", stand_in)
    return stand_in


async def refuse(checked: credentials.Credentials, username: str) -> None:
    with pytest.raises(ApiError, match="Incorrect user name"):
        await checked.login(username, "wrong", "127.0.0.1")


@pytest.mark.parametrize("username", ["noc", "nosuchuser", "blocked", "hashless"])
async def test_every_wrong_login_takes_one_computation(database: Path, bcrypt: Bcrypt, username: str) -> None:
    execute(database, "INSERT INTO users (username, passwd, roleid) VALUES ('hashless', '', 1)")
    execute(
        database,
        "INSERT INTO users (username, passwd, roleid, attempt_failed, attempt_clock) VALUES ('blocked', ?, 1, 9, ?)",
        hash_password("right"),
        int(time.time()),
    )
    bcrypt.may_go.release(10)
    async with open_database(database, DEFAULTS, functions={}) as opened:
        checked = credentials.Credentials(opened, settings_of(login_block=3600), time.time)
        async with checked.background_work():
            await refuse(checked, username)
    assert len(bcrypt.hashes) == 1
    assert (bcrypt.hashes[0] == NOBODY) is (username == "nosuchuser")


@pytest.mark.parametrize("names", [["nobody"], [f"nobody {number}" for number in range(30)], ["blocked"]])
async def test_a_crowd_that_is_refused_keeps_no_good_login_waiting(
    database: Path, bcrypt: Bcrypt, names: list[str]
) -> None:
    """Its logins have one worker; those that find it at work take as long as a check took, and compute nothing."""
    columns = "username, passwd, roleid, attempt_failed, attempt_clock"
    execute(database, f"INSERT INTO users ({columns}) VALUES ('blocked', ?, 1, 9, ?)", "x", int(time.time()))
    async with open_database(database, DEFAULTS, functions={}) as opened:
        checked = credentials.Credentials(opened, settings_of(login_block=3600), time.time)
        async with checked.background_work():
            crowd = [asyncio.create_task(refuse(checked, name)) for name in names * (30 // len(names))]
            assert await asyncio.to_thread(eventually, lambda: bcrypt.running == 1)
            good = asyncio.create_task(checked.login("noc", passwords()["noc"], "127.0.0.1"))
            assert await asyncio.to_thread(eventually, lambda: bcrypt.running == 2)
            assert bcrypt.hashes[0] in (NOBODY, b"x")
            bcrypt.may_go.release(100)
            await good
            await asyncio.gather(*crowd)
    assert bcrypt.most_running == 2


def test_nobodys_hash_is_one_of_the_usual_cost() -> None:
    assert NOBODY.startswith(b"$2b$10$")
    assert hash_password("x").startswith("$2b$10$")
    assert not any(is_password(password, NOBODY) for password in ("", "zabbix"))


async def test_logins_of_one_user_wait_for_each_other(database: Path, bcrypt: Bcrypt) -> None:
    async with open_database(database, DEFAULTS, functions={}) as opened:
        checked = credentials.Credentials(opened, settings_of(login_block=3600), time.time)
        async with checked.background_work(), asyncio.TaskGroup() as guesses:
            first = guesses.create_task(refuse(checked, "noc"))
            assert await asyncio.to_thread(eventually, lambda: bcrypt.running == 1)
            guesses.create_task(refuse(checked, "noc"))
            await asyncio.sleep(0)
            bcrypt.may_go.release()
            await first
            assert await asyncio.to_thread(eventually, lambda: bcrypt.running == 1)  # the second is at it
            guesses.create_task(refuse(checked, "noc"))
            await opened.read(lambda connection: connection.execute("SELECT 1").fetchone())
            await asyncio.sleep(0.2)
            bcrypt.may_go.release(10)
    assert len(bcrypt.hashes) == 3
    assert bcrypt.most_running == 1


READS = [{"countOutput": True}, {"eventids": "300001", "output": ["alertid"]}, {"limit": 5, "sortfield": "clock"}]


@pytest.mark.parametrize("params", READS, ids=["count", "short", "page"])
def test_no_read_is_answered_for_the_caller_of_the_last_time(database: Path, params: dict[str, Any]) -> None:
    """Rows are read while the credential is checked; what the check finds counts."""
    with serving(database, "--deliver", "no") as server:
        auth = exchange(server.port, call("user.login", {"username": "Admin", "password": "zabbix"}, id=1))["result"]

        def ask() -> Any:
            return exchange(server.port, call("alert.get", params, auth=auth, id=1))

        [whole] = {json.dumps(ask()) for _ in range(3)}
        assert "result" in json.loads(whole)
        kind = execute(database, "SELECT roleid FROM users WHERE username = 'Admin'")[0][0]
        execute(
            database,
            "UPDATE users SET roleid = (SELECT roleid FROM role WHERE type = 1 LIMIT 1) WHERE username = 'Admin'",
        )
        execute(database, "DELETE FROM users_groups WHERE userid = (SELECT userid FROM users WHERE username = 'Admin')")
        assert ask()["result"] in ("0", []), "a user without groups sees nothing"
        execute(database, f"UPDATE users SET roleid = {kind} WHERE username = 'Admin'")
        assert json.dumps(ask()) == whole
        execute(database, "DELETE FROM sessions")
        assert [ask()["error"]["data"] for _ in range(2)] == ["Session terminated, re-login, please."] * 2
        assert "result" not in ask()
