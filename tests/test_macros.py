"""Macros in the texts of triggers: the names of their hosts, and what is not known of them."""

import json
import time

import pytest

from alertrpc.query.macros import UNKNOWN, expand_macros

HOSTS = json.dumps([["web-1", "Web one"], ["db-1", "Datenbank Ü {HOST.NAME}"], ["", "\\1 \\g<0>"]])
SOON = 1.0  # seconds; what is hostile takes some milliseconds, or minutes where it is not thought of

CASES = [
    # by name and index
    ("{HOST.HOST} {HOSTNAME} {HOST.NAME}", "web-1 web-1 Web one"),
    ("{HOST.HOST1}{HOST.HOST2}", "web-1db-1"),
    ("{HOSTNAME2} {HOST.NAME1}", "db-1 Web one"),
    ("{HOST.NAME} and {HOST.NAME}", "Web one and Web one"),
    # what names hold is not looked at again
    ("{HOST.NAME2}", "Datenbank Ü {HOST.NAME}"),
    ("{HOST.NAME3}|{HOST.HOST3}|", "\\1 \\g<0>||"),
    # no such host, no such thing kept
    ("{HOST.HOST4} {HOST.NAME9}", f"{UNKNOWN} {UNKNOWN}"),
    ("{HOST.IP} {IPADDRESS} {HOST.DNS} {HOST.CONN} {HOST.PORT}", " ".join([UNKNOWN] * 5)),
    ("{ITEM.VALUE} {ITEM.LASTVALUE2} {HOST.IP3}", " ".join([UNKNOWN] * 3)),
    # functions of macros are not run
    ("{{HOST.NAME}.lowercase()}", UNKNOWN),
    ("{{ITEM.LASTVALUE1}.fmtnum(2)} %", f"{UNKNOWN} %"),
    ("{{HOST.HOST}.fmttime(%Y,-1d)}{HOST.HOST}", f"{UNKNOWN}web-1"),
    # no macros
    ("", ""),
    ("plain", "plain"),
    ("{HOST.HOST0} {HOST.HOST10} {HOST.NAME-1}", "{HOST.HOST0} {HOST.HOST10} {HOST.NAME-1}"),
    ("{host.host} {Host.Name}", "{host.host} {Host.Name}"),
    ("{HOST.NAMES} {HOSTXHOST} {HOST} {}", "{HOST.NAMES} {HOSTXHOST} {HOST} {}"),
    ("{ HOST.HOST } HOST.HOST {HOST.HOST", "{ HOST.HOST } HOST.HOST {HOST.HOST"),
    ("{$MACRO} {#LLD} {TRIGGER.ID}", "{$MACRO} {#LLD} {TRIGGER.ID}"),
    # braces
    ("{{HOST.HOST}}", "{web-1}"),
    ("{{{HOST.HOST}}}", "{{web-1}}"),
    ("{HOST.{HOST.HOST}}", "{HOST.web-1}"),
    ("}{HOST.HOST}{", "}web-1{"),
    ("{{HOST.HOST}.x}", "{web-1.x}"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_macros(text: str, expected: str) -> None:
    assert expand_macros(text, HOSTS) == expected


def test_a_trigger_without_hosts() -> None:
    assert expand_macros("{HOST.HOST} on {HOST.NAME2}", "[]") == f"{UNKNOWN} on {UNKNOWN}"


@pytest.mark.alone
@pytest.mark.parametrize(
    "text",
    [
        "{" * 100_000,
        "}" * 100_000,
        "{" * 50_000 + "HOST.HOST" + "}" * 50_000,
        "{{" + "A" * 100_000,
        "{{A." * 25_000,
        "{{HOST.HOST}.a(" + "x" * 100_000,
        "{{A}.a(" * 15_000,
        "{{A}." + "a" * 100_000,
        "{HOST.HOST" * 10_000,
        "{HOST.HOST}" * 10_000,
        "{{" + "A.1}" * 25_000,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_texts_are_done_soon(text: str) -> None:
    start = time.perf_counter()
    expanded = expand_macros(text, HOSTS)
    assert time.perf_counter() - start < SOON
    assert expanded == text.replace("{HOST.HOST}", "web-1")
