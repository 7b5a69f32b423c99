"""Addresses of IPv4 and IPv6, and networks of them."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

NONE = "none"
Address = IPv4Address | IPv6Address


class Networks(tuple[IPv4Network | IPv6Network, ...]):
    """The networks of a setting."""

    __slots__ = ()

    def __str__(self) -> str:
        return ", ".join(map(str, self)) or NONE

    def have(self, address: Address) -> bool:
        return any(address in network for network in self)


def networks(text: str) -> Networks:
    """Parses addresses and networks separated by commas, or `none`. Raises ValueError."""
    try:
        return Networks([ip_network(each.strip()) for each in text.split(",")] if text not in ("", NONE) else [])
    except ValueError as error:
        raise ValueError("addresses and networks such as 10.0.0.1, 10.0.0.0/8 or fd00::/8 are expected") from error


def address(text: str) -> Address | None:
    """Parses an address; None if it is invalid. An IPv4 address mapped to IPv6 becomes IPv4."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found
