"""Addresses of machines and ranges of them: read, judged, and looked up in memory. Pure."""

import ipaddress
from collections.abc import Iterable
from typing import Generic, TypeVar

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Value = TypeVar("Value")

# Nobody on the open internet comes from there (IANA's special-purpose registries, RFC 6890). Ranges for documentation
# are not among them: they harm nobody, and examples need some.
NOWHERE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 224.0.0.0/3 "
        "::/96 ::ffff:0:0/96 fc00::/7 fe80::/10 ff00::/8"
    ).split()
)
WIDEST = {4: 8, 6: 19}  # prefix lengths: no house was ever given more


class NotARange(ValueError):
    """What was written is no range that somebody could read from; says what to write instead."""


def address_of(text: str | None) -> Address | None:
    """The address as it is meant: an IPv4 address that travels inside IPv6 is one of IPv4. None for what is none."""
    try:
        address = ipaddress.ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def home_of(address: Address) -> Network:
    """The smallest network that is somebody's: one IPv4 address, or the /64 that one IPv6 household or host has."""
    return ipaddress.ip_network((address, 32 if address.version == 4 else 64), strict=False)


def range_of(text: str) -> Network:
    """A range in CIDR notation, or one address. Raises NotARange."""
    text = text.strip()
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise NotARange(f"{text} is no range of addresses. Write it as 203.0.113.0/24 or 2001:db8:12::/48.") from None
    if network.prefixlen == 0:
        raise NotARange(f"{text} is the whole internet. Write the range that the house has.")
    if network.prefixlen < WIDEST[network.version]:
        raise NotARange(f"{text} is wider than any house’s network. Write the range that the house has.")
    if any(network.version == nowhere.version and network.overlaps(nowhere) for nowhere in NOWHERE):
        raise NotARange(f"{text} is a private range: nobody comes to us from there. Ask for the public addresses.")
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise NotARange(f"{text} does not begin where its range begins. Did they mean {network}?") from None


def overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


class Ranges(Generic[Value]):
    """Which range an address is in: a look into one dict for each length of prefix, the narrowest first."""

    def __init__(self, pairs: Iterable[tuple[Network, Value]]) -> None:
        found: dict[tuple[int, int], dict[int, Value]] = {}
        for network, value in pairs:
            shift = network.max_prefixlen - network.prefixlen
            found.setdefault((network.version, shift), {})[int(network.network_address) >> shift] = value
        self._by_shift = sorted(found.items(), key=lambda item: item[0][1])

    def __bool__(self) -> bool:
        return bool(self._by_shift)

    def get(self, address: Address | None) -> Value | None:
        if address is None:
            return None
        number = int(address)
        for (version, shift), values in self._by_shift:
            if version == address.version and (value := values.get(number >> shift)) is not None:
                return value
        return None
