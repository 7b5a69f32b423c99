"""alertrpc test-channel."""

import asyncio
import sys

import click

from alertrpc.cli.options import settings_options
from alertrpc.settings import Settings


@click.command("test-channel")
@click.argument("name")
@click.option("--sendto", required=True, metavar="ADDRESS", help="Whom to send it to.")
@click.option("--subject", default="", help="The subject; the media type's own where it is not given.")
@click.option("--message", default="", help="The message; the media type's own where it is not given.")
@settings_options("database", "scripts_dir", "work_dir")
def test_channel(settings: Settings, name: str, sendto: str, subject: str, message: str) -> None:
    """Send a message marked [TEST] through the media type NAME and show the result.

    It is sent as a real alert is and kept as one. Exit status 0 says that it was sent, 1 that it was not.
    """
    from alertrpc.delivery.trials import send_test

    result = asyncio.run(send_test(settings, name, sendto, subject=subject, message=message))
    for member, value in result.items():
        if value not in ("", None):
            click.echo(f"{member}: {value}".rstrip())
    sys.exit(0 if result["outcome"] == "sent" else 1)
