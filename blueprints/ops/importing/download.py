"""Fetches a file from the web without being led astray: into the own network, on and on, or past all limits.

The name is looked up once, every address it has is checked, and the connection goes to a checked address: a name
that answers differently the next time (DNS rebinding) gains nothing. Each redirect is a new address, checked anew.
"""

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

MOST_REDIRECTS = 5
TIMEOUT = 10.0  # seconds of silence
DEADLINE = 60.0  # seconds for one answer
PUBLIC_V6 = ipaddress.ip_network("2000::/3")
TUNNELS = [ipaddress.ip_network(net) for net in ("2002::/16", "2001::/32")]  # 6to4, Teredo: hold an IPv4 address
MOVED = {301, 302, 303, 307, 308}
USER_AGENT = "Masthead importer"


class NotFetched(Exception):
    """Why a file could not be had: the end of a sentence."""


class Unreachable(NotFetched):
    """It is not the file that is amiss but its server."""


def fetch(address: str, *, largest: int, takes: Callable[[str], bool], allow_private: bool = False) -> bytes:
    """The file at `address`, of at most `largest` bytes; `takes` is asked about its content type. Raises NotFetched."""
    for _ in range(MOST_REDIRECTS + 1):
        found = _ask(_checked(address), largest, takes, allow_private)
        if isinstance(found, bytes):
            return found
        address = urljoin(address, found)
    raise NotFetched(f"it was sent on more than {MOST_REDIRECTS} times")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if ip not in PUBLIC_V6 or any(ip in net for net in TUNNELS):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _checked(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  (raises for nonsense)
    except ValueError:
        raise NotFetched("its address is not sound") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NotFetched("its address is not one of the web")
    if parts.username is not None or re.search(r"[\x00-\x20\x7f]", address):
        raise NotFetched("its address is not sound")
    return parts


def _addresses(host: str, port: int, allow_private: bool) -> list[str]:
    """Where the name leads, every address checked."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(f"{host} is not known") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private and not all(is_public(address) for address in addresses):
        raise Unreachable(f"{host} is not a public address")
    return addresses


def _connected(host: str, port: int, allow_private: bool) -> socket.socket:
    for address in _addresses(host, port, allow_private):
        try:
            return socket.create_connection((address, port), TIMEOUT)
        except OSError:
            continue
    raise Unreachable(f"{host} does not answer")


def _ask(parts: SplitResult, largest: int, takes: Callable[[str], bool], allow_private: bool) -> bytes | str:
    """The file, or the address it was sent on to."""
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    path = quote(unquote(parts.path) or "/", safe="/!$&'()*+,;=:@~") + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPSConnection(host, port) if is_tls else http.client.HTTPConnection(host, port)
    with _Line(_connected(host, port, allow_private)) as line:
        try:
            connection.sock = line.secured(host) if is_tls else line.socket
            connection.request("GET", path, headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
            found = _answer(connection.getresponse(), largest, takes)
        except ssl.SSLError as error:
            raise Unreachable(f"{host} has no sound certificate ({error.reason or 'no answer'})") from None
        except (OSError, http.client.HTTPException, ValueError):
            raise Unreachable(f"{host} {'took too long' if line.was_cut else 'broke off'}") from None
        if line.was_cut:
            raise Unreachable(f"{host} took too long")
        return found


class _Line:
    """A connection that ends at the deadline: silence is not the only way to take for ever."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket, self.was_cut = connected, False
        self.end = threading.Timer(DEADLINE, self._cut)
        self.end.daemon = True

    def __enter__(self) -> "_Line":
        self.end.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end.cancel()
        self.socket.close()

    def secured(self, host: str) -> socket.socket:
        context = ssl.create_default_context()
        self.socket = context.wrap_socket(self.socket, server_hostname=host, do_handshake_on_connect=False)
        self.socket.do_handshake()
        return self.socket

    def _cut(self) -> None:
        self.was_cut = True
        with contextlib.suppress(OSError):  # it is over already
            self.socket.shutdown(socket.SHUT_RDWR)


def _answer(response: http.client.HTTPResponse, largest: int, takes: Callable[[str], bool]) -> bytes | str:
    if response.status in MOVED and response.headers["Location"]:
        return response.headers["Location"]
    if response.status != 200:
        raise NotFetched(f"it answers {response.status}")
    if not takes(response.headers.get_content_type()):
        raise NotFetched(f"it is of the type {response.headers.get_content_type()}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise NotFetched("it comes packed, though that was not asked for")
    length = response.length or 0
    data = response.read(largest + 1) if length <= largest else b""
    if length > largest or len(data) > largest:
        raise NotFetched(f"it is larger than {largest // 1_000_000} MB")
    if len(data) < length:
        raise NotFetched("it came in part only")
    return data
