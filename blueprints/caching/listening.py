"""Hearing from other machines that a new generation has begun: one thread for each way, in each process that serves."""

import logging
import os
import threading
from collections.abc import Callable, Iterator

from sqlalchemy import Engine

from blueprints.caching.shelves import Valkey
from models.generation import CHANNEL, Generation

LOOK = 0.5  # seconds between two looks at whether to stop
AGAIN = 1.0  # seconds until a lost connection is tried again

Stopping = threading.Event
Ear = Callable[[Stopping], Iterator[str | None]]
log = logging.getLogger(__name__)


class Listeners:
    """`start` may be called at every request: it does something once in each process, also after a fork."""

    def __init__(self, generation: Generation, engine: Engine) -> None:
        self.generation, self.engine = generation, engine
        self.valkey: Valkey | None = None
        self.process = 0
        self.stopping = Stopping()
        self.threads: list[threading.Thread] = []
        self.lock = threading.Lock()

    def start(self) -> None:
        if self.process == os.getpid():
            return
        with self.lock:
            if self.process == os.getpid():
                return
            self.process, self.stopping, self.threads = os.getpid(), Stopping(), []
            for ear in self._ears():
                thread = threading.Thread(target=follow, args=(ear, self.generation, self.stopping), daemon=True)
                thread.start()
                self.threads.append(thread)

    def stop(self) -> None:
        """End the threads, and wait until they have."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(5)
        self.process = 0

    def _ears(self) -> Iterator[Ear]:
        if self.engine.dialect.name == "postgresql":
            yield lambda stopping: postgres(self.engine, stopping)
        if self.valkey is not None:
            yield lambda stopping: pubsub(self.valkey, stopping)  # type: ignore[arg-type]


def follow(ear: Ear, generation: Generation, stopping: Stopping) -> None:
    """Pass on what an ear hears until told to stop; a lost connection is made again."""
    is_lost = False
    while not stopping.is_set():
        try:
            for message in ear(stopping):
                if message is None:  # listening from here on: what was said before went unheard
                    generation.lose()
                    is_lost = False
                else:
                    generation.hear(message)
        except Exception as error:  # whatever it is, the thread must live: pages would stay old
            if not is_lost:
                log.warning("Changes on other machines are not heard until this works again: %s", error)
            is_lost = True
            stopping.wait(AGAIN)


def postgres(engine: Engine, stopping: Stopping) -> Iterator[str | None]:
    import psycopg  # not where SQLite is used

    arguments, options = engine.dialect.create_connect_args(engine.url)
    alive = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
    with psycopg.connect(*arguments, **{**alive, **options}, autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")  # type: ignore[arg-type]
        yield None
        while not stopping.is_set():
            for notice in connection.notifies(timeout=LOOK):
                yield notice.payload


def pubsub(valkey: Valkey, stopping: Stopping) -> Iterator[str | None]:
    with valkey.redis.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe(valkey.channel)
        yield None
        while not stopping.is_set():
            message = channel.get_message(timeout=LOOK)
            if message:
                yield message["data"].decode("utf-8", "replace")
