"""Every setting is one row of one table; a TOML file, the environment and flags give it a value, later ones win."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from alertrpc.documents import read_document
from alertrpc.errors import ConfigurationError, SettingsError
from alertrpc.loglines import FORMATS, one_line
from alertrpc.networks import NONE, Networks, networks
from alertrpc.values import INT64, at_least_one, duration, one_of, size, whole

ENVIRONMENT_PREFIX = "ALERTRPC_"
# Names of the environment that are no settings of the server.
OTHER_ENVIRONMENT = frozenset({"ALERTRPC_CONFIG", "ALERTRPC_ADMIN_PASSWORD", "ALERTRPC_PASSWORD"})
# What a file declares beside settings; configuration/ reads it.
DECLARED = ("media_type", "user", "user_group", "action")

NETWORKS = "NETWORKS"  # the metavar of settings that a list of TOML sets too
YES_OR_NO = "YES|NO"  # the metavar of settings that TOML's true and false set too
_LONGEST_SHOWN = 100  # characters of a wrong name or value
_MOST_HINTS = 100  # each is a search among all names


def matching(pattern: str, expected: str) -> Callable[[str], str]:
    whole_text = re.compile(pattern, re.DOTALL)

    def parse(text: str) -> str:
        if not whole_text.fullmatch(text):
            raise ValueError(f"{expected} is expected")
        return text

    return parse


def text_of(least: int, most: int) -> Callable[[str], str]:
    return matching(rf"[^\0]{{{least},{most}}}", f"a text of {least} to {most} characters")


def folder(text: str) -> Path:
    return Path(_folder(text))


database_url = matching(
    r"sqlite:///[^?#]+(?<!:memory:)", "an address such as sqlite:///alertrpc.db or sqlite:////var/lib/alertrpc.db"
)
api_version = matching(r"7\.0\.[0-9]+", "a Zabbix version such as 7.0.22")
host = matching(r"\S+", "a host name or an address")
_folder = matching(r"[^\0]+", "a folder")


@dataclass(frozen=True, slots=True)
class Setting:
    parse: Callable[[str], Any]
    metavar: str
    default: str
    help: str
    needs_restart: bool = False  # what a server sets up with when it starts; the others change while it runs
    name: str = ""

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.name.upper()


@dataclass(slots=True)
class Settings:
    """Every setting, a row each, and its value: times in seconds, sizes in bytes.

    A server has one, which changes while it runs, by `take_over` alone: its parts read it whenever they need a value.
    """

    # fmt: off
    database: Annotated[str, Setting(database_url, "URL", "sqlite:///alertrpc.db",
        "The database; three slashes lead a relative path.", needs_restart=True)]
    host: Annotated[str, Setting(host, "HOST", "127.0.0.1", "The address to listen on.", needs_restart=True)]
    port: Annotated[int, Setting(whole(0, 65535), "PORT", "8080",
        "The port to listen on; 0 takes a free one.", needs_restart=True)]
    workers: Annotated[int, Setting(whole(1, 64), "N", "1", "How many processes share the port.", needs_restart=True)]
    api_version: Annotated[str, Setting(api_version, "VERSION", "7.0.22",
        "The Zabbix version that apiinfo.version answers.", needs_restart=True)]
    body_limit: Annotated[int, Setting(at_least_one(size), "SIZE", "16M",
        "The largest request body; a larger one is answered 413.")]
    anonymous_body_limit: Annotated[int, Setting(at_least_one(size), "SIZE", "1M",
        "The same where the request's header has no good credential.")]
    query_timeout: Annotated[int, Setting(at_least_one(duration), "TIME", "30s",
        "How long one query may run in the database.")]
    stall_timeout: Annotated[int, Setting(at_least_one(duration), "TIME", "60s",
        "How long a client may take for its request's body, or for a piece of a streamed answer.")]
    scan_connections: Annotated[int, Setting(whole(1, 64), "N", "4",
        "How many searches and long answers a worker runs at one time; more wait for their turn.", needs_restart=True)]
    session_idle: Annotated[int, Setting(at_least_one(duration), "TIME", "15m",
        "A session ends when it was not used for so long.")]
    login_attempts: Annotated[int, Setting(whole(1, 32), "N", "5", "So many failed logins in a row block the user.")]
    login_block: Annotated[int, Setting(at_least_one(duration), "TIME", "30s",
        "How long a user is blocked after failed logins.")]
    scripts_dir: Annotated[Path, Setting(folder, "DIR", "scripts",
        "Where the scripts of media types are.", needs_restart=True)]
    work_dir: Annotated[Path, Setting(folder, "DIR", "work",
        "Where scripts run: a folder for each media type.", needs_restart=True)]
    push_group: Annotated[str, Setting(text_of(1, 255), "NAME", "Pushed alarms",
        "The host group of targets that pushes made.")]
    push_limit: Annotated[int, Setting(whole(0, 1_000_000), "N", "0",
        "How many alarms a user may push a minute; 0 is no limit.")]
    resolve_timeout: Annotated[int, Setting(at_least_one(duration), "TIME", "5m",
        "When a Prometheus alert without endsAt ends that is not sent again.")]
    trusted_proxies: Annotated[Networks, Setting(networks, NETWORKS, NONE,
        "The proxies, as addresses and networks, that tell a client's address by X-Forwarded-For or Forwarded.")]
    deliver: Annotated[str, Setting(one_of(("yes", "no")), YES_OR_NO, "yes",
        "Whether this server sends alerts.", needs_restart=True)]
    shutdown_timeout: Annotated[int, Setting(at_least_one(duration), "TIME", "30s",
        "How long SIGTERM and SIGINT wait for the answers in flight.")]
    log_level: Annotated[str, Setting(one_of(("debug", "info", "warning", "error")), "LEVEL", "info",
        "What is written to standard error.")]
    log_format: Annotated[str, Setting(one_of(FORMATS), "FORMAT", "text",
        "How it is written: text, or json, an object a line.")]
    # fmt: on

    @property
    def database_path(self) -> Path:
        return Path(self.database.removeprefix("sqlite:///"))

    def take_over(self, new: "Settings") -> list[str]:
        """Takes the values that can change while the server runs; the names of the others that are not the same."""
        for name in BY_NAME.keys() - set(NEED_RESTART):
            setattr(self, name, getattr(new, name))
        return [name for name in NEED_RESTART if getattr(self, name) != getattr(new, name)]


TABLE = [replace(hint.__metadata__[0], name=name) for name, hint in Settings.__annotations__.items()]
BY_NAME = {setting.name: setting for setting in TABLE}
NEED_RESTART = [setting.name for setting in TABLE if setting.needs_restart]


def _from_file(path: str) -> dict[str, tuple[str, str]]:
    """Texts of the settings in a TOML file, each with where it stands; what else it declares is left aside."""
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
        elif isinstance(value, bool) or not (isinstance(value, str) or (isinstance(value, int) and value in INT64)):
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
    for variable in environment:
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in {*by_variable, *OTHER_ENVIRONMENT}:
            raise SettingsError(f"unknown setting {one_line(variable, _LONGEST_SHOWN)} in the environment")
    return {
        name: (environment[variable], variable) for variable, name in by_variable.items() if variable in environment
    }


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
