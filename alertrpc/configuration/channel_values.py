"""Checks of values that only media types have: templates, addresses, headers, hosts."""

import re
from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError

from alertrpc.configuration.checking import Check
from alertrpc.configuration.faults import shown
from alertrpc.configuration.values import text
from alertrpc.ledger.filters import FILTERS, filter_of
from alertrpc.ledger.templates import places
from alertrpc.ledger.variables import OF_CHANNELS, is_known
from alertrpc.references import is_reference, references_in
from alertrpc.settings import host, meant

LONGEST_TEXT = 65535
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,255}")


def template(known: frozenset[str], most: int = LONGEST_TEXT, least: int = 0) -> Check[str]:
    """A template that may have these variables, and filters; one that may have those of channels, references too."""
    check_text = text(least, most)

    def check(value: Any) -> str:
        given = check_text(value)
        used = places(given)
        names = dict.fromkeys(place.name for place in used if known is not OF_CHANNELS or not is_reference(place.name))
        unknown = [name.removesuffix("_json") for name in names if not is_known(name, known)]
        filters = dict.fromkeys(written for place in used for written in place.filters if filter_of(written) is None)
        faults = [f"there is no variable {shown(name)}{meant(name, sorted(known))}" for name in dict.fromkeys(unknown)]
        faults += [f"there is no filter {shown(name)}; there are cut:N, {', '.join(FILTERS)}" for name in filters]
        if faults:
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
    return _address(text(1, 2048)(value), "http://", "https://", "${env:", "${file:")


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
    if ("@" not in address and not references_in(address)) or not address.isprintable():
        raise ValueError("an address such as alerts@example.com is expected")
    return address
