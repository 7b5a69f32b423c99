"""Checks of values that only media types hold: templates, scripts, addresses, headers, expected answers, hosts."""

import re
from typing import Any

from marshmallow import ValidationError

from alertrpc.configuration.checking import Check
from alertrpc.configuration.faults import shown
from alertrpc.configuration.values import text
from alertrpc.delivery.channels.expect import check_expect
from alertrpc.delivery.scripts.files import FOLDER_NAME_BYTES
from alertrpc.ledger.variables import OF_CHANNELS, unknown_variables
from alertrpc.settings import host, meant

LONGEST_TEXT = 65535
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,255}")


def template(known: frozenset[str], most: int = LONGEST_TEXT, least: int = 0) -> Check[str]:
    check_text = text(least, most)

    def check(value: Any) -> str:
        unknown = dict.fromkeys(unknown_variables(check_text(value), known))
        if unknown:
            raise ValidationError([_no_variable(name, known) for name in unknown])
        return str(value)

    return check


def _no_variable(name: str, known: frozenset[str]) -> str:
    return f"there is no variable {shown(name)}{meant(name, sorted(known))}"


def folder_name(value: Any) -> str:
    """The name of a media type that has a folder of this name."""
    name = text(1, 100)(value)
    if "/" in name or name.startswith(".") or len(name.encode()) > FOLDER_NAME_BYTES:
        raise ValueError(
            f'it names a folder: no "/", no leading "." and at most {FOLDER_NAME_BYTES} bytes are expected'
        )
    return name


def script_name(value: Any) -> str:
    name = text(1, 255)(value)
    if name.startswith("/") or ".." in name.split("/"):
        raise ValueError("the name of a file in scripts_dir is expected")
    return name


def url(value: Any) -> str:
    """A template of an address, of which nothing is shown: many hold a token."""
    address = template(OF_CHANNELS, 2048, 1)(value)
    if not address.lower().startswith(("http://", "https://", "${")) or any(c.isspace() for c in address):
        raise ValidationError("an address that starts with http:// or https:// is expected, without white space")
    return address


def proxy(value: Any) -> str:
    address = text(1, 2048)(value)
    if not address.lower().startswith(("http://", "https://")) or any(c.isspace() for c in address):
        raise ValidationError("an address that starts with http:// or https:// is expected, without white space")
    return address


def header_name(value: Any) -> str:
    if not _HEADER.fullmatch(value):
        raise ValidationError("this is no name of a header")
    return str(value)


def header_value(value: Any) -> str:
    header = template(OF_CHANNELS, 8000)(value)
    if "\r" in header or "\n" in header:
        raise ValidationError("one line is expected")
    return header


def expect(value: Any) -> str:
    expected = text(0, LONGEST_TEXT)(value)
    try:
        check_expect(expected)
    except ValueError as error:
        raise ValidationError(str(error)) from error
    return expected


def host_name(value: Any) -> str:
    return host(text(1, 255)(value))


def email_address(value: Any) -> str:
    address = text(1, 255)(value)
    if "@" not in address or not address.isprintable():
        raise ValueError("an address such as alerts@example.com is expected")
    return address
