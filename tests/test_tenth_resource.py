"""A further get method is one file: in a copy of the package nothing else is touched.

The file describes the method; the object is invented: a note is what a user wrote when acknowledging an event.

If a test here fails because the description of a get method was changed, change DESCRIPTION below and "Add a get method" in
CONTRIBUTING.rst likewise. If it fails because another file had to know the method, let the description say what that file
knows.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from shutil import copy as copy_file
from typing import Any

import pytest

from tests.copies import PACKAGE, copy_with, differing, environment_of
from tests.recorded import rows
from tests.support import Client, serving

FILE = Path("query") / "resources" / "note.py"
WHAT_TO_DO = f"a get method has to be one file, here {FILE}, which nothing else knows: see the top of {__file__}"
DESCRIPTION = '''"""note.get: what users wrote when they acknowledged events."""

from alertrpc.query.checks import Lax
from alertrpc.query.columns.user import USER
from alertrpc.query.filters import Linked, own
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.params import GetParams
from alertrpc.query.related import Related
from alertrpc.query.resource import Resource, Sorts
from alertrpc.query.sql import Condition
from alertrpc.query.view import number, text, view
from alertrpc.records import Caller

_EVENTS_OF_HOSTS = """SELECT e.eventid
    FROM object_hosts oh
    @ordered JOIN events e ON e.objectid = oh.objectid AND e.object = 0
    WHERE oh.object = 0"""


def _own_notes(params: GetParams, caller: Caller) -> list[Condition]:
    """Users who are not Super admins see their own notes and edit none."""
    if caller.is_super_admin:
        return []
    return [Condition("FALSE")] if params.editable else [Condition("ak.userid = ?", (caller.userid,))]


RESOURCE = Resource(
    name="note",
    table="acknowledges",
    alias="ak",
    key="acknowledgeid",
    view=view(number("acknowledgeid"), number("eventid"), number("clock"), text("message")),
    checks=Lax(),
    ids={
        "noteids": "acknowledgeid",
        "eventids": "eventid",
        "hostids": Linked("ak.eventid", _EVENTS_OF_HOSTS, "oh.hostid"),
    },
    parameters={"time_from": Parameter(Given.NUMBER, "ak.clock >= ?")},
    filters=own(("acknowledgeid", "eventid", "clock")),
    searches=own(("message",)),
    sorts=Sorts(("acknowledgeid", "clock")),
    related={
        "selectUsers": Related(
            "users", "u", USER, "FROM users u WHERE u.userid = ak.userid", key="userid", countable=True
        )
    },
    conditions=_own_notes,
)
'''


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the file in it; what is run beside it is the copy."""
    return copy_with(tmp_path_factory.mktemp("copy"), FILE, DESCRIPTION)


@pytest.fixture(scope="module")
def client(package: Path, loaded_database: Path) -> Iterator[Client]:
    database = Path(copy_file(loaded_database, package.parent / "alertrpc.db"))
    with serving(database, env=environment_of(package), fresh=True) as server, closing(Client(server.port)) as client:
        yield client


def test_nothing_else_was_touched(package: Path) -> None:
    assert differing(package, PACKAGE) == {str(package / FILE)}, WHAT_TO_DO


NOTES = sorted(rows("acknowledges"), key=lambda note: int(note["acknowledgeid"]))
FIRST = NOTES[0]
ID, EVENT, HOST = FIRST["acknowledgeid"], FIRST["eventid"], "30101"
USERS = {user["userid"]: user["username"] for user in rows("users")}
TRIGGERS = {link["objectid"] for link in rows("object_hosts", object="0", hostid=HOST)}
EVENTS = {event["eventid"] for event in rows("events", object="0") if event["objectid"] in TRIGGERS}


def ids(notes: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"acknowledgeid": note["acknowledgeid"]} for note in notes]


CASES: list[tuple[dict[str, Any], Any]] = [
    ({"output": [], "sortfield": "acknowledgeid"}, ids(NOTES)),
    (
        {"output": "extend", "noteids": ID},
        [{name: FIRST[name] for name in ("acknowledgeid", "eventid", "clock", "message")}],
    ),
    ({"output": [], "eventids": [EVENT]}, ids([note for note in NOTES if note["eventid"] == EVENT])),
    (
        {"output": [], "hostids": [HOST], "sortfield": "acknowledgeid", "sortorder": "DESC", "limit": 2},
        ids([note for note in reversed(NOTES) if note["eventid"] in EVENTS][:2]),
    ),
    (
        {"output": [], "noteids": ID, "selectUsers": ["username"]},
        [{"acknowledgeid": ID, "users": [{"userid": FIRST["userid"], "username": USERS[FIRST["userid"]]}]}],
    ),
    ({"output": [], "noteids": [ID], "selectUsers": "count"}, [{"acknowledgeid": ID, "users": "1"}]),
    ({"countOutput": True}, str(len(NOTES))),
    ({"countOutput": True, "eventids": [EVENT, "1"]}, str(sum(note["eventid"] == EVENT for note in NOTES))),
    ({"noteids": ID, "output": [], "preservekeys": True}, {ID: {"acknowledgeid": ID}}),
    (
        {"output": [], "time_from": NOTES[50]["clock"], "sortfield": "acknowledgeid"},
        ids([note for note in NOTES if int(note["clock"]) >= int(NOTES[50]["clock"])]),
    ),
    (
        {"output": [], "filter": {"clock": FIRST["clock"]}},
        ids([note for note in NOTES if note["clock"] == FIRST["clock"]]),
    ),
    (
        {"output": [], "search": {"message": "ON IT"}},
        ids([note for note in NOTES if "on it" in note["message"].casefold()]),
    ),
    ({"sortfield": "message"}, 'Sorting by field "message" not allowed.'),
    ({"noteids": []}, []),
]


@pytest.mark.parametrize(("params", "expected"), CASES, ids=[str(params)[:60] for params, _ in CASES])
def test_the_method_answers(client: Client, params: dict[str, Any], expected: Any) -> None:
    assert client.call("note.get", params, "Admin") == expected, WHAT_TO_DO


def test_its_rights(client: Client) -> None:
    noc = next(userid for userid, username in USERS.items() if username == "noc")
    found = client.call("note.get", {"output": [], "sortfield": "acknowledgeid"}, "noc")
    assert found == ids([note for note in NOTES if note["userid"] == noc])
    assert client.call("note.get", {"editable": True, "countOutput": True}, "noc") == "0"
    assert client.call("note.get", {}) == "Not authorized."


def test_other_methods_are_as_they_were(client: Client) -> None:
    assert client.call("user.get", {"countOutput": True}, "Admin") == str(len(rows("users")))
    assert client.request("note.delete", [])["error"]["data"] == 'Incorrect method "note.delete".'


def test_the_package_itself_has_no_such_method(shared_server: Any) -> None:
    with closing(Client(shared_server.port)) as client:
        assert client.request("note.get", {})["error"]["code"] == -32601
