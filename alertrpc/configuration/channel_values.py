"""Checks of values that only media types have: templates, addresses, headers, hosts."""

import re
from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError

from alertrpc.configuration.checking import Check
from alertrpc.configuration.faults import shown
from alertrpc.configuration.values import text
from alertrpc.ledger.variables import OF_CHANNELS, unknown_variables
from alertrpc.settings import host, meant

LONGEST_TEXT = 65535
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,255}")


def template(known: frozenset[str], most: int = LONGEST_TEXT, least: int = 0) -> Check[str]:
    check_text = text(least, most)

    def check(value: Any) -> str:
        given = check_text(value)
        unknown = dict.fromkeys(unknown_variables(given, known))
        if faults := [f"there is no variable {shown(name)}{meant(name, sorted(known))}" for name in unknown]:
            raise ValidationError(faults)
        return given

    return check


def text_as(check_text: Callable[[str], None]) -> Check[str]:
    """A text with a further check. Faults do not show it, as with any text."""

    def check(value: Any) -> str:
        given = text(0, LONGEST_TEXT)(value)
        try:
            check_text(given)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return given

    return check


def url(value: Any) -> str:
    return _address(template(OF_CHANNELS, 2048, 1)(value), "http://", "https://", "${")


def proxy(value: Any) -> str:
    return _address(text(1, 2048)(value), "http://", "https://")


def _address(text: str, *starts: str) -> str:
    """Faults do not show the address: many hold a token."""
    if not text.lower().startswith(starts) or any(c.isspace() for c in text):
        raise ValidationError("an address that starts with http:// or https:// is expected, without white space")
    return text


def header_name(value: Any) -> str:
    if not _HEADER.fullmatch(value):
        raise ValidationError("this is no name of a header")
    return str(value)


def header_value(value: Any) -> str:
    header = template(OF_CHANNELS, 8000)(value)
    if "\r" in header or "\n" in header:
        raise ValidationError("one line is expected")
    return header


def host_name(value: Any) -> str:
    return host(text(1, 255)(value))


def email_address(value: Any) -> str:
    address = text(1, 255)(value)
    if "@" not in address or not address.isprintable():
        raise ValueError("an address such as alerts@example.com is expected")
    return address
