"""The parameters that hostgroup.get, event.get, problem.get and proxy.get check: which faults, their texts, their order."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import combinations
from typing import Any

import pytest

from tests.support import Client, Server
from tests.wire import call

Faults = Mapping[str, str]  # path after the parameter and text -> the values, as JSON, of which it is said

VALUES = (
    'null, true, false, "x", "1", "", 1.5, -1, 0, 7, 99999999999, "9223372036854775808", "99999999999999999999", '
    '[], {}, [null], ["x"], [1], ["1"], [[]], [true], [1.5], [-1], [1, 1], ["7"], {"a": "1"}, {"a": "x"}'
)
SCALARS = 'true, false, "x", "", 1.5'
NUMBERS = '"1", -1, 0, 7, 99999999999'
LARGE = '"9223372036854775808", "99999999999999999999"'
LISTS = '[], {}, [null], ["x"], [1], ["1"], [[]], [true], [1.5], [-1], [1, 1], ["7"], {"a": "1"}, {"a": "x"}'
NO_STRINGS = "[null], [1], [[]], [true], [1.5], [-1], [1, 1]"
STRINGS = '["x"], ["1"], ["7"], {"a": "1"}, {"a": "x"}'
WORDS = f'"x", "1", "", {LARGE}'
NO_WORDS = "true, false, 1.5, -1, 0, 7, 99999999999"

# --- what is said of which value, by kinds of parameters

IDS = {
    " an array is expected.": f"{SCALARS}, -1, {LARGE}",
    "/1 a number is expected.": '[null], ["x"], [[]], [true], [1.5], [-1], {"a": "x"}',
}
NUMBER_LIST = {
    " an array is expected.": f"{SCALARS}, 99999999999, {LARGE}",
    "/1 an integer is expected.": '[null], ["x"], [[]], [true], [1.5], {"a": "x"}',
    "/2 value (1) already exists.": "[1, 1]",
}
SEVERITIES = {**NUMBER_LIST, "/1 value must be one of 0, 1, 2, 3, 4, 5.": '-1, 7, [-1], ["7"]'}
ID = {" a number is expected.": f"{SCALARS}, -1, {LISTS}", " a number is too large.": LARGE}
TIME = {
    " an unsigned integer is expected.": f"{SCALARS}, -1, {LISTS}",
    " a timestamp is too large.": f"99999999999, {LARGE}",
}
BOOLEAN_OR_NULL = {" a boolean is expected.": f'"x", "", 1.5, {NUMBERS}, {LARGE}, {LISTS}'}
BOOLEAN = {" a boolean is expected.": f'null, "x", "", 1.5, {NUMBERS}, {LARGE}, {LISTS}'}
FLAG: Faults = {}
TAGS = {
    " an array is expected.": f"{SCALARS}, {NUMBERS}, {LARGE}",
    "/1 an array is expected.": '[null], ["x"], [1], ["1"], [true], [1.5], [-1], [1, 1], ["7"]',
    '/1 the parameter "tag" is missing.': "[[]]",
    '/1 unexpected parameter "a".': '{"a": "1"}, {"a": "x"}',
}
MEMBERS = {
    " an array is expected.": f"{SCALARS}, {NUMBERS}, {LARGE}",
    ' unexpected parameter "0".': f'{NO_STRINGS}, ["x"], ["1"], ["7"]',
    ' unexpected parameter "a".': '{"a": "1"}, {"a": "x"}',
}
ORDERS = {
    " an array or a character string is expected.": f"null, {NO_WORDS}",
    ' value must be one of "ASC", "DESC".': WORDS,
    "/1 a character string is expected.": NO_STRINGS,
    '/1 value must be one of "ASC", "DESC".': STRINGS,
}


def integer(allowed: str, others: str, *, null: bool = False) -> Faults:
    return {
        " an integer is expected.": f"{'' if null else 'null, '}{SCALARS}, {LISTS}",
        f" value must be one of {allowed}.": others,
        " a number is too large.": f"99999999999, {LARGE}",
    }


def one_of(names: str) -> str:
    """What is said where one of these names is expected."""
    quoted = [f'"{name}"' for name in names.split()]
    if not quoted:
        return "value must be empty."
    return f"value must be {'one of ' if len(quoted) > 1 else ''}{', '.join(quoted)}."


def fields(names: str, words: str = "extend", *, null: bool = True) -> Faults:
    return {
        " an array or a character string is expected.": f"{'' if null else 'null, '}{NO_WORDS}",
        f" {one_of(words)}": WORDS,
        "/1 a character string is expected.": NO_STRINGS,
        f"/1 {one_of(names)}": STRINGS,
    }


def sortable(names: str) -> Faults:
    return {
        " an array is expected.": f"null, {NO_WORDS}",
        "/1 a character string is expected.": NO_STRINGS,
        f"/1 {one_of(names)}": f"{WORDS}, {STRINGS}",
    }


ACKNOWLEDGE = "acknowledgeid userid clock message action old_severity new_severity suppress_until taskid"
ALERT = (
    "alertid actionid userid clock mediatypeid sendto subject message status retries error esc_step alerttype p_eventid "
    "acknowledgeid"
)
HOST_OF_EVENT = (
    "hostid host monitored_by proxyid proxy_groupid assigned_proxyid status ipmi_authtype ipmi_privilege ipmi_username "
    "ipmi_password maintenanceid maintenance_status maintenance_type maintenance_from name flags description "
    "tls_connect tls_accept tls_issuer tls_subject inventory_mode active_available"
)
HOST_OF_GROUP = (
    "hostid host name description proxyid status ipmi_authtype ipmi_privilege ipmi_password ipmi_username "
    "inventory_mode tls_connect tls_accept tls_psk_identity tls_psk tls_issuer tls_subject maintenanceid "
    "maintenance_type maintenance_from maintenance_status flags"
)
HOST_OF_PROXY = (
    "hostid host monitored_by status ipmi_authtype ipmi_privilege ipmi_username ipmi_password maintenanceid "
    "maintenance_status maintenance_type maintenance_from name flags description tls_connect tls_accept tls_issuer "
    "tls_subject inventory_mode active_available"
)
DISCOVERY_RULE = (
    "itemid hostid name type key_ url query_fields request_method timeout post_type posts headers status_codes "
    "follow_redirects retrieve_mode http_proxy authtype verify_peer verify_host ssl_cert_file ssl_key_file "
    "ssl_key_password ipmi_sensor jmx_endpoint interfaceid username publickey privatekey password snmp_oid parameters "
    "params delay master_itemid lifetime trapper_hosts allow_traps description status state error templateid"
)
HOST_PROTOTYPE = "hostid host name status templateid inventory_mode discover custom_interfaces uuid"
PROXY = (
    "proxyid name proxy_groupid local_address local_port operating_mode allowed_addresses address port description "
    "tls_connect tls_accept tls_issuer tls_subject custom_timeouts timeout_zabbix_agent timeout_simple_check "
    "timeout_snmp_agent timeout_external_check timeout_db_monitor timeout_http_agent timeout_ssh_agent "
    "timeout_telnet_agent timeout_script timeout_browser lastaccess version compatibility state"
)
# What may be asked for of the object of an event, by its kind.
RELATED_OBJECTS = {
    0: "triggerid expression description url status value priority lastchange comments error templateid type state "
    "flags recovery_mode recovery_expression correlation_mode correlation_tag manual_close opdata event_name url_name",
    1: "dhostid druleid status lastup lastdown",
    2: "dserviceid dhostid value port status lastup lastdown dcheckid ip dns",
    3: "",
    4: "itemid type snmp_oid hostid name key_ delay history trends status value_type trapper_hosts units logtimefmt "
    "templateid valuemapid params ipmi_sensor authtype username password publickey privatekey flags interfaceid "
    "description inventory_link jmx_endpoint master_itemid timeout url query_fields posts status_codes "
    "follow_redirects post_type http_proxy headers retrieve_mode request_method output_format ssl_cert_file "
    "ssl_key_file ssl_key_password verify_peer verify_host allow_traps state error parameters lastclock lastns "
    "lastvalue prevvalue name_resolved",
    5: "itemid type snmp_oid hostid name key_ delay status trapper_hosts templateid params ipmi_sensor authtype "
    "username password publickey privatekey interfaceid description lifetime_type lifetime enabled_lifetime_type "
    "enabled_lifetime jmx_endpoint master_itemid timeout url query_fields posts status_codes follow_redirects "
    "post_type http_proxy headers retrieve_mode request_method ssl_cert_file ssl_key_file ssl_key_password "
    "verify_peer verify_host allow_traps state error parameters",
    6: "serviceid uuid name status algorithm sortorder weight propagation_rule propagation_value description "
    "created_at readonly",
}

# --- the parameters of each method, in the order in which they are checked

EVENT_IDS = dict.fromkeys(("eventids", "groupids", "hostids", "objectids"), IDS)
FROM_TILL = {"eventid_from": ID, "eventid_till": ID, "time_from": TIME, "time_till": TIME}
STATE = {
    "acknowledged": BOOLEAN_OR_NULL,
    "action": integer("1-511", "-1, 0", null=True),
    "action_userids": IDS,
    "suppressed": BOOLEAN_OR_NULL,
    "symptom": BOOLEAN_OR_NULL,
}
TAGGED = {"evaltype": integer("0, 2", '"1", -1, 7'), "tags": TAGS}
FLAGS_UNCHECKED = {"startSearch": FLAG, "excludeSearch": FLAG, "countOutput": FLAG, "nopermissions": FLAG}
MATCHED = {"filter": MEMBERS, "search": MEMBERS, "searchByAny": BOOLEAN, "searchWildcardsEnabled": BOOLEAN}
LIMIT = integer("1-2147483647", "-1, 0", null=True)
LAST = {"sortorder": ORDERS, "limit": LIMIT, "editable": BOOLEAN, "preservekeys": BOOLEAN}
ACKNOWLEDGES = fields(f"{ACKNOWLEDGE} username name surname", "extend count")
SUPPRESSION = fields("maintenanceid suppress_until userid")
EVENT = (
    "eventid source object objectid clock value acknowledged ns name severity r_eventid c_eventid correlationid userid "
    "cause_eventid opdata suppressed urls"
)
PROBLEM = (
    "eventid source object objectid clock ns r_eventid r_clock r_ns correlationid userid name acknowledged severity "
    "cause_eventid opdata suppressed urls"
)
PARAMETERS: Mapping[str, Mapping[str, Faults]] = {
    "event": {
        **EVENT_IDS,
        "source": integer("0, 1, 2, 3, 4", "-1, 7"),
        "object": integer("0, 1, 2, 3, 4, 5, 6", "-1, 7"),
        "value": NUMBER_LIST,
        "severities": SEVERITIES,
        "trigger_severities": SEVERITIES,
        **FROM_TILL,
        "problem_time_from": TIME,
        "problem_time_till": TIME,
        **STATE,
        **TAGGED,
        **MATCHED,
        "output": fields(EVENT, null=False),
        "groupBy": sortable("objectid"),
        "select_acknowledges": ACKNOWLEDGES,
        "selectAcknowledges": ACKNOWLEDGES,
        "select_alerts": fields(ALERT),
        "selectAlerts": fields(ALERT),
        "selectHosts": fields(HOST_OF_EVENT),
        "selectRelatedObject": fields(RELATED_OBJECTS[0]),
        "selectSuppressionData": SUPPRESSION,
        "selectTags": fields("tag value"),
        "sortfield": sortable("eventid objectid clock rowscount"),
        **LAST,
        **FLAGS_UNCHECKED,
    },
    "problem": {
        **EVENT_IDS,
        "source": integer("0, 3, 4", '"1", -1, 7'),
        "object": integer("0, 4, 5, 6", '"1", -1, 7'),
        "severities": SEVERITIES,
        **FROM_TILL,
        **STATE,
        "recent": BOOLEAN_OR_NULL,
        **TAGGED,
        **MATCHED,
        "output": fields(PROBLEM, null=False),
        "selectAcknowledges": fields(ACKNOWLEDGE, "extend count"),
        "selectSuppressionData": SUPPRESSION,
        "selectTags": fields("tag value"),
        "sortfield": sortable("eventid"),
        **LAST,
        **FLAGS_UNCHECKED,
    },
    "hostgroup": {
        **dict.fromkeys(("groupids", "hostids", "graphids", "triggerids", "maintenanceids"), IDS),
        **dict.fromkeys(
            (
                "monitored_hosts", "with_monitored_hosts", "real_hosts", "with_hosts", "with_items",
                "with_item_prototypes", "with_simple_graph_items", "with_simple_graph_item_prototypes",
                "with_monitored_items", "with_triggers", "with_monitored_triggers", "with_httptests",
                "with_monitored_httptests", "with_graphs", "with_graph_prototypes",
            ),
            BOOLEAN,
        ),
        "filter": MEMBERS,
        "search": MEMBERS,
        **dict.fromkeys(("searchByAny", "startSearch", "excludeSearch", "searchWildcardsEnabled"), BOOLEAN),
        "output": fields("groupid name flags uuid", null=False),
        "selectHosts": fields(HOST_OF_GROUP, "extend count"),
        "selectGroupDiscoveries": fields("parent_group_prototypeid name lastcheck ts_delete status"),
        "selectDiscoveryRules": fields(DISCOVERY_RULE),
        "selectHostPrototypes": fields(HOST_PROTOTYPE),
        "countOutput": BOOLEAN,
        "sortfield": sortable("groupid name"),
        "sortorder": ORDERS,
        "limit": LIMIT,
        "limitSelects": LIMIT,
        "editable": BOOLEAN,
        "preservekeys": BOOLEAN,
        "nopermissions": FLAG,
    },
    "proxy": {
        "proxyids": IDS,
        "proxy_groupids": IDS,
        **MATCHED,
        "output": fields(PROXY, null=False),
        "selectAssignedHosts": fields(HOST_OF_PROXY, "extend count"),
        "selectHosts": fields(HOST_OF_PROXY, "extend count"),
        "selectProxyGroup": fields("name failover_delay min_online description state"),
        "sortfield": sortable("proxyid name operating_mode"),
        **LAST,
        **FLAGS_UNCHECKED,
    },
}  # fmt: skip
DEPRECATED = {
    "select_acknowledges": "selectAcknowledges",
    "select_alerts": "selectAlerts",
    "monitored_hosts": "with_monitored_hosts",
    "real_hosts": "with_hosts",
}
UNKNOWN = {
    "event": "recent groupCount limitSelects selectItems offset select_hosts selecttags Output",
    "problem": (
        "value trigger_severities problem_time_from problem_time_till selectHosts selectAlerts selectRelatedObject "
        "groupBy groupCount limitSelects select_acknowledges"
    ),
    "hostgroup": "groupBy groupCount selectTriggers selectGroups templateids real_host",
    "proxy": "groupBy groupCount limitSelects selectInterface hostids",
}
EACH = [(method, name) for method, parameters in PARAMETERS.items() for name in parameters]


@pytest.fixture(scope="module")
def client(shared_server: Server) -> Iterator[Client]:
    """One client for all, as logins take long."""
    with closing(Client(shared_server.port)) as client:
        yield client


def listed(values: str) -> list[Any]:
    found: list[Any] = json.loads(f"[{values}]")
    return found


def told(name: str, path_and_text: str) -> str:
    path, _, text = path_and_text.partition(" ")
    return f'Invalid parameter "/{DEPRECATED.get(name, name)}{path}": {text}'


def fault_of(method: str, name: str) -> tuple[Any, str]:
    """A wrong value of a parameter, and what is said of it."""
    text, values = next(iter(PARAMETERS[method][name].items()))
    return listed(values)[0], told(name, text)


def checked(method: str) -> list[str]:
    return [name for name, faults in PARAMETERS[method].items() if faults]


def responses(client: Client, calls: list[tuple[str, Any]], user: str = "Admin") -> list[dict[str, Any]]:
    """The responses to get methods with their parameters, sent as one batch."""
    batch = [call(f"{method}.get", params, id=index) for index, (method, params) in enumerate(calls)]
    status, text = client.post(json.dumps(batch), headers={"Authorization": f"Bearer {client.login(user)}"})
    assert status == 200, text
    found: list[dict[str, Any]] = json.loads(text)
    assert len(found) == len(calls)
    return found


def fault_text(response: dict[str, Any]) -> str:
    """What is said of wrong parameters; "" where there is an answer."""
    if "result" in response:
        return ""
    said = {-32602: "Invalid params.", -32500: "Application error."}
    error = response["error"]
    assert error["message"] == said.get(error["code"]), response
    return error["data"] if error["code"] == -32602 else f"{error['code']} {error['data']}"


def answers(client: Client, method: str, requests: list[dict[str, Any]], user: str = "Admin") -> list[str]:
    return [fault_text(found) for found in responses(client, [(method, params) for params in requests], user)]


@pytest.mark.parametrize(("method", "name"), EACH)
def test_values(client: Client, method: str, name: str) -> None:
    expected = {json.dumps(value): "" for value in listed(VALUES)}
    for text, values in PARAMETERS[method][name].items():
        for value in listed(values):
            assert expected[json.dumps(value)] == "", "a value stands in the table once"
            expected[json.dumps(value)] = told(name, text)
    requests = [{"limit": 1, name: json.loads(value)} for value in expected]
    assert dict(zip(expected, answers(client, method, requests), strict=True)) == expected


@pytest.mark.parametrize("user", ["Admin", "noc"])
@pytest.mark.parametrize("method", PARAMETERS)
def test_of_two_faults_the_first_declared_is_told(client: Client, method: str, user: str) -> None:
    """Whatever their order in the request; a deprecated name and its new one are a fault of their own."""
    names = checked(method)
    requests, expected = [], []
    for first, second in combinations(names, 2):
        (value, text), (other, _) = fault_of(method, first), fault_of(method, second)
        requests.append({second: other, first: value})
        if DEPRECATED.get(first) == second:
            text = f'Deprecated parameter "/{first}" cannot be used with "/{second}".'
        expected.append(text)
    said = answers(client, method, requests, user)
    assert [(request, text) for request, text in zip(requests, said, strict=True)] == list(
        zip(requests, expected, strict=True)
    )


@pytest.mark.parametrize("method", PARAMETERS)
def test_unknown_names_are_told_first(client: Client, method: str) -> None:
    wrong = {name: fault_of(method, name)[0] for name in checked(method)}
    names = ["zz", *UNKNOWN[method].split()]
    requests = [{**wrong, name: 1, "zzz": 1} for name in names]
    expected = [f'Invalid parameter "/": unexpected parameter "{name}".' for name in names]
    assert answers(client, method, requests) == expected


@pytest.mark.parametrize(
    ("method", "old"), [(method, old) for method, old in EACH if old in DEPRECATED], ids=lambda name: name
)
def test_a_deprecated_name(client: Client, method: str, old: str) -> None:
    """It stands for the new one, and with it is a fault at its place in the order."""
    new, names = DEPRECATED[old], checked(method)
    at, (wrong, text) = names.index(old), fault_of(method, old)
    good = listed(VALUES)[1] if "hosts" in old else None
    both = f'Deprecated parameter "/{old}" cannot be used with "/{new}".'
    before, after = ({name: fault_of(method, name)[0]} for name in (names[at - 1], names[at + 2]))
    cases: list[tuple[dict[str, Any], str]] = [
        ({old: good}, ""),
        ({old: wrong}, text),
        ({new: good, old: good}, both),
        ({new: None, old: good}, both),
        ({new: wrong, old: wrong}, both),
        ({**after, new: good, old: good}, both),
        ({new: good, old: good, **before}, fault_of(method, names[at - 1])[1]),
        ({new: good, old: good, "zz": 1}, 'Invalid parameter "/": unexpected parameter "zz".'),
    ]
    for other in [name for name in DEPRECATED if name in names and name != old]:
        pair = {other: good, DEPRECATED[other]: good}
        first = f'Deprecated parameter "/{other}" cannot be used with "/{DEPRECATED[other]}".'
        is_before = names.index(other) < at
        cases.append(({**pair, old: wrong}, first if is_before else text))
        cases.append(({**pair, new: wrong}, first if is_before else text))
        cases.append(({**pair, new: good, old: good}, first if is_before else both))
    said = answers(client, method, [request for request, _ in cases])
    assert [(request, text) for (request, _), text in zip(cases, said, strict=True)] == cases


def test_what_a_deprecated_name_asks(client: Client) -> None:
    for method, old, asked in (
        ("event", "select_acknowledges", ["message"]),
        ("event", "select_alerts", ["sendto"]),
        ("hostgroup", "monitored_hosts", True),
        ("hostgroup", "real_hosts", True),
    ):
        params = {"output": ["name"], "sortfield": "eventid" if method == "event" else "groupid", "limit": 5}
        by_old, by_new, without = (
            client.call(f"{method}.get", {**params, **more}, user="Admin")
            for more in ({old: asked}, {DEPRECATED[old]: asked}, {})
        )
        assert by_old == by_new != without, old


NESTED: list[tuple[str, dict[str, Any], str]] = [
    ("event", {"tags": {"tag": "a"}}, ""),
    ("event", {"tags": {"0": {"tag": "a"}, "1": {"tag": "b"}}}, ""),
    ("event", {"tags": {"٣": {"tag": "a"}}}, '/tags/1: unexpected parameter "٣".'),
    ("event", {"tags": [{"tag": ""}, {"tag": ""}]}, ""),
    ("event", {"tags": [{"tag": "x" * 300, "operator": "5", "value": ""}]}, ""),
    ("event", {"tags": [{"operator": 0}]}, '/tags/1: the parameter "tag" is missing.'),
    ("event", {"tags": [{"b": 1, "a": 1}]}, '/tags/1: unexpected parameter "b".'),
    ("event", {"tags": [{"tag": 1, "operator": 9, "value": 1}]}, "/tags/1/tag: a character string is expected."),
    ("event", {"tags": [{"tag": None}]}, "/tags/1/tag: a character string is expected."),
    ("event", {"tags": [{"value": 1, "operator": "x", "tag": "a"}]}, "/tags/1/operator: an integer is expected."),
    ("event", {"tags": [{"tag": "a", "operator": None}]}, "/tags/1/operator: an integer is expected."),
    ("event", {"tags": [{"tag": "a", "operator": 6}]}, "/tags/1/operator: value must be one of 0, 1, 2, 3, 4, 5."),
    ("event", {"tags": [{"tag": "a"}, {"tag": "a", "value": 1}]}, "/tags/2/value: a character string is expected."),
    ("problem", {"tags": [{"tag": "a", "value": None}]}, "/tags/1/value: a character string is expected."),
    ("event", {"filter": {"name": None, "value": [], "objectid": ["x", 1.5, ""]}}, ""),
    ("event", {"filter": {"name": True}}, "/filter/name: an array is expected."),
    ("event", {"filter": {"severity": True, "value": True}}, "/filter/value: an array is expected."),
    ("event", {"filter": {"severity": True, "zz": 1}}, '/filter: unexpected parameter "zz".'),
    ("event", {"filter": {"clock": 1}}, '/filter: unexpected parameter "clock".'),
    ("event", {"filter": {"r_eventid": 1}}, '/filter: unexpected parameter "r_eventid".'),
    ("problem", {"filter": {"value": 1}}, '/filter: unexpected parameter "value".'),
    (
        "event",
        {"filter": {"name": ["a", None]}},
        "/filter/name/2: a character string, integer or floating point value is expected.",
    ),
    (
        "hostgroup",
        {"search": {"name": [[]]}},
        "/search/name/1: a character string, integer or floating point value is expected.",
    ),
    ("hostgroup", {"search": {"uuid": "a"}}, '/search: unexpected parameter "uuid".'),
    ("proxy", {"filter": {"description": "a"}}, '/filter: unexpected parameter "description".'),
    ("proxy", {"search": {"version": "a"}}, '/search: unexpected parameter "version".'),
    ("event", {"output": ["eventid", "eventid"]}, "/output/2: value (eventid) already exists."),
    ("event", {"output": ["eventid", "eventid", "x"]}, f"/output/3: {one_of(EVENT)}"),
    ("event", {"output": "count"}, '/output: value must be "extend".'),
    ("event", {"countOutput": True, "selectTags": ["tag", "tag"]}, "/selectTags/2: value (tag) already exists."),
    ("problem", {"selectTags": "count"}, '/selectTags: value must be "extend".'),
    ("hostgroup", {"output": "x", "countOutput": True}, '/output: value must be "extend".'),
    ("event", {"sortfield": ["clock", "clock"]}, "/sortfield/2: value (clock) already exists."),
    ("event", {"sortfield": {"a": "clock"}, "sortorder": {"a": "DESC"}}, ""),
    ("event", {"sortfield": [], "sortorder": ["DESC", "ASC", "ASC"]}, ""),
    ("event", {"sortorder": "desc"}, '/sortorder: value must be one of "ASC", "DESC".'),
    ("event", {"groupBy": ["objectid", "objectid"]}, "/groupBy/2: value (objectid) already exists."),
    ("event", {"severities": {"a": 1, "b": "1"}}, "/severities/2: value (1) already exists."),
    ("event", {"action": 512}, "/action: value must be one of 1-511."),
    ("hostgroup", {"limitSelects": 2**31}, "/limitSelects: a number is too large."),
    ("problem", {"sortfield": "rowscount"}, '/sortfield/1: value must be "eventid".'),
]  # fmt: skip


@pytest.mark.parametrize(("method", "params", "expected"), NESTED, ids=[json.dumps(case[1])[:60] for case in NESTED])
def test_what_is_within(client: Client, method: str, params: dict[str, Any], expected: str) -> None:
    path, _, text = expected.partition(": ")
    said = answers(client, method, [{"limit": 1, **params}])
    assert said == [f'Invalid parameter "{path}": {text}' if expected else ""]


@pytest.mark.parametrize("kind", RELATED_OBJECTS)
def test_fields_of_the_related_object(client: Client, kind: int) -> None:
    names = RELATED_OBJECTS[kind].split()
    of_next = RELATED_OBJECTS[(kind + 1) % 7].split()
    other = next((name for name in of_next if name not in names), "zz")
    path = 'Invalid parameter "/selectRelatedObject'
    cases: list[tuple[dict[str, Any], str]] = [
        ({"object": kind, "selectRelatedObject": names}, ""),
        ({"object": str(kind), "selectRelatedObject": "extend"}, ""),
        ({"selectRelatedObject": [other], "object": kind}, f'{path}/1": {one_of(RELATED_OBJECTS[kind])}'),
        ({"selectRelatedObject": "count", "object": kind}, f'{path}": value must be "extend".'),
        (
            {"selectRelatedObject": ["zz"], "object": 7},
            'Invalid parameter "/object": value must be one of 0, 1, 2, 3, 4',
        ),
    ]
    said = answers(client, "event", [{"eventids": [], **request} for request, _ in cases])
    for (request, expected), text in zip(cases, said, strict=True):
        assert text.startswith(expected) if expected else text == "", request


REFUSED = '-32500 Sorting by field "%s" not allowed.'
SORTS: list[tuple[dict[str, Any], str]] = [
    ({"sortfield": "rowscount"}, REFUSED % "rowscount"),
    ({"sortfield": ["clock", "rowscount"], "countOutput": True}, REFUSED % "rowscount"),
    ({"sortfield": ["rowscount"], "eventids": []}, REFUSED % "rowscount"),
    ({"sortfield": "rowscount", "groupBy": []}, REFUSED % "rowscount"),
    ({"sortfield": "rowscount", "groupBy": "objectid"}, REFUSED % "rowscount"),
    ({"sortfield": "eventid", "groupBy": "objectid"}, REFUSED % "eventid"),
    ({"sortfield": ["objectid", "clock"], "groupBy": "objectid", "countOutput": True}, REFUSED % "clock"),
    ({"sortfield": ["rowscount", "objectid"], "groupBy": "objectid", "countOutput": True}, ""),
    ({"sortfield": "rowscount", "limit": "x"}, 'Invalid parameter "/limit": an integer is expected.'),
]


@pytest.mark.parametrize(("params", "expected"), SORTS, ids=[json.dumps(params) for params, _ in SORTS])
def test_sorting_by_a_number_of_rows(client: Client, params: dict[str, Any], expected: str) -> None:
    assert answers(client, "event", [params]) == [expected]


def test_events_by_their_objects(client: Client) -> None:
    """groupBy: one row of each object, with countOutput how many events it has."""
    events = client.call("event.get", {"output": ["objectid"]}, user="Admin")
    ids = [event["objectid"] for event in events]
    expected = {objectid: ids.count(objectid) for objectid in ids}

    def grouped(**params: Any) -> list[dict[str, str]]:
        found: list[dict[str, str]] = client.call("event.get", {"groupBy": "objectid", **params}, user="Admin")
        return found

    assert sorted(grouped(output=["clock"], preservekeys=True, selectTags="extend"), key=str) == sorted(
        [{"objectid": objectid} for objectid in expected], key=str
    )
    assert grouped(sortfield="objectid", sortorder="DESC", limit=2) == [
        {"objectid": objectid} for objectid in sorted(expected, reverse=True)[:2]
    ]
    by_count = sorted(expected.items(), key=lambda pair: (-pair[1], pair[0]))
    assert grouped(countOutput=True, sortfield=["rowscount", "objectid"], sortorder=["DESC", "ASC"]) == [
        {"objectid": objectid, "rowscount": str(count)} for objectid, count in by_count
    ]
