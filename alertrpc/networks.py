"""Addresses of IPv4 and IPv6, and networks of them."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

NONE = "none"
Address = IPv4Address | IPv6Address


class Networks(tuple[IPv4Network | IPv6Network, ...]):
    """Networks, as a setting lists them."""

    __slots__ = ()

    def __str__(self) -> str:
        return ", ".join(map(str, self)) or NONE

    def have(self, address: Address) -> bool:
        return any(address in network for network in self)


def networks(text: str) -> Networks:
    """Addresses and networks between commas, or `none`. Raises ValueError."""
    try:
        return Networks([ip_network(each.strip()) for each in text.split(",")] if text not in ("", NONE) else [])
    except ValueError as error:
        raise ValueError("addresses and networks such as 10.0.0.1, 10.0.0.0/8 or fd00::/8 are expected") from error


def address(text: str) -> Address | None:
    """The address that a text is; one of IPv4 that is written in IPv6 is that of IPv4."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found
