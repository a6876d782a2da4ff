"""Search engines' crawlers, known by their address: from DATA/crawlers.txt, and from what the worker found in DNS.

What a User-Agent says decides only whether an address is worth a look. From memory, without a query: both sources are
read again each minute, and only while somebody claims to be a crawler.
"""

import hashlib
import hmac
import ipaddress
import logging
import secrets
import threading
import time
from collections import OrderedDict
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from blueprints.security import bucket
from models import CrawlerClaim, CrawlerNetwork, Publication, begin_write, db, utcnow
from models.crawler import WAITS
from models.crawling import can_be_proven, claimed, read_list
from models.networks import Address, Network, Ranges, address_of, home_of

AGAIN = 60.0  # seconds until both sources are read again
REMEMBERED = 10_000  # claims that each process remembers to have noted
log = logging.getLogger(__name__)


class Crawlers:
    """The networks that this process knows."""

    def __init__(self, app: Flask) -> None:
        self.app, self.file = app, Path(app.config["DATA"], "crawlers.txt")
        self.every = AGAIN
        self.ranges: Ranges[str] = Ranges([])
        self.read_at = -AGAIN
        self.noted: OrderedDict[int, float] = OrderedDict()  # hashes that hold for this process alone
        self.lock = threading.Lock()

    def is_one(self, agent: str, address: str) -> bool:
        """Whether this address is of the crawler that its User-Agent says it is."""
        name = claimed(agent)
        return bool(name) and self._known().get(address_of(address)) == name

    def is_apart(self, environ: dict[str, Any]) -> bool:
        """Whether the page cache must pass this request by: of a crawler, or of one that may be and is to be noted."""
        agent = environ.get("HTTP_USER_AGENT")
        if not agent or not (name := claimed(agent)):
            return False
        address = address_of(environ.get("REMOTE_ADDR"))
        return address is not None and (self._known().get(address) == name or self.is_new(name, address))

    def is_new(self, name: str, address: Address) -> bool:
        """Whether this process has not noted this claim in the last hour."""
        since = self.noted.get(hash((name, home_of(address))))
        return can_be_proven(name) and (since is None or since < time.monotonic() - WAITS.total_seconds())

    def remember(self, name: str, address: Address) -> None:
        with self.lock:
            self.noted[hash((name, home_of(address)))] = time.monotonic()
            while len(self.noted) > REMEMBERED:
                self.noted.popitem(last=False)

    def _known(self) -> Ranges[str]:
        if time.monotonic() >= self.read_at + self.every:
            with self.lock:
                self.read_at = time.monotonic()
            try:
                with self.app.app_context():
                    self.ranges = Ranges(all_networks(utcnow()))
            except (OSError, SQLAlchemyError):
                log.exception("The networks of crawlers could not be read; those read before hold")
        return self.ranges


def current() -> Crawlers:
    return cast(Crawlers, current_app.extensions["crawlers"])


def listed() -> tuple[list[tuple[Network, str]], list[str]]:
    """What DATA/crawlers.txt says, and what is wrong with it."""
    try:
        return read_list(current().file.read_text())
    except FileNotFoundError:
        return [], []


def all_networks(now: datetime) -> list[tuple[Network, str]]:
    """Those of the list, and those found in DNS."""
    found, wrong = listed()
    for sentence in wrong:
        log.warning("%s: %s", current().file, sentence)
    return [(ipaddress.ip_network(row.cidr), row.name) for row in CrawlerNetwork.good(now)] + found


def are_let_in() -> bool:
    """Whether the editor lets search engines read what is metered."""
    return bool(Publication.said().crawlers_read)


def is_here() -> bool:
    """Whether this request is a crawler's that the editor lets in."""
    agent = request.headers.get("User-Agent", "")
    return bool(claimed(agent)) and are_let_in() and current().is_one(agent, request.remote_addr or "")


def settle(response: Response) -> Response:
    """A page for this crawler alone: no cache keeps it, and the engine shows no copy of it."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noarchive"
    return response


# An address in the queue is no reader's, but whoever pretends to be a crawler may be one: it is kept under a pad that
# is made anew for each row from SECRET_KEY. Who reads the database, or a copy of it, reads no address.


def seal(address: Address) -> str:
    salt = secrets.token_hex(16)
    return salt + _padded(address.packed, salt).hex()


def unseal(sealed: str) -> Address:
    """Raises ValueError for what was sealed with another SECRET_KEY: most often it is no address then."""
    return ipaddress.ip_address(_padded(bytes.fromhex(sealed[32:]), sealed[:32]))


def _padded(packed: bytes, salt: str) -> bytes:
    key = current_app.config["SECRET_KEY"].encode()
    pad = hmac.new(key, f"crawler address {salt}".encode(), hashlib.sha256).digest()
    return bytes(one ^ other for one, other in zip(packed, pad, strict=False))


def note(response: Response) -> Response:
    """Put a claim that DNS can prove into the worker's queue. After the page is made: nothing of it is committed."""
    name = claimed(request.headers.get("User-Agent", ""))
    address = address_of(request.remote_addr) if name else None
    known = current()
    if address is None or not known.is_new(name, address) or known.is_one(name, str(address)):
        return response
    known.remember(name, address)  # in any case: the page cache lets it in from now on
    if not are_let_in():
        return response
    who, now = bucket(f"crawler {name}", str(home_of(address))), utcnow()
    try:
        db.session.rollback()
        if not CrawlerClaim.is_noted(who) and not CrawlerClaim.is_full(now):
            begin_write()
            CrawlerClaim.note(who, name, seal(address), now)
            db.session.commit()
    except SQLAlchemyError:  # a busy database must not unmake the page
        log.exception("A crawler's claim was not noted")
        db.session.rollback()
    return response


def init_app(app: Flask) -> None:
    app.extensions["crawlers"] = crawlers = Crawlers(app)
    app.extensions["page_cache"].is_apart = crawlers.is_apart
    app.after_request(note)
