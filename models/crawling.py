"""Search engines' crawlers: what they call themselves, how a list names them, and how DNS proves one. Pure."""

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from models.networks import Address, Network, address_of

# What stands in the User-Agent, and under which domains the engine says that its crawlers' hosts are. Of Google only
# the crawlers' own domain: under google.com and googleusercontent.com are fetchers that any user can send (Google,
# "Verifying Googlebot and other Google crawlers"). An engine without domains publishes ranges only.
CRAWLERS: dict[str, tuple[str, ...]] = {
    "Googlebot": ("googlebot.com",),
    "bingbot": ("search.msn.com",),
    "Applebot": ("applebot.apple.com",),
    "YandexBot": ("yandex.ru", "yandex.net", "yandex.com"),
    "Baiduspider": ("baidu.com", "baidu.jp"),
    "DuckDuckBot": (),
}
LONGEST_AGENT = 400  # characters that are looked at


class BadLine(ValueError):
    """A line of the list that says nothing; the sentence names it."""


@lru_cache(maxsize=512)
def claimed(agent: str) -> str:
    """Which crawler this User-Agent says it is; "" for a browser's. It proves nothing."""
    said = agent[:LONGEST_AGENT].lower()
    return next((name for name in CRAWLERS if name.lower() in said), "")


def can_be_proven(name: str) -> bool:
    """Whether DNS can tell."""
    return bool(CRAWLERS.get(name))


def read_list(text: str) -> tuple[list[tuple[Network, str]], list[str]]:
    """The networks of a list, and a sentence on each line that is wrong: those are left out.

    A line is a range in CIDR notation and a crawler's name; what follows a # is a comment.
    """
    found, wrong = [], []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            found.append(_entry(words))
        except BadLine as bad:
            wrong.append(f"Line {number}: {bad}")
    return found, wrong


def _entry(words: list[str]) -> tuple[Network, str]:
    if len(words) != 2:
        raise BadLine("write a range and a name, as in 192.0.2.0/24 Googlebot.")
    try:
        network = ipaddress.ip_network(words[0])
    except ValueError:
        raise BadLine(f"{words[0]} is no range of addresses.") from None
    if network.prefixlen == 0:
        raise BadLine(f"{words[0]} is the whole internet.")
    known = {name.lower(): name for name in CRAWLERS}
    if words[1].lower() not in known:
        raise BadLine(f"{words[1]} is no crawler we know. They are {', '.join(CRAWLERS)}.")
    return network, known[words[1].lower()]


@dataclass(frozen=True, slots=True)
class Lookups:
    """The two questions to DNS. Each gives what it found, nothing when there is no answer."""

    names: Callable[[str], Iterable[str]]  # the host names of an address
    addresses: Callable[[str], Iterable[str]]  # the addresses of a host name


def is_proven(name: str, address: Address, ask: Lookups) -> bool:
    """Forward-confirmed reverse DNS: a host name under the engine's domain that leads back to this very address.

    The name alone proves nothing: whoever has an address chooses what it is called.
    """
    domains = CRAWLERS.get(name, ())
    for host in ask.names(str(address)):
        host = host.rstrip(".").lower()
        if any(host.endswith(f".{domain}") for domain in domains):
            return any(address_of(found) == address for found in ask.addresses(host))
    return False
