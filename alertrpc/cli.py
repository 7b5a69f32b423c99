"""The commands: the only room that knows the terminal."""

import gzip
import logging
import os
import secrets
import sqlite3
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from alertrpc import __version__
from alertrpc.api.credentials import hash_token
from alertrpc.api.passwords import hash_password
from alertrpc.errors import AlertrpcError, ConfigurationError, LoadError, NameFaults, SettingsError, StoreError
from alertrpc.folders import folder_of
from alertrpc.loglines import fault_lines, write_log
from alertrpc.people import described, hints, local_time
from alertrpc.records import Configuration, Kind
from alertrpc.reloading import Hangup, Reload
from alertrpc.settings import TABLE, Setting, Settings, at_least_one, duration, read_settings
from alertrpc.store import groups as user_groups
from alertrpc.store import users
from alertrpc.store.applying.applying import bring, rehearse
from alertrpc.store.database import administered, create, inspect
from alertrpc.store.loading import lines_of, load_file
from alertrpc.store.roles import ROLES
from alertrpc.store.sight import group_of_readers, sight_of
from alertrpc.words import counted

USAGE = 2
FAILURE = 1
PASSWORD_VARIABLES = {"init": "ALERTRPC_ADMIN_PASSWORD", "user": "ALERTRPC_PASSWORD"}
LONGEST_PASSWORD = 255
_FROM_STDIN = "alertrpc.password_stdin"
_LONGEST_SENTENCE = 1_000  # characters of a help text
WIDEST = 10_000  # characters of a line of a table that is no terminal's

log = logging.getLogger(__name__)


def main() -> None:
    """Runs a command; each fault is one line on standard error, exit status 2 for a wrong call or setting, else 1."""
    try:
        sys.exit(cli.main(prog_name="alertrpc", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else error.format_message())
        sys.exit(USAGE)
    except (click.UsageError, SettingsError) as error:
        _complain(_faults(error), USAGE)
    except click.ClickException as error:
        _complain(_faults(error), error.exit_code)
    except AlertrpcError as error:
        _complain(_faults(error), FAILURE)
    except (click.Abort, KeyboardInterrupt):
        _complain(["stopped"], 130)


def _faults(error: click.ClickException | AlertrpcError) -> Sequence[str]:
    return [error.format_message()] if isinstance(error, click.ClickException) else error.faults


def _complain(faults: Sequence[str], status: int) -> None:
    for line in fault_lines(faults):
        click.echo(f"alertrpc: {line}", err=True)
    sys.exit(status)


def _settings_options(
    *names: str, tells_config: bool = False, rereads: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The flags of the named settings, or of all, and --config; the command gets them as one `settings`.

    A command that `tells_config` gets the file's path too, as `config`, and may have an argument `config_file`, which
    goes before --config. One that `rereads` gets as `reread` what reads the settings again.
    """
    chosen = [setting for setting in TABLE if not names or setting.name in names]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        def with_settings(config: str | None, config_file: str | None = None, **values: Any) -> Any:
            flags = {setting.name: values.pop(setting.name) for setting in chosen}
            config = config_file or config
            if tells_config:
                values["config"] = config
            if rereads:
                values["reread"] = partial(read_settings, config, flags)
            return command(settings=read_settings(config, flags), **values)

        with_settings.__name__, with_settings.__doc__ = command.__name__, command.__doc__
        with_settings.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
        for setting in reversed(chosen):
            click.option(setting.flag, setting.name, metavar=setting.metavar, help=_help(setting))(with_settings)
        click.option("--config", metavar="FILE", envvar="ALERTRPC_CONFIG", help="A TOML file with settings.")(
            with_settings
        )
        return with_settings

    return decorate


def _help(setting: Setting) -> str:
    return f"{setting.help} [{setting.variable}; {setting.default}]"


def _remember_source(context: click.Context, _option: click.Parameter, is_from_stdin: bool) -> None:
    context.meta[_FROM_STDIN] = is_from_stdin


_password_option = click.option(
    "--password-stdin",
    is_flag=True,
    expose_value=False,
    callback=_remember_source,
    help="The password is the first line of standard input.",
)


def _new_password(variable: str, prompt: str) -> tuple[str, bool]:
    """A password from standard input, the environment, the terminal, or made up; and whether it was made up."""
    is_from_stdin = click.get_current_context().meta[_FROM_STDIN]
    password = _first_line() if is_from_stdin else os.environ.get(variable)
    made_up = False
    if password is None and sys.stdin.isatty():
        password = click.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True)
    elif password is None:
        password, made_up = secrets.token_urlsafe(15), True
    if not password or len(password) > LONGEST_PASSWORD:
        raise SettingsError(f"a password of 1 to {LONGEST_PASSWORD} characters is expected")
    return password, made_up


def _first_line() -> str:
    """The first line of standard input without its end, or as much of it as is too long for a password."""
    line = sys.stdin.buffer.readline(4 * LONGEST_PASSWORD + 2)
    try:
        return line.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise SettingsError("a password in UTF-8 is expected") from error


def _tell_password(username: str, password: str, made_up: bool) -> None:
    if made_up:
        click.echo(f"The password of {username} is {password}; it is shown this once.")
        click.echo("It was made up: standard input is no terminal, and is read only with --password-stdin.")


def _table(headings: list[str], rows: list[list[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else WIDEST
    Console(markup=False, highlight=False, width=width).print(table)


def _name(most: int) -> Callable[[str], str]:
    """The check of an argument that is a name of 1 to `most` characters."""

    def check(value: str) -> str:
        if not 1 <= len(value) <= most or not _is_text(value):
            raise click.BadParameter(f"a name of 1 to {most} characters is expected")
        return value

    return check


def _is_text(value: str) -> bool:
    """Whether it can be stored: an argument may hold any bytes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


USER_NAME, USER_GROUP_NAME, HOST_GROUP_NAME = (
    _name(most) for most in (100, user_groups.LONGEST_USER_GROUP, user_groups.LONGEST_HOST_GROUP)
)
READERS = "Readers of "  # a host group: the user group that `user add --read` joins


def _tell_hints(username: str, push_group: str, connection: sqlite3.Connection) -> None:
    """Says on standard error what the user does not see for want of rights, and which command changes it."""
    for hint in hints(sight_of(username, connection), group_of_readers(connection), push_group):
        click.echo(f"alertrpc: {hint}", err=True)


class _Group(click.Group):
    """Lists its commands each with a whole sentence, where Click cuts those that are longer than a line."""

    group_class = type

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, self.commands[name].get_short_help_str(_LONGEST_SENTENCE)) for name in self.list_commands(ctx)]
            )


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="alertrpc")
def cli() -> None:
    """The delivery ledger for alerts that speaks the Zabbix API.

    Every setting can stand in a TOML file (--config), in the environment (ALERTRPC_...) or in a flag; later ones win.
    """


@cli.command()
@_settings_options(tells_config=True, rereads=True)
def serve(settings: Settings, config: str | None, reread: Callable[[], Settings]) -> None:
    """Serve the API until SIGTERM or SIGINT; a second one stops at once. SIGHUP reads the file of --config again.

    What the file declares, media types, users' media, user groups and actions, is applied first.
    """
    hangup = Hangup()
    write_log(settings.log_level, settings.log_format)
    from alertrpc.server import serve as run_server  # the other commands start sooner without it

    reload = Reload(settings, hangup)
    if config is not None:
        reload = Reload(settings, hangup, reread, partial(_declare, config))
    reload.declare(settings)
    run_server(reload, lambda address: click.echo(f"alertrpc serves on {address}"))


def _declare(config: str, settings: Settings) -> None:
    """Applies what the file declares, if anything, and tells the log of it."""
    if (configuration := _declared(config)) is not None:
        for change in _apply(settings, config, configuration):
            log.info("%s", change)
        for fault in _script_faults(settings, config, configuration):
            log.warning("%s", fault)


def _declared(config: str) -> Configuration | None:
    """What the file declares; None where it has nothing but settings."""
    from alertrpc.configuration.reading import declares, read_configuration

    return read_configuration(config) if declares(config) else None


def _apply(settings: Settings, config: str, configuration: Configuration) -> list[str]:
    """Brings the database to what the file declares; what changed."""
    try:
        return bring(settings.database_path, configuration)
    except NameFaults as error:
        raise NameFaults([f"{config}: {fault}" for fault in error.faults]) from error


@cli.command()
@click.argument("config_file", metavar="FILE", required=False)
@_settings_options("database", tells_config=True)
def apply(settings: Settings, config: str | None) -> None:
    """Bring the database to what FILE declares: media types, users' media, user groups, actions. FILE is as for --config.

    All is done or nothing, and what changed is shown. What FILE does not declare any more is disabled or taken back; what
    apply did not make is never touched.
    """
    if config is None:
        raise click.UsageError("Missing argument 'FILE'.")
    from alertrpc.configuration.reading import read_configuration

    configuration = read_configuration(config)
    changes = _apply(settings, config, configuration)
    click.echo("\n".join(changes) or "nothing changed")
    for fault in _script_faults(settings, config, configuration):
        click.echo(f"alertrpc: warning: {fault}", err=True)


@cli.command()
@_password_option
@_settings_options("database")
def init(settings: Settings) -> None:
    """Make the database and its Super admin "Admin".

    The password is asked for. It may come from ALERTRPC_ADMIN_PASSWORD or with --password-stdin instead; where there is
    no terminal and neither of them, it is made up and shown once. What exists already is left as it is.
    """
    path = settings.database_path
    if not create(path):
        click.echo(f"{path}: the schema is there already")
    with administered(path) as connection:
        if users.user_exists(connection, users.ADMIN):
            click.echo(f"{path}: there is a user {users.ADMIN} already; its password is kept")
            return
    password, made_up = _new_password(PASSWORD_VARIABLES["init"], f"Password for {users.ADMIN}")
    with administered(path) as connection:
        users.add_user(connection, users.ADMIN, hash_password(password), "super-admin", [users.ADMINISTRATORS[1]])
    click.echo(f"{path}: made, with the Super admin {users.ADMIN}")
    _tell_password(users.ADMIN, password, made_up)


def _existing(_context: click.Context, _argument: click.Parameter, file: Path) -> Path:
    if not file.exists():
        raise click.BadParameter(f"File '{file}' does not exist, looked for in {folder_of(file)}")
    return file


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), callback=_existing)
@_settings_options("database")
def load(settings: Settings, file: Path) -> None:
    """Load FILE, JSON lines, plain or gzipped: all of it, or nothing when a line is wrong.

    Each line is an object; "table" names a table, the other members are its columns. The schema is made where there is
    none.
    """
    started = time.monotonic()
    try:
        with _lines(file) as (lines, on_line):
            counts = load_file(settings.database_path, lines, hash_password, on_line)
    except (LoadError, OSError, EOFError, zlib.error) as error:
        raise LoadError(f"{file}: {error}; nothing was loaded") from error
    total = sum(counts.values())
    click.echo(f"loaded {counted(total, 'row')} in {time.monotonic() - started:.1f} s: " + _spelled(counts))


def _spelled(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {table}" for table, count in counts.items()) or "the file is empty"


@contextmanager
def _lines(file: Path) -> Iterator[tuple[Iterator[bytes], Callable[[int], None]]]:
    """The lines of a file, and what tells the progress bar of them."""
    with file.open("rb") as raw:
        data = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if file.suffix == ".gz" else raw
        size = file.stat().st_size if raw.seekable() else None  # a pipe does not know its end
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(f"loading {file.name}", total=size)

            def on_line(number: int) -> None:
                progress.update(task, completed=raw.tell() if size else 0, description=counted(number, "line"))

            yield lines_of(data), on_line


@cli.group()
def user() -> None:
    """Add, show, list and disable users, and set their passwords."""


@user.command("add")
@click.argument("username")
@click.option(
    "--role",
    type=click.Choice(list(ROLES)),
    default="user",
    show_default=True,
    help="What the user may do; push is to push alarms and nothing else.",
)
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A user group to join; may be repeated.")
@click.option(
    "--read",
    "reads",
    multiple=True,
    type=_name(user_groups.LONGEST_USER_GROUP - len(READERS)),
    metavar="NAME",
    help=f'A host group to read, by joining the user group "{READERS}NAME"; both are made where there are none.',
)
@_password_option
@_settings_options("database")
def user_add(settings: Settings, username: str, role: str, groups: tuple[str, ...], reads: tuple[str, ...]) -> None:
    """Add a user; the password is asked for, taken from ALERTRPC_PASSWORD or --password-stdin, or made up and shown."""
    if not 1 <= len(username) <= 100:
        raise SettingsError("a user name of 1 to 100 characters is expected")
    if reads and ROLES[role].is_sender:
        raise SettingsError(f"--read: a user of the role {role} reads nothing")
    with administered(settings.database_path) as connection:
        users.require_new(connection, username)
    password, made_up = _new_password(PASSWORD_VARIABLES["user"], f"Password for {username}")
    with administered(settings.database_path) as connection:
        for name in reads:
            _let_read(connection, user_groups.ensure_group(connection, READERS + name), [name])
        groups = (*groups, *(READERS + name for name in reads))
        users.add_user(connection, username, hash_password(password), role, groups)
    click.echo(f"added {username}")
    _tell_password(username, password, made_up)
    with administered(settings.database_path) as connection:
        _tell_hints(username, settings.push_group, connection)


def _let_read(connection: sqlite3.Connection, usrgrpid: int, host_groups: Sequence[str]) -> None:
    for name in host_groups:
        user_groups.set_right(connection, usrgrpid, name, user_groups.PERMISSIONS["read"])


@user.command("show")
@click.argument("username", type=USER_NAME)
@_settings_options("database")
def user_show(settings: Settings, username: str) -> None:
    """Show a user's role, groups, rights and tokens, what the user can see, and why."""
    with administered(settings.database_path) as connection:
        sight, readers = sight_of(username, connection), group_of_readers(connection)
    for line in described(sight, readers, settings.push_group):
        click.echo(line)


@user.command("list")
@_settings_options("database")
def user_list(settings: Settings) -> None:
    """List the users with their roles and groups."""
    with administered(settings.database_path) as connection:
        rows = users.list_users(connection)
    _table(
        ["userid", "username", "role", "groups", "disabled"],
        [
            [str(userid), username, role, groups, "yes" if disabled else "no"]
            for userid, username, role, groups, disabled in rows
        ],
    )


@user.command("passwd")
@click.argument("username")
@_password_option
@_settings_options("database")
def user_passwd(settings: Settings, username: str) -> None:
    """Set a user's password, end the user's sessions, and lift a block after failed logins."""
    path = settings.database_path
    with administered(path) as connection:
        users.user_id(connection, username)
    password, made_up = _new_password(PASSWORD_VARIABLES["user"], f"New password for {username}")
    with administered(path) as connection:
        users.set_password(connection, username, hash_password(password))
    click.echo(f"the password of {username} is set")
    _tell_password(username, password, made_up)


@user.command("disable")
@click.argument("username")
@_settings_options("database")
def user_disable(settings: Settings, username: str) -> None:
    """Disable a user and end the user's sessions at once."""
    with administered(settings.database_path) as connection:
        users.disable_user(connection, username)
    click.echo(f"{username} is disabled")


@user.command("enable")
@click.argument("username")
@_settings_options("database")
def user_enable(settings: Settings, username: str) -> None:
    """Let a disabled user in again."""
    with administered(settings.database_path) as connection:
        users.enable_user(connection, username)
    click.echo(f"{username} is enabled")


@cli.group()
def group() -> None:
    """Add, list and delete user groups, their members and their rights."""


@group.command("add")
@click.argument("name", type=USER_GROUP_NAME)
@click.option("--member", "members", multiple=True, type=USER_NAME, metavar="USER", help="Who joins; may be repeated.")
@click.option(
    "--read",
    "reads",
    multiple=True,
    type=HOST_GROUP_NAME,
    metavar="NAME",
    help="A host group to read; may be repeated.",
)
@_settings_options("database")
def group_add(settings: Settings, name: str, members: tuple[str, ...], reads: tuple[str, ...]) -> None:
    """Add a user group."""
    with administered(settings.database_path) as connection:
        usrgrpid = user_groups.add_group(connection, name)
        for member in members:
            users.join_group(connection, users.user_id(connection, member), usrgrpid)
        _let_read(connection, usrgrpid, reads)
    click.echo(f"added user group {name}")


def _change_members(
    settings: Settings,
    name: str,
    usernames: Sequence[str],
    change: Callable[[sqlite3.Connection, int, int], bool],
    told: tuple[str, str],
) -> None:
    """Changes the membership of each user, all or none, and says of each whether it is another now."""
    with administered(settings.database_path) as connection:
        usrgrpid = users.group_id(connection, name)
        changed = [change(connection, users.user_id(connection, username), usrgrpid) for username in usernames]
    for username, is_other in zip(usernames, changed, strict=True):
        click.echo(f"{username} {told[0] if is_other else told[1]} {name}")


@group.command("join")
@click.argument("name", type=USER_GROUP_NAME)
@click.argument("usernames", metavar="USERNAME...", type=USER_NAME, nargs=-1, required=True)
@_settings_options("database")
def group_join(settings: Settings, name: str, usernames: tuple[str, ...]) -> None:
    """Make users members of a user group; no configuration file ends what this command made."""
    _change_members(settings, name, usernames, users.join_group, ("joins", "is in"))


@group.command("leave")
@click.argument("name", type=USER_GROUP_NAME)
@click.argument("usernames", metavar="USERNAME...", type=USER_NAME, nargs=-1, required=True)
@_settings_options("database")
def group_leave(settings: Settings, name: str, usernames: tuple[str, ...]) -> None:
    """End memberships of a user group; one that a configuration file declares is made again when it is applied."""
    _change_members(settings, name, usernames, user_groups.leave_group, ("leaves", "is not in"))


@group.command("allow")
@click.argument("name", type=USER_GROUP_NAME)
@click.argument("host_groups", metavar="HOST_GROUP...", type=HOST_GROUP_NAME, nargs=-1, required=True)
@click.option(
    "--permission",
    type=click.Choice([*user_groups.PERMISSIONS, "none"]),
    default="read",
    show_default=True,
    help="What the members may do; deny hides the hosts whatever other groups may, none takes back.",
)
@_settings_options("database")
def group_allow(settings: Settings, name: str, host_groups: tuple[str, ...], permission: str) -> None:
    """Give a user group a right to host groups, which are made where there are none, in place of the one that it has."""
    wanted = user_groups.PERMISSIONS.get(permission)
    with administered(settings.database_path) as connection:
        usrgrpid = users.group_id(connection, name)
        for host_group in host_groups:
            if wanted is None:
                user_groups.require_host_group(connection, host_group)
            user_groups.set_right(connection, usrgrpid, host_group, wanted)
    for host_group in host_groups:
        click.echo(f"{name}: {permission} {host_group}")


@group.command("list")
@_settings_options("database")
def group_list(settings: Settings) -> None:
    """List the user groups with their members and rights."""
    with administered(settings.database_path) as connection:
        rows = user_groups.list_groups(connection)
    _table(
        ["usrgrpid", "name", "members", "rights", "disabled"],
        [[str(row.usrgrpid), row.name, row.members, row.rights, "yes" if row.is_disabled else "no"] for row in rows],
    )


@group.command("delete")
@click.argument("name", type=USER_GROUP_NAME)
@_settings_options("database")
def group_delete(settings: Settings, name: str) -> None:
    """Delete a user group with its memberships and rights; one that an action alerts is kept."""
    with administered(settings.database_path) as connection:
        user_groups.delete_group(connection, name)
    click.echo(f"user group {name} is deleted")


@cli.group()
def token() -> None:
    """Add, list and delete API tokens."""


@token.command("add")
@click.argument("username")
@click.argument("name")
@click.option("--expires", metavar="TIME", help="The token ends after this time, such as 30d; without it never.")
@_settings_options("database")
def token_add(settings: Settings, username: str, name: str, expires: str | None) -> None:
    """Make an API token for a user and show it this once."""
    now = int(time.time())
    try:
        expires_at = now + at_least_one(duration)(expires) if expires else 0
    except ValueError as error:
        raise SettingsError(f"--expires: {error}, not {expires!r}") from error
    value = secrets.token_hex(32)
    with administered(settings.database_path) as connection:
        users.add_token(connection, username, name, hash_token(value), now, expires_at)
        _tell_hints(username, settings.push_group, connection)
    click.echo(value)


@token.command("list")
@_settings_options("database")
def token_list(settings: Settings) -> None:
    """List the API tokens, not their values, which are stored nowhere."""
    with administered(settings.database_path) as connection:
        rows = users.list_tokens(connection)
    _table(
        ["tokenid", "username", "name", "expires", "last used"],
        [
            [str(tokenid), username, name, local_time(expires_at, "never"), local_time(lastaccess, "never")]
            for tokenid, username, name, expires_at, lastaccess in rows
        ],
    )


@token.command("delete")
@click.argument("tokenid", type=int)
@_settings_options("database")
def token_delete(settings: Settings, tokenid: int) -> None:
    """Delete an API token by its tokenid; it ends at once."""
    with administered(settings.database_path) as connection:
        users.delete_token(connection, tokenid)
    click.echo(f"token {tokenid} is deleted")


@cli.command()
@click.argument("config_file", metavar="[FILE]", required=False)
@_settings_options(tells_config=True)
def check(settings: Settings, config: str | None) -> None:
    """Check the settings, what FILE declares, and the database; nothing is changed. FILE is as for --config."""
    for setting in TABLE:
        click.echo(f"{setting.name} = {getattr(settings, setting.name)}")
    _check_declared(settings, config)
    path = settings.database_path
    version, alerts = inspect(path)
    click.echo(f"database {path}: schema version {version}, {counted(alerts, 'alert')}, no faults")


def _check_declared(settings: Settings, config: str | None) -> None:
    """Raises ConfigurationError with all faults of what the file declares, if anything."""
    if config is None or (configuration := _declared(config)) is None:
        return
    faults = list(_script_faults(settings, config, configuration))
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
        raise ConfigurationError(faults)
    for change in changes:
        click.echo(f"apply would change: {change}")
    click.echo(
        f"{config}: {counted(len(configuration.media_types), 'media type')},"
        f" {counted(len(configuration.receivers), 'user')}, {counted(len(configuration.user_groups), 'user group')},"
        f" {counted(len(configuration.actions), 'action')}, no faults"
    )


def _script_faults(settings: Settings, config: str, configuration: Configuration) -> Iterator[str]:
    """The scripts that cannot be run, which does not keep the rest of a configuration from being used."""
    from alertrpc.configuration.faults import place
    from alertrpc.delivery.scripts.files import find_script

    for number, media_type in enumerate(configuration.media_types, 1):
        if media_type.kind is not Kind.SCRIPT:
            continue
        try:
            find_script(settings.scripts_dir, media_type.script)
        except ValueError as error:
            yield f"{config}: {place('media_type', number, media_type.name)}: script: {error}"


@cli.command("test-channel")
@click.argument("name")
@click.option("--sendto", required=True, metavar="ADDRESS", help="Whom to send it to.")
@click.option("--subject", default="", help="The subject; the media type's own where it is not given.")
@click.option("--message", default="", help="The message; the media type's own where it is not given.")
@_settings_options("database", "scripts_dir", "work_dir")
def test_channel(settings: Settings, name: str, sendto: str, subject: str, message: str) -> None:
    """Send a message marked [TEST] through the media type NAME and show the result.

    It is sent as a real alert is and kept as one. Exit status 0 says that it was sent, 1 that it was not.
    """
    from alertrpc.delivery.trials import try_channel

    result = try_channel(settings, name, sendto, subject=subject, message=message)
    for member, value in result.items():
        if value not in ("", None):
            click.echo(f"{member}: {value}".rstrip())
    sys.exit(0 if result["outcome"] == "sent" else FAILURE)
