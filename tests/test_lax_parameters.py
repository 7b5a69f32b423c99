"""The parameters of the older get methods, which leave aside what is wrong, and what little they refuse."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, NamedTuple

import pytest

from tests.support import Client, Server
from tests.test_strict_parameters import fault_text, listed, responses

LARGE = '"99999999999999999999"'
NO_IDS = f'[], {{}}, true, false, 0, "0", -1, [true], "x", 1.5, 5.0, "", [null], [["5"]], 1e30, {LARGE}'
FALSE = 'null, false, 0, "0", "", [], {}'
TRUE = 'true, "x", -1, 1.5, ["x"], 1, "1"'
UNKNOWN = '{"zz": 1}, {"Output": []}, {"select_tags": []}, {"nopermissions": true}, {"excludesearch": true}'
KEY_ALONE = (
    'null, "refer", "count", "shorten", "x", "", false, 0, 1, 1.5, [], {}, ["x"], ["extend"], ["count"], [null], [1]'
)


class Sample(NamedTuple):
    """A method, two of its ids, a column of text and one of numbers with values that pick one row or some."""

    key: str
    ids: tuple[str, str]
    text: str
    value: str
    part: str
    number: str
    digits: str
    sortable: str = ""

    @property
    def name(self) -> str:
        return self.key.removesuffix("id")


SAMPLES = [
    Sample("hostid", ("30101", "30105"), "host", "host-3-05", "HOST-3-0", "status", "1", "name"),
    Sample("userid", ("30011", "30012"), "username", "noc", "NO", "roleid", "1", "username"),
    Sample("mediatypeid", ("30031", "30033"), "name", "SMS 3", "EMAIL", "type", "4"),
    Sample("actionid", ("30041", "30043"), "name", "Action 1 source 0 seed 3", "SOURCE 0", "status", "1", "name"),
    Sample("triggerid", ("30200", "30203"), "description", "PROBLEM: x", "RESOLVED", "priority", "5", "description"),
]
EACH = pytest.mark.parametrize("of", SAMPLES, ids=[sample.name for sample in SAMPLES])


@pytest.fixture(scope="module")
def client(shared_server: Server) -> Iterator[Client]:
    """One client for all, as logins take long."""
    with closing(Client(shared_server.port)) as client:
        yield client


def asked(client: Client, method: str, requests: Iterable[dict[str, Any]], user: str = "Admin") -> list[Any]:
    """The results, or the texts of faults; rows without an order are sorted."""
    calls = [(method, params) for params in requests]
    found = responses(client, calls, user)
    return [
        _sorted(response["result"], params) if "result" in response else fault_text(response)
        for response, (_, params) in zip(found, calls, strict=True)
    ]


def _sorted(result: Any, params: Any) -> Any:
    if not isinstance(result, list) or "sortfield" in params:
        return result
    return sorted(result, key=lambda row: json.dumps(row, sort_keys=True))


def assert_each(client: Client, method: str, requests: list[dict[str, Any]], wanted: Any, user: str = "Admin") -> None:
    for params, found in zip(requests, asked(client, method, requests, user), strict=True):
        assert found == wanted, params


def assert_same(client: Client, method: str, pairs: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """The answers to both are the same, and not the answer to a request without parameters."""
    pairs = list(pairs)
    base: dict[str, Any] = {"output": []}
    everything, *found = asked(client, method, [base, *[{**base, **params} for pair in pairs for params in pair]])
    for (odd, plain), one, other in zip(pairs, found[::2], found[1::2], strict=True):
        assert one == other, (odd, plain)
        assert one != everything, (odd, plain)


# --- what all of them have


@EACH
def test_unknown_parameters_are_left_aside(client: Client, of: Sample) -> None:
    (everything,) = asked(client, of.name, [{}])
    odd_params: Any = [[], [1], ["x"], [{"output": ["x"]}]]
    assert_each(client, of.name, [*listed(UNKNOWN), *odd_params], everything)
    assert len(everything) > 1


@EACH
def test_ids(client: Client, of: Sample) -> None:
    first, second = of.ids
    name = f"{of.key}s"
    assert_each(client, of.name, [{name: value} for value in listed(NO_IDS)], [])
    assert_each(client, of.name, [{name: value, "countOutput": True} for value in listed(NO_IDS)], "0")
    of_one = [first, int(first), f"00{first}", f"{first} ", [first] * 2, [first, None], [first, {}], [first, "x"]]
    assert_each(client, of.name, [{name: value, "output": []} for value in of_one], [{of.key: first}])
    both = [{of.key: first}, {of.key: second}]
    of_both = [{"a": second, "b": first}, [second, int(first), "0"]]
    assert_each(client, of.name, [{name: value, "output": []} for value in of_both], both)
    assert_each(
        client, of.name, [{name: None, "countOutput": True}], asked(client, of.name, [{"countOutput": True}])[0]
    )


@EACH
def test_output(client: Client, of: Sample) -> None:
    ids = {f"{of.key}s": of.ids[0]}
    extend, *same = asked(client, of.name, [ids, {**ids, "output": "extend"}, {**ids, "output": True}])
    assert same == [extend, extend]
    assert len(extend[0]) > 6
    requests = [{**ids, "output": value} for value in listed(KEY_ALONE)]
    assert_each(client, of.name, requests, [{of.key: of.ids[0]}])
    some = [{of.key: of.ids[0], of.text: extend[0][of.text]}]
    for value in ([of.text], [of.text, "x", of.text], {"a": of.text}, [of.text, 1, None], [of.text, of.key]):
        assert_each(client, of.name, [{**ids, "output": value}], some)


@EACH
def test_filter_leaves_aside(client: Client, of: Sample) -> None:
    (everything,) = asked(client, of.name, [{"output": []}])
    filters = [
        *listed('null, [], {}, "x", 0, 1, true, ["x"], {"zz": 1}, {"Name": "x"}'),
        *[{name: value} for name in (of.text, of.number) for value in listed('null, [], {}, ""')],
    ]
    assert_each(client, of.name, [{"output": [], "filter": value} for value in filters], everything)


@EACH
def test_filter_matches_nothing(client: Client, of: Sample) -> None:
    numbers = f'"x", " 0", "1.0", "1e0", "0x1", 1.5, true, false, [["0"]], [""], [null], {LARGE}, "-1"'
    filters = [
        *[{of.number: value} for value in listed(numbers)],
        *[{of.text: value} for value in ([""], [None], of.value.swapcase(), f"{of.value} ", True)],
        {of.key: "x"},
        {of.key: f"{of.ids[0]}.0"},
    ]
    if of.name == "trigger":  # whose events have no names to be told of here
        filters = [one for one in filters if of.value not in str(one)]
    assert_each(client, of.name, [{"filter": value} for value in filters], [])
    assert_each(client, of.name, [{"filter": value, "countOutput": 1} for value in filters], "0")


@EACH
def test_filter_matches(client: Client, of: Sample) -> None:
    plain = of.digits
    numbers: list[Any] = [int(plain), f"00{plain}", [plain], ["x", plain], [None, plain, 1.5], {"a": plain}]
    pairs: list[tuple[Any, Any]] = [
        ({"filter": {of.number: value}}, {"filter": {of.number: plain}}) for value in numbers
    ]
    pairs.append(({"filter": {of.key: [*of.ids]}}, {f"{of.key}s": [*of.ids]}))
    if of.name != "trigger":
        pairs.append(({"filter": {of.text: [of.value, "x"]}}, {"filter": {of.text: of.value}}))
    assert_same(client, of.name, pairs)


@EACH
def test_filters_by_any(client: Client, of: Sample) -> None:
    """searchByAny joins the members of filter by "or", but filter and search by "and"."""
    first, second = of.ids
    ((row,),) = asked(client, of.name, [{"filter": {of.key: second}, "output": [of.text]}])
    any_of = {"filter": {of.key: first, of.text: row[of.text], "flags": None}, "searchByAny": True, "output": []}
    found, none, alone = asked(
        client,
        of.name,
        [any_of, {**any_of, "search": {of.text: "zzz"}}, {**any_of, "filter": {of.key: first, "flags": None}}],
    )
    assert {first, second} <= {one[of.key] for one in found}
    assert none == []
    assert [one[of.key] for one in alone] == [first]


@EACH
def test_search_leaves_aside(client: Client, of: Sample) -> None:
    (everything,) = asked(client, of.name, [{"output": []}])
    searches = [
        *listed('null, [], {}, "x", 0, true, ["x"], {"zz": "a"}'),
        *[{of.text: value} for value in listed('null, "", false, [], {}, [null], ["", null]')],
        {of.number: "zz"},
        {of.key: "zz"},
    ]
    assert_each(client, of.name, [{"output": [], "search": value} for value in searches], everything)
    excluded: list[dict[str, Any]] = [{of.number: "zz"}, {of.key: ["zz", ""]}, {"zz": 1}, {of.text: ""}, {of.text: []}]
    requests = [{"output": [], "search": value, "excludeSearch": True} for value in excluded]
    assert_each(client, of.name, requests, everything)


@EACH
def test_search_matches(client: Client, of: Sample) -> None:
    part, last = of.part, of.part[-2:]
    plain: dict[str, Any] = {"search": {of.text: part.lower()}}
    text = of.text
    pairs: list[tuple[Any, Any]] = [
        ({"search": {text: part}}, plain),
        ({"search": {text: [part, "", None, last]}}, plain),
        ({"search": {text: {"a": part}}, "searchByAny": "0"}, plain),
        ({"search": {text: [part, "zzz"]}, "searchByAny": 1}, plain),
        ({"search": {text: [part, "zzz"]}}, {f"{of.key}s": []}),
        ({"search": {text: part}, "excludeSearch": "0", "startSearch": []}, plain),
        ({"search": {text: f"*{part}*"}, "searchWildcardsEnabled": "x"}, plain),
        ({"search": {text: f"*{part}*"}, "searchWildcardsEnabled": [1], "startSearch": 1}, plain),
        ({"search": {text: f"*{part}*"}}, {f"{of.key}s": []}),
        ({"search": {text: part}, "searchWildcardsEnabled": True}, {f"{of.key}s": []}),
        (
            {"search": {text: [part, "zzz"]}, "excludeSearch": "x"},
            {"search": {text: part}, "excludeSearch": True},
        ),
        ({"search": {text: [part, last]}, "excludeSearch": 1, "searchByAny": True}, {**plain, "excludeSearch": 1}),
    ]
    assert_same(client, of.name, pairs)
    (everything, *sizes) = asked(
        client, of.name, [{"countOutput": 1, **more} for more in ({}, plain, {**plain, "excludeSearch": -1})]
    )
    assert int(sizes[0]) + int(sizes[1]) == int(everything)


@EACH
def test_truth(client: Client, of: Sample) -> None:
    ids = {f"{of.key}s": of.ids[0], "output": []}
    row = {of.key: of.ids[0]}
    for name, true in (("countOutput", "1"), ("preservekeys", {of.ids[0]: row})):
        assert_each(client, of.name, [{**ids, name: value} for value in listed(FALSE)], [row])
        assert_each(client, of.name, [{**ids, name: value} for value in listed(TRUE)], true)
    nothing = {f"{of.key}s": [], "preservekeys": True}
    assert_each(client, of.name, [nothing, {f"{of.key}s": [], "preservekeys": 0}], [])
    everything, plain, prefix, *none = asked(
        client,
        of.name,
        [
            {"output": [], "search": {of.text: of.part[1:]}, name: value}
            for name, value in (("zz", 1), ("startSearch", 0), ("startSearch", "x"), ("searchWildcardsEnabled", -1))
        ],
    )
    assert everything == plain != prefix
    assert none == [[]]


@EACH
@pytest.mark.parametrize("user", ["dba", "noc"])
def test_editable(client: Client, of: Sample, user: str) -> None:
    for values in (FALSE, TRUE):
        plain, *others = asked(
            client,
            of.name,
            [{"editable": value, "output": []} for value in (values is TRUE, *listed(values))],
            user,
        )
        assert others == [plain] * len(others)
    if of.name != "action":
        assert asked(client, of.name, [{"editable": True}], user) != asked(client, of.name, [{}], user)


SORTS = [
    ("x", "x"),
    ("Name", "Name"),
    ([""], ""),
    ([None], ""),
    (False, ""),
    (True, "1"),
    (0, "0"),
    (1.5, "1.5"),
    ([["name"]], "Array"),
    ({"a": "x", "b": "y"}, "x"),
    ("flags", "flags"),
    ("rowscount", "rowscount"),
]


@EACH
def test_sort_fields_that_are_refused(client: Client, of: Sample) -> None:
    for value, shown in SORTS:
        refused = f'-32500 Sorting by field "{shown}" not allowed.'
        more: list[dict[str, Any]] = [{}, {"countOutput": True}, {f"{of.key}s": []}, {"sortorder": "DESC", "limit": 1}]
        assert_each(client, of.name, [{"sortfield": value, **params} for params in more], refused)
    first = {"sortfield": [of.key, "a", "b"]}
    assert_each(client, of.name, [first], '-32500 Sorting by field "a" not allowed.')


@EACH
def test_sort_orders(client: Client, of: Sample) -> None:
    def ids(**params: Any) -> list[str]:
        (found,) = asked(client, of.name, [{"output": [], "sortfield": of.key, **params}])
        return [row[of.key] for row in found]

    ascending = sorted(ids(), key=int)
    for order in listed('"ASC", "desc", "x", null, 0, true, [], ["desc", "DESC"], {"1": "DESC"}'):
        assert ids(sortorder=order) == ascending, order
    for order in listed('"DESC", ["DESC"], {"0": "DESC"}, ["DESC", "x", 1]'):
        assert ids(sortorder=order) == ascending[::-1], order
    assert ids(sortfield={"a": of.key}, sortorder="DESC") == ascending[::-1]
    assert ids(sortfield=[of.key, of.key], sortorder=["DESC", "ASC"]) == ascending[::-1]
    (count,) = asked(client, of.name, [{"countOutput": True, "sortfield": of.key}])
    assert count == str(len(ascending))
    for none in listed('null, "", [], {}'):
        assert sorted(ids(sortfield=none, sortorder="DESC"), key=int) == ascending, none
    if of.sortable:
        rows = asked(client, of.name, [{"output": [of.sortable], "sortfield": of.sortable, "sortorder": "DESC"}])[0]
        assert rows == sorted(rows, key=lambda row: _collated(row[of.sortable]), reverse=True)


def _collated(text: str) -> bytes:
    return text.encode()


@EACH
def test_limit(client: Client, of: Sample) -> None:
    (everything,) = asked(client, of.name, [{"output": [], "sortfield": of.key}])
    no_limit = f'null, 0, "0", -1, "x", "", 1.5, "1.5", false, [], [1], "2x", " 2", {LARGE}, 1e30'
    for values, size in ((no_limit, None), ('2, "2", "02"', 2), ('true, 1, "1"', 1)):
        requests = [{"output": [], "sortfield": of.key, "limit": value} for value in listed(values)]
        assert_each(client, of.name, requests, everything[:size])


@EACH
def test_count_output(client: Client, of: Sample) -> None:
    (everything,) = asked(client, of.name, [{}])
    others: list[dict[str, Any]] = [
        {"limit": 1},
        {"output": "x"},
        {"preservekeys": True},
        {"selectGroups": "x"},
        {"selectUsers": ["x"]},
        {},
    ]
    assert_each(client, of.name, [{"countOutput": True, **other} for other in others], str(len(everything)))


GROUPED: list[tuple[str, dict[str, Any], Any]] = [
    ("host", {}, [{"rowscount": "14"}]),
    ("host", {"hostids": []}, [{"rowscount": "0"}]),
    ("host", {"hostids": ["30100", "30101"]}, [{"rowscount": "2"}]),
    ("host", {"groupids": ["30025"]}, []),
    (
        "host",
        {"groupids": ["30021", "30022"], "preservekeys": True},
        [{"rowscount": "6", "groupid": "30021"}, {"rowscount": "4", "groupid": "30022"}],
    ),
    ("host", {"groupids": ["30021", "30022"], "limit": 1}, [{"rowscount": "6", "groupid": "30021"}]),
    ("user", {}, "9"),
    ("action", {"actionids": ["30041"]}, "1"),
    ("mediatype", {"userids": ["1", "30011"]}, [{"rowscount": "2"}]),
    ("trigger", {"triggerids": ["30200"]}, [{"rowscount": "1"}]),
    (
        "trigger",
        {"triggerids": ["30200"], "hostids": ["30109", "30108", "30100"]},
        [{"rowscount": "1", "hostid": "30108"}, {"rowscount": "1", "hostid": "30109"}],
    ),
]


@pytest.mark.parametrize(("method", "params", "expected"), GROUPED, ids=lambda value: json.dumps(value)[:50])
def test_group_count(client: Client, method: str, params: dict[str, Any], expected: Any) -> None:
    """groupCount counts by ids that are asked for; user.get and action.get do not know it."""
    (found,) = asked(client, method, [{"countOutput": True, "groupCount": "x", **params}])
    assert found == expected if isinstance(expected, str) else sorted(found, key=str) == sorted(expected, key=str)
    (rows,) = asked(client, method, [{"groupCount": True, "output": [], f"{method}ids": params.get(f"{method}ids")}])
    assert all(row.keys() == {f"{method}id"} for row in rows)


# --- what one of them has

IGNORED: list[tuple[str, str]] = [
    ("host", '{"dhostids": [1]}, {"druleids": []}, {"dcheckids": 1}, {"applicationids": "x"}, {"scriptids": []}'),
    ("host", '{"not_proxy_hosts": 1}, {"heartbeat": 1}, {"lastchange": 1}, {"skipDependent": 1}, {"withInventory": 1}'),
    ("host", '{"templated_hosts": 1}, {"proxy_hosts": true}, {"evaltype": 2}, {"evaltype": "x"}'),
    (
        "host",
        '{"severities": null}, {"withProblemsSuppressed": null}, {"inheritedTags": true}, {"searchInventory": null}',
    ),
    ("host", '{"with_httptests": false}, {"with_monitored_httptests": []}, {"proxyids": 0}, {"proxy_groupids": "0"}'),
    ("host", '{"tags": "x"}'),
    ("host", '{"tags": null}, {"tags": []}, {"tags": [{"tag": "a", "operator": 2}]}'),
    ("host", '{"tags": [{"tag": "a", "operator": "3", "value": "x"}]}, {"tags": [{"tag": "a", "operator": 5}]}'),
    ("host", '{"tags": [{"tag": "a"}, {"tag": "b", "operator": 5}], "evaltype": "2"}'),
    (
        "host",
        '{"filter": {"inventory_mode": -1}}, {"filter": {"monitored_by": 0}}, {"filter": {"assigned_proxyid": ["0"]}}',
    ),
    ("host", '{"filter": {"description": "x"}}, {"filter": {"groupid": 1, "os": "x", "lastaccess": 1}}'),
    ("host", '{"filter": {"tls_psk": ["", "x"]}}, {"search": {"groupid": "x"}}, {"limitSelects": 1}'),
    (
        "user",
        '{"roleid": 1}, {"getAccess": null}, {"selectUserDirectory": []}, {"selectGroups": "x"}, {"selectAlerts": 1}',
    ),
    ("user", '{"filter": {"autologout": "900"}}, {"filter": {"refresh": 30}}'),
    ("user", '{"filter": {"passwd": null}}, {"search": {"passwd": null}}, {"filter": {"provisioned": 0}}'),
    (
        "mediatype",
        '{"selectMedias": "x"}, {"selectUsrgrps": []}, {"filter": {"script": "x"}}, {"filter": {"description": "x"}}',
    ),
    (
        "action",
        '{"conditionids": 1}, {"operationids": []}, {"eventsource": 1}, {"groupids": null}, {"selectConditions": 1}',
    ),
    ("action", '{"filter": {"evaltype": 0}}, {"filter": {"esc_period": "3600"}}, {"filter": {"esc_period": 3600}}'),
    ("action", '{"filter": {"esc_period": "60m"}}, {"filter": {"esc_period": ["60m", "x"]}}'),
    ("trigger", '{"skipDependent": 1}, {"expandExpression": 1}, {"expandData": true}, {"status": 1}, {"value": 1}'),
    ("trigger", '{"discoveryids": 1}, {"applicationids": 1}, {"eventids": []}, {"inheritedTags": 1}, {"filter": "x"}'),
    ("trigger", '{"dependent": 0}, {"dependent": null}, {"inherited": false}, {"inherited": null}, {"templated": []}'),
    ("trigger", '{"filter": {"comments": "x"}}, {"search": {"host": "zz"}}, {"min_severity": -1}, {"group": null}'),
    ("trigger", '{"filter": {"priority": "5", "value": "1"}, "searchByAny": true}, {"filter": {"flags": null}}'),
    (
        "trigger",
        '{"filter": {"discover": 0}}, {"lastChangeTill": 1}',
    ),
    ("trigger", '{"tags": [{"tag": "a", "operator": 3, "value": "b"}]}, {"tags": [], "evaltype": 2}'),
]
NOTHING: list[tuple[str, str]] = [
    (
        "host",
        '{"templateids": 1}, {"templateids": []}, {"interfaceids": 1}, {"maintenanceids": "0"}, {"graphids": false}',
    ),
    (
        "host",
        '{"httptestids": 1}, {"dserviceids": 1}, {"searchInventory": {}}, {"searchInventory": "x"}, {"proxyids": 1}',
    ),
    (
        "host",
        '{"with_item_prototypes": 0}, {"with_simple_graph_item_prototypes": ""}, {"with_graph_prototypes": false}',
    ),
    ("host", '{"with_httptests": "x"}, {"with_monitored_httptests": 1}, {"proxy_groupids": 7}'),
    ("host", '{"with_graphs": 1}'),
    ("host", '{"withProblemsSuppressed": true}, {"withProblemsSuppressed": true, "severities": [0, 1, 2, 3, 4, 5]}'),
    ("host", '{"tags": [{"tag": "a"}]}, {"tags": [{}]}, {"tags": [{"tag": "a", "operator": 9}]}'),
    ("host", '{"tags": [{"tag": "a", "operator": 1, "value": ""}]}, {"tags": [{"tag": "a", "operator": 4}]}'),
    ("host", '{"tags": [{"tag": "a"}, {"tag": "b", "operator": 5}]}, {"tags": [{"tag": "a", "operator": "x"}]}'),
    (
        "host",
        '{"filter": {"monitored_by": 1}}, {"filter": {"inventory_mode": 0}}, {"filter": {"assigned_proxyid": [1]}}',
    ),
    (
        "host",
        '{"filter": {"ip": "1.1.1.1"}}, {"filter": {"port": ["10050"]}}, {"filter": {"dns": "x", "useip": 1}}',
    ),
    ("host", '{"search": {"ip": "1"}}, {"search": {"dns": "x"}}, {"search": {"vendor_name": "zz"}}'),
    ("host", '{"search": {"uuid": "z"}}, {"search": {"tls_issuer": "z"}}, {"itemids": 1}'),
    ("user", '{"usrgrpids": []}, {"usrgrpids": 1}, {"mediaids": 0}, {"filter": {"userdirectoryid": 1}}'),
    ("user", '{"mediatypeids": "x"}, {"mediaids": [null]}'),
    ("user", '{"filter": {"autologout": [""]}}, {"search": {"theme": "zz"}}'),
    ("user", '{"filter": {"provisioned": 1}}'),
    ("mediatype", '{"userids": "x"}'),
    ("mediatype", '{"userids": []}, {"mediaids": 1}, {"filter": {"timeout": "60m"}}, {"filter": {"timeout": 30}}'),
    ("action", '{"groupids": 0}, {"hostids": []}, {"triggerids": "x"}, {"mediatypeids": 1}, {"usrgrpids": false}'),
    ("action", '{"userids": 1}, {"scriptids": 1}, {"filter": {"evaltype": 1}}, {"filter": {"formula": "x"}}'),
    (
        "trigger",
        '{"dependent": 1}, {"inherited": "x"}, {"templated": true}, {"group": ""}, {"host": ""}, {"host": "HOST-3-05"}',
    ),
    ("trigger", '{"group": "linux servers 3"}, {"lastChangeSince": 1}, {"lastChangeTill": 0}, {"itemids": 1}'),
    ("trigger", '{"functions": "LAST"}, {"functions": "avg"}, {"functions": "last"}, {"functions": []}'),
    (
        "trigger",
        '{"filter": {"host": "nohost"}}, {"filter": {"hostid": 1}}, {"filter": {"flags": 1}}, {"filter": {"host": [""]}}',
    ),
    (
        "trigger",
        '{"filter": {"host": "nohost", "value": 0}, "searchByAny": true}, {"tags": [{"tag": "a", "value": "b"}]}',
    ),
]
SAME: list[tuple[str, str, str]] = [
    ("host", '{"monitored_hosts": false}', '{"filter": {"status": 0}}'),
    ("host", '{"severities": "05"}', '{"severities": [5]}'),
    ("host", '{"severities": {"a": "5"}}', '{"severities": 5}'),
    ("host", '{"groupids": {"a": "30021"}, "hostids": null}', '{"groupids": 30021}'),
    ("host", '{"search": {"name": "05 (", "ip": "1"}, "searchByAny": 1}', '{"search": {"name": "05 ("}}'),
    ("host", '{"filter": {"host": "host-3-05", "ip": "1"}, "searchByAny": 1}', '{"hostids": 30105}'),
    ("user", '{"usrgrpids": {"a": 30001}}', '{"userids": [30011, 30013, 30016]}'),
    ("user", '{"mediatypeids": [30031, 30032], "mediaids": null}', '{"userids": [1, 30011]}'),
    ("user", '{"mediatypeids": [30031, 30032], "mediaids": 30052}', '{"userids": [30011]}'),
    ("mediatype", '{"userids": [1, null, 30011]}', '{"mediatypeids": [30031, 30032]}'),
    ("mediatype", '{"mediaids": 30053}', '{"mediatypeids": [30033]}'),
    ("trigger", '{"templateids": [30109]}', '{"hostids": 30109}'),
    ("trigger", '{"host": "host-3-09"}', '{"hostids": 30109}'),
    ("trigger", '{"filter": {"host": ["host-3-09"]}}', '{"hostids": 30109}'),
    ("trigger", '{"filter": {"hostid": 30109}}', '{"hostids": 30109}'),
    ("trigger", '{"group": "Windows 3"}', '{"groupids": 30024}'),
    ("trigger", '{"active": false}', '{"monitored": ""}'),
    ("trigger", '{"only_true": false}', '{"filter": {"value": 1}}'),
    ("trigger", '{"min_severity": "5"}', '{"filter": {"priority": 5}}'),
    ("trigger", '{"min_severity": true}', '{"filter": {"priority": [1, 2, 3, 4, 5]}}'),
    ("trigger", '{"filter": {"value": 9, "triggerid": 30200, "flags": null}, "searchByAny": 1}', '{"triggerids": 30200}'),
]  # fmt: skip
NO_BOOLEAN = 'Invalid parameter "/%s": a boolean is expected.'
SEVERITIES = 'Invalid parameter "/severities%s'
HOST_TAGS = 'Invalid parameter "/selectTags%s'
FAULTS: list[tuple[str, str, str]] = [
    ("host", '{"inheritedTags": null}, {"inheritedTags": 0}, {"inheritedTags": 1}', NO_BOOLEAN % "inheritedTags"),
    ("host", '{"withProblemsSuppressed": 1}, {"withProblemsSuppressed": []}', NO_BOOLEAN % "withProblemsSuppressed"),
    ("host", '{"severities": true}, {"severities": "x"}, {"severities": 1.0}', SEVERITIES % '": an array is expected.'),
    ("host", '{"severities": []}, {"severities": {}}', SEVERITIES % '": cannot be empty.'),
    ("host", '{"severities": ["x"]}, {"severities": [1.5]}', SEVERITIES % '/1": an integer is expected.'),
    ("host", '{"severities": [null]}, {"severities": [" 5"]}', SEVERITIES % '/1": an integer is expected.'),
    ("host", '{"severities": [6]}, {"severities": -1}', SEVERITIES % '/1": value must be one of 0, 1, 2, 3, 4, 5.'),
    ("host", '{"severities": [5, "5"]}', SEVERITIES % '/2": value (5) already exists.'),
    ("host", '{"selectTags": "count"}, {"selectTags": "x"}, {"selectTags": ""}', HOST_TAGS % '": value must be "extend".'),
    ("host", '{"selectTags": 1}, {"selectTags": true}', HOST_TAGS % '": an array or a character string is expected.'),
    ("host", '{"selectTags": ["x"]}', HOST_TAGS % '/1": value must be one of "tag", "value", "automatic".'),
    ("host", '{"selectTags": [1]}', HOST_TAGS % '/1": a character string is expected.'),
    ("host", '{"selectTags": ["tag", "tag"]}', HOST_TAGS % '/2": value (tag) already exists.'),
    (
        "host",
        '{"selectParentTemplates": "x"}',
        'Invalid parameter "/selectParentTemplates": value must be one of "extend", "count".',
    ),
    ("host", '{"selectValueMaps": "count"}', 'Invalid parameter "/selectValueMaps": value must be "extend".'),
    (
        "host",
        '{"selectMacros": {"a": "x"}}',
        'Invalid parameter "/selectMacros/1": value must be one of "hostmacroid", "macro", "value", "type", "description", '
        '"automatic".',
    ),
    ("mediatype", '{"selectActions": "count"}', 'Invalid parameter "/selectActions": value must be "extend".'),
    (
        "mediatype",
        '{"selectActions": ["x"]}',
        'Invalid parameter "/selectActions/1": value must be one of "actionid", "esc_period", "eventsource", "name", '
        '"status", "pause_symptoms", "pause_suppressed", "notify_if_canceled".',
    ),
    (
        "user",
        '{"filter": {"passwd": ""}}, {"filter": {"passwd": []}}, {"filter": {"passwd": 0}, "search": {"passwd": 0}}',
        "It is not possible to filter by user password.",
    ),
    ("user", '{"search": {"passwd": ""}}, {"search": {"passwd": ["a"]}}', "It is not possible to search by user password."),
]  # fmt: skip
# In the order in which they are looked at.
HOST_FAULTS = [
    ("inheritedTags", 1),
    ("severities", []),
    ("withProblemsSuppressed", 1),
    ("selectTags", 1),
    ("selectValueMaps", 1),
    ("selectParentTemplates", 1),
    ("selectMacros", 1),
    ("sortfield", "x"),
]


@pytest.mark.parametrize(("method", "params"), IGNORED, ids=[case[1][:60] for case in IGNORED])
def test_what_asks_for_nothing(client: Client, method: str, params: str) -> None:
    (everything,) = asked(client, method, [{"output": []}])
    assert_each(client, method, [{"output": [], **given} for given in listed(params)], everything)


@pytest.mark.parametrize(("method", "params"), NOTHING, ids=[case[1][:60] for case in NOTHING])
def test_what_finds_nothing(client: Client, method: str, params: str) -> None:
    assert_each(client, method, [{"output": [], **given} for given in listed(params)], [])
    assert_each(client, method, [{"countOutput": True, **given} for given in listed(params)], "0")


@pytest.mark.parametrize(("method", "odd", "plain"), SAME, ids=[case[1][:60] for case in SAME])
def test_what_finds_the_same(client: Client, method: str, odd: str, plain: str) -> None:
    assert_same(client, method, [(json.loads(odd), json.loads(plain))])


@pytest.mark.parametrize(("method", "params", "text"), FAULTS, ids=[case[1][:60] for case in FAULTS])
def test_what_is_refused(client: Client, method: str, params: str, text: str) -> None:
    """With no rows too, by everybody, and before the sorting is looked at."""
    for user in ("Admin", "nogroup"):
        assert_each(client, method, [{**given, "sortfield": "zz"} for given in listed(params)], text, user)
        assert_each(client, method, [{**given, "countOutput": True} for given in listed(params)], text, user)


@pytest.mark.parametrize("index", range(len(HOST_FAULTS) - 1))
def test_of_two_faults_the_first_is_told(client: Client, index: int) -> None:
    (first, value), (second, other) = HOST_FAULTS[index : index + 2]
    alone, both = asked(client, "host", [{first: value}, {second: other, first: value}])
    assert both == alone
    assert f"/{first}" in alone


COUNTS: list[tuple[str, str, str, int]] = [
    ("host", "Admin", '{"severities": [5]}', 5),
    ("host", "Admin", '{"withProblemsSuppressed": false}', 7),
    ("host", "Admin", '{"with_triggers": 0}', 13),
    ("host", "Admin", '{"with_monitored_triggers": false}', 13),
    ("host", "noc", '{"groupids": [30021]}', 6),
    ("trigger", "Admin", '{"monitored": 0}', 23),
    ("trigger", "Admin", '{"maintenance": 1}', 3),
    ("trigger", "Admin", '{"maintenance": 0}', 21),
    ("trigger", "Admin", '{"withUnacknowledgedEvents": 0}', 24),
    ("trigger", "Admin", '{"withAcknowledgedEvents": 0}', 0),
    ("trigger", "Admin", '{"withLastEventUnacknowledged": false}', 17),
    ("trigger", "dba", '{"groupids": 30023}', 3),
    ("user", "noc", '{"usrgrpids": 30001}', 3),
    ("user", "noc", '{"usrgrpids": 30002}', 0),
    ("user", "noc", '{"mediatypeids": [30032, 30034]}', 1),
    ("user", "noc", '{"mediaids": 30054}', 0),
    ("user", "noc", '{"filter": {"lang": "default"}}', 1),
    ("user", "noc", '{"filter": {"lang": "default", "username": "auditor"}, "searchByAny": 1}', 2),
    ("user", "noc", '{"search": {"lang": "zzz"}, "excludeSearch": 1}', 1),
    ("user", "noc", '{"filter": {"ts_provisioned": 0}}', 1),
    ("user", "noc", '{"editable": "x"}', 1),
    ("user", "nogroup", '{"editable": 1}', 1),
    ("user", "nogroup", "{}", 0),
    ("mediatype", "noc", '{"userids": 30011}', 1),
    ("mediatype", "noc", '{"userids": [30012, "x"]}', 0),
    ("mediatype", "noc", '{"mediaids": 30053}', 0),
    ("mediatype", "nogroup", "{}", 6),
    ("mediatype", "noc", '{"filter": "x"}', 6),
    ("mediatype", "noc", '{"filter": {"name": "SMS 3", "timeout": "x"}, "searchByAny": 1}', 1),
    ("action", "norights", '{"editable": 1}', 9),
    ("action", "nogroup", "{}", 0),
]


@pytest.mark.parametrize(("method", "user", "params", "count"), COUNTS, ids=[f"{c[1]} {c[2][:50]}" for c in COUNTS])
def test_counts(client: Client, method: str, user: str, params: str, count: int) -> None:
    given = json.loads(params)
    assert asked(client, method, [{"countOutput": True, **given}], user) == [str(count)]
    assert len(asked(client, method, [given], user)[0]) == count


@pytest.mark.parametrize("user", ["noc", "dba"])
def test_media_types_by_what_is_not_shown(client: Client, user: str) -> None:
    """To others than Super admins: an empty array, whatever else is asked for or wrong."""
    wrong: list[dict[str, Any]] = [
        {},
        {"countOutput": True},
        {"sortfield": "x"},
        {"excludeSearch": 1},
        {"preservekeys": 1},
    ]
    strange: list[dict[str, Any]] = [
        {"editable": 1},
        {"filter": {"timeout": "30s"}},
        {"filter": {"timeout": None}},
        {"filter": {"zz": []}},
        {"filter": ["x"]},
        {"search": {"exec_path": "x"}},
        {"search": {"zz": None, "name": "SMS"}},
    ]
    assert_each(client, "mediatype", [{**given, **more} for given in strange for more in wrong], [], user)
    refused = 'Invalid parameter "/selectActions": value must be "extend".'
    assert_each(client, "mediatype", [{**given, "selectActions": "x"} for given in strange], refused, user)
    assert_each(client, "mediatype", [{"editable": 1, "mediatypeids": "x"}], [], user)


# --- objects that rows bring along

GROUP = '"groupid", "name", "flags", "uuid"'
STRICT_FAULTS = [
    ('"x", "", "refer"', '": value must be "extend".'),
    ("1, true, false, 0", '": an array or a character string is expected.'),
    ("[1]", '/1": a character string is expected.'),
    ('["name", "name"]', '/2": value (name) already exists.'),
]
STRICT_SELECTS = [
    ("host", "selectGroups", f'["x"], {{"a": "x"}} => /1": value must be one of {GROUP}.'),
    ("host", "selectHostGroups", f'["x"] => /1": value must be one of {GROUP}.'),
    ("trigger", "selectGroups", f'["name", "x"] => /2": value must be one of {GROUP}.'),
    ("trigger", "selectHostGroups", f'["x"] => /1": value must be one of {GROUP}.'),
    ("trigger", "selectTemplateGroups", '["x"] => /1": value must be one of "groupid", "name", "uuid".'),
    ("user", "selectRole", '["x"] => /1": value must be one of "roleid", "name", "type", "readonly".'),
    ("user", "selectRole", '"count" => ": value must be "extend".'),
]


@pytest.mark.parametrize(
    ("method", "select", "more"), STRICT_SELECTS, ids=[" ".join(case[:2]) for case in STRICT_SELECTS]
)
def test_selects_that_fail_where_there_are_rows(client: Client, method: str, select: str, more: str) -> None:
    values, _, text = more.partition(" => ")
    for wrong, fault in [*STRICT_FAULTS, (values, text)]:
        requests = [{select: value} for value in listed(wrong)]
        assert_each(client, method, requests, f'Invalid parameter "/output{fault}')
        assert_each(client, method, [{**params, f"{method}ids": []} for params in requests], [])
        (count,) = asked(client, method, [{"countOutput": True}])
        assert_each(client, method, [{**params, "countOutput": True} for params in requests], count)


ABSENT = "absent"
# Of one row: the value of a select parameter and the member that it gives.
SELECTS: list[tuple[str, str, str, str, Any]] = [
    ("host 30101", "selectGroups", 'null, "count"', "groups", ABSENT),
    ("host 30101", "selectGroups", "[], {}", "groups", [[], []]),
    ("host 30100", "selectGroups", '["name"], {"a": "name"}', "groups", [{"name": "Linux servers 3"}]),
    ("host 30107", "selectTriggers", '"count"', "triggers", "0"),
    ("host 30109", "selectTriggers", "null", "triggers", ABSENT),
    ("host 30109", "selectTriggers", '"count", true', "triggers", "4"),
    ("host 30101", "selectDashboards", "true", "dashboards", "0"),
    ("host 30101", "selectItems", '"count"', "items", "0"),
    ("host 30101", "selectGraphs", '[], "extend", ["x"]', "graphs", []),
    ("host 30101", "selectInterfaces", '"extend", []', "interfaces", []),
    ("host 30101", "selectHttpTests", '"count"', "httpTests", "0"),
    ("host 30101", "selectDashboards", '"count"', "dashboards", "0"),
    ("host 30101", "selectParentTemplates", '"count"', "parentTemplates", "0"),
    ("host 30101", "selectParentTemplates", '"extend", ["host"], []', "parentTemplates", []),
    ("host 30101", "selectTags", '"extend", ["tag"], []', "tags", []),
    ("host 30101", "selectMacros", '"extend"', "macros", []),
    ("host 30101", "selectInheritedTags", '"count"', "inheritedTags", ABSENT),
    ("host 30101", "selectInheritedTags", '"extend", "x", []', "inheritedTags", []),
    ("host 30101", "selectInventory", '"extend", "count", "x", []', "inventory", []),
    ("host 30101", "selectDiscoveryRule", '"count"', "discoveryRule", ABSENT),
    ("host 30101", "selectTemplates", '"extend"', "templates", ABSENT),
    ("host 30101", "selectHosts", '"extend"', "hosts", ABSENT),
    ("user 30011", "selectRole", "[], {}", "role", []),
    ("user 30011", "selectRole", '["name"]', "role", {"name": "User role"}),
    ("user 30011", "selectUsrgrps", '"x", [], ["x"], 0, false, ""', "usrgrps", [{"usrgrpid": "30001"}]),
    ("user 30011", "selectUsrgrps", '"count", true, null', "usrgrps", ABSENT),
    ("user 30011", "selectUsrgrps", '["name"]', "usrgrps", [{"usrgrpid": "30001", "name": "NOC 3"}]),
    ("user 30017", "selectUsrgrps", '"extend"', "usrgrps", []),
    ("user 30011", "selectMedias", '["sendto"]', "medias", [{"sendto": "noc@example.com"}]),
    ("user 30011", "selectMedias", '["x"], []', "medias", [[]]),
    ("user 1", "selectMedias", '["sendto"]', "medias", [{"sendto": ["Admin@example.com"]}]),
    ("user 30011", "selectMedias", '"count", true', "medias", ABSENT),
    ("user 30011", "selectMediatypes", '["x"], "x"', "mediatypes", [{"mediatypeid": "30032"}]),
    ("mediatype 30033", "selectUsers", '[], "x"', "users", [{"userid": "30012"}]),
    ("mediatype 30033", "selectUsers", '"count", true', "users", ABSENT),
    ("mediatype 30033", "selectMessageTemplates", '"extend", []', "message_templates", []),
    ("mediatype 30033", "selectMessageTemplates", '"count", true', "message_templates", ABSENT),
    ("mediatype 30033", "selectActions", '"extend", ["name"]', "actions", []),
    (
        "action 30041",
        "selectFilter",
        '"extend", true',
        "filter",
        {"evaltype": "0", "formula": "", "eval_formula": "", "conditions": []},
    ),
    ("action 30041", "selectFilter", '["formula", "x", "evaltype"]', "filter", {"evaltype": "0", "formula": ""}),
    ("action 30041", "selectFilter", '"count", "x", [], ["x"]', "filter", []),
    ("action 30041", "selectOperations", '"extend", [], ["x"]', "operations", []),
    ("action 30041", "selectUpdateOperations", '"count", true', "update_operations", ABSENT),
    ("action 30041", "selectRecoveryOperations", '"extend"', "recovery_operations", []),
    ("trigger 30200", "selectHosts", '[], "x", ["x"], 1', "hosts", [{"hostid": "30108"}, {"hostid": "30109"}]),
    ("trigger 30200", "selectHosts", '"count", true', "hosts", ABSENT),
    ("trigger 30200", "selectTemplateGroups", '"extend", ["name"]', "templategroups", []),
    ("trigger 30200", "selectDependencies", '"extend", "x"', "dependencies", []),
    ("trigger 30200", "selectDependencies", '"count", true', "dependencies", ABSENT),
    ("trigger 30200", "selectTags", '"count", true', "tags", ABSENT),
    ("trigger 30200", "selectTags", '"extend", []', "tags", []),
    ("trigger 30200", "selectTriggerDiscovery", '"extend"', "triggerDiscovery", []),
    ("trigger 30200", "selectTriggerDiscovery", '"count"', "triggerDiscovery", ABSENT),
    ("trigger 30200", "selectTemplates", '"extend"', "templates", ABSENT),
]  # fmt: skip


@pytest.mark.parametrize(
    ("of", "select", "values", "member", "expected"), SELECTS, ids=[f"{case[1]} {case[2]}"[:60] for case in SELECTS]
)
def test_selects(client: Client, of: str, select: str, values: str, member: str, expected: Any) -> None:
    method, _, key = of.partition(" ")
    requests = [{f"{method}ids": key, "output": [], select: value} for value in listed(values)]
    for params, found in zip(requests, asked(client, method, requests), strict=True):
        (row,) = found
        assert row == {f"{method}id": key} | ({} if expected == ABSENT else {member: expected}), params


def test_triggers_of_hosts_are_limited(client: Client) -> None:
    ids = {"hostids": "30109", "output": [], "selectTriggers": []}
    (everything,), *others = asked(
        client, "host", [ids, *[{**ids, "limitSelects": limit} for limit in (None, 0, 2, "2", 1)]]
    )
    triggers = everything["triggers"]
    assert len(triggers) > 2
    assert [found["triggers"] for (found,) in others] == [triggers, triggers, triggers[:2], triggers[:2], triggers[:1]]


def test_the_last_event_of_a_trigger(client: Client) -> None:
    """Any word is "extend" here."""
    ids = {"triggerids": "30200", "output": []}
    requests = [{**ids, "selectLastEvent": value} for value in ("extend", "count", "x", True, 0)]
    first, *others = asked(client, "trigger", requests)
    event = first[0]["lastEvent"]
    assert [*event] == [
        "eventid",
        "source",
        "object",
        "objectid",
        "clock",
        "value",
        "acknowledged",
        "ns",
        "name",
        "severity",
    ]
    assert others == [first] * len(others)
    for value in listed('[], ["x", "r_eventid"], {}'):
        (found,) = asked(client, "trigger", [{**ids, "selectLastEvent": value}])[0]
        assert found["lastEvent"] == {"eventid": event["eventid"]}
    (found,) = asked(client, "trigger", [{**ids, "selectLastEvent": ["clock"]}])[0]
    assert found["lastEvent"] == {"eventid": event["eventid"], "clock": event["clock"]}


@pytest.mark.parametrize("value", [True, False, 0, "x", []])
def test_access_of_users(client: Client, value: Any) -> None:
    """Set by anything but null; the strictest of the groups, and numbers where there is no group."""
    params = {"output": [], "getAccess": value, "sortfield": "userid"}
    (rows,) = asked(client, "user", [params])
    access = {row.pop("userid"): row for row in rows}
    assert access["30011"] == {"gui_access": "0", "debug_mode": "0", "users_status": "0"}
    assert access["2"]["users_status"] == "1"
    assert access["30017"] == {"gui_access": 0, "debug_mode": 0, "users_status": 0}
    (rows,) = asked(client, "user", [params], "noc")
    assert [row["userid"] for row in rows if "gui_access" in row] == ["30011"]
    assert len(rows) > 1
    assert asked(client, "user", [{"getAccess": value, "countOutput": True}]) == ["9"]


# The sorted columns that rows show beside what was asked for.
EXTRA: list[tuple[str, str, str, list[str]]] = [
    ("host", "Admin", '{"sortfield": ["name", "host"]}', []),
    ("host", "Admin", '{"sortfield": ["name", "host"], "groupids": [30021]}', ["name", "host"]),
    ("host", "Admin", '{"sortfield": "status", "triggerids": [30200]}', ["status"]),
    ("host", "Admin", '{"sortfield": "status", "hostids": [30100], "monitored_hosts": 1}', []),
    ("host", "Admin", '{"sortfield": "name", "filter": {"inventory_mode": -1}}', ["name"]),
    ("host", "noc", '{"sortfield": ["hostid", "name"]}', ["name"]),
    ("user", "Admin", '{"sortfield": "username"}', []),
    ("user", "Admin", '{"sortfield": "username", "usrgrpids": [30001]}', ["username"]),
    ("user", "noc", '{"sortfield": "username"}', ["username"]),
    ("user", "noc", '{"sortfield": "username", "editable": 1}', []),
    ("action", "noc", '{"sortfield": ["name", "status"]}', []),
    ("trigger", "Admin", '{"sortfield": "priority", "min_severity": 1}', []),
    ("trigger", "Admin", '{"sortfield": "priority", "hostids": [30109]}', ["priority"]),
    ("trigger", "Admin", '{"sortfield": "priority", "filter": {"host": "host-3-09"}}', ["priority"]),
    ("trigger", "Admin", '{"sortfield": "priority", "triggerids": [30200]}', []),
    ("trigger", "Admin", '{"sortfield": "hostname"}', ["hostname"]),
    ("trigger", "noc", '{"sortfield": "description"}', ["description"]),
]


@pytest.mark.parametrize(("method", "user", "params", "extra"), EXTRA, ids=[f"{c[1]} {c[2][:60]}" for c in EXTRA])
def test_sorted_columns_that_are_shown(client: Client, method: str, user: str, params: str, extra: list[str]) -> None:
    (rows,) = asked(client, method, [{"output": [], **json.loads(params)}], user)
    assert rows
    for row in rows:
        assert [*row] == [f"{method}id", *extra]
