"""Settings: their table, their parsers, and which of file, environment and flag wins."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from alertrpc.errors import SettingsError
from alertrpc.networks import Networks, networks
from alertrpc.settings import (
    BY_NAME,
    TABLE,
    Names,
    Setting,
    api_version,
    database_url,
    folder,
    host,
    label_names,
    read_settings,
    text_of,
)
from alertrpc.values import at_least_one, duration, one_of, size, whole

FLAG, VARIABLE, FILE = "7001", "7002", "7003"
KINDS = {
    "duration": duration,
    "size": size,
    "whole": whole(-5, 100),
    "at_least_one": at_least_one(duration),
    "database_url": database_url,
    "api_version": api_version,
    "one_of": one_of(("debug", "info")),
    "host": host,
    "text_of": text_of(1, 5),
    "folder": folder,
    "networks": networks,
    "label_names": label_names,
}
GOOD = [
    ("duration", "0", 0),
    ("duration", "30", 30),
    ("duration", "30s", 30),
    ("duration", "15m", 900),
    ("duration", "1h", 3600),
    ("duration", "1d", 86400),
    ("duration", "2w", 1209600),
    ("label_names", "pod", Names(["pod"])),
    ("label_names", "a, b ,c", Names("abc")),
    ("label_names", "x" * 255, Names(["x" * 255])),
    ("size", "0", 0),
    ("size", "65536", 65536),
    ("size", "64K", 65536),
    ("size", "16M", 16777216),
    ("size", "16MB", 16777216),
    ("size", "16MiB", 16777216),
    ("size", "1G", 1073741824),
    ("whole", "-5", -5),
    ("whole", "0", 0),
    ("whole", "100", 100),
    ("whole", "007", 7),
    ("at_least_one", "1s", 1),
    ("database_url", "sqlite:///alertrpc.db", "sqlite:///alertrpc.db"),
    ("database_url", "sqlite:////var/lib/alert rpc.db", "sqlite:////var/lib/alert rpc.db"),
    ("api_version", "7.0.0", "7.0.0"),
    ("api_version", "7.0.22", "7.0.22"),
    ("one_of", "info", "info"),
    ("host", "::1", "::1"),
    ("host", "0.0.0.0", "0.0.0.0"),
    ("host", "localhost", "localhost"),
    ("text_of", "a", "a"),
    ("text_of", "ü b c", "ü b c"),
    ("folder", "/var/lib/scripts", Path("/var/lib/scripts")),
    ("networks", "none", Networks()),
    ("networks", "", Networks()),
    ("networks", "10.0.0.1", Networks([ip_network("10.0.0.1/32")])),
    ("networks", "10.0.0.0/8 , fd00::/8", Networks([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])),
]
BAD = [
    *[("duration", text) for text in ("", "s", "-1", "1.5h", "1 h", "1H", "1y", "1h30m", "30s\n", "9999999999", "٣s")],
    *[("size", text) for text in ("", "M", "-1", "1.5M", "16 M", "16m", "1T", "16M\n", "9999999999999", "٣M")],
    *[("whole", text) for text in ("", "-6", "101", "1.0", "1e2", "+1", " 1", "1\n", "x", "9" * 5000, "٣", "²")],
    *[("at_least_one", text) for text in ("0", "0m", "x")],
    *[("database_url", text) for text in ("", "alertrpc.db", "sqlite://a.db", "sqlite:///", "postgresql:///a")],
    *[("database_url", text) for text in ("sqlite:///:memory:", "sqlite:///a.db?mode=ro", "sqlite:///a.db#x")],
    *[("api_version", text) for text in ("", "7", "7.0", "6.0.1", "7.2.1", "7.0.x", "7.0.1\n", "17.0.1", "7.0.٣")],
    *[("one_of", text) for text in ("", "INFO", "warning", "info ")],
    *[("host", text) for text in ("", " ", "local host", "localhost\n")],
    *[("networks", text) for text in ("x", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.1,", ",", "10.0.0.1 10.0.0.2", "::1%")],
    *[("text_of", text) for text in ("", "123456", "a\0")],
    *[("label_names", text) for text in ("", "a,,b", "a,", "a,b,a", "a\0", "x" * 256, ",".join(map(str, range(101))))],
    *[("folder", text) for text in ("", "a\0")],
]
WRONG_FILES = [
    ("trusted_proxies = ['10.0.0.1', 1]", "{path}: trusted_proxies: a list of strings is expected"),
    ("trusted_proxies = ['10.0.0.1', 'x']", "{path}: trusted_proxies: addresses and networks such as 10.0.0.1, "),
    ("target_labels = ['a', 1]", "{path}: target_labels: a list of strings is expected"),
    ("target_labels = []", "{path}: target_labels: names of labels between commas, "),
    ("host = ['10.0.0.1']", "{path}: host: a string or a whole number is expected"),
    ("port = 1\nport = 2", "{path}: "),
    ("port = ", "{path}: "),
    ("port: 1", "{path}: "),
    ("hostname = 'a'", "{path}: unknown setting 'hostname'"),
    ("[server]\nport = 1", "{path}: unknown setting 'server'"),
    ("port = true", "{path}: port: a string or a whole number is expected"),
    ("port = 1.5", "{path}: port: a string or a whole number is expected"),
    ("port = [1]", "{path}: port: a string or a whole number is expected"),
    ("port = 0x" + "f" * 9000, "{path}: port: a string or a whole number is expected"),
    ("port = " + "9" * 9000, "{path}: "),
    ("port = " + "[" * 9000, "{path}: "),
    ("users = []", "{path}: unknown setting 'users'"),
    ("port = 2024-01-01", "{path}: port: a string or a whole number is expected"),
    ("port = 65536", "{path}: port: a whole number from 0 to 65535 is expected, not '65536'"),
    ("session_idle = '1x'", "{path}: session_idle: a time such as 30s, 15m or 1h is expected, not '1x'"),
]


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_a_setting_is_described(setting: Setting) -> None:
    setting.parse(setting.default)
    assert setting.flag == "--" + setting.name.replace("_", "-")
    assert setting.variable == "ALERTRPC_" + setting.name.upper()
    assert setting.metavar.isupper()
    assert setting.help[0].isupper()
    assert setting.help[-1] == "."


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_a_value_is_told_as_it_is_given(setting: Setting) -> None:
    """As `alertrpc check` tells it."""
    value = setting.parse(setting.default)
    assert setting.parse(str(value)) == value


def test_the_defaults() -> None:
    settings = read_settings(None, {}, {})
    assert {name: getattr(settings, name) for name in BY_NAME} == {
        "database": "sqlite:///alertrpc.db",
        "host": "127.0.0.1",
        "port": 8080,
        "workers": 1,
        "api_version": "7.0.22",
        "body_limit": 16 * 2**20,
        "anonymous_body_limit": 2**20,
        "query_timeout": 30,
        "stall_timeout": 60,
        "scan_connections": 4,
        "session_idle": 900,
        "login_attempts": 5,
        "login_block": 30,
        "scripts_dir": Path("scripts"),
        "work_dir": Path("work"),
        "push_group": "Pushed alarms",
        "push_limit": 0,
        "resolve_timeout": 300,
        "target_labels": ("pod", "instance", "host", "hostname", "node", "service", "namespace", "job"),
        "trusted_proxies": Networks(),
        "public_url": "",
        "deliver": "yes",
        "shutdown_timeout": 30,
        "log_level": "info",
        "log_format": "text",
    }


@pytest.mark.parametrize(("kind", "text", "value"), GOOD)
def test_a_good_value(kind: str, text: str, value: object) -> None:
    parsed = KINDS[kind](text)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(("kind", "text"), BAD, ids=[f"{kind}-{text[:20]!r}" for kind, text in BAD])
def test_a_bad_value(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        KINDS[kind](text)


@pytest.mark.parametrize(
    ("file", "variable", "flag", "port"),
    [
        (None, None, None, 8080),
        (FILE, None, None, int(FILE)),
        (None, VARIABLE, None, int(VARIABLE)),
        (None, None, FLAG, int(FLAG)),
        (FILE, VARIABLE, None, int(VARIABLE)),
        (FILE, None, FLAG, int(FLAG)),
        (None, VARIABLE, FLAG, int(FLAG)),
        (FILE, VARIABLE, FLAG, int(FLAG)),
    ],
)
def test_the_later_place_wins(
    tmp_path: Path, file: str | None, variable: str | None, flag: str | None, port: int
) -> None:
    config = tmp_path / "alertrpc.toml"
    config.write_text(f"port = {file}" if file else "")
    environment = {"ALERTRPC_PORT": variable} if variable else {}
    assert read_settings(str(config), {"port": flag}, environment).port == port


@pytest.mark.parametrize("text", ["port = 7003", "port = '7003'"])
def test_a_number_in_the_file_may_be_a_string(tmp_path: Path, text: str) -> None:
    config = tmp_path / "alertrpc.toml"
    config.write_text(text)
    assert read_settings(str(config), {}, {}).port == 7003


@pytest.mark.parametrize("text", ["['10.0.0.1', 'fd00::/8']", "'10.0.0.1,fd00::/8'"])
def test_networks_in_the_file_are_a_list_or_a_string(tmp_path: Path, text: str) -> None:
    config = tmp_path / "alertrpc.toml"
    config.write_text(f"trusted_proxies = {text}")
    assert str(read_settings(str(config), {}, {}).trusted_proxies) == "10.0.0.1/32, fd00::/8"


@pytest.mark.parametrize(("text", "fault"), WRONG_FILES)
def test_a_wrong_file_is_named_with_its_fault(tmp_path: Path, text: str, fault: str) -> None:
    config = tmp_path / "alertrpc.toml"
    config.write_text(text)
    with pytest.raises(SettingsError) as raised:
        read_settings(str(config), {}, {})
    assert str(raised.value).startswith(fault.format(path=config))


def test_what_a_file_declares_is_no_setting(tmp_path: Path) -> None:
    config = tmp_path / "alertrpc.toml"
    config.write_text("port = 7003\nuser = 1\n[[media_type]]\nport = 1\n[[action]]\nnothing = 1\n")
    assert read_settings(str(config), {}, {}).port == 7003


@pytest.mark.parametrize("content", [b"port = 1 # \xff", b"\x00"])
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes) -> None:
    config = tmp_path / "alertrpc.toml"
    config.write_bytes(content)
    with pytest.raises(SettingsError, match=r"alertrpc\.toml: "):
        read_settings(str(config), {}, {})


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.toml: No such file or directory"):
        read_settings(str(tmp_path / "missing.toml"), {}, {})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Is a directory"):
        read_settings(str(tmp_path), {}, {})


@pytest.mark.parametrize(
    ("environment", "fault"),
    [
        ({"ALERTRPC_PROT": "1"}, "unknown setting ALERTRPC_PROT in the environment"),
        ({"ALERTRPC_port": "1"}, "unknown setting ALERTRPC_port in the environment"),
        ({"ALERTRPC_PORT": ""}, "ALERTRPC_PORT: a whole number from 0 to 65535 is expected, not ''"),
        ({"ALERTRPC_WORKERS": "0"}, "ALERTRPC_WORKERS: a whole number from 1 to 64 is expected, not '0'"),
    ],
)
def test_a_wrong_variable_is_named(environment: dict[str, str], fault: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings(None, {}, environment)
    assert str(raised.value) == fault


def test_a_wrong_flag_is_named() -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings(None, {"query_timeout": "0"}, {})
    assert str(raised.value) == "--query-timeout: a value above 0 is expected, not '0'"


def test_other_variables_are_no_settings() -> None:
    others = {"ALERTRPC_CONFIG": "x", "ALERTRPC_ADMIN_PASSWORD": "x", "ALERTRPC_PASSWORD": "x", "PORT": "x"}
    assert read_settings(None, {}, others) == read_settings(None, {}, {})


@pytest.mark.parametrize(
    ("address", "path"), [("sqlite:///a/b.db", "a/b.db"), ("sqlite:////a/b.db", "/a/b.db"), ("sqlite:///ü.db", "ü.db")]
)
def test_the_path_of_the_database(address: str, path: str) -> None:
    assert read_settings(None, {"database": address}, {}).database_path == Path(path)
