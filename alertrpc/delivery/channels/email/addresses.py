"""The addresses of mails, such as `Ops <ops@example.com>`; several are separated by commas."""

from email import errors
from email.headerregistry import Address
from email.policy import SMTP as SMTP_POLICY

HARMLESS_DEFECTS = (errors.NonASCIILocalPartDefect, errors.ObsoleteHeaderDefect)
LONGEST_ADDRESS = 1024  # characters, as in the configuration; the parser is slow with more
LONGEST_LINE = 900  # SMTP allows 998 bytes


def address_of(text: str) -> Address:
    """The one address of a text. Raises ValueError."""
    addresses = addresses_of(text)
    if len(addresses) != 1:
        raise ValueError(f"not one address: {text}")
    return addresses[0]


def addresses_of(text: str) -> list[Address]:
    """The addresses of a text, each once. Raises ValueError that names a wrong one."""
    if len(text) > LONGEST_ADDRESS:
        raise ValueError(f"an address is longer than {LONGEST_ADDRESS} characters")
    if not text.isprintable():
        raise ValueError(f"not an address: {text!r}")
    try:
        header = SMTP_POLICY.header_factory("To", text)
        groups = header.groups  # an address that is in no group is a group without a name
        parsed = [address for group in groups for address in group.addresses]
        faults = [fault for fault in header.defects if not isinstance(fault, HARMLESS_DEFECTS)]
    except Exception:  # the standard library's parser fails on some texts
        raise ValueError(f"not an address: {text}") from None
    if faults or not parsed or any(group.display_name is not None for group in groups):
        raise ValueError(f"not an address: {text}")
    for address in parsed:
        if not _can_be_written(address):
            raise ValueError(f"not an address: {address if len(parsed) > 1 else text}")
    first: dict[str, Address] = {}
    for address in parsed:
        first.setdefault(address.addr_spec, Address(address.display_name, address.username, address.domain))
    return list(first.values())


def _can_be_written(address: Address) -> bool:
    """Whether a header can hold its parts, which the parser may have decoded, and no reader decodes them again."""
    if not address.username or not address.domain or not str(address).isprintable():
        return False
    return "=?" not in address.addr_spec and len(address.addr_spec.encode()) <= LONGEST_LINE
