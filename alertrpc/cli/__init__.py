"""The commands: the only room that knows the terminal."""

import sys
from collections.abc import Sequence

import click

from alertrpc import __version__
from alertrpc.cli.configuration import apply, check, serve, test_channel
from alertrpc.cli.database import init, load
from alertrpc.cli.groups import group
from alertrpc.cli.output import CommandGroup
from alertrpc.cli.users import token, user
from alertrpc.errors import AlertrpcError, SettingsError
from alertrpc.loglines import fault_lines

USAGE = 2
FAILURE = 1


def main() -> None:
    """Runs a command; each fault is one line on standard error, exit status 2 for a wrong call or setting, otherwise 1."""
    try:
        sys.exit(cli.main(prog_name="alertrpc", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else error.format_message())
        sys.exit(USAGE)
    except click.ClickException as error:
        _complain([error.format_message()], error.exit_code)
    except AlertrpcError as error:
        _complain(error.faults, USAGE if isinstance(error, SettingsError) else FAILURE)
    except (click.Abort, KeyboardInterrupt):
        _complain(["stopped"], 130)


def _complain(faults: Sequence[str], status: int) -> None:
    for line in fault_lines(faults):
        click.echo(f"alertrpc: {line}", err=True)
    sys.exit(status)


@click.group(
    cls=CommandGroup,
    commands=[serve, apply, init, load, user, group, token, check, test_channel],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="alertrpc")
def cli() -> None:
    """The delivery ledger for alerts that speaks the Zabbix API.

    Every setting can stand in a TOML file (--config), in the environment (ALERTRPC_...) or in a flag; later ones win.
    """
