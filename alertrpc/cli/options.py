"""What commands share: settings, a database, and checks of names and numbers."""

import re
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, NamedTuple

import click
from rich.table import Table

from alertrpc.cli.output import show
from alertrpc.settings import TABLE, Settings, read_settings
from alertrpc.store.database import administered
from alertrpc.store.groups import LONGEST_HOST_GROUP, LONGEST_USER_GROUP
from alertrpc.values import INT64_MAX, whole

_NO_TEXT = re.compile("[\ud800-\udfff]")  # bytes of an argument that are not UTF-8
several = partial(click.option, multiple=True, metavar="NAME")
_config_option = click.option("--config", metavar="FILE", envvar="ALERTRPC_CONFIG", help="A TOML file with settings.")


class Sources(NamedTuple):
    """The sources of settings besides the environment: a file, and flags."""

    config: str | None
    flags: Mapping[str, str | None]

    def read(self) -> Settings:
        return read_settings(self.config, self.flags)


def settings_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the flags of the named settings, or of all, and --config; an argument `config_file` overrides it.

    The command gets the Settings as `settings`; click's context object is their Sources.
    """
    chosen = [setting for setting in TABLE if not names or setting.name in names]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_settings(config: str | None, config_file: str | None = None, **values: Any) -> Any:
            sources = Sources(config_file or config, {setting.name: values.pop(setting.name) for setting in chosen})
            click.get_current_context().obj = sources
            return command(settings=sources.read(), **values)

        for setting in reversed(chosen):
            told = f"{setting.help} [{setting.variable}; {setting.default}]"
            click.option(setting.flag, setting.name, metavar=setting.metavar, help=told)(with_settings)
        return _config_option(with_settings)

    return decorate


def in_database(command: Callable[..., str | Table]) -> Callable[..., Any]:
    """Calls a command with a connection; shows what it returns once its changes are committed."""

    @wraps(command)
    @settings_options("database")
    def with_connection(settings: Settings, **values: Any) -> None:
        with administered(settings.database_path) as connection:
            result = command(connection, **values)
        show(result)

    return with_connection


def name_of(most: int) -> Callable[[str], str]:
    """The check of an argument that is a name of 1 to `most` characters."""

    def check(value: str) -> str:
        if not 1 <= len(value) <= most or _NO_TEXT.search(value):
            raise click.BadParameter(f"a name of 1 to {most} characters is expected")
        return value

    return check


def an_id(value: str) -> int:
    try:
        return whole(0, INT64_MAX)(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a valid integer.") from error


USER_NAME, USER_GROUP_NAME, HOST_GROUP_NAME = map(name_of, (100, LONGEST_USER_GROUP, LONGEST_HOST_GROUP))
