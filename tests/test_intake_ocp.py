"""OCP's push: what is taken, each fault with its place, and any JSON at all."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.intake import ocp
from alertrpc.intake.bodies import MOST_WARNINGS, STORABLE, BodyFault, identity_of, milliseconds
from alertrpc.intake.ocp import FIELDS
from alertrpc.ledger.alarm import Alarm
from tests.jsons import examples, jsons

SECOND = 1000
DAY = 86_400 * SECOND
NOW = milliseconds("2020-12-03T01:44:04Z")
SAMPLE: dict[str, Any] = {"alarmType": "your_alarm_type", "labels": {"key": "value"}, "target": "alarm_target"}
TIME_EXPECTED = "a time such as 2020-12-03T09:44:04+08:00 is expected"
YEARS_EXPECTED = "a time in the years 1970 to 2105 is expected"
STRING = "a character string is expected"
REQUIRED = "a value is required"
NAME = "a name of 1 to 255 characters is expected"
STORABLE_NAME = "a name without NUL and lone surrogates is expected"
LEFT_OUT = "NUL and lone surrogates were left out"
LEVEL = "a whole number from 1 to 5 is expected"


def parse(body: Any, now: int) -> list[Alarm]:
    return ocp.parse(body, now).alarms


def iso(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds")


def test_the_sample() -> None:
    assert parse(SAMPLE, NOW) == [
        Alarm(
            identity=identity_of("alarm", "your_alarm_type", "alarm_target"),
            alarm_type="your_alarm_type",
            target="alarm_target",
            name="your_alarm_type",
            level=3,
            labels={"key": "value"},
        )
    ]


def test_every_field() -> None:
    body: dict[str, Any] = {
        "alarmType": "ob_tenant_slow",
        "target": "ob_cluster=prod-1:tenant_name=t",
        "labels": {"ob_cluster": "prod-1", "ключ": "", "中文": "值"},
        "level": 1,
        "name": "Slow tenant",
        "summary": "slow",
        "description": "very\nslow",
        "url": "http://ocp.example.com/alarm/event/1",
        "status": "Active",
        "activeAt": "2020-12-03T09:44:00+08:00",
        "resolvedAt": "2020-12-03T09:45:00+08:00",
    }
    assert body.keys() == FIELDS.keys()
    assert parse(body, NOW) == [
        Alarm(
            identity=identity_of("alarm", "ob_tenant_slow", "ob_cluster=prod-1:tenant_name=t"),
            alarm_type="ob_tenant_slow",
            target="ob_cluster=prod-1:tenant_name=t",
            name="Slow tenant",
            level=1,
            labels={"ob_cluster": "prod-1", "ключ": "", "中文": "值"},
            summary="slow",
            description="very\nslow",
            url="http://ocp.example.com/alarm/event/1",
            active_at=NOW - 4 * SECOND,
            expires_at=NOW + 56 * SECOND,
        )
    ]


def test_null_is_absent() -> None:
    nulls = dict.fromkeys(FIELDS.keys() - {"alarmType", "target"})
    assert parse({**nulls, "alarmType": "a", "target": "b"}, NOW) == parse({"alarmType": "a", "target": "b"}, NOW)


def test_an_array_keeps_its_order_and_its_repeats() -> None:
    bodies: list[Any] = [{**SAMPLE, "level": 2}, {**SAMPLE, "target": "other"}, {**SAMPLE, "status": "Inactive"}]
    alarms = parse(bodies, NOW)
    assert [alarm for body in bodies for alarm in parse(body, NOW)] == alarms
    assert alarms[0].identity == alarms[2].identity != alarms[1].identity


def test_an_alarm_comes_some_times_in_an_array() -> None:
    assert len(parse([SAMPLE] * 10, NOW)) == 10
    with pytest.raises(BodyFault) as caught:
        parse([{**SAMPLE, "target": "other"}, *[SAMPLE] * 11], NOW)
    assert (caught.value.place, caught.value.fault) == ("[11]", "an alarm may come 10 times in an array")


@pytest.mark.parametrize("size", [1, 1000])
def test_an_array_of_each_size(size: int) -> None:
    assert len(parse([{**SAMPLE, "target": str(number)} for number in range(size)], NOW)) == size


def test_the_labels_of_an_array_are_counted() -> None:
    labels: dict[str, Any] = {str(number): "" for number in range(10_000)}
    with pytest.raises(BodyFault, match="at most 50000 labels in all are expected"):
        parse([{**SAMPLE, "labels": labels}] * 6, NOW)


def test_the_largest_values() -> None:
    body = {
        **SAMPLE,
        "alarmType": "t" * 255,
        "labels": {f"{n:0255}": "" for n in range(9999)} | {"long": "v" * 2**16},
        "summary": "s" * 2048,
        "description": "\U0001f4df" * 2**20,
    }
    assert len(parse(body, NOW)[0].labels) == 10_000


STATES: list[Any] = [
    # given, and then: is active, active at, resolved at, expires at; times from now
    ({}, (True, None, None, None)),
    ({"status": "Active"}, (True, None, None, None)),
    ({"status": "Inactive"}, (False, None, None, None)),
    ({"activeAt": -DAY}, (True, -DAY, None, None)),
    ({"activeAt": DAY}, (True, DAY, None, None)),
    ({"resolvedAt": 0}, (False, None, 0, None)),
    ({"resolvedAt": 1}, (True, None, None, 1)),
    ({"activeAt": -9, "resolvedAt": -9}, (False, -9, -9, None)),
    ({"status": "Active", "resolvedAt": 400 * DAY}, (True, None, None, 400 * DAY)),
    ({"status": "Inactive", "resolvedAt": -5}, (False, None, -5, None)),
    # the sender's clock is ahead
    ({"status": "Inactive", "resolvedAt": DAY}, (False, None, DAY, None)),
]


def timed(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: iso(NOW + value) if isinstance(value, int) else value for name, value in fields.items()}


@pytest.mark.parametrize(("fields", "state"), STATES)
def test_the_state(fields: dict[str, Any], state: tuple[bool, int | None, int | None, int | None]) -> None:
    (alarm,) = parse({**SAMPLE, **timed(fields)}, NOW)
    times = [None if time is None else time - NOW for time in (alarm.active_at, alarm.resolved_at, alarm.expires_at)]
    assert (alarm.is_active, *times) == state


ACTIVE_OVER = "a time in the future is expected, because the alarm is Active"
WRONG_STATES: list[Any] = [
    ({"activeAt": DAY + 1}, "activeAt", "a time at most a day ahead is expected"),
    ({"activeAt": -1, "resolvedAt": -2}, "activeAt", "a time not after resolvedAt is expected"),
    ({"activeAt": 2, "resolvedAt": 1}, "activeAt", "a time not after resolvedAt is expected"),
    ({"status": "Active", "resolvedAt": 0}, "resolvedAt", ACTIVE_OVER),
    (
        {"status": "Inactive", "resolvedAt": DAY + 1},
        "resolvedAt",
        "a time at most a day ahead is expected, as the alarm is Inactive",
    ),
]


@pytest.mark.parametrize(("fields", "place", "fault"), WRONG_STATES)
def test_a_wrong_state(fields: dict[str, Any], place: str, fault: str) -> None:
    assert fault_of({**SAMPLE, **timed(fields)}) == (place, fault)


def fault_of(body: Any) -> tuple[str, str]:
    with pytest.raises(BodyFault) as raised:
        parse(body, NOW)
    return raised.value.place, raised.value.fault


WRONG_BODIES: list[Any] = [
    (None, "", "an object or an array of objects is expected"),
    ("text", "", "an object or an array of objects is expected"),
    (1, "", "an object or an array of objects is expected"),
    ([], "", "an array of 1 to 1000 elements is expected"),
    ([SAMPLE] * 1001, "", "an array of 1 to 1000 elements is expected"),
    ([SAMPLE, None], "[1]", "an object is expected"),
    ([SAMPLE, [SAMPLE]], "[1]", "an object is expected"),
    ([SAMPLE, SAMPLE, {"alarmType": "a"}], "[2].target", "a value is required"),
    ([SAMPLE, {**SAMPLE, "labels": [1]}], "[1].labels", "an object is expected"),
    ({}, "alarmType", "a value is required"),
    ({"alarmType": "a", "target": None}, "target", "a value is required"),
]
WRONG_FIELDS: list[Any] = [
    ({"alarmType": {}}, "alarmType", STRING),
    ({"alarmType": ""}, "alarmType", REQUIRED),
    ({"alarmType": "\0\0"}, "alarmType", REQUIRED),
    ({"target": ["a"]}, "target", STRING),
    ({"target": ""}, "target", REQUIRED),
    ({"labels": []}, "labels", "an object is expected"),
    (
        {"labels": dict.fromkeys(map(str, range(10_001)), "")},
        "labels",
        "an object of at most 10000 members is expected",
    ),
    ({"level": 0}, "level", LEVEL),
    ({"level": 6}, "level", LEVEL),
    ({"level": True}, "level", LEVEL),
    ({"level": 3.5}, "level", LEVEL),
    ({"level": "0"}, "level", LEVEL),
    ({"level": "worst"}, "level", LEVEL),
    ({"level": "\u0663"}, "level", LEVEL),
    ({"level": []}, "level", LEVEL),
    ({"status": "on"}, "status", "one of Active, Inactive is expected"),
    ({"status": []}, "status", "one of Active, Inactive is expected"),
    ({"status": True}, "status", "one of Active, Inactive is expected"),
    ({"activeAt": ""}, "activeAt", TIME_EXPECTED),
    ({"activeAt": "yesterday"}, "activeAt", TIME_EXPECTED),
    ({"activeAt": "\ud800"}, "activeAt", TIME_EXPECTED),
    ({"activeAt": True}, "activeAt", "a time as a character string or a number is expected"),
    ({"activeAt": {}}, "activeAt", "a time as a character string or a number is expected"),
    ({"activeAt": -1}, "activeAt", YEARS_EXPECTED),
    ({"activeAt": 4_291_747_200}, "activeAt", YEARS_EXPECTED),
    ({"activeAt": 10**400}, "activeAt", YEARS_EXPECTED),
    ({"activeAt": 1e300}, "activeAt", YEARS_EXPECTED),
    ({"activeAt": "9999999999999999"}, "activeAt", YEARS_EXPECTED),
    ({"activeAt": "12345678901234567"}, "activeAt", TIME_EXPECTED),
    ({"resolvedAt": "2020-12-03T24:00:00Z"}, "resolvedAt", TIME_EXPECTED),
    ({"resolvedAt": "2106-01-01T00:00:00Z"}, "resolvedAt", YEARS_EXPECTED),
]
# What is kept of fields that are not as they should be, and the warnings.
KEPT: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"severity": 1}, {}, ["severity: unknown field, ignored"]),
    ({"severity": None}, {}, ["severity: unknown field, ignored"]),
    ({"x" * 1000: 1}, {}, ["x" * 64 + "…: unknown field, ignored"]),
    ({"a\0\ud800\n": 1}, {}, [r"a\x00\ud800\n: unknown field, ignored"]),
    ({"alarmType": 1}, {"alarm_type": "1", "name": "1"}, []),
    ({"target": True}, {"target": "true"}, []),
    ({"alarmType": "a" * 256}, {"alarm_type": "a" * 255, "name": "a" * 255}, ["alarmType: cut to 255 characters"]),
    ({"target": "a" * 256}, {"target": "a" * 255}, ["target: cut to 255 characters"]),
    ({"alarmType": "a\0"}, {"alarm_type": "a"}, [f"alarmType: {LEFT_OUT}"]),
    ({"alarmType": "\ud800a"}, {"alarm_type": "a"}, [f"alarmType: {LEFT_OUT}"]),
    ({"name": ""}, {"name": "your_alarm_type"}, []),
    ({"name": "n" * 256}, {"name": "n" * 255}, ["name: cut to 255 characters"]),
    ({"name": [1]}, {"name": "your_alarm_type"}, [f"name: left out: {STRING}"]),
    (
        {"labels": {"a": 1, "b": 1.5, "c": True, "d": "", "e": None}},
        {"labels": {"a": "1", "b": "1.5", "c": "true", "d": ""}},
        [],
    ),
    (
        {"labels": {"a": {}, "b": [], "c": "d"}},
        {"labels": {"c": "d"}},
        [f"labels.{name}: left out: {STRING}" for name in "ab"],
    ),
    (
        {"labels": {"": "v", "a": "b"}},
        {"labels": {"a": "b"}},
        [f"labels.: left out: {NAME}"],
    ),
    (
        {"labels": {"k" * 256: "v"}},
        {"labels": {}},
        ["labels." + "k" * 64 + f"…: left out: {NAME}"],
    ),
    (
        {"labels": {"k\0": "v"}},
        {"labels": {}},
        [r"labels.k\x00: left out: " + STORABLE_NAME],
    ),
    (
        {"labels": {"\udfff": "v"}},
        {"labels": {}},
        [r"labels.\udfff: left out: " + STORABLE_NAME],
    ),
    ({"labels": {"k": "v\0", "a": "b"}}, {"labels": {"a": "b"}}, [f"labels.k: left out: {STORABLE}"]),
    ({"labels": {"k": "é\udfff"}}, {"labels": {}}, [f"labels.k: left out: {STORABLE}"]),
    ({"labels": {"k": "v" * (2**16 + 1)}}, {"labels": {"k": "v" * 2**16}}, ["labels.k: cut to 65536 characters"]),
    ({"level": 3.0}, {"level": 3}, []),
    ({"level": "2"}, {"level": 2}, []),
    ({"level": " 1 "}, {"level": 1}, []),
    ({"level": "critical"}, {"level": 2}, []),
    ({"summary": 1}, {"summary": "1"}, []),
    ({"summary": 2**70}, {"summary": str(2**70)}, []),
    ({"summary": 1.5e300}, {"summary": "1.5e+300"}, []),
    ({"summary": {}}, {"summary": ""}, [f"summary: left out: {STRING}"]),
    ({"summary": "s" * 2049}, {"summary": "s" * 2048}, ["summary: cut to 2048 characters"]),
    ({"summary": "s\0" * 2048}, {"summary": "s" * 2048}, [f"summary: {LEFT_OUT}"]),
    ({"description": "d" * (2**20 + 1)}, {"description": "d" * 2**20}, ["description: cut to 1048576 characters"]),
    ({"description": "a\0b"}, {"description": "ab"}, [f"description: {LEFT_OUT}"]),
    ({"url": "u" * 2049}, {"url": ""}, ["url: left out, as it has more than 2048 characters"]),
    ({"url": 5}, {"url": "5"}, []),
    ({"status": "active"}, {"is_active": True}, []),
    ({"status": "FIRING"}, {"is_active": True}, []),
    ({"status": "Resolved"}, {"is_active": False}, []),
    ({"status": "inactive"}, {"is_active": False}, []),
    ({"activeAt": 1606959840}, {"active_at": NOW - 4000}, []),
    ({"activeAt": 1606959840.25}, {"active_at": NOW - 3750}, []),
    ({"activeAt": "1606959840"}, {"active_at": NOW - 4000}, []),
    ({"activeAt": 1606959840123}, {"active_at": NOW - 3877}, []),
    ({"activeAt": "1606959840123"}, {"active_at": NOW - 3877}, []),
    ({"activeAt": 10**11}, {"active_at": 10**11}, []),
    ({"activeAt": 0}, {"active_at": None}, []),
    ({"resolvedAt": 0}, {"is_active": True, "expires_at": None}, []),
    ({"resolvedAt": "0001-01-01T00:00:00Z"}, {"is_active": True, "expires_at": None}, []),
    ({"activeAt": "20201203"}, {"active_at": milliseconds("2020-12-03")}, []),
]


@pytest.mark.parametrize(("fields", "kept", "warnings"), KEPT)
def test_what_can_be_kept_is_kept(fields: dict[str, Any], kept: dict[str, Any], warnings: list[str]) -> None:
    parsed = ocp.parse({**SAMPLE, **fields}, NOW)
    [alarm] = parsed.alarms
    assert {name: getattr(alarm, name) for name in kept} == kept
    assert parsed.warnings == warnings
    assert ocp.parse([SAMPLE, {**SAMPLE, **fields}], NOW).warnings == [f"[1].{warning}" for warning in warnings]


def test_what_is_cut_for_the_eye_is_whole_in_the_identity() -> None:
    """Else two alarms with long names would be one."""
    long = [{**SAMPLE, "target": "t" * 300 + end} for end in "ab"]
    one, other = parse(long, NOW)
    assert one.target == other.target
    assert one.identity != other.identity


def test_warnings_are_few_and_the_last_counts_the_others() -> None:
    body: list[Any] = [{**SAMPLE, "target": str(number), "odd": 1} for number in range(30)]
    warnings = ocp.parse(body, NOW).warnings
    assert len(warnings) == MOST_WARNINGS
    assert warnings[-2:] == ["[18].odd: unknown field, ignored", "and 11 more"]
    assert len(ocp.parse(body[:20], NOW).warnings) == 20


@pytest.mark.parametrize(("more", "expected"), [({}, True), ({"status": "Inactive"}, False)])
def test_what_is_over_by_the_clock_alone_is_marked(more: dict[str, Any], expected: bool) -> None:
    [alarm] = parse({**SAMPLE, "resolvedAt": iso(NOW - 1), **more}, NOW)
    assert (alarm.is_active, alarm.ended_by_clock) == (False, expected)


@pytest.mark.parametrize(("body", "place", "fault"), WRONG_BODIES)
def test_a_wrong_body(body: Any, place: str, fault: str) -> None:
    assert fault_of(body) == (place, fault)


@pytest.mark.parametrize(("fields", "place", "fault"), WRONG_FIELDS)
def test_a_wrong_field(fields: dict[str, Any], place: str, fault: str) -> None:
    assert fault_of({**SAMPLE, **fields}) == (place, fault)


def test_a_fault_reads_as_one_line() -> None:
    assert str(BodyFault("an object is expected", 2, "labels")) == "[2].labels: an object is expected"
    assert str(BodyFault("an object is expected")) == "an object is expected"


TIMES: list[Any] = [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01", 0),
    ("1970-01-01T00:00:01", 1000),
    ("1970-01-01 00:00:01+00:00", 1000),
    ("1970-01-01t00:00:01z", 1000),
    ("19700101T000001Z", 1000),
    ("1970-01-01T08:00:00.5+08:00", 500),
    ("1969-12-31T16:00:00-08:00", 0),
    ("1970-01-01T00:00:00.123456789Z", 123),
    ("1970-01-01T00:00:00.999999999+00:00", 999),
    ("2020-12-03T09:44:04+08:00", 1_606_959_844_000),
    ("2105-12-31T23:59:59.999Z", 4_291_747_199_999),
]


@pytest.mark.parametrize(("text", "time"), TIMES)
def test_a_time(text: str, time: int) -> None:
    assert milliseconds(text) == time


WRONG_TIMES = {
    "0001-01-01T00:00:00+14:00": YEARS_EXPECTED,
    "1969-12-31T23:59:59.999Z": YEARS_EXPECTED,
    "1970-01-01T00:00:00+00:01": YEARS_EXPECTED,
    "9999-12-31T23:59:59-14:00": YEARS_EXPECTED,
    "2020-12-03T09:44:04." + "1" * 100_000: YEARS_EXPECTED,
    "2020-13-03": TIME_EXPECTED,
    "1606959844": TIME_EXPECTED,
    "2020-12-03T09:44:04Z\n": TIME_EXPECTED,
    "x" * 100_000: TIME_EXPECTED,
    "\0": TIME_EXPECTED,
}


@pytest.mark.parametrize("text", WRONG_TIMES, ids=lambda text: ascii(text[:30]))
def test_a_wrong_time(text: str) -> None:
    with pytest.raises(ValueError, match=rf"^{WRONG_TIMES[text].replace('+', '[+]')}$"):
        milliseconds(text)


def test_an_identity_keeps_its_parts_apart() -> None:
    parts = [("a", "b", "c"), ("a", "bc"), ("ab", "c"), ("abc",), ("a", "", "bc"), ("a", "c", "b")]
    assert len({identity_of(*each) for each in parts}) == len(parts)
    assert all(len(identity_of(*each)) == 64 for each in parts)


# --- whatever comes in


def nearly(*likely: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(likely) | jsons


moments = st.sampled_from(["2020-12-03T01:44:04Z", "2020-12-03T01:00:00.123456789Z", "2020-12-04", "x"]) | jsons
bodies = st.fixed_dictionaries(
    {},
    optional={
        "alarmType": nearly("a"),
        "target": nearly("b"),
        "labels": st.dictionaries(st.text(max_size=3), st.text(max_size=3)) | jsons,
        "level": nearly(1, 5),
        "summary": nearly("s"),
        "status": nearly("Active", "Inactive"),
        "activeAt": moments,
        "resolvedAt": moments,
    },
)


@given(body=jsons | bodies | st.lists(bodies, max_size=3))
@examples(3)
def test_any_json_is_alarms_or_a_fault(body: Any) -> None:
    try:
        alarms = parse(body, NOW)
    except BodyFault as fault:
        str(fault).encode()
    else:
        assert alarms
        assert all(isinstance(alarm, Alarm) for alarm in alarms)


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
names = words.filter(bool)
times = st.integers(0, NOW + DAY)
valid = st.fixed_dictionaries(
    {"alarmType": names, "target": names},
    optional={
        "labels": st.dictionaries(names, words, max_size=5),
        "level": st.integers(1, 5),
        "name": names,
        "summary": words,
        "description": words,
        "url": words,
        "activeAt": times.map(iso),
    },
)


@given(body=valid)
@examples(5)
def test_a_valid_alarm_comes_back(body: dict[str, Any]) -> None:
    (alarm,) = parse(body, NOW)
    back: dict[str, Any] = {
        "alarmType": alarm.alarm_type,
        "target": alarm.target,
        "labels": alarm.labels,
        "level": alarm.level,
        "name": alarm.name,
        "summary": alarm.summary,
        "description": alarm.description,
        "url": alarm.url,
        "activeAt": None if alarm.active_at is None else iso(alarm.active_at),
    }
    assert {name: back[name] for name in body} == body
    assert parse(back, NOW) == [alarm]
