"""Whose address counts behind a proxy: what it tells is taken of trusted ones alone, and nothing can be forged."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Application
from multidict import CIMultiDict

from alertrpc.networks import networks
from alertrpc.web.body import SETTINGS
from alertrpc.web.clients import address_of
from tests.raw import send
from tests.support import Server, passwords, serving, settings_of
from tests.wire import call, eventually, exchange, execute

PROXY = "10.0.0.1"
TRUSTED = "10.0.0.0/8, fd00::/8"
X, F = "X-Forwarded-For", "Forwarded"
CLIENT = "203.0.113.9"


class Transport:
    """A connection from an address."""

    def __init__(self, remote: str) -> None:
        self._remote = remote

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self._remote, 1) if name == "peername" else default


def seen(*headers: tuple[str, str], remote: str = PROXY, trusted: str = TRUSTED) -> str:
    app = Application()
    app[SETTINGS] = settings_of(trusted_proxies=networks(trusted))
    request = make_mocked_request("GET", "/", CIMultiDict(headers), app=app, transport=Transport(remote))
    return address_of(request)


@pytest.mark.parametrize(
    ("name", "lines", "address"),
    [
        (X, [CLIENT], CLIENT),
        (X, [f"1.2.3.4, {CLIENT}"], CLIENT),
        (X, [f"1.2.3.4, {CLIENT},10.1.1.1 , 10.2.2.2"], CLIENT),
        (X, [f"1.2.3.4,{CLIENT}", "10.1.1.1"], CLIENT),
        (X, ["garbage, " + CLIENT], CLIENT),
        (X, ["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        (X, [f"{CLIENT}:4711"], CLIENT),
        (X, [f"{CLIENT}:٣"], PROXY),
        (X, ["2001:db8::1"], "2001:db8::1"),
        (X, ["[2001:DB8:0::1]:4711"], "2001:db8::1"),
        (X, ["1.2.3.4, fd00::7"], "1.2.3.4"),
        (X, ["::ffff:203.0.113.9, ::ffff:10.0.0.2"], CLIENT),
        (X, [f"{CLIENT}, garbage"], PROXY),
        (X, [f"{CLIENT}, "], PROXY),
        (X, [""], PROXY),
        (X, ["999.1.1.1"], PROXY),
        (X, ["unknown"], PROXY),
        (X, ["1.2.3.4, fe80::1%eth0"], PROXY),
        (F, [f"for={CLIENT}"], CLIENT),
        (F, [f"For={CLIENT};proto=https;by=10.0.0.1"], CLIENT),
        (F, [f"proto=https ; for={CLIENT} , for=10.2.2.2"], CLIENT),
        (F, [f"for=1.2.3.4, for={CLIENT}"], CLIENT),
        (F, ["for=1.2.3.4", f"for={CLIENT}"], CLIENT),
        (F, ['for="[2001:db8:cafe::17]:4711"'], "2001:db8:cafe::17"),
        (F, ['for="203.0.113.9:80"'], CLIENT),
        (F, [r'for="203.0.113.\9"'], CLIENT),
        (F, ['for=10.3.3.3;host="a,b;c\\""'], "10.3.3.3"),
        (F, ['for="1.2.3.4, by=', f"for={CLIENT}"], CLIENT),
        (F, ["for=unknown"], PROXY),
        (F, ["for=_hidden"], PROXY),
        (F, [f"for={CLIENT}, proto=https"], PROXY),
        (F, [f"for={CLIENT}, "], PROXY),
        (F, [f"for=1.2.3.4;for={CLIENT}"], PROXY),
        (F, [f"for={CLIENT} proto=https"], PROXY),
        (F, [f"for = {CLIENT}"], PROXY),
        (F, ["for=203.0.113.9:80"], PROXY),
        (F, ['for="203.0.113.9'], PROXY),
        (F, [""], PROXY),
        # What a client opens, a proxy that adds to the same line would close.
        (F, ['for=1.2.3.4;x=", for="[2001:db8::1]"'], PROXY),
        (F, [f'for=1.2.3.4;x=", for={CLIENT}'], PROXY),
    ],
)
def test_the_nearest_address_that_is_no_proxy(name: str, lines: list[str], address: str) -> None:
    headers = [(name, line) for line in lines]
    assert seen(*headers) == address
    assert seen(*headers, remote="192.0.2.1") == "192.0.2.1"
    assert seen(*headers, trusted="none") == PROXY


def test_two_headers_count_where_they_say_the_same() -> None:
    assert seen((X, f"1.1.1.1, {CLIENT}"), (F, f"for={CLIENT}")) == CLIENT
    assert seen((X, CLIENT), (F, "for=1.2.3.4")) == PROXY
    assert seen((X, CLIENT), (F, "for=unknown")) == CLIENT


def test_a_proxy_of_ipv4_on_a_socket_of_ipv6() -> None:
    assert seen((X, CLIENT), remote="::ffff:10.0.0.1") == CLIENT


@pytest.mark.parametrize("line", ["10.0.0.1," * 4000, 'for="' * 4000, "for=10.0.0.1;" * 4000, '\\"' * 4000, " " * 8000])
def test_a_long_header_is_left_aside(line: str) -> None:
    for name in (X, F):
        assert seen((name, line)) == PROXY


@pytest.fixture
def behind(database: Path) -> Iterator[Server]:
    with serving(database, "--trusted-proxies", "127.0.0.1, 10.0.0.0/8") as server:
        yield server


def test_attempts_sessions_and_the_log_have_the_address(behind: Server, database: Path) -> None:
    headers = {X: f"1.1.1.1, {CLIENT}, 10.1.1.1"}
    wrong = call("user.login", {"username": "Admin", "password": "wrong"}, id=1)
    assert "error" in exchange(behind.port, wrong, headers)
    assert execute(database, "SELECT attempt_ip FROM users WHERE username = 'Admin'") == [(CLIENT,)]
    login = call("user.login", {"username": "Admin", "password": passwords()["Admin"], "userData": True}, id=1)
    assert exchange(behind.port, login, headers)["result"]["userip"] == CLIENT
    send(behind.port, b"GET /api/v2/alarm/alarms HTTP/1.0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
    assert eventually(lambda: f": {CLIENT} may not GET /api/v2/alarm/alarms" in behind.log.read_text())


def test_the_header_of_others_counts_for_nothing(server: Server, database: Path) -> None:
    wrong = call("user.login", {"username": "Admin", "password": "wrong"}, id=1)
    assert "error" in exchange(server.port, wrong, {X: CLIENT, F: f"for={CLIENT}"})
    assert execute(database, "SELECT attempt_ip FROM users WHERE username = 'Admin'") == [("127.0.0.1",)]
