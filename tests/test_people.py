"""Users and user groups by commands: who joins, what a group may read, and what users are told of what they see."""

import re
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alertrpc.people import NAMED, described
from alertrpc.store import users
from alertrpc.store.connection import connect, transaction
from alertrpc.store.sight import sight_of
from tests.receivers import push
from tests.support import Client, run_alertrpc, serving
from tests.wire import execute

NOTHING = "can see nothing, as no user group of the user may read a host group; this changes it: "
ALONE = "can see no alerts but the user's own, as nobody else is in a user group of the user; this changes it: "


@pytest.fixture
def folder(path: Path) -> Path:
    """Where a new database is, with Admin alone."""
    return path.parent


def run(folder: Path, *call: str) -> tuple[list[str], list[str]]:
    """The lines of a command that must do well, and what it hints."""
    done = run_alertrpc(*call, cwd=folder, env={"ALERTRPC_PASSWORD": "secret"})
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr.splitlines()


def refused(folder: Path, *call: str) -> str:
    done = run_alertrpc(*call, cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.strip().removeprefix("alertrpc: database alertrpc.db: ")


def groups(folder: Path) -> list[list[str]]:
    """The listed groups without their ids."""
    lines, _ = run(folder, "group", "list")
    return [re.split(r"\s{2,}", line.strip())[1:] for line in lines[1:]]


def shown(folder: Path, username: str) -> dict[str, str]:
    """What `user show` says, by its headings; the lines under one are joined."""
    lines, _ = run(folder, "user", "show", username)
    text = re.sub(r"\n  ", " ", "\n".join(lines))
    return dict(re.findall(r"^([a-z ]+): (.*)$", text, re.MULTILINE))


def test_a_group_from_first_to_last(folder: Path) -> None:
    for username in ("ann", "bob"):
        run(folder, "user", "add", username)
    assert run(folder, "group", "add", "On call") == (["added user group On call"], [])
    assert run(folder, "group", "join", "On call", "ann", "bob")[0] == ["ann joins On call", "bob joins On call"]
    assert run(folder, "group", "join", "On call", "ann")[0] == ["ann is in On call"]
    assert run(folder, "group", "allow", "On call", "Pushed alarms", "Web")[0] == [
        "On call: read Pushed alarms",
        "On call: read Web",
    ]
    run(folder, "group", "allow", "On call", "Web", "--permission", "write")
    run(folder, "group", "allow", "On call", "Payroll", "--permission", "deny")
    assert ["On call", "ann, bob", "deny Payroll, read Pushed alarms, write Web", "no"] in groups(folder)
    run(folder, "group", "allow", "On call", "Web", "Payroll", "--permission", "none")
    left, _ = run(folder, "group", "leave", "On call", "bob", "Admin")
    assert left == ["bob leaves On call", "Admin is not in On call"]
    assert ["On call", "ann", "read Pushed alarms", "no"] in groups(folder)
    assert run(folder, "group", "delete", "On call")[0] == ["user group On call is deleted"]
    assert [row[0] for row in groups(folder)] == ["Disabled", "Zabbix administrators"]
    kept = "SELECT (SELECT COUNT(*) FROM rights), (SELECT COUNT(*) FROM users_groups), (SELECT COUNT(*) FROM hstgrp)"
    assert execute(folder / "alertrpc.db", kept) == [(0, 1, 3)]


def test_what_fails_changes_nothing(folder: Path) -> None:
    run(folder, "group", "add", "Ops")
    before = groups(folder)
    assert refused(folder, "group", "join", "Ops", "Admin", "nobody") == "there is no user 'nobody'"
    assert refused(folder, "group", "add", "New", "--member", "nobody", "--read", "Web") == "there is no user 'nobody'"
    assert groups(folder) == before


def test_a_group_that_an_action_alerts_is_kept(folder: Path) -> None:
    """Its id would be another group's, which would be alerted."""
    (folder / "a.toml").write_text(
        "[[user_group]]\nname = 'On call'\n[[action]]\nname = 'Page'\nsteps = [{user_groups = ['On call']}]\n"
    )
    run(folder, "apply", "a.toml")
    assert refused(folder, "group", "delete", "On call") == "action 'Page' alerts user group 'On call'"
    (folder / "a.toml").write_text("")
    run(folder, "apply", "a.toml")
    assert refused(folder, "group", "delete", "On call") == "action 'Page' alerts user group 'On call'"


def test_a_group_that_disables_its_members_is_kept(folder: Path) -> None:
    run(folder, "user", "add", "ann", "--group", "Disabled")
    assert "are disabled; they would not be" in refused(folder, "group", "delete", "Disabled")
    run(folder, "group", "leave", "Disabled", "ann")
    run(folder, "group", "delete", "Disabled")


def test_what_the_file_made_is_by_hand_when_a_command_makes_it(folder: Path) -> None:
    (folder / "a.toml").write_text(
        "[[user_group]]\nname = 'On call'\nmembers = ['Admin']\nread = ['Web', 'Mail']\nwrite = ['Disks']\n"
    )
    run(folder, "apply", "a.toml")
    run(folder, "group", "join", "On call", "Admin")
    run(folder, "group", "allow", "On call", "Web")
    run(folder, "group", "allow", "On call", "Disks", "--permission", "write")
    assert run(folder, "apply", "a.toml")[0] == ["nothing changed"]
    (folder / "a.toml").write_text("")
    assert run(folder, "apply", "a.toml")[0] == [
        'user group "On call": reads no more host group "Mail"',
        'host group "Mail": removed, as the file does not declare it and nothing is in it',
    ]
    assert ["On call", "Admin", "write Disks, read Web", "no"] in groups(folder)


# --- who sees nothing


def test_who_can_see_nothing_is_told_with_a_command_that_changes_it(folder: Path) -> None:
    out, told = run(folder, "user", "add", "ann lee")
    assert out == ["added ann lee"]
    command = "alertrpc group add Readers --member 'ann lee' --read 'Pushed alarms'"
    assert told == [f'alertrpc: "ann lee" {NOTHING}{command}']
    done = run_alertrpc("token", "add", "ann lee", "dashboard", cwd=folder)
    assert re.fullmatch(r"[0-9a-f]{64}\n", done.stdout)
    assert done.stderr.splitlines() == told
    run(folder, "group", "add", "Readers", "--member", "ann lee", "--read", "Pushed alarms")
    assert shown(folder, "ann lee")["sees"].startswith("0 hosts in 1 open host group, ")
    _, told = run(folder, "user", "add", "bob")
    assert told == [f'alertrpc: "bob" {NOTHING}alertrpc group join Readers bob']
    run(folder, "group", "join", "Readers", "bob")
    assert run(folder, "token", "add", "bob", "dashboard")[1] == []
    run(folder, "group", "add", "Ops")
    _, told = run(folder, "user", "add", "cid", "--role", "admin", "--group", "Ops")
    assert told == [f"alertrpc: \"cid\" {NOTHING}alertrpc group allow Ops 'Pushed alarms'"]
    run(folder, "group", "allow", "Ops", "Pushed alarms")
    assert run(folder, "user", "add", "dan", "--group", "Ops")[1] == []


def test_the_host_group_of_the_hint_is_that_of_pushes(folder: Path) -> None:
    done = run_alertrpc("user", "add", "ann", cwd=folder, env={"ALERTRPC_PUSH_GROUP": "From afar"})
    assert done.stderr.rstrip().endswith("--read 'From afar'")


def test_a_denial_is_what_the_hint_lifts(folder: Path) -> None:
    run(folder, "group", "add", "Ops", "--read", "Pushed alarms")
    run(folder, "group", "add", "No", "--member", "Admin")
    run(folder, "group", "allow", "No", "Pushed alarms", "--permission", "deny")
    _, told = run(folder, "user", "add", "ann", "--group", "Ops", "--group", "No")
    assert told == [f"alertrpc: \"ann\" {NOTHING}alertrpc group allow No 'Pushed alarms'"]
    run(folder, "group", "allow", "No", "Pushed alarms")
    assert shown(folder, "ann")["sees"].startswith("0 hosts in 1 open host group, ")


@pytest.mark.parametrize("role", ["super-admin", "push"])
def test_who_sees_everything_or_is_to_see_nothing_is_told_nothing(folder: Path, role: str) -> None:
    assert run(folder, "user", "add", "ann", "--role", role) == (["added ann"], [])


def test_a_reader_of_a_host_group(folder: Path) -> None:
    _, told = run(folder, "user", "add", "ann", "--read", "Pushed alarms", "--read", "Web")
    assert told == [f"alertrpc: \"ann\" {ALONE}alertrpc group join 'Readers of Pushed alarms' USER"]
    assert ["Readers of Web", "ann", "read Web", "no"] in groups(folder)
    assert run(folder, "user", "add", "bob", "--read", "Web")[1] == []
    assert ["Readers of Web", "ann, bob", "read Web", "no"] in groups(folder)


# --- user show


def test_a_user_is_shown(folder: Path) -> None:
    run(folder, "user", "add", "ann", "--read", "Pushed alarms")
    run(folder, "group", "add", "Ops", "--member", "ann", "--member", "Admin")
    run(folder, "group", "allow", "Ops", "Payroll", "--permission", "deny")
    run(folder, "token", "add", "ann", "dashboard")
    assert run(folder, "user", "show", "ann")[0] == [
        'user: "ann", userid 2',
        'role: "User role", of type User',
        "disabled: no",
        'user groups: "Ops", "Readers of Pushed alarms"',
        "rights:",
        '  "Payroll": denied, by user group "Ops"',
        '  "Pushed alarms": read, by user group "Readers of Pushed alarms"',
        "tokens:",
        '  "dashboard": expires never, last used never',
        'sees: 0 hosts in 1 open host group, and the alerts there that went to the user, or to "Admin"',
    ]


SEEN: Mapping[str, dict[str, str]] = {
    "super-admin": {"sees": "everything, as a Super admin", "pushes": "alarms"},
    "admin": {"sees": "nothing", "pushes": "alarms"},
    "user": {"sees": "nothing"},
    "push": {"sees": "nothing, as the role has no access to the API", "pushes": "alarms"},
}


@pytest.mark.parametrize("role", SEEN)
def test_what_a_role_sees(folder: Path, role: str) -> None:
    run(folder, "user", "add", "ann", "--role", role)
    found = shown(folder, "ann")
    assert {name: found[name] for name in ("sees", "pushes") if name in found} == SEEN[role]


def test_a_disabled_user_is_shown_so(folder: Path) -> None:
    run(folder, "user", "add", "ann")
    run(folder, "user", "disable", "ann")
    found = shown(folder, "ann")
    assert (found["disabled"], found["user groups"]) == ("yes", '"Disabled" (disabled)')


def test_odd_and_many_names_are_shown_in_short_lines(path: Path) -> None:
    with closing(connect(path)) as connection, transaction(connection):
        userid = users.add_user(connection, "a\x1b[31m\nb", "", "user")
        for number in range(NAMED + 5):
            made = connection.execute("INSERT INTO usrgrp (name) VALUES (?) RETURNING usrgrpid", (f"g\n{number:03}",))
            users.join_group(connection, userid, made.fetchone()[0])
        lines = list(described(sight_of("a\x1b[31m\nb", connection), None, "Pushed alarms"))
    assert [line for line in lines if not line.isprintable()] == []
    assert lines[3].endswith(f'"g\\n{NAMED - 1:03}", 5 more')


def test_what_is_shown_is_what_the_api_gives(path: Path, folder: Path) -> None:
    run(folder, "user", "add", "ann", "--read", "Web", "--read", "Pushed alarms")
    run(folder, "group", "add", "Ops", "--member", "ann")
    run(folder, "group", "allow", "Ops", "Payroll", "--permission", "deny")
    joined = (
        "INSERT INTO hosts_groups (hostid, groupid)"
        " SELECT hostid, groupid FROM hosts JOIN hstgrp ON hstgrp.name = ? WHERE host = ?"
    )
    with serving(path) as server, closing(Client(server.port)) as client:
        for number in range(3):
            push(server.port, f"host-{number}")
        execute(path, joined, "Payroll", "host-1")
        execute(path, joined, "Web", "host-2")
        auth = client.login("ann", "secret")
        found: list[dict[str, Any]] = client.request("host.get", {"output": ["host"]}, auth=auth)["result"]
    assert sorted(host["host"] for host in found) == ["host-0", "host-2"]
    assert shown(folder, "ann")["sees"].startswith("2 hosts in 2 open host groups, ")
