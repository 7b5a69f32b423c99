"""A tenth get method, or any further one, is one file: in a copy of the package nothing else is touched."""

import filecmp
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import rows
from tests.support import ROOT, Client, serving

NAME = "crew"  # no object of Zabbix's: user groups by another name
FILE = Path("query") / "resources" / f"{NAME}.py"
DESCRIPTION = '''"""crew.get."""

from alertrpc.query.checks import LAX
from alertrpc.query.columns.user import USER
from alertrpc.query.columns.usrgrp import USRGRP
from alertrpc.query.linked import Linked
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.get_params import GetParams
from alertrpc.query.related import Related, keyed
from alertrpc.query.resource import Resource, by_columns
from alertrpc.query.sql import Condition
from alertrpc.records import Caller


def _conditions(params: GetParams, caller: Caller) -> list[Condition]:
    """Others than Super admins see their own groups."""
    if caller.is_super_admin:
        return []
    return [Condition("usg.usrgrpid IN (SELECT ug.usrgrpid FROM users_groups ug WHERE ug.userid = ?)", (caller.userid,))]


RESOURCE = Resource(
    name="crew",
    table="usrgrp",
    alias="usg",
    key="usrgrpid",
    view=USRGRP,
    checks=LAX,
    ids={
        "usrgrpids": "usrgrpid",
        "userids": Linked("usg.usrgrpid", "SELECT ug.usrgrpid FROM users_groups ug WHERE TRUE", "ug.userid"),
    },
    parameters={"status": Parameter(Given.NUMBER, "usg.users_status = ?")},
    filters=by_columns("usrgrpid", "name", "users_status"),
    searches=by_columns("name"),
    sortable=("usrgrpid", "name"),
    related={
        "selectUsers": Related(
            "users",
            "u",
            USER,
            "FROM users_groups ug @ordered JOIN users u ON u.userid = ug.userid WHERE ug.usrgrpid = usg.usrgrpid",
            keyed("userid"),
            countable=True,
        )
    },
    conditions=_conditions,
)
'''
WRITE_ANEW = f"""the package does not take the get method that {Path(__file__).name} adds to a copy of it.
Where the parts of a description changed, write DESCRIPTION anew, as the files of alertrpc/query/resources are written.
Where a method is not found by its file alone, mend that: nothing else has to know it."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the file in it; what is run beside it is the copy."""
    folder = tmp_path_factory.mktemp("copy") / "alertrpc"
    shutil.copytree(ROOT / "alertrpc", folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "schema.sql", folder.parent)
    assert not (folder / FILE).exists(), f"alertrpc has a {NAME}.get: let NAME and DESCRIPTION invent another object"
    (folder / FILE).write_text(DESCRIPTION)
    code = f"from alertrpc.api.methods import METHODS; METHODS['{NAME}.get']"
    found = subprocess.run([sys.executable, "-c", code], cwd=folder.parent, capture_output=True, text=True, check=False)
    assert found.returncode == 0, f"{WRITE_ANEW}\n{found.stderr}"
    return folder


@pytest.fixture(scope="module")
def client(package: Path, loaded_database: Path) -> Iterator[Client]:
    database = Path(shutil.copy(loaded_database, package.parent / "alertrpc.db"))
    environment = {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    with serving(database, env=environment) as server, closing(Client(server.port)) as client:
        yield client


def differing(one: Path, other: Path) -> set[str]:
    """The files that two folders do not share."""
    found = filecmp.dircmp(one, other, ignore=["__pycache__"])
    assert not found.funny_files
    names = {*found.left_only, *found.right_only, *found.diff_files}
    return {str(one / name) for name in names}.union(*[differing(one / name, other / name) for name in found.subdirs])


def test_nothing_else_was_touched(package: Path) -> None:
    touched = differing(package, ROOT / "alertrpc") - {str(package / FILE)}
    assert not touched, "a get method is one file: what is in others has to follow from it"


GROUPS = sorted([group["usrgrpid"] for group in rows("usrgrp")], key=int)
CASES: list[tuple[dict[str, Any], Any]] = [
    ({"output": [], "sortfield": "usrgrpid"}, [{"usrgrpid": usrgrpid} for usrgrpid in GROUPS]),
    ({"output": ["name"], "usrgrpids": [7]}, [{"usrgrpid": "7", "name": "Zabbix administrators"}]),
    (
        {"output": "extend", "usrgrpids": "9"},
        [
            {
                "usrgrpid": "9",
                "name": "Disabled",
                "gui_access": "0",
                "users_status": "1",
                "debug_mode": "0",
                "userdirectoryid": "0",
                "mfa_status": "0",
                "mfaid": "0",
            }
        ],
    ),
    (
        {"output": ["name"], "userids": "30013", "sortfield": "name", "sortorder": "DESC", "limit": 2},
        [{"usrgrpid": "30001", "name": "NOC 3"}, {"usrgrpid": "30002", "name": "DBA 3"}],
    ),
    (
        {"output": [], "usrgrpids": ["30001"], "selectUsers": ["username"]},
        [
            {
                "usrgrpid": "30001",
                "users": [
                    {"userid": "30011", "username": "noc"},
                    {"userid": "30013", "username": "auditor"},
                    {"userid": "30016", "username": "super2"},
                ],
            }
        ],
    ),
    ({"output": [], "usrgrpids": 30001, "selectUsers": "count"}, [{"usrgrpid": "30001", "users": "3"}]),
    ({"countOutput": True}, str(len(GROUPS))),
    ({"countOutput": True, "userids": ["30013", "30011"]}, "3"),
    ({"status": 1, "output": [], "preservekeys": True}, {"9": {"usrgrpid": "9"}}),
    ({"filter": {"name": "Guests"}, "output": []}, [{"usrgrpid": "8"}]),
    ({"search": {"name": "DBA"}, "output": []}, [{"usrgrpid": "30002"}]),
    ({"sortfield": "users_status"}, 'Sorting by field "users_status" not allowed.'),
    ({"userids": []}, []),
]


@pytest.mark.parametrize(("params", "expected"), CASES, ids=[str(params)[:60] for params, _ in CASES])
def test_the_method_answers(client: Client, params: dict[str, Any], expected: Any) -> None:
    assert client.call("crew.get", params, "Admin") == expected


def test_users_of_all_groups(client: Client) -> None:
    found = client.call("crew.get", {"output": [], "selectUsers": []}, "Admin")
    assert {group["usrgrpid"]: {user["userid"] for user in group["users"]} for group in found} == {
        usrgrpid: {link["userid"] for link in rows("users_groups", usrgrpid=usrgrpid)} for usrgrpid in GROUPS
    }


def test_its_rights(client: Client) -> None:
    found = client.call("crew.get", {"output": "extend"}, "noc")
    assert [group["name"] for group in found] == ["NOC 3"]
    assert "mfaid" not in found[0]
    assert client.call("crew.get", {"editable": True, "countOutput": True}, "noc") == []
    assert client.call("crew.get", {}) == "Not authorized."


def test_other_methods_are_as_they_were(client: Client) -> None:
    assert client.call("user.get", {"countOutput": True}, "Admin") == str(len(rows("users")))
    assert client.request("crew.delete", [])["error"]["data"] == 'Incorrect method "crew.delete".'


def test_the_package_itself_has_no_such_method(shared_server: Any) -> None:
    with closing(Client(shared_server.port)) as client:
        assert client.request("crew.get", {})["error"]["code"] == -32601
