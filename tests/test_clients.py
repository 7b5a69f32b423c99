"""Real clients of the Zabbix API against a running server."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import aiozabbix
import pytest
import zabbix_utils
from pyzabbix import api as pyzabbix

from tests.support import Client, Server, passwords, run_alertrpc, serving

WRONG_LOGIN = "Incorrect user name or password or account is temporarily blocked."
TERMINATED = "Session terminated, re-login, please."
NO_METHOD = 'Incorrect API "nosuch".'
QUERIES: list[dict[str, Any]] = [
    {"output": "extend", "limit": 20},
    {"output": ["alertid", "message", "subject"], "sortfield": "clock", "sortorder": "DESC", "limit": 300},
    {"selectHosts": ["hostid", "name"], "selectMediatypes": "extend", "selectUsers": "extend", "limit": 5},
    {"countOutput": True},
    {"output": ["alertid"], "preservekeys": True, "limit": 3},
]


@pytest.fixture(scope="module")
def tokened(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server's address under Zabbix's usual path, and an API token of noc."""
    path = tmp_path_factory.mktemp("clients") / "alertrpc.db"
    path.write_bytes(loaded_database.read_bytes())
    token = run_alertrpc("token", "add", "noc", "robot", "--database", f"sqlite:///{path}").stdout.strip()
    assert len(token) == 64
    with serving(path, "--login-attempts", "32") as server:
        yield f"{server.url}/zabbix", token


@pytest.fixture
def url(tokened: tuple[str, str]) -> str:
    return tokened[0]


@pytest.fixture
def expected(shared_server: Server) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """What noc's alert.get gives as plain JSON."""
    with closing(Client(shared_server.port)) as client:
        yield lambda params: client.call("alert.get", params, "noc")


@pytest.fixture
def password() -> str:
    return passwords()["noc"]


# --- zabbix-utils


def test_zabbix_utils(url: str, password: str, expected: Callable[[dict[str, Any]], Any]) -> None:
    api = zabbix_utils.ZabbixAPI(url, user="noc", password=password)
    assert str(api.version) == "7.0.22"
    assert api.version == 7.0
    assert api.check_auth()
    assert [api.alert.get(**query) for query in QUERIES] == [expected(query) for query in QUERIES]
    assert api.user.checkAuthentication(sessionid=api._ZabbixAPI__session_id)["username"] == "noc"
    with pytest.raises(zabbix_utils.exceptions.APIRequestError, match=NO_METHOD):
        api.nosuch.get()
    api.logout()
    assert not api.check_auth()


def test_zabbix_utils_is_told_of_an_ended_session(url: str, password: str) -> None:
    api = zabbix_utils.ZabbixAPI(url, user="noc", password=password)
    assert api.user.logout() is True
    for ask in (api.alert.get, api.check_auth, api.logout):
        with pytest.raises(zabbix_utils.exceptions.APIRequestError, match=TERMINATED):
            ask()
    api.login(user="noc", password=password)
    assert api.check_auth()


def test_zabbix_utils_wrong_password(url: str) -> None:
    with pytest.raises(zabbix_utils.exceptions.APIRequestError, match=WRONG_LOGIN):
        zabbix_utils.ZabbixAPI(url, user="noc", password="wrong")


def test_zabbix_utils_token(tokened: tuple[str, str], expected: Callable[[dict[str, Any]], Any]) -> None:
    url, token = tokened
    api = zabbix_utils.ZabbixAPI(url, token=token)
    assert api.check_auth()
    assert [api.alert.get(**query) for query in QUERIES] == [expected(query) for query in QUERIES]
    api.logout()
    api.login(token="0" * 64)
    with pytest.raises(zabbix_utils.exceptions.APIRequestError, match="Not authorized"):
        api.alert.get()


async def test_zabbix_utils_async(url: str, password: str, expected: Callable[[dict[str, Any]], Any]) -> None:
    async with zabbix_utils.AsyncZabbixAPI(url, user="noc", password=password) as api:
        assert str(api.version) == "7.0.22"
        assert await api.check_auth()
        assert [await api.alert.get(**query) for query in QUERIES] == [expected(query) for query in QUERIES]
    assert not await api.check_auth()


@pytest.fixture
async def http_session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_zabbix_utils_async_is_told_of_faults(
    url: str, password: str, http_session: aiohttp.ClientSession
) -> None:
    api = zabbix_utils.AsyncZabbixAPI(url, client_session=http_session)
    await api.login(user="noc", password=password)
    with pytest.raises(zabbix_utils.exceptions.APIRequestError, match=NO_METHOD):
        await api.nosuch.get()
    assert await api.user.logout() is True
    with pytest.raises(zabbix_utils.exceptions.APIRequestError, match=TERMINATED):
        await api.alert.get()
    with pytest.raises(zabbix_utils.exceptions.APIRequestError, match=WRONG_LOGIN):
        await api.login(user="noc", password="wrong")


async def test_zabbix_utils_async_token(
    tokened: tuple[str, str], expected: Callable[[dict[str, Any]], Any], http_session: aiohttp.ClientSession
) -> None:
    url, token = tokened
    api = zabbix_utils.AsyncZabbixAPI(url, client_session=http_session)
    await api.login(token=token)
    assert await api.check_auth()
    assert await api.alert.get(QUERIES[0]) == expected(QUERIES[0])


# --- pyzabbix


@pytest.mark.parametrize("detect_version", [True, False])
def test_pyzabbix(url: str, password: str, expected: Callable[[dict[str, Any]], Any], detect_version: bool) -> None:
    with pyzabbix.ZabbixAPI(url, timeout=60, detect_version=detect_version) as api, api.session:
        api.login("noc", password)
        assert (str(api.version) == "7.0.22") is detect_version
        assert api.api_version() == "7.0.22"
        assert api.is_authenticated
        assert [api.alert.get(**query) for query in QUERIES] == [expected(query) for query in QUERIES]
        with pytest.raises(pyzabbix.ZabbixAPIException, match=NO_METHOD) as raised:
            api.nosuch.get()
        assert raised.value.error == {"code": -32601, "message": "Method not found.", "data": NO_METHOD}
        assert api.user.logout() is True
        assert not api.is_authenticated
        with pytest.raises(pyzabbix.ZabbixAPIException, match=TERMINATED):
            api.alert.get()


@pytest.mark.parametrize("detect_version", [True, False])
def test_pyzabbix_wrong_password(url: str, detect_version: bool) -> None:
    api = pyzabbix.ZabbixAPI(url, timeout=60, detect_version=detect_version)
    with api.session, pytest.raises(pyzabbix.ZabbixAPIException, match=WRONG_LOGIN) as raised:
        api.login("noc", "wrong")
    assert raised.value.args[1] == -32500


@pytest.mark.parametrize("detect_version", [True, False])
def test_pyzabbix_token(
    tokened: tuple[str, str], expected: Callable[[dict[str, Any]], Any], detect_version: bool
) -> None:
    url, token = tokened
    api = pyzabbix.ZabbixAPI(url, timeout=60, detect_version=detect_version)
    with api.session:
        api.login(api_token=token)
        assert [api.alert.get(**query) for query in QUERIES] == [expected(query) for query in QUERIES]


# --- aiozabbix


async def test_aiozabbix(
    url: str, password: str, expected: Callable[[dict[str, Any]], Any], http_session: aiohttp.ClientSession
) -> None:
    api = aiozabbix.ZabbixAPI(url, client_session=http_session)
    await api.login("noc", password)
    assert await api.apiinfo.version() == "7.0.22"
    assert [await api.alert.get(**query) for query in QUERIES] == [expected(query) for query in QUERIES]
    assert (await api.user.checkAuthentication(sessionid=api.auth))["username"] == "noc"
    with pytest.raises(aiozabbix.ZabbixAPIException, match=NO_METHOD):
        await api.nosuch.get()


async def test_aiozabbix_logs_in_again(
    url: str, password: str, expected: Callable[[dict[str, Any]], Any], http_session: aiohttp.ClientSession
) -> None:
    api = aiozabbix.ZabbixAPI(url, client_session=http_session)
    await api.login("noc", password)
    ended = api.auth
    assert await api.user.logout() is True
    assert await api.alert.get(**QUERIES[0]) == expected(QUERIES[0])
    assert api.auth != ended
    with pytest.raises(aiozabbix.ZabbixAPIException, match=TERMINATED):
        await api.user.checkAuthentication(sessionid=ended)


async def test_aiozabbix_wrong_password(url: str, http_session: aiohttp.ClientSession) -> None:
    with pytest.raises(aiozabbix.ZabbixAPIException, match=WRONG_LOGIN):
        await aiozabbix.ZabbixAPI(url, client_session=http_session).login("noc", "wrong")


async def test_aiozabbix_token(
    tokened: tuple[str, str], expected: Callable[[dict[str, Any]], Any], http_session: aiohttp.ClientSession
) -> None:
    url, token = tokened
    api = aiozabbix.ZabbixAPI(url, client_session=http_session)
    api.auth = token
    assert await api.alert.get(**QUERIES[0]) == expected(QUERIES[0])
