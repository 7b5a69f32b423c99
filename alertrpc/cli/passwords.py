"""Passwords of new users, and new passwords of users."""

import os
import secrets
import sys
from typing import NamedTuple

import click

from alertrpc.errors import SettingsError

ADMIN_VARIABLE, USER_VARIABLE = "ALERTRPC_ADMIN_PASSWORD", "ALERTRPC_PASSWORD"
LONGEST_PASSWORD = 255
_FROM_STDIN = "alertrpc.password_stdin"

password_option = click.option(
    "--password-stdin", is_flag=True, expose_value=False, help="The password is the first line of standard input.",
    callback=lambda context, _, is_from_stdin: context.meta.update({_FROM_STDIN: is_from_stdin}),
)  # fmt: skip


class Password(NamedTuple):
    text: str
    is_made_up: bool = False

    def tell(self, username: str) -> None:
        """Shows a password that was made up."""
        if self.is_made_up:
            click.echo(f"The password of {username} is {self.text}; it is shown this once.")
            click.echo("It was made up: standard input is no terminal, and is read only with --password-stdin.")


def new_password(variable: str, prompt: str) -> Password:
    """A password from standard input, the environment, the terminal, or made up."""
    is_from_stdin = click.get_current_context().meta[_FROM_STDIN]
    text = _first_line() if is_from_stdin else os.environ.get(variable)
    if text is None and not sys.stdin.isatty():
        return Password(secrets.token_urlsafe(15), is_made_up=True)
    if text is None:
        text = click.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True)
    if not text or len(text) > LONGEST_PASSWORD:
        raise SettingsError(f"a password of 1 to {LONGEST_PASSWORD} characters is expected")
    return Password(text)


def _first_line() -> str:
    """The first line of standard input without its end; of a longer one the start, which is too long for a password."""
    line = sys.stdin.buffer.readline(4 * LONGEST_PASSWORD + 2)
    try:
        return line.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise SettingsError("a password in UTF-8 is expected") from error
