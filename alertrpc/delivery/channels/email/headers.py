"""Headers of a mail with literal texts: readers see every text unchanged.

The standard library's header classes parse a text, decode what looks encoded, and take time that grows with the square of
its length. Here a text is written plain if no reader can take it for anything else, else as encoded-words (RFC 2047).
"""

import re
from collections.abc import Sequence
from email.header import Header
from email.headerregistry import Address
from email.utils import quote

LINE = 76  # characters of a line with encoded-words (RFC 2047, section 2)

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")  # readers join spaces, and drop those at the ends
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")  # RFC 5322, section 3.2.3


def text_header(name: str, text: str) -> bytes:
    """A header of a text, such as a subject, without control characters, line breaks and lone surrogates."""
    return _header(name, text if _is_plain(name, text) else _encoded(name, text))


def mailboxes_header(name: str, addresses: Sequence[Address]) -> bytes:
    """A header of addresses with their display names, a line each; an address beyond ASCII is in UTF-8 (RFC 6532)."""
    return _header(name, ",\r\n ".join([_mailbox(name, address) for address in addresses]))


def _mailbox(name: str, address: Address) -> str:
    if not address.display_name:
        return address.addr_spec
    phrase, mailbox = _phrase(name, address.display_name), f"<{address.addr_spec}>"
    fits = "\r\n" not in phrase and len(f"{name}: {phrase} {mailbox}") <= LINE
    return f"{phrase} {mailbox}" if fits else f"{phrase}\r\n {mailbox}"


def _header(name: str, folded: str) -> bytes:
    return f"{name}: {folded}\r\n".encode()


def _phrase(name: str, text: str) -> str:
    if not _is_plain(name, text):
        return _encoded(name, text)
    return text if _ATOMS.fullmatch(text) else f'"{quote(text)}"'


def _is_plain(name: str, text: str) -> bool:
    """Whether the text in quotes fits into the header's first line, and no reader changes it."""
    is_short = len(f'{name}: "{quote(text)}"') <= LINE
    return not text or (is_short and "=?" not in text and _PLAIN.fullmatch(text) is not None)


def _encoded(name: str, text: str) -> str:
    return Header(text, "utf-8", maxlinelen=LINE, header_name=name).encode(linesep="\r\n")
