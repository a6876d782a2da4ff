"""One page as it is kept: packed once, for everybody."""

import hashlib
import json
import time
from functools import lru_cache
from typing import Any

from isal import igzip
from werkzeug.datastructures import Headers
from werkzeug.http import is_resource_modified, parse_accept_header

from models.generation import Token

LEVEL = 2  # of ISA-L's three: the third takes half as long again, for 2 % less
SMALL = 400  # bytes; packing less gains nothing
# Until when nginx keeps it, which knows whole seconds only: to the end of this one, so that an edit shows in the next.
NGINX = "X-Accel-Expires"
CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")
Pairs = list[tuple[str, str]]
BODILY = {"content-type", "content-length", "content-encoding"}


@lru_cache(maxsize=500)
def takes_gzip(header: str) -> bool:
    accepted = parse_accept_header(header)
    return accepted.quality("gzip") > 0


def is_conditional(environ: dict[str, Any]) -> bool:
    """Whether the browser has a copy, and asks whether it is still right."""
    return any(name in environ for name in CONDITIONS)


class Entry:
    """A page: plain or packed, whichever was asked for first, and packed from the first time that it is asked for.

    It is right as long as its generation lasts and `until` (a time stamp) has not come.
    """

    __slots__ = ("headers", "modified", "packed", "plain", "tag", "token", "until")

    def __init__(self, headers: Pairs, tag: str, token: Token, until: float) -> None:
        self.headers, self.tag, self.token, self.until = headers, tag, token, until  # headers that both forms share
        self.modified = next((value for name, value in headers if name.lower() == "last-modified"), None)
        self.plain: bytes | None = None
        self.packed: tuple[bytes, Pairs] | None = None  # set before `plain` is dropped: threads share this page

    @classmethod
    def of(cls, body: bytes, headers: Headers, token: Token, until: float) -> "Entry":
        tag = (headers.get("ETag") or "").strip('"') or hashlib.sha256(body).hexdigest()[:32]
        differ = {"etag", "content-length", "vary", "date"}  # the server dates each answer
        rest = [(name, value) for name, value in headers if name.lower() not in differ]
        entry = cls([*rest, ("Vary", "Accept-Encoding")], tag, token, until)
        entry.plain = body
        return entry

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        return len(self.plain or b"") + (len(self.packed[0]) if self.packed else 0) + 2500

    def answer(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        body, tag, headers = self._packed() if self._may_pack(environ) else self._plain()
        if is_conditional(environ) and not is_resource_modified(environ, tag, last_modified=self.modified):
            start("304 NOT MODIFIED", [pair for pair in headers if pair[0].lower() not in BODILY])
            return []
        start("200 OK", [*headers, (NGINX, f"@{int(time.time())}")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _may_pack(self, environ: dict[str, Any]) -> bool:
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        plain = self.plain
        return bool(accepted) and (plain is None or len(plain) > SMALL) and takes_gzip(accepted)

    def _packed(self) -> tuple[bytes, str, Pairs]:
        tag, plain = f'"{self.tag}-gzip"', self.plain
        if self.packed is None and plain is not None:
            self._keep_packed(igzip.compress(plain, LEVEL, mtime=0))
        body, headers = self.packed or (b"", [])
        return body, tag, headers

    def _keep_packed(self, body: bytes) -> None:
        own = [("ETag", f'"{self.tag}-gzip"'), ("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))]
        self.packed = body, [*self.headers, *own]
        self.plain = None

    def _plain(self) -> tuple[bytes, str, Pairs]:
        body, tag = self.plain, f'"{self.tag}"'
        if body is None:
            body = igzip.decompress(self.packed[0]) if self.packed else b""
        return body, tag, [*self.headers, ("ETag", tag), ("Content-Length", str(len(body)))]

    def dump(self, **more: Any) -> bytes:
        """The page for a store outside this process, with what else must be known of it there."""
        plain = self.plain
        facts = {"headers": self.headers, "tag": self.tag, "packed": plain is None, "until": self.until, **more}
        return json.dumps(facts).encode() + b"\n" + (self.packed[0] if plain is None and self.packed else plain or b"")

    @classmethod
    def load(cls, facts: dict[str, Any], body: bytes, token: Token) -> "Entry":
        headers = [(str(name), str(value)) for name, value in facts["headers"]]
        entry = cls(headers, facts["tag"], token, facts["until"])
        if facts["packed"]:
            entry._keep_packed(body)
        else:
            entry.plain = body
        return entry
