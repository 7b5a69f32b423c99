"""Every setting is one row of one table; a TOML file, the environment and flags give it a value, later ones win."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from alertrpc.documents import read_document
from alertrpc.errors import ConfigurationError, SettingsError
from alertrpc.loglines import FORMATS, one_line
from alertrpc.networks import NONE, Networks, networks

ENVIRONMENT_PREFIX = "ALERTRPC_"
# Names of the environment that are no settings of the server.
OTHER_ENVIRONMENT = frozenset({"ALERTRPC_CONFIG", "ALERTRPC_ADMIN_PASSWORD", "ALERTRPC_PASSWORD"})
# What a file declares beside settings; configuration/ reads it.
DECLARED = ("media_type", "user", "user_group", "action")

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
NETWORKS = "NETWORKS"  # the metavar of settings that a list of TOML sets too
YES_OR_NO = "YES|NO"  # the metavar of settings that TOML's true and false set too
_LONGEST_SHOWN = 100  # characters of a wrong name or value
_MOST_HINTS = 100  # each is a search among all names
_INT64 = range(-(2**63), 2**63)  # TOML's integers; Python reads longer ones, and cannot write the longest


def duration(text: str) -> int:
    """Seconds of a Zabbix time suffix: `30`, `30s`, `15m`, `1h`, `1d`, `1w`."""
    match = re.fullmatch(r"(\d{1,9})([smhdw]?)", text)
    if not match:
        raise ValueError("a time such as 30s, 15m or 1h is expected")
    return int(match[1]) * _SECONDS[match[2]]


def size(text: str) -> int:
    """Bytes of a size: `65536`, `64K`, `16M`, `16MiB`, `1G`."""
    match = re.fullmatch(r"(\d{1,12})([KMG]?)(?:i?B)?", text)
    if not match:
        raise ValueError("a size such as 64K, 16M or 1G is expected")
    return int(match[1]) * _BYTES[match[2]]


def whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"-?\d{1,18}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most} is expected")
        return int(text)

    return parse


def at_least_one(parse: Callable[[str], int]) -> Callable[[str], int]:
    def parse_positive(text: str) -> int:
        if (value := parse(text)) < 1:
            raise ValueError("a value above 0 is expected")
        return value

    return parse_positive


def database_url(text: str) -> str:
    if not re.fullmatch(r"sqlite:///[^?#]+", text) or text.endswith(":memory:"):
        raise ValueError("an address such as sqlite:///alertrpc.db or sqlite:////var/lib/alertrpc.db is expected")
    return text


def api_version(text: str) -> str:
    if not re.fullmatch(r"7\.0\.\d+", text):
        raise ValueError("a Zabbix version such as 7.0.22 is expected")
    return text


def one_of(*values: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"one of {', '.join(values)} is expected")
        return text

    return parse


def host(text: str) -> str:
    if not text or any(c.isspace() for c in text):
        raise ValueError("a host name or an address is expected")
    return text


def text_of(least: int, most: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not least <= len(text) <= most or "\0" in text:
            raise ValueError(f"a text of {least} to {most} characters is expected")
        return text

    return parse


def folder(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError("a folder is expected")
    return Path(text)


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    parse: Callable[[str], Any]
    metavar: str
    default: str
    help: str

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.name.upper()


TABLE = (
    Setting("database", database_url, "URL", "sqlite:///alertrpc.db", "The database; a relative path has three slashes."),
    Setting("host", host, "HOST", "127.0.0.1", "The address to listen on."),
    Setting("port", whole(0, 65535), "PORT", "8080", "The port to listen on; 0 chooses a free port."),
    Setting("workers", whole(1, 64), "N", "1", "The number of processes that share the port."),
    Setting("api_version", api_version, "VERSION", "7.0.22", "The Zabbix version that apiinfo.version returns."),
    Setting("body_limit", at_least_one(size), "SIZE", "16M", "The largest request body; larger ones are answered 413."),
    Setting("anonymous_body_limit", at_least_one(size), "SIZE", "1M",
            "The same for requests without a valid credential in the header."),
    Setting("query_timeout", at_least_one(duration), "TIME", "30s", "How long a query may run in the database."),
    Setting("stall_timeout", at_least_one(duration), "TIME", "60s",
            "How long a client may take to send a request's body, or to receive 64 KiB of a long answer."),
    Setting("scan_connections", whole(1, 64), "N", "4",
            "How many searches and long answers a worker runs at once; others wait for their turn."),
    Setting("session_idle", at_least_one(duration), "TIME", "15m", "A session ends after this time unused."),
    Setting("login_attempts", whole(1, 32), "N", "5", "A user is blocked after this many failed logins in a row."),
    Setting("login_block", at_least_one(duration), "TIME", "30s", "How long the user is blocked."),
    Setting("scripts_dir", folder, "DIR", "scripts", "The folder of the media types' scripts."),
    Setting("work_dir", folder, "DIR", "work", "The folder in which scripts run, a subfolder per media type."),
    Setting("push_group", text_of(1, 255), "NAME", "Pushed alarms", "The host group for targets of pushed alarms."),
    Setting("push_limit", whole(0, 1_000_000), "N", "0", "How many alarms a user may push per minute; 0: no limit."),
    Setting("resolve_timeout", at_least_one(duration), "TIME", "5m",
            "When a Prometheus alert without endsAt ends if it is not sent again."),
    Setting("trusted_proxies", networks, NETWORKS, NONE,
            "The proxies, as addresses and networks, whose X-Forwarded-For or Forwarded gives the client's address."),
    Setting("deliver", one_of("yes", "no"), YES_OR_NO, "yes", "Whether this server sends alerts."),
    Setting("shutdown_timeout", at_least_one(duration), "TIME", "30s",
            "How long SIGTERM and SIGINT wait for requests in progress."),
    Setting("log_level", one_of("debug", "info", "warning", "error"), "LEVEL", "info", "The least level that is logged."),
    Setting("log_format", one_of(*FORMATS), "FORMAT", "text", "The log's format: text, or json for one object per line."),
)  # fmt: skip
BY_NAME = {setting.name: setting for setting in TABLE}
# What a server has set up with when it starts; the others change while it runs.
NEED_RESTART = (
    "database",
    "host",
    "port",
    "workers",
    "api_version",
    "scan_connections",
    "scripts_dir",
    "work_dir",
    "deliver",
)


@dataclass(slots=True)
class Settings:
    """The value of every row of TABLE: times in seconds, sizes in bytes.

    A server has one, which changes while it runs, by `take_over` alone: its parts read it whenever they need a value.
    """

    database: str
    host: str
    port: int
    workers: int
    api_version: str
    body_limit: int
    anonymous_body_limit: int
    query_timeout: int
    stall_timeout: int
    scan_connections: int
    session_idle: int
    login_attempts: int
    login_block: int
    scripts_dir: Path
    work_dir: Path
    push_group: str
    push_limit: int
    resolve_timeout: int
    trusted_proxies: Networks
    deliver: str
    shutdown_timeout: int
    log_level: str
    log_format: str

    @property
    def database_path(self) -> Path:
        return Path(self.database.removeprefix("sqlite:///"))

    def take_over(self, new: "Settings") -> list[str]:
        """Takes the values that can change while the server runs; the names of the others that are not the same."""
        for name in BY_NAME.keys() - set(NEED_RESTART):
            setattr(self, name, getattr(new, name))
        return [name for name in NEED_RESTART if getattr(self, name) != getattr(new, name)]


assert [f.name for f in fields(Settings)] == list(BY_NAME), "Settings and TABLE name the same settings"


def _from_file(path: str) -> dict[str, tuple[str, str]]:
    """Texts of the settings in a TOML file, each with where it stands; other declarations are ignored."""
    faults: list[str] = []
    texts = {}
    for name, value in read_document(path).items():
        if name in DECLARED:
            continue
        if name not in BY_NAME:
            hint = meant(name, [*BY_NAME, *DECLARED]) if len(faults) < _MOST_HINTS else ""
            faults.append(f"{path}: unknown setting {_shown(name)}{hint}")
        elif isinstance(value, bool) and BY_NAME[name].metavar == YES_OR_NO:
            texts[name] = ("yes" if value else "no", f"{path}: {name}")
        elif isinstance(value, list) and BY_NAME[name].metavar == NETWORKS:
            if all(isinstance(each, str) for each in value):
                texts[name] = (",".join(value), f"{path}: {name}")
            else:
                faults.append(f"{path}: {name}: a list of strings is expected")
        elif isinstance(value, bool) or not (isinstance(value, str) or (isinstance(value, int) and value in _INT64)):
            faults.append(f"{path}: {name}: a string or a whole number is expected")
        else:
            texts[name] = (str(value), f"{path}: {name}")
    if faults:
        raise ConfigurationError(faults)
    return texts


def meant(name: str, known: Iterable[str]) -> str:
    """The known name that a wrong one may stand for, as the end of a fault."""
    nearest = get_close_matches(name[:100], list(known), n=1)
    return f'; did you mean "{nearest[0]}"?' if nearest else ""


def _shown(text: str) -> str:
    return one_line(repr(text), _LONGEST_SHOWN)


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    by_variable = {setting.variable: setting.name for setting in TABLE}
    texts = {}
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in OTHER_ENVIRONMENT:
            continue
        if variable not in by_variable:
            raise SettingsError(f"unknown setting {one_line(variable, _LONGEST_SHOWN)} in the environment")
        texts[by_variable[variable]] = (text, variable)
    return texts


def read_settings(
    config: str | None, flags: Mapping[str, str | None], environment: Mapping[str, str] = os.environ
) -> Settings:
    """The settings of a TOML file, the environment and flags, later ones win.

    Raises SettingsError that names each wrong value and where it stands.
    """
    texts = {setting.name: (setting.default, setting.name) for setting in TABLE}
    if config is not None:
        texts |= _from_file(config)
    texts |= _from_environment(environment)
    texts |= {name: (text, BY_NAME[name].flag) for name, text in flags.items() if text is not None}
    faults, values = [], {}
    for name, (text, place) in texts.items():
        try:
            values[name] = BY_NAME[name].parse(text)
        except ValueError as error:
            faults.append(f"{place}: {error}, not {_shown(text)}")
    if faults:
        raise ConfigurationError(faults)
    return Settings(**values)
