"""The settings, one row each. A TOML file, the environment and flags set them; later ones win."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from alertrpc.documents import read_document
from alertrpc.errors import ConfigurationError, SettingsError
from alertrpc.loglines import FORMATS, one_line, quoted
from alertrpc.networks import NONE, Networks, networks
from alertrpc.values import INT64, at_least_one, duration, one_of, size, whole

ENVIRONMENT_PREFIX = "ALERTRPC_"
# Variables that are not settings of the server.
OTHER_ENVIRONMENT = frozenset({"ALERTRPC_CONFIG", "ALERTRPC_ADMIN_PASSWORD", "ALERTRPC_PASSWORD"})
# What a file declares beside settings; configuration/ reads it.
DECLARED = ("media_type", "user", "user_group", "action")

NETWORKS, NAMES = LISTS = ("NETWORKS", "NAMES")  # the metavars of settings that also take a list of TOML
YES_OR_NO = "YES|NO"  # the metavar of settings that also take TOML's true and false
LONGEST_LABEL_NAME = 255
MOST_LABEL_NAMES = 100
_PUBLIC_URL = re.compile(r"https?://[^\s?#\x00-\x1f\x7f\"<>]{1,1000}")
_LONGEST_NAME = 100  # characters of a wrong name
_MOST_HINTS = 100  # each searches all names


def matching(pattern: str, expected: str) -> Callable[[str], str]:
    whole_text = re.compile(pattern, re.DOTALL)

    def parse(text: str) -> str:
        if not whole_text.fullmatch(text):
            raise ValueError(f"{expected} is expected")
        return text

    return parse


def text_of(least: int, most: int) -> Callable[[str], str]:
    return matching(rf"[^\0]{{{least},{most}}}", f"a text of {least} to {most} characters")


class Names(tuple[str, ...]):
    """Names that are told between commas."""

    def __str__(self) -> str:
        return ", ".join(self)


def label_names(text: str) -> Names:
    """Names of labels between commas; raises ValueError."""
    names = Names([name.strip() for name in text.split(",")])
    if not all(1 <= len(name) <= LONGEST_LABEL_NAME and "\0" not in name for name in names):
        raise ValueError(f"names of labels between commas, of 1 to {LONGEST_LABEL_NAME} characters, are expected")
    if len(set(names)) < len(names) or len(names) > MOST_LABEL_NAMES:
        raise ValueError(f"at most {MOST_LABEL_NAMES} different names of labels are expected")
    return names


def public_url(text: str) -> str:
    """An address without a slash at its end, or "" for none; raises ValueError."""
    if text in ("", NONE):
        return ""
    if not _PUBLIC_URL.fullmatch(text):
        raise ValueError("an address such as https://alerts.example.com, without a query, is expected")
    return text.rstrip("/")


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
    needs_restart: bool = False  # the others change while the server runs
    name: str = ""

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.name.upper()


@dataclass(slots=True)
class Settings:
    """Every setting and its value: times in seconds, sizes in bytes.

    A server has one object, which only `take_over` changes while it runs: its parts read it whenever they need a value.
    """

    # fmt: off
    database: Annotated[str, Setting(database_url, "URL", "sqlite:///alertrpc.db",
        "The database; a relative path has three slashes.", needs_restart=True)]
    host: Annotated[str, Setting(host, "HOST", "127.0.0.1", "The address to listen on.", needs_restart=True)]
    port: Annotated[int, Setting(whole(0, 65535), "PORT", "8080",
        "The port to listen on; 0 chooses a free port.", needs_restart=True)]
    workers: Annotated[int, Setting(whole(1, 64), "N", "1",
        "The number of processes that share the port.", needs_restart=True)]
    api_version: Annotated[str, Setting(api_version, "VERSION", "7.0.22",
        "The Zabbix version that apiinfo.version returns.", needs_restart=True)]
    body_limit: Annotated[int, Setting(at_least_one(size), "SIZE", "16M",
        "The largest request body; larger ones are answered 413.")]
    anonymous_body_limit: Annotated[int, Setting(at_least_one(size), "SIZE", "1M",
        "The same for requests without a valid credential in the header.")]
    query_timeout: Annotated[int, Setting(at_least_one(duration), "TIME", "30s",
        "How long a query may run in the database.")]
    stall_timeout: Annotated[int, Setting(at_least_one(duration), "TIME", "60s",
        "How long a client may take to send a request's body, or to receive 64 KiB of a long answer.")]
    scan_connections: Annotated[int, Setting(whole(1, 64), "N", "4",
        "How many searches and long answers a worker runs at once; others wait for their turn.", needs_restart=True)]
    session_idle: Annotated[int, Setting(at_least_one(duration), "TIME", "15m",
        "A session ends after this time unused.")]
    login_attempts: Annotated[int, Setting(whole(1, 32), "N", "5",
        "A user is blocked after this many failed logins in a row.")]
    login_block: Annotated[int, Setting(at_least_one(duration), "TIME", "30s",
        "How long the user is blocked.")]
    scripts_dir: Annotated[Path, Setting(folder, "DIR", "scripts",
        "The folder of the media types' scripts.", needs_restart=True)]
    work_dir: Annotated[Path, Setting(folder, "DIR", "work",
        "The folder in which scripts run, a subfolder per media type.", needs_restart=True)]
    push_group: Annotated[str, Setting(text_of(1, 255), "NAME", "Pushed alarms",
        "The host group for targets of pushed alarms.")]
    push_limit: Annotated[int, Setting(whole(0, 1_000_000), "N", "0",
        "How many alarms a user may push per minute; 0: no limit.")]
    resolve_timeout: Annotated[int, Setting(at_least_one(duration), "TIME", "5m",
        "When a Prometheus alert without endsAt ends if it is not sent again.")]
    target_labels: Annotated[Names, Setting(label_names, NAMES,
        "pod, instance, host, hostname, node, service, namespace, job",
        "Which label of a Prometheus alert names its target: the first that it has; a pod only with its namespace.")]
    trusted_proxies: Annotated[Networks, Setting(networks, NETWORKS, NONE,
        "The proxies, as addresses and networks, whose X-Forwarded-For or Forwarded gives the client's address.")]
    public_url: Annotated[str, Setting(public_url, "URL", "none",
        "The address at which people reach this server, for links in messages; none: no links.")]
    deliver: Annotated[str, Setting(one_of(("yes", "no")), YES_OR_NO, "yes",
        "Whether this server sends alerts.", needs_restart=True)]
    shutdown_timeout: Annotated[int, Setting(at_least_one(duration), "TIME", "30s",
        "How long SIGTERM and SIGINT wait for requests in progress.")]
    log_level: Annotated[str, Setting(one_of(("debug", "info", "warning", "error")), "LEVEL", "info",
        "The least level that is logged.")]
    log_format: Annotated[str, Setting(one_of(FORMATS), "FORMAT", "text",
        "The log's format: text, or json for one object per line.")]
    # fmt: on

    @property
    def database_path(self) -> Path:
        return Path(self.database.removeprefix("sqlite:///"))

    def take_over(self, new: "Settings") -> list[str]:
        """Takes the values that can change while the server runs; returns the names of the others that differ."""
        for name in BY_NAME.keys() - set(NEED_RESTART):
            setattr(self, name, getattr(new, name))
        return [name for name in NEED_RESTART if getattr(self, name) != getattr(new, name)]


TABLE = [replace(hint.__metadata__[0], name=name) for name, hint in Settings.__annotations__.items()]
BY_NAME = {setting.name: setting for setting in TABLE}
NEED_RESTART = [setting.name for setting in TABLE if setting.needs_restart]


def _from_file(path: str) -> dict[str, tuple[str, str]]:
    """The texts of the settings in a TOML file, each with its place; other declarations are ignored."""
    faults: list[str] = []
    texts = {}
    for name, value in read_document(path).items():
        if name in DECLARED:
            continue
        if name not in BY_NAME:
            hint = meant(name, [*BY_NAME, *DECLARED]) if len(faults) < _MOST_HINTS else ""
            faults.append(f"{path}: unknown setting {quoted(name)}{hint}")
        elif isinstance(value, bool) and BY_NAME[name].metavar == YES_OR_NO:
            texts[name] = ("yes" if value else "no", f"{path}: {name}")
        elif isinstance(value, list) and BY_NAME[name].metavar in LISTS:
            if all(isinstance(each, str) for each in value):
                texts[name] = (",".join(value), f"{path}: {name}")
            else:
                faults.append(f"{path}: {name}: a list of strings is expected")
        elif isinstance(value, bool) or not (isinstance(value, str) or (isinstance(value, int) and value in INT64)):
            faults.append(f"{path}: {name}: a string or a whole number is expected")
        else:
            texts[name] = (str(value), f"{path}: {name}")
    if faults:
        raise ConfigurationError(*faults)
    return texts


def meant(name: str, known: Iterable[str]) -> str:
    """The end of a fault: the known name that is closest to a wrong one, if any."""
    nearest = get_close_matches(name[:_LONGEST_NAME], list(known), n=1)
    return f'; did you mean "{nearest[0]}"?' if nearest else ""


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    by_variable = {setting.variable: setting.name for setting in TABLE}
    for variable in environment:
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in {*by_variable, *OTHER_ENVIRONMENT}:
            raise SettingsError(f"unknown setting {one_line(variable, _LONGEST_NAME)} in the environment")
    return {name: (environment[each], each) for each, name in by_variable.items() if each in environment}


def read_settings(
    config: str | None, flags: Mapping[str, str | None], environment: Mapping[str, str] = os.environ
) -> Settings:
    """The settings of a TOML file, the environment and flags, later ones win.

    Raises SettingsError that names each wrong value and its place.
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
            faults.append(f"{place}: {error}, not {quoted(text)}")
    if faults:
        raise ConfigurationError(*faults)
    return Settings(**values)
