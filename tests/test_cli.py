"""The commands as a person calls them: processes, their output, their exit status."""

import re
import shutil
import sqlite3
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from alertrpc.api.passwords import is_password
from alertrpc.settings import TABLE
from alertrpc.store.schema import SCHEMA_VERSION
from tests.support import Client, passwords, run_alertrpc, serving
from tests.terminal import at_terminal

COMMANDS = [
    "",
    "serve",
    "init",
    "load",
    "apply",
    "check",
    "user",
    "user add",
    "user list",
    "user passwd",
    "user disable",
    "user enable",
    "user show",
    "group",
    "group add",
    "group join",
    "group leave",
    "group allow",
    "group list",
    "group delete",
    "token",
    "token add",
    "token list",
    "token delete",
]
WRONG_CALLS = [
    ("nothing", "No such command 'nothing'"),
    ("user nothing", "No such command 'nothing'"),
    ("init --nothing", "No such option '--nothing'"),
    ("init --port 1", "No such option '--port'"),
    ("init --database alertrpc.db", "--database: an address such as sqlite:///"),
    ("serve --port x", "--port: a whole number from 0 to 65535 is expected, not 'x'"),
    ("serve --session-idle 0", "--session-idle: a value above 0 is expected, not '0'"),
    ("serve --config missing.toml", "missing.toml: No such file or directory"),
    ("serve extra", "unexpected extra argument (extra)"),
    ("serve --port", "Option '--port' requires an argument"),
    ("load", "Missing argument 'FILE'"),
    ("load missing.jsonl", "'missing.jsonl' does not exist"),
    ("apply", "Missing argument 'FILE'"),
    ("apply missing.toml", "missing.toml: No such file or directory"),
    ("apply --port 1", "No such option '--port'"),
    ("check missing.toml", "missing.toml: No such file or directory"),
    ("user add", "Missing argument 'USERNAME'"),
    ("user add someone --role boss", "'boss' is not one of 'user', 'admin', 'super-admin', 'push'"),
    ("user add someone --role push --read Web", "--read: a user of the role push reads nothing"),
    ("user add someone --read " + "x" * 54, "a name of 1 to 53 characters is expected"),
    ("group join Ops", "Missing argument 'USERNAME...'"),
    ("group allow Ops", "Missing argument 'HOST_GROUP...'"),
    ("group allow Ops Web --permission all", "'all' is not one of 'read', 'write', 'deny', 'none'"),
    ("group add " + "x" * 65, "a name of 1 to 64 characters is expected"),
    ("group add a\udcff", "a name of 1 to 64 characters is expected"),
    ("group allow Ops " + "x" * 256, "a name of 1 to 255 characters is expected"),
    ("token add noc", "Missing argument 'NAME'"),
    ("token add noc ci --expires soon", "--expires: a time such as 30s, 15m or 1h is expected, not 'soon'"),
    ("token delete one", "'one' is not a valid integer"),
    ("token delete ٣", "'٣' is not a valid integer"),
    (f"token delete {2**63}", f"'{2**63}' is not a valid integer"),
]
FAILURES = [
    ("user add Admin", "there is a user 'Admin' already"),
    ("user add someone --group Nobody", "there is no user group 'Nobody'"),
    ("user passwd nobody", "there is no user 'nobody'"),
    ("user disable nobody", "there is no user 'nobody'"),
    ("user enable nobody", "there is no user 'nobody'"),
    ("user show nobody", "there is no user 'nobody'"),
    ("group add Disabled", "there is a user group 'Disabled' already"),
    ("group add Ops --member nobody", "there is no user 'nobody'"),
    ("group join Nobody Admin", "there is no user group 'Nobody'"),
    ("group join Disabled Admin nobody", "there is no user 'nobody'"),
    ("group leave Nobody Admin", "there is no user group 'Nobody'"),
    ("group allow Nobody Web", "there is no user group 'Nobody'"),
    ("group allow Disabled Web --permission none", "there is no host group 'Web'"),
    ("group delete Nobody", "there is no user group 'Nobody'"),
    ("token add nobody ci", "there is no user 'nobody'"),
    ("token delete 99", "there is no token 99"),
]
NEEDS_DATABASE = ["serve --port 0", "serve --port 0 --workers 2", "check", "user list", "token add Admin ci"]


def run(call: str | Sequence[str], folder: Path, **env: str) -> str:
    """The output of a call that must do well; on standard error are hints at most."""
    done = run_alertrpc(*(call.split() if isinstance(call, str) else call), cwd=folder, env=env)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "; this changes it: alertrpc group " not in line] == []
    return done.stdout


def fault(call: str, folder: Path, status: int, **env: str) -> str:
    """The one line that a call which must fail says."""
    done = run_alertrpc(*call.split(), cwd=folder, env=env)
    assert (done.returncode, done.stderr.count("\n")) == (status, 1), done.stderr
    assert done.stderr.startswith("alertrpc: ")
    return done.stderr


def logins(folder: Path, *tried: tuple[str, str]) -> list[bool]:
    """Whether each pair of a user name and a password logs in."""
    with serving(folder / "alertrpc.db") as server:
        client = Client(server.port)
        responses = [
            client.request("user.login", {"username": username, "password": password}) for username, password in tried
        ]
        client.close()
    return ["result" in response for response in responses]


def fits(folder: Path, username: str, password: str) -> bool:
    """Whether it is the user's password in the database."""
    connection = sqlite3.connect(folder / "alertrpc.db")
    row = connection.execute("SELECT passwd FROM users WHERE username = ?", (username,)).fetchone()
    connection.close()
    return is_password(password, row[0].encode())


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    run("init", folder, ALERTRPC_ADMIN_PASSWORD="zabbix")
    return folder / "alertrpc.db"


@pytest.fixture
def made(made_once: Path, tmp_path: Path) -> Path:
    """A folder with a new database; Admin's password is `zabbix`."""
    shutil.copy2(made_once, tmp_path / "alertrpc.db")
    return tmp_path


def options_without_help(text: str) -> list[str]:
    """The options of a help text behind which nothing is said; what stands in brackets is no explanation."""
    text = text.partition("Options:\n")[2].partition("\n\n")[0]
    options = re.split(r"\n(?=  -)", text.rstrip())
    said = [re.split(r"\s{2,}", option.strip(), maxsplit=1) for option in options]
    return [one[0] for one in said if len(one) < 2 or one[1].startswith("[")]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_itself(tmp_path: Path, command: str) -> None:
    text = run([*command.split(), "--help"], tmp_path)
    assert text.startswith(f"Usage: alertrpc {command}".strip())
    about = text.partition("\n\n")[2].partition("\n\n")[0]
    assert about.strip().endswith(".")
    assert options_without_help(text) == []


@pytest.mark.parametrize("columns", ["40", "80"])
@pytest.mark.parametrize("command", ["", "user", "token"])
def test_a_group_explains_each_command_with_a_whole_sentence(tmp_path: Path, command: str, columns: str) -> None:
    text = run([*command.split(), "--help"], tmp_path, COLUMNS=columns)
    listed = re.findall(r"^  ([a-z-]+) {2,}(.*(?:\n {5,}.*)*)", text.partition("Commands:\n")[2], re.MULTILINE)
    assert listed
    for name, sentence in listed:
        about = " ".join(run([*command.split(), name, "--help"], tmp_path, COLUMNS=columns).split("\n\n")[1].split())
        assert " ".join(sentence.split()) in about
        assert sentence.endswith(".")
        assert "..." not in sentence


def test_a_short_flag_helps_too(tmp_path: Path) -> None:
    assert run("user add -h", tmp_path) == run("user add --help", tmp_path)


def test_every_setting_is_a_flag_of_serve(tmp_path: Path) -> None:
    text = " ".join(run("serve --help", tmp_path).split())
    for setting in TABLE:
        assert f"{setting.flag} {setting.metavar} " in text
        assert f"[{setting.variable}; {setting.default}]" in text.replace("- ", "-")


def test_the_version(tmp_path: Path) -> None:
    assert re.fullmatch(r"alertrpc, version \d+\.\d+\.\d+\n", run("--version", tmp_path))


@pytest.mark.parametrize(("call", "said"), WRONG_CALLS)
def test_a_wrong_call_is_one_line_and_status_2(tmp_path: Path, call: str, said: str) -> None:
    assert said in fault(call, tmp_path, 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", NEEDS_DATABASE)
def test_there_must_be_a_database(tmp_path: Path, call: str) -> None:
    said = fault(call, tmp_path, 1)
    assert "database alertrpc.db: there is no such file; `alertrpc init` makes it in " in said
    assert f" makes it in {tmp_path}, --database names another\n" in said
    assert list(tmp_path.iterdir()) == []


def test_init_makes_up_a_password(tmp_path: Path) -> None:
    output = run("init", tmp_path)
    found = re.findall(r"The password of Admin is (\S+); it is shown this once\.", output)
    assert len(found) == 1
    assert len(found[0]) >= 16
    assert logins(tmp_path, ("Admin", found[0]), ("Admin", "zabbix")) == [True, False]


def test_init_takes_a_password_from_the_environment(made: Path) -> None:
    assert fits(made, "Admin", "zabbix")


@pytest.mark.parametrize("given", ["from a pipe\n", "from a pipe", "from a pipe\r\n", "from a pipe\nanother line\n"])
def test_init_takes_a_password_from_standard_input(tmp_path: Path, given: str) -> None:
    done = run_alertrpc("init", "--password-stdin", cwd=tmp_path, stdin=given)
    assert (done.returncode, done.stderr) == (0, "")
    assert "from a pipe" not in done.stdout
    assert fits(tmp_path, "Admin", "from a pipe")


def test_a_users_password_from_standard_input(made: Path) -> None:
    env = {"ALERTRPC_PASSWORD": "of the environment"}
    for call, given in (("user add noc", "one\n"), ("user passwd noc", "two\n")):
        done = run_alertrpc(*call.split(), "--password-stdin", cwd=made, stdin=given, env=env)
        assert done.returncode == 0
        assert [line for line in done.stderr.splitlines() if "can see nothing" not in line] == []
        assert fits(made, "noc", given.strip())


@pytest.mark.parametrize("given", ["", "\n", "x" * 256, "x" * 100_000], ids=["none", "empty", "long", "very long"])
def test_a_wrong_password_from_standard_input_is_refused(tmp_path: Path, given: str) -> None:
    done = run_alertrpc("init", "--password-stdin", cwd=tmp_path, stdin=given)
    assert done.returncode == 2
    assert done.stderr == "alertrpc: a password of 1 to 255 characters is expected\n"


def test_a_password_that_is_piped_in_vain_is_told_of(tmp_path: Path) -> None:
    done = run_alertrpc("init", cwd=tmp_path, stdin="from a pipe\n")
    assert "It was made up: standard input is no terminal, and is read only with --password-stdin." in done.stdout
    assert not fits(tmp_path, "Admin", "from a pipe")


def test_init_says_no_password_that_it_was_given(tmp_path: Path) -> None:
    assert "a given password" not in run("init", tmp_path, ALERTRPC_ADMIN_PASSWORD="a given password")


@pytest.mark.parametrize("password", ["", "x" * 256], ids=["empty", "long"])
def test_init_takes_no_wrong_password(tmp_path: Path, password: str) -> None:
    said = fault("init", tmp_path, 2, ALERTRPC_ADMIN_PASSWORD=password)
    assert "a password of 1 to 255 characters is expected" in said


def test_init_twice_changes_nothing(made: Path) -> None:
    output = run("init", made, ALERTRPC_ADMIN_PASSWORD="another")
    assert "the schema is there already" in output
    assert "its password is kept" in output
    assert fits(made, "Admin", "zabbix")


def test_init_asks_at_a_terminal(tmp_path: Path) -> None:
    answers = [("Password for Admin", "typed here"), ("Repeat", "typed here")]
    status, shown = at_terminal("init", cwd=tmp_path, answers=answers)
    assert status == 0, shown
    assert "made, with the Super admin Admin" in shown
    assert "typed here" not in shown
    assert fits(tmp_path, "Admin", "typed here")


def test_init_asks_again_when_the_two_differ(tmp_path: Path) -> None:
    answers = [("Password for Admin", "one"), ("Repeat", "two"), ("Password for Admin", "one"), ("Repeat", "one")]
    status, shown = at_terminal("init", cwd=tmp_path, answers=answers)
    assert status == 0, shown
    assert fits(tmp_path, "Admin", "one")


def test_a_database_of_passwords_is_for_its_owner(made: Path) -> None:
    assert stat.S_IMODE((made / "alertrpc.db").stat().st_mode) & 0o007 == 0


def test_init_names_a_folder_that_is_missing(tmp_path: Path) -> None:
    said = fault("init --database sqlite:///missing/alertrpc.db", tmp_path, 1)
    assert said == f"alertrpc: database missing/alertrpc.db: there is no folder {tmp_path}/missing\n"


def test_a_file_that_is_missing_is_told_with_the_folder_that_was_searched(tmp_path: Path) -> None:
    for call in ("check missing.toml", "apply missing.toml", "serve --config missing.toml"):
        expected = f"alertrpc: missing.toml: No such file or directory, looked for in {tmp_path}\n"
        assert fault(call, tmp_path, 2) == expected
    assert f"'missing.jsonl' does not exist, looked for in {tmp_path}\n" in fault("load missing.jsonl", tmp_path, 2)


def test_a_script_that_is_missing_is_told_with_the_folder_that_was_searched(made: Path) -> None:
    declaring(made)
    (made / "scripts" / "page.sh").unlink()
    said = fault("check alertrpc.toml", made, 2)
    assert said.endswith(f"script: page.sh: No such file or directory in scripts_dir {made}/scripts\n")


def test_an_address_that_cannot_be_had_is_told_with_what_names_another(made: Path) -> None:
    for flags in ("--host no-such-host.invalid", "--host 192.0.2.1"):
        said = fault(f"serve {flags} --port 0", made, 1)
        assert said.startswith(f"alertrpc: cannot listen on {flags.split()[1]}")
        assert said.endswith("; --host and --port, or ALERTRPC_HOST and ALERTRPC_PORT, name another address\n")


def test_a_user_is_added_listed_disabled_and_enabled(made: Path) -> None:
    assert run("user add noc --role admin", made, ALERTRPC_PASSWORD="secret") == "added noc\n"
    listed = run("user list", made).splitlines()
    assert listed[0].split() == ["userid", "username", "role", "groups", "disabled"]
    assert [line.split()[1:2] + line.split()[-1:] for line in listed[1:]] == [["Admin", "no"], ["noc", "no"]]
    assert logins(made, ("noc", "secret")) == [True]
    assert run("user disable noc", made) == "noc is disabled\n"
    assert run("user list", made).splitlines()[2].split()[-1] == "yes"
    assert logins(made, ("noc", "secret")) == [False]
    assert run("user enable noc", made) == "noc is enabled\n"
    assert logins(made, ("noc", "secret")) == [True]


def test_a_user_joins_groups(made: Path) -> None:
    groups = ["--group", "Zabbix administrators", "--group", "Disabled"]
    run(["user", "add", "noc", *groups], made, ALERTRPC_PASSWORD="secret")
    line = run("user list", made).splitlines()[2]
    assert "Zabbix administrators" in line
    assert "Disabled" in line
    assert line.split()[-1] == "yes"


def test_a_users_password_is_made_up(made: Path) -> None:
    output = run("user add noc", made)
    found = re.search(r"The password of noc is (\S+); it is shown this once\.", output)
    assert found
    assert fits(made, "noc", found[1])


def test_a_password_is_set_and_ends_the_sessions(database: Path) -> None:
    with serving(database) as server:
        client = Client(server.port)
        auth = client.login("Admin", passwords()["Admin"])
        run("user passwd Admin", database.parent, ALERTRPC_PASSWORD="changed")
        response = client.request("alert.get", {"limit": 1}, auth=auth)
        assert response["error"]["data"] == "Session terminated, re-login, please."
        assert "result" in client.request("user.login", {"username": "Admin", "password": "changed"})
        client.close()


def test_a_failed_command_adds_nobody(made: Path) -> None:
    before = run("user list", made)
    fault("user add someone --group Nobody", made, 1)
    assert run("user list", made) == before


def test_a_token_is_added_used_listed_and_deleted(database: Path) -> None:
    value = run("token add Admin ci", database.parent).strip()
    assert re.fullmatch(r"[0-9a-f]{64}", value)
    assert value.encode() not in database.read_bytes()
    with serving(database) as server:
        client = Client(server.port)
        assert len(client.request("alert.get", {"limit": 1}, auth=value)["result"]) == 1
        listed = run("token list", database.parent)
        assert listed.splitlines()[1].split()[1:4] == ["Admin", "ci", "never"]
        assert value not in listed
        run(f"token delete {listed.splitlines()[1].split()[0]}", database.parent)
        assert "error" in client.request("alert.get", {"limit": 1}, auth=value)
        client.close()


def test_a_token_has_a_name_of_its_own_and_may_expire(made: Path) -> None:
    run("token add Admin ci --expires 30d", made)
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", run("token list", made))
    assert "user 'Admin' has a token 'ci' already" in fault("token add Admin ci", made, 1)


@pytest.mark.parametrize(("call", "said"), FAILURES)
def test_a_failure_is_one_line_and_status_1(made: Path, call: str, said: str) -> None:
    assert said in fault(call, made, 1)


def test_check_names_every_setting_and_the_alerts(database: Path) -> None:
    lines = run("check", database.parent, ALERTRPC_PORT="7001").splitlines()
    assert [line.split(" = ")[0] for line in lines[:-1]] == [setting.name for setting in TABLE]
    assert "port = 7001" in lines
    assert lines[-1] == f"database alertrpc.db: schema version {SCHEMA_VERSION}, 1500 alerts, no faults"


def test_check_changes_nothing(database: Path) -> None:
    before = database.read_bytes()
    run("check", database.parent)
    assert database.read_bytes() == before


def damaged(path: Path) -> None:
    """A leaf page in the middle is overwritten."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)


def no_database(path: Path) -> None:
    path.write_text("Dear Sir or Madam,\n" * 1000)


def of_another_program(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)")
    connection.close()


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()


def empty(path: Path) -> None:
    path.write_bytes(b"")


DECLARED = """
[[media_type]]
name = "pager"
type = "script"
script = "page.sh"

[[user]]
username = "dba"
media = [{ media_type = "pager", sendto = "+371" }]

[[user_group]]
name = "On call"
members = [ "dba" ]
read = ["Pushed alarms"]

[[action]]
name = "Wake the DBA"
steps = [{ users = ["dba"] }]
"""
APPLIED = [
    'media type "pager": made',
    'user group "On call": made',
    'host group "Pushed alarms": made',
    'user "dba": made',
    'user "dba": joins user group "On call"',
    'user group "On call": reads host group "Pushed alarms"',
    'user "dba": media +371 through "pager" added',
    'action "Wake the DBA": made',
]
WRONG = """
[[media_type]]
name = "pager"
type = "script"
timeout = "soon"

[[action]]
name = "Wake the DBA"
steps = [{ users = ["dba"], user_groups = "On call" }]
"""
WRONGS = [
    'alertrpc: wrong.toml: media_type 1 "pager": timeout: a time such as 30s, 15m or 1h is expected, not "soon"',
    'alertrpc: wrong.toml: media_type 1 "pager": script: it is missing',
    'alertrpc: wrong.toml: action 1 "Wake the DBA": steps 1: user_groups: a list is expected, not "On call"',
]


def declaring(folder: Path, name: str = "alertrpc.toml", text: str = DECLARED) -> None:
    """The file, and the script that DECLARED names."""
    (folder / name).write_text(text)
    (folder / "scripts").mkdir(exist_ok=True)
    script = folder / "scripts" / "page.sh"
    script.write_text("#!/bin/bash\n")
    script.chmod(0o755)


def faults(call: str, folder: Path, status: int, **env: str) -> list[str]:
    """The lines that a call which must fail says."""
    done = run_alertrpc(*call.split(), cwd=folder, env=env)
    assert done.returncode == status, done.stderr
    return done.stderr.splitlines()


def test_apply_tells_what_changed(made: Path) -> None:
    declaring(made)
    assert run("apply alertrpc.toml", made).splitlines() == APPLIED
    assert run("apply alertrpc.toml", made) == "nothing changed\n"
    declaring(made, text=DECLARED.replace('"page.sh"', '"page.sh"\ntimeout = "10s"'))
    assert run("apply", made, ALERTRPC_CONFIG="alertrpc.toml") == 'media type "pager": timeout 30s -> 10s\n'


def test_apply_goes_to_the_database_of_its_file(made: Path) -> None:
    (made / "alertrpc.db").rename(made / "other.db")
    declaring(made, text='database = "sqlite:///other.db"\n' + DECLARED)
    assert run("apply alertrpc.toml", made).splitlines() == APPLIED
    assert "database missing.db: " in fault("apply alertrpc.toml --database sqlite:///missing.db", made, 1)


@pytest.mark.parametrize("call", ["apply wrong.toml", "check wrong.toml", "serve --port 0 --config wrong.toml"])
def test_every_fault_of_a_file_is_a_line(made: Path, call: str) -> None:
    declaring(made, "wrong.toml", WRONG)
    assert faults(call, made, 2) == WRONGS


@pytest.mark.parametrize(
    ("call", "status"),
    [("apply alertrpc.toml", 1), ("check alertrpc.toml", 2), ("serve --port 0 --config alertrpc.toml", 1)],
)
def test_a_name_that_stands_for_nothing_is_a_line(made: Path, call: str, status: int) -> None:
    declaring(made, text=DECLARED.replace('["dba"]', '["dba", "boss"], media_types = ["mail"]'))
    assert faults(call, made, status) == [
        'alertrpc: alertrpc.toml: action "Wake the DBA": steps 1: users: there is no user "boss"',
        'alertrpc: alertrpc.toml: action "Wake the DBA": steps 1: media_types: there is no media type "mail"',
    ]


def test_check_reads_what_a_file_declares(made: Path) -> None:
    declaring(made)
    before = (made / "alertrpc.db").read_bytes()
    for call in ("check alertrpc.toml", "check --config alertrpc.toml"):
        lines = run(call, made).splitlines()
        assert lines[-2] == "alertrpc.toml: 1 media type, 1 user, 1 user group, 1 action, no faults"
        assert lines[-1].endswith(", no faults")
    assert (made / "alertrpc.db").read_bytes() == before


def test_check_names_a_script_that_cannot_be_run(made: Path) -> None:
    declaring(made, text=DECLARED.replace('["dba"]', '["boss"]'))
    (made / "scripts" / "page.sh").chmod(0o644)
    shutil.copy(made / "scripts" / "page.sh", made / "scripts" / "copy.sh")
    said = faults("check alertrpc.toml", made, 2)
    assert len(said) == 2
    assert said[0].startswith('alertrpc: alertrpc.toml: media_type 1 "pager": script: page.sh: ')
    assert said[1].endswith('there is no user "boss"')


def test_check_looks_at_scripts_where_there_is_no_database(tmp_path: Path) -> None:
    declaring(tmp_path)
    (tmp_path / "scripts" / "page.sh").unlink()
    assert 'media_type 1 "pager": script: page.sh: ' in fault("check alertrpc.toml", tmp_path, 2)
    declaring(tmp_path)
    assert "there is no such file; `alertrpc init` makes it in " in fault("check alertrpc.toml", tmp_path, 1)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_applies_what_its_file_declares(made: Path, workers: str) -> None:
    declaring(made)
    flags = ("--config", "alertrpc.toml", "--workers", workers)
    with serving(made / "alertrpc.db", *flags) as server:
        logged = server.log.read_text()
    for line in APPLIED:
        assert logged.count(f" INFO alertrpc.cli: {line}\n") == 1
    assert run("apply alertrpc.toml", made) == "nothing changed\n"


def test_serve_leaves_what_a_file_of_settings_does_not_declare(made: Path) -> None:
    declaring(made)
    run("apply alertrpc.toml", made)
    declaring(made, "settings.toml", "login_attempts = 6\n")
    with serving(made / "alertrpc.db", "--config", "settings.toml"):
        pass
    assert run("apply alertrpc.toml", made) == "nothing changed\n"


UNUSABLE = {
    no_database: "not a database",
    of_another_program: "this is a database of another program",
    newer: f"its schema has version {SCHEMA_VERSION + 1}",
    empty: "there is no schema in it; `alertrpc init` makes it",
}


@pytest.mark.parametrize("call", ["check", "serve --port 0"])
@pytest.mark.parametrize("spoil", UNUSABLE, ids=lambda spoil: spoil.__name__)
def test_an_unusable_database_is_named(database: Path, spoil: object, call: str) -> None:
    assert callable(spoil)
    spoil(database)
    said = fault(call, database.parent, 1)
    assert "database alertrpc.db: " in said
    assert UNUSABLE[spoil] in said


@pytest.mark.parametrize("call", ["init", "load good.jsonl"])
@pytest.mark.parametrize("spoil", [no_database, of_another_program, newer], ids=lambda spoil: spoil.__name__)
def test_an_unusable_database_is_left_alone(database: Path, spoil: object, call: str) -> None:
    assert callable(spoil)
    spoil(database)
    before = database.read_bytes()
    (database.parent / "good.jsonl").write_text('{"table": "role", "roleid": 77}\n')
    said = fault(call, database.parent, 1)
    assert "database alertrpc.db: " in said
    assert UNUSABLE[spoil] in said
    assert database.read_bytes() == before


def test_check_finds_damage(database: Path) -> None:
    damaged(database)
    assert "database alertrpc.db" in fault("check", database.parent, 1)
