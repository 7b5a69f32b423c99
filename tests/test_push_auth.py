"""Who pushes: passwords that are sent with each request, what ends them, and how much a user may push."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from alertrpc.api import credentials
from alertrpc.api.credentials import NO_ACCESS, WRONG_LOGIN, Credentials
from alertrpc.api.passwords import MOST_REMEMBERED, REMEMBERED, RememberedPasswords, hash_password, is_password
from alertrpc.errors import ApiError
from alertrpc.ocp.envelope import OcpFault
from alertrpc.store.database import Database, open_database
from alertrpc.web.callers import PushLimit
from tests.support import DEFAULTS, Server, passwords, run_alertrpc, serving, settings_of
from tests.test_alarm_api import ALARMS, PUSHED_TO, SAMPLE, Api, Pushed, basic
from tests.wire import execute

ATTEMPTS = 3
BLOCK = 30.0
START = 1_700_000_000.0
PASSWORD = passwords()["dba"]


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Bench:
    """Credentials on a database file, with a count of the passwords that bcrypt checked."""

    def __init__(self, database: Path, store: Database) -> None:
        self.path = database
        self.clock = Clock()
        self.checked: list[str] = []
        self.credentials = Credentials(store, settings_of(login_attempts=ATTEMPTS, login_block=BLOCK), self.clock)

    def is_password(self, password: str, hashed: bytes) -> bool:
        self.checked.append(password)
        return is_password(password, hashed)

    async def fault(self, username: str, password: str) -> str | None:
        """The fault of a request; None where the user is let in."""
        try:
            caller = await self.credentials.password_caller(username, password, "192.0.2.1")
        except ApiError as error:
            return error.data
        assert caller.userid == 30012
        return None

    def failures(self) -> int:
        [(failed,)] = execute(self.path, "SELECT attempt_failed FROM users WHERE username = 'dba'")
        assert isinstance(failed, int)
        return failed


@pytest.fixture
async def bench(database: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    async with open_database(database, DEFAULTS, functions={}) as store:
        bench = Bench(database, store)
        monkeypatch.setattr(credentials, "is_password", bench.is_password)
        async with bench.credentials.background_work():
            yield bench


# --- remembered passwords


async def test_a_password_is_checked_once(bench: Bench) -> None:
    for _ in range(100):
        assert await bench.fault("dba", PASSWORD) is None
    assert bench.checked == [PASSWORD]


async def test_many_at_once_are_checked_once(bench: Bench) -> None:
    assert await asyncio.gather(*[bench.fault("dba", PASSWORD) for _ in range(50)]) == [None] * 50
    assert bench.checked == [PASSWORD]


async def test_a_password_is_forgotten_in_time(bench: Bench) -> None:
    assert await bench.fault("dba", PASSWORD) is None
    bench.clock.now = START + REMEMBERED - 0.001
    assert await bench.fault("dba", PASSWORD) is None
    assert len(bench.checked) == 1
    bench.clock.now = START + REMEMBERED
    assert await bench.fault("dba", PASSWORD) is None
    assert len(bench.checked) == 2


@pytest.mark.parametrize("wrong", ["", PASSWORD + " ", PASSWORD[:-1], PASSWORD.upper(), PASSWORD + "\0"])
async def test_a_wrong_password_is_none_while_the_right_one_is_remembered(bench: Bench, wrong: str) -> None:
    assert await bench.fault("dba", PASSWORD) is None
    assert await bench.fault("dba", wrong) == WRONG_LOGIN
    assert bench.checked == [PASSWORD, wrong]


async def test_what_bcrypt_leaves_aside_is_not_remembered(bench: Bench) -> None:
    """bcrypt looks at 72 bytes; each longer password is one of its own."""
    long = "p" * 72
    execute(bench.path, "UPDATE users SET passwd = ? WHERE username = 'dba'", hash_password(long))
    assert [await bench.fault("dba", long + end) for end in ("a", "a", "b")] == [None, None, None]
    assert bench.checked == [long + "a", long + "b"]


async def test_a_new_password_counts_at_once(bench: Bench) -> None:
    assert await bench.fault("dba", PASSWORD) is None
    execute(bench.path, "UPDATE users SET passwd = ? WHERE username = 'dba'", hash_password("new"))
    assert await bench.fault("dba", PASSWORD) == WRONG_LOGIN
    assert await bench.fault("dba", "new") is None


async def test_the_same_password_anew_is_checked_anew(bench: Bench) -> None:
    assert await bench.fault("dba", PASSWORD) is None
    execute(bench.path, "UPDATE users SET passwd = ? WHERE username = 'dba'", hash_password(PASSWORD))
    assert await bench.fault("dba", PASSWORD) is None
    assert len(bench.checked) == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("INSERT INTO users_groups (usrgrpid, userid) VALUES (9, 30012)", NO_ACCESS),
        ("UPDATE users SET roleid = NULL WHERE userid = 30012", NO_ACCESS),
        ("DELETE FROM users WHERE userid = 30012", WRONG_LOGIN),
        ("UPDATE users SET username = 'other' WHERE userid = 30012", WRONG_LOGIN),
    ],
)
async def test_a_change_of_the_user_counts_at_once(bench: Bench, change: str, expected: str) -> None:
    assert await bench.fault("dba", PASSWORD) is None
    execute(bench.path, change)
    assert await bench.fault("dba", PASSWORD) == expected


async def test_a_change_of_role_counts_at_once(bench: Bench) -> None:
    assert (await bench.credentials.password_caller("dba", PASSWORD, "")).type == 2
    execute(bench.path, "UPDATE users SET roleid = 1 WHERE username = 'dba'")
    assert (await bench.credentials.password_caller("dba", PASSWORD, "")).type == 1
    execute(bench.path, "INSERT INTO role_rule (roleid, name, value_int) VALUES (1, 'api.access', 0)")
    assert not (await bench.credentials.password_caller("dba", PASSWORD, "")).may_call
    assert len(bench.checked) == 1


# --- wrong passwords


async def test_wrong_passwords_block_the_user(bench: Bench) -> None:
    for _ in range(ATTEMPTS):
        assert await bench.fault("dba", "wrong") == WRONG_LOGIN
    assert await bench.fault("dba", PASSWORD) == WRONG_LOGIN
    assert bench.failures() == ATTEMPTS
    bench.clock.now += BLOCK - 1
    assert await bench.fault("dba", PASSWORD) == WRONG_LOGIN
    bench.clock.now += 1
    assert await bench.fault("dba", PASSWORD) is None
    assert bench.failures() == 0


async def test_guesses_at_once_are_no_more_than_one_after_the_other(bench: Bench) -> None:
    await asyncio.gather(*[bench.fault("dba", f"guess {n}") for n in range(4 * ATTEMPTS)])
    assert bench.failures() == ATTEMPTS
    assert await bench.fault("dba", PASSWORD) == WRONG_LOGIN


async def test_strangers_do_not_block_who_is_remembered(bench: Bench) -> None:
    assert await bench.fault("dba", PASSWORD) is None
    for _ in range(2 * ATTEMPTS):
        assert await bench.fault("dba", "wrong") == WRONG_LOGIN
    assert await bench.fault("dba", PASSWORD) is None


@pytest.mark.parametrize(("username", "password"), [("nobody", PASSWORD), ("", ""), ("DBA", PASSWORD)])
async def test_an_unknown_user_takes_as_long(bench: Bench, username: str, password: str) -> None:
    assert await bench.fault(username, password) == WRONG_LOGIN
    assert bench.checked == [password]


def test_remembered_passwords_are_bounded_and_no_clear_text() -> None:
    remembered = RememberedPasswords(Clock())
    for n in range(MOST_REMEMBERED + 1):
        remembered.add(f"user{n}", "secret", b"hash")
    assert [remembered.knows(f"user{n}", "secret", b"hash") for n in (0, 1, MOST_REMEMBERED)] == [False, True, True]
    assert not remembered.knows("user1", "secret", b"other")
    assert not remembered.knows("user1", "other", b"hash")
    assert not remembered.knows("", "", b"")
    assert "secret" not in repr(vars(remembered))


# --- over HTTP


@pytest.fixture(scope="module")
def served(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    database = tmp_path_factory.mktemp("auth") / "alertrpc.db"
    database.write_bytes(loaded_database.read_bytes())
    with serving(database, "--login-attempts", str(ATTEMPTS), "--login-block", "1h") as server:
        yield Pushed(server, database, Api(server.port))


def administer(database: Path, *arguments: str, **env: str) -> None:
    done = run_alertrpc(*arguments, "--database", f"sqlite:///{database}", env=env)
    assert done.returncode == 0, done.stderr


def status_of(server: Server, username: str, password: str) -> int:
    return Api(server.port, authorization=basic(username, password)).ask("POST", ALARMS, SAMPLE).status


def test_commands_count_at_once(served: Pushed) -> None:
    server, database, _ = served
    assert status_of(server, "dba", PASSWORD) == 200
    administer(database, "user", "passwd", "dba", ALERTRPC_PASSWORD="пароль: new")
    assert status_of(server, "dba", PASSWORD) == 401
    assert status_of(server, "dba", "пароль: new") == 200
    administer(database, "user", "disable", "dba")
    assert status_of(server, "dba", "пароль: new") == 403
    administer(database, "user", "enable", "dba")
    assert status_of(server, "dba", "пароль: new") == 200


def test_a_blocked_user_over_http(served: Pushed) -> None:
    server, database, _ = served
    known, late = passwords()["super2"], passwords()["auditor"]
    assert status_of(server, "super2", known) == 200
    with ThreadPoolExecutor(8) as pool:
        guesses = [(user, f"guess {n}") for n in range(ATTEMPTS + 2) for user in ("super2", "auditor")]
        assert set(pool.map(lambda guess: status_of(server, *guess), guesses)) == {401}
    assert status_of(server, "super2", known) == 200
    assert status_of(server, "auditor", late) == 401
    execute(database, "UPDATE users SET attempt_failed = 0 WHERE username = 'auditor'")
    assert status_of(server, "auditor", late) == 403  # of role User


def encoded(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


MALFORMED = [
    "",
    "Basic",
    "Basic ",
    "Basic ====",
    "Basic \u00ff",
    "Basic not base64",
    encoded(b"Admin"),
    encoded(b""),
    encoded(b":"),
    encoded(b"\xff:\xff"),
    encoded(b"Admin\0:zabbix"),
    encoded(b"norights:norights-Secret-4\0"),
    encoded(b"Admin:zabbix") + " more",
    "Digest username=Admin",
    "Bearer",
    "Bearer ",
    "Bearer \u00ff",
    "Bearer " + "0" * 32,
    "Bearer " + "0" * 64,
    "Bearer " + "x" * 4096,
    "zabbix",
]


@pytest.mark.parametrize("authorization", MALFORMED)
def test_a_malformed_authorization(served: Pushed, authorization: str) -> None:
    for method, path in [*[("POST", path) for path in PUSHED_TO], ("GET", ALARMS)]:
        answer = Api(served.server.port, authorization=authorization).ask(method, path, [])
        assert answer.status == 401, answer
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="alertrpc", charset="UTF-8"'
        assert answer.fault


@pytest.mark.parametrize("word", ["basic", "BASIC"])
def test_the_case_of_the_scheme_does_not_matter(served: Pushed, word: str) -> None:
    authorization = basic("Admin", "zabbix").replace("Basic", word)
    assert Api(served.server.port, authorization=authorization).ask("GET", ALARMS).status == 200


def test_no_password_is_logged_or_kept(served: Pushed) -> None:
    assert "a request failed" not in served.server.log.read_text()
    kept = b"".join(path.read_bytes() for path in served.database.parent.iterdir())
    assert [secret for secret in ("guess 1", PASSWORD, basic("Admin", "zabbix")) if secret.encode() in kept] == []


# --- how much

TAKEN: list[tuple[int, list[tuple[float, int, int]], list[int | None]]] = [
    # limit, pushes as (second, user, alarms), what remains after each, None: refused
    (2, [(0, 1, 1), (0, 1, 1), (59.9, 1, 1), (60, 1, 2)], [1, 0, None, 0]),
    (2, [(0, 1, 2), (0, 2, 2), (1, 1, 0)], [0, 0, 0]),
    (5, [(0, 1, 3), (0, 1, 3), (0, 1, 2)], [2, None, 0]),  # a refused push takes nothing
    (5, [(0, 1, 6), (60, 1, 6)], [None, None]),
    (1, [(59.9, 1, 1), (60.1, 1, 1), (119.9, 1, 1), (121, 1, 1)], [0, 0, None, 0]),
]


@pytest.mark.parametrize(("limit", "pushes", "expected"), TAKEN)
def test_the_push_limit(limit: int, pushes: list[tuple[float, int, int]], expected: list[int | None]) -> None:
    clock = Clock()
    push_limit = PushLimit(settings_of(push_limit=limit), clock)
    for (second, userid, alarms), remains in zip(pushes, expected, strict=True):
        clock.now = second
        if remains is None:
            with pytest.raises(OcpFault) as refused:
                push_limit.take(userid, alarms)
            headers = refused.value.headers
            assert (refused.value.status, headers["Retry-After"]) == (429, headers["RateLimit-Reset"])
        else:
            headers = push_limit.take(userid, alarms)
            assert headers["RateLimit-Remaining"] == str(remains)
        assert headers["RateLimit-Limit"] == str(limit)


@pytest.mark.parametrize(("second", "reset"), [(0, 60), (0.5, 60), (10.4, 50), (10.6, 50), (59.99, 1), (60, 60)])
def test_a_push_after_the_reset_is_taken(second: float, reset: int) -> None:
    clock = Clock()
    clock.now = second
    push_limit = PushLimit(settings_of(push_limit=1), clock)
    assert push_limit.take(1, 1)["RateLimit-Reset"] == str(reset)
    clock.now += reset
    assert push_limit.take(1, 1)


def test_no_limit() -> None:
    assert PushLimit(settings_of(push_limit=0)).take(1, 10**6) == {}
