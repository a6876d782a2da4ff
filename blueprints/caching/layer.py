"""The WSGI layer that answers visitors from memory, without a query and without Flask."""

import re
import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask
from werkzeug.datastructures import Headers, ResponseCacheControl
from werkzeug.http import is_resource_modified, parse_cache_control_header

from blueprints.caching.entry import CONDITIONS, Entry, is_conditional
from blueprints.caching.shelves import Key, Memory, Valkey
from models.generation import Generation, Token

MAKING = "masthead.making"  # in the environment of a request whose answer is kept, if it is everybody's
UNTIL = "masthead.until"  # in a request's environment: the moment that makes its page old, as a time stamp

# Never shared, so not worth a look: files, and what is about one person.
PASSED_BY = re.compile(
    r"/(?:static|media|desk|account|feeds|downloads|orders|go|stripe|mail|healthz|readyz|metrics)(?:/|$)"
)
# Parameters that pages are made from. An address with any other is answered by Flask and not kept.
MATTER = {"after", "author", "before", "category", "order", "page", "q", "year"}
# What newsletters and networks hang on an address; no page is another for it.
NOISE = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id")
PATIENCE = 10.0  # seconds that a request waits for another one that makes the same page

Start = Callable[..., Any]


class Layer:
    """`inner` is the rest of the site. `awake` is called once in each process, by its first request."""

    def __init__(self, app: Flask, generation: Generation, memory: Memory, valkey: Valkey | None) -> None:
        self.inner, self.generation, self.memory, self.valkey = app.wsgi_app, generation, memory, valkey
        self.awake: Callable[[], None] | None = None
        self.is_apart: Callable[[dict[str, Any]], bool] | None = None  # set by metering/crawlers.py
        self.site = urlsplit(app.config["SITE_URL"]).netloc
        names = app.config["SESSION_COOKIE_NAME"], app.config["REMEMBER_COOKIE_NAME"]
        self.cookies = tuple(f"{name}=" for name in names)
        self.making: dict[Key, threading.Event] = {}
        self.lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if self.awake:
            self.awake()
        key = self.key(environ)
        if key is None:
            return self.inner(environ, start)
        token = self.generation.now()  # before anything is read from the database
        entry = self.memory.get(key)
        if entry is not None:
            if entry.token == token and time.time() < entry.until:
                return entry.answer(environ, start)
            return self.renew(key, token, entry, environ, start)
        return self.make(key, token, environ, start)

    def key(self, environ: dict[str, Any]) -> Key | None:
        """What names the page asked for; None when it is not one that visitors share."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return None
        if "HTTP_AUTHORIZATION" in environ or "HTTP_RANGE" in environ:
            return None
        cookie = environ.get("HTTP_COOKIE")
        if cookie and any(name in cookie for name in self.cookies):
            return None
        path = environ.get("PATH_INFO", "")
        if PASSED_BY.match(path):
            return None
        host = environ.get("HTTP_HOST", "")
        if host != self.site and not is_own_loopback(host, environ):
            return None
        query = environ.get("QUERY_STRING", "")
        if query and (query := meaning(query)) is None:
            return None
        if self.is_apart and self.is_apart(environ):
            return None
        return environ["wsgi.url_scheme"], host, environ.get("SCRIPT_NAME", "") + path, query

    def renew(self, key: Key, token: Token, old: Entry, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Make an old page anew, once for all who ask at the same time."""
        with self.lock:
            made = self.making.get(key)
            if made is None:
                self.making[key] = mine = threading.Event()
        if made is None:
            try:
                return self.make(key, token, environ, start)
            finally:
                with self.lock:
                    del self.making[key]
                mine.set()
        if old.token == token:  # only its time is over: nobody has changed anything
            return old.answer(environ, start)
        made.wait(PATIENCE)
        entry = self.memory.get(key)
        if entry is not None and entry.token == token and time.time() < entry.until:
            return entry.answer(environ, start)
        return self.make(key, token, environ, start)

    def make(self, key: Key, token: Token, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer from Valkey or from Flask, and keep the answer when it is everybody's."""
        shared = self.valkey.get(key, self.generation.here, token) if self.valkey else None
        if shared and shared.entry:
            self.memory.put(key, shared.entry)
            return shared.entry.answer(environ, start)

        asked = {**environ, "REQUEST_METHOD": "GET", "QUERY_STRING": key[3], MAKING: True}
        for name in CONDITIONS:  # the whole page is wanted, whatever this one browser has of it
            asked.pop(name, None)
        said: dict[str, Any] = {}

        def hear(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
            said.update(status=status, headers=Headers(headers))
            return lambda _chunk: None  # nobody writes so: Flask gives its answer back

        body = self.inner(asked, hear)
        status, headers = said["status"], said["headers"]
        seconds = shared_seconds(status, headers)
        if not seconds:
            return hand_on(body, status, headers, environ, start)

        content = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        now = time.time()
        ends = min(now + seconds, asked.get(UNTIL) or now + seconds)
        entry = Entry.of(content, headers, token, ends)
        answer = entry.answer(environ, start)  # first, so that what is kept is what was packed for it
        if ends > now:
            self.memory.put(key, entry)
            if self.valkey and shared:
                self.valkey.put(key, entry, shared.generation, self.generation.here)
        return answer


def is_own_loopback(host: str, environ: dict[str, Any]) -> bool:
    """Whether this is the machine's own name for this server; any other port would be one more copy of each page."""
    name, _, port = host.partition(":")
    return name in ("127.0.0.1", "localhost") and (port or "80") == environ["SERVER_PORT"]


def meaning(query: str) -> str | None:
    """The part of a query that pages are made from, in one order; None when there is more that might matter."""
    try:
        # WSGI hands bytes on so; programs do not always write hanzi as %-signs.
        sent = query.encode("latin-1").decode("utf-8", "replace")
        pairs = parse_qsl(sent, keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return None
    kept = [(name, value) for name, value in pairs if not NOISE.fullmatch(name)]
    if any(name not in MATTER for name, _ in kept):
        return None
    return urlencode(sorted(kept, key=lambda pair: pair[0]))


def shared_seconds(status: str, headers: Headers) -> int:
    """How long an answer may be kept for everybody; 0 when it may not."""
    if not status.startswith("200") or "Set-Cookie" in headers:
        return 0
    if set(headers.get("Vary", "").lower().replace(" ", "").split(",")) - {"", "accept-encoding"}:
        return 0
    return public_seconds(headers.get("Cache-Control", ""))


@lru_cache(maxsize=100)
def public_seconds(header: str) -> int:
    """How long a Cache-Control header lets every cache keep an answer; 0 when it does not."""
    control = parse_cache_control_header(header, cls=ResponseCacheControl)
    if not control.public or control.private or control.no_store:
        return 0
    return control.s_maxage or 0


def hand_on(
    body: Iterable[bytes], status: str, headers: Headers, environ: dict[str, Any], start: Start
) -> Iterable[bytes]:
    """An answer that is not kept, as the request wanted it: none of it for HEAD, 304 for what the browser has."""
    asks = status.startswith("200") and is_conditional(environ)
    if asks and not is_resource_modified(environ, headers.get("ETag"), last_modified=headers.get("Last-Modified")):
        status = "304 NOT MODIFIED"
        headers.remove("Content-Type")
        headers.remove("Content-Length")
    start(status, list(headers))
    if environ["REQUEST_METHOD"] != "HEAD" and not status.startswith("304"):
        return body
    if hasattr(body, "close"):
        body.close()
    return []
