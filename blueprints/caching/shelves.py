"""Where pages are kept: this process's memory, and Valkey, which all processes share."""

import hashlib
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from blueprints.caching.entry import Entry
from models.generation import CHANNEL, Token

Key = tuple[str, str, str, str]  # scheme, host, path, query
ASKED = 4  # part of the room for pages of an address with a query: a flood of those pushes out no others
LARGEST = 8  # part of the room that one page may take
AWAY = 5.0  # seconds without another try when Valkey does not answer
SOON = 0.25  # seconds that it may take to answer; a page is made in less

T = TypeVar("T")
log = logging.getLogger(__name__)


class Sized(Protocol):
    @property
    def size(self) -> int:
        """Bytes of memory, about."""


class Shelf:
    """Pages up to a number of bytes; the one asked for longest ago goes first."""

    def __init__(self, room: int) -> None:
        self.room, self.taken = room, 0
        self.pages: OrderedDict[Key, tuple[Any, int]] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: Key) -> Any:
        with self.lock:
            found = self.pages.get(key)
            if found is None:
                return None
            self.pages.move_to_end(key)
            return found[0]

    def put(self, key: Key, entry: Sized) -> None:
        size = entry.size
        with self.lock:
            self.taken -= self.pages.pop(key, (None, 0))[1]
            if size > self.room // LARGEST:
                return
            self.pages[key] = entry, size
            self.taken += size
            while self.taken > self.room:
                self.taken -= self.pages.popitem(last=False)[1][1]


class Memory:
    """The pages of one process, in at most `room` bytes."""

    def __init__(self, room: int) -> None:
        self.pages, self.asked = Shelf(room - room // ASKED), Shelf(room // ASKED)

    def get(self, key: Key) -> Entry | None:
        found: Entry | None = (self.asked if key[3] else self.pages).get(key)
        return found

    def put(self, key: Key, entry: Entry) -> None:
        (self.asked if key[3] else self.pages).put(key, entry)


@dataclass(frozen=True, slots=True)
class Shared:
    """What Valkey said: its generation, and the page if it has one of that generation."""

    generation: str
    entry: Entry | None


class Valkey:
    """The pages that processes and machines share. When it is away, pages are made as if there were none.

    Its generation is a number beside the pages. Each page says of which generation it is, and on which machine and of
    which state of that machine's file it was made: the file is right even when Valkey missed a change.
    """

    def __init__(self, url: str, site: str) -> None:
        once = Retry(NoBackoff(), 0)
        self.redis = Redis.from_url(url, socket_timeout=SOON, socket_connect_timeout=SOON, retry=once)
        self.prefix = "masthead:" + hashlib.sha256(site.encode()).hexdigest()[:12]
        self.channel = f"{self.prefix}:{CHANNEL}"
        self.generation = f"{self.prefix}:generation"
        self.away_until = 0.0
        self.owed = ""  # the last change that it has not been told of
        self.lock = threading.Lock()

    def get(self, key: Key, here: str, token: Token) -> Shared | None:
        """None when Valkey is away, or when it keeps no page of this kind."""
        if key[3]:  # with a query: as many as anybody cares to ask for
            return None
        found: Any = self._try(lambda: self.redis.mget(self.generation, self._name(key)))
        if found is None:
            return None
        generation = (found[0] or b"0").decode()
        return Shared(generation, self._entry(found[1], generation, here, token))

    def put(self, key: Key, entry: Entry, generation: str, here: str) -> None:
        left = int((entry.until - time.time()) * 1000)
        if left <= 0:
            return
        page = entry.dump(generation=generation, here=here, token=entry.token[:3])
        self._try(lambda: self.redis.set(self._name(key), page, px=left))

    def tell(self, message: str) -> None:
        """A change: every page of before is old, and other machines hear of it."""
        with self.lock:
            self.owed = message
        self._try(lambda: None)

    def _pay(self) -> None:
        """Say what is owed; what fails stays owed, and is said before anything is asked."""
        with self.lock:
            message, self.owed = self.owed, ""
        if not message:
            return
        try:
            pipeline = self.redis.pipeline()
            pipeline.incr(self.generation)
            pipeline.publish(self.channel, message)
            pipeline.execute()
        except RedisError:
            with self.lock:
                self.owed = self.owed or message
            raise

    def _entry(self, page: bytes | None, generation: str, here: str, token: Token) -> Entry | None:
        if page is None:
            return None
        head, _, body = page.partition(b"\n")
        try:
            facts: dict[str, Any] = json.loads(head)
            if facts["generation"] != generation or facts["until"] <= time.time():
                return None
            if facts["here"] == here and tuple(facts["token"]) != token[:3]:
                return None
            return Entry.load(facts, body, token)
        except (ValueError, KeyError, TypeError):  # of another release of the site
            return None

    def _name(self, key: Key) -> str:
        return f"{self.prefix}:page:" + hashlib.sha256("\n".join(key).encode("utf-8", "replace")).hexdigest()

    def _try(self, ask: Callable[[], T]) -> T | None:
        """What Valkey answers; None at once while it is away."""
        if time.monotonic() < self.away_until:
            return None
        try:
            self._pay()
            answer = ask()
        except RedisError as error:
            if not self.away_until:
                log.warning("Valkey does not answer; pages are made without it: %s", error)
            self.away_until = time.monotonic() + AWAY
            return None
        if self.away_until:
            log.warning("Valkey answers again.")
            self.away_until = 0.0
        return answer
