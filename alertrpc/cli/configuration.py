"""The commands that use or apply a configuration: serve, apply, check and test-channel."""

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from functools import partial

import click

from alertrpc.cli.options import Sources, settings_options
from alertrpc.errors import ConfigurationError, NameFaults, StoreError
from alertrpc.loglines import write_log
from alertrpc.records import Configuration
from alertrpc.reloading import Hangup, Reload
from alertrpc.settings import TABLE, Settings
from alertrpc.store.applying.applying import bring, rehearse
from alertrpc.store.database import inspect
from alertrpc.words import counted

log = logging.getLogger(__package__)


@click.command()
@settings_options()
@click.pass_obj
def serve(sources: Sources, settings: Settings) -> None:
    """Serve the API until SIGTERM or SIGINT; a second one stops at once. SIGHUP reads the file of --config again.

    What the file declares, media types, users' media, user groups and actions, is applied first.
    """
    hangup = Hangup()
    write_log(settings.log_level, settings.log_format)
    from alertrpc.server import serve as run_server  # imported here, so that the other commands start faster

    reload = Reload(settings, hangup)
    if sources.config is not None:
        reload = Reload(settings, hangup, sources.read, partial(_declare, sources.config))
    reload.declare(settings)
    run_server(reload, lambda address: click.echo(f"alertrpc serves on {address}"))


def _declare(config: str, settings: Settings) -> None:
    """Applies what the file declares, if anything, and logs the changes."""
    if (configuration := _declared(config)) is not None:
        for change in _applied(settings, config, configuration):
            log.info("%s", change)
        for fault in (*_missing(settings, config, configuration), *_readable(config, configuration)):
            log.warning("%s", fault)


@click.command()
@click.argument("config_file", metavar="FILE", required=False)
@settings_options("database")
@click.pass_obj
def apply(sources: Sources, settings: Settings) -> None:
    """Bring the database to what FILE declares: media types, users' media, user groups, actions. FILE is as for --config.

    All changes are made, or none; they are shown. Objects that FILE no longer declares are disabled or taken back. Objects
    that apply did not create are never touched.
    """
    if (config := sources.config) is None:
        raise click.UsageError("Missing argument 'FILE'.")
    configuration = _read(config)
    changes = _applied(settings, config, configuration)
    click.echo("\n".join(changes) or "nothing changed")
    for fault in (*_missing(settings, config, configuration), *_readable(config, configuration)):
        click.echo(f"alertrpc: warning: {fault}", err=True)


@click.command()
@click.argument("config_file", metavar="[FILE]", required=False)
@settings_options()
@click.pass_obj
def check(sources: Sources, settings: Settings) -> None:
    """Check the settings, what FILE declares, and the database; nothing is changed. FILE is as for --config."""
    for setting in TABLE:
        click.echo(f"{setting.name} = {getattr(settings, setting.name)}")
    _check_declared(settings, sources.config)
    version, alerts = inspect(settings.database_path)
    click.echo(f"database {settings.database_path}: schema version {version}, {counted(alerts, 'alert')}, no faults")


@click.command("test-channel")
@click.argument("name")
@click.option("--sendto", required=True, metavar="ADDRESS", help="Whom to send it to.")
@click.option("--subject", default="", help="The subject; without it, the media type's own.")
@click.option("--message", default="", help="The message; without it, the media type's own.")
@settings_options("database", "scripts_dir", "work_dir")
def test_channel(settings: Settings, name: str, sendto: str, subject: str, message: str) -> None:
    """Send a message marked [TEST] through the media type NAME and show the result.

    It is sent and recorded like a real alert. The exit status is 0 if it was sent, otherwise 1.
    """
    from alertrpc.delivery.trials import send_test

    result = asyncio.run(send_test(settings, name, sendto, subject=subject, message=message))
    for member, value in result.items():
        if value not in ("", None):
            click.echo(f"{member}: {value}".rstrip())
    sys.exit(0 if result["outcome"] == "sent" else 1)


def _check_declared(settings: Settings, config: str | None) -> None:
    """Raises ConfigurationError with all faults of what the file declares, if anything."""
    if config is None or (configuration := _declared(config)) is None:
        return
    for warning in _readable(config, configuration):
        click.echo(f"alertrpc: warning: {warning}", err=True)
    faults = list(_missing(settings, config, configuration))
    changes: list[str] = []
    try:
        if os.access(settings.database_path, os.F_OK):
            changes = rehearse(settings.database_path, configuration)
    except NameFaults as error:
        faults += [f"{config}: {fault}" for fault in error.faults]
    except StoreError:
        if not faults:
            raise
    if faults:
        raise ConfigurationError(*faults)
    for change in changes:
        click.echo(f"apply would change: {change}")
    click.echo(
        f"{config}: {counted(len(configuration.media_types), 'media type')},"
        f" {counted(len(configuration.receivers), 'user')}, {counted(len(configuration.user_groups), 'user group')},"
        f" {counted(len(configuration.actions), 'action')}, no faults"
    )


def _declared(config: str) -> Configuration | None:
    """What the file declares; None if it has only settings."""
    from alertrpc.configuration.reading import declares

    return _read(config) if declares(config) else None


def _read(config: str) -> Configuration:
    from alertrpc.configuration.reading import read_configuration
    from alertrpc.delivery.channels import KINDS

    return read_configuration(config, KINDS)


def _applied(settings: Settings, config: str, configuration: Configuration) -> list[str]:
    """Brings the database to what the file declares; returns the changes."""
    try:
        return bring(settings.database_path, configuration)
    except NameFaults as error:
        raise NameFaults(*(f"{config}: {fault}" for fault in error.faults)) from error


def _missing(settings: Settings, config: str, configuration: Configuration) -> Iterator[str]:
    """What media types name and is not there; the rest of the configuration is applied all the same."""
    from alertrpc.configuration.faults import place
    from alertrpc.delivery.references import faults_of_files

    yield from _script_faults(settings, config, configuration)
    for number, media_type in enumerate(configuration.media_types, 1):
        for fault in faults_of_files(media_type):
            yield f"{config}: {place('media_type', number, media_type.name)}: {fault}"


def _readable(config: str, configuration: Configuration) -> Iterator[str]:
    """The files of references that everybody may read."""
    from alertrpc.configuration.faults import place
    from alertrpc.delivery.references import references_of
    from alertrpc.references import FILE, is_readable_by_all

    for number, media_type in enumerate(configuration.media_types, 1):
        for reference in filter(is_readable_by_all, references_of(media_type)):
            named = f"{config}: {place('media_type', number, media_type.name)}"
            yield f"{named}: everybody may read the file {reference.removeprefix(FILE)}"


def _script_faults(settings: Settings, config: str, configuration: Configuration) -> Iterator[str]:
    """Faults of scripts that cannot be run; the rest of the configuration is applied all the same."""
    from alertrpc.configuration.faults import place
    from alertrpc.delivery.channels.script import ScriptMediaType
    from alertrpc.delivery.scripts.files import find_script
    from alertrpc.references import references_in

    for number, media_type in enumerate(configuration.media_types, 1):
        if not isinstance(media_type, ScriptMediaType) or references_in(media_type.script):
            continue
        try:
            find_script(settings.scripts_dir, media_type.script)
        except ValueError as error:
            yield f"{config}: {place('media_type', number, media_type.name)}: script: {error}"
