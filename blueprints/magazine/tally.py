"""Reads, kept in memory for a few seconds and stored together: a crowd must not queue for the database's one pen."""

import atexit
import os
import threading
import weakref
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from models import begin_write, db, utcnow
from models import reads as stored
from models.heat import Reads

ENOUGH = 100  # reads that are stored at once, without waiting any longer
WAIT = 5.0  # seconds that a read waits for others
TOO_MANY = 5000  # stories; while the database is away no more are counted than this


class Tally:
    """The reads that one process has counted and not stored yet.

    The first read of a batch starts a thread that stores the batch when it has waited `wait` seconds or there are
    `ENOUGH`; a request never waits for it. The end of the process stores the rest: SIGTERM loses nothing.
    """

    def __init__(self, app: Flask, wait: float = WAIT) -> None:
        self.app, self.wait = app, wait
        self.begin()
        _all.add(self)

    def begin(self) -> None:
        """Start empty, with locks that nobody holds."""
        self.waiting: dict[int, Reads] = {}
        self.number = 0
        self.counting, self.storing = threading.Lock(), threading.Lock()
        self.enough = threading.Event()
        self.thread: threading.Thread | None = None

    def add(self, article_id: int, at: datetime) -> None:
        with self.counting:
            self._merge({article_id: Reads.one(at)})
            if self.wait and self.thread is None:
                self.thread = threading.Thread(target=self._store_soon, name="reads", daemon=True)
                self.thread.start()
            if self.number >= ENOUGH:
                self.enough.set()

    def flush(self) -> None:
        """Store what waits, now. When the database refuses, it waits on for the next time."""
        with self.storing:
            with self.counting:
                batch, self.waiting, self.number = self.waiting, {}, 0
                self.enough.clear()
            if not batch:
                return
            try:
                with self.app.app_context():
                    begin_write()
                    stored.store(batch, utcnow())
                    db.session.commit()
            except SQLAlchemyError:
                self.app.logger.warning("Reads could not be stored; they wait.", exc_info=True)
                with self.counting:
                    self._merge(batch)

    def _merge(self, batch: dict[int, Reads]) -> None:
        for article_id, more in batch.items():
            before = self.waiting.get(article_id)
            if before or len(self.waiting) < TOO_MANY:
                self.waiting[article_id] = before + more if before else more
                self.number += more.number

    def _store_soon(self) -> None:
        self.enough.wait(self.wait)
        with self.counting:
            self.thread = None  # what is counted from here on is another batch's
        self.flush()


_all: "weakref.WeakSet[Tally]" = weakref.WeakSet()


def store_all() -> None:
    for tally in list(_all):
        tally.flush()


def begin_all() -> None:
    """In a forked child: its parent stores what it has counted, and keeps its locks and threads."""
    for tally in list(_all):
        tally.begin()


atexit.register(store_all)
os.register_at_fork(after_in_child=begin_all)


def init_app(app: Flask) -> None:
    app.extensions["reads"] = Tally(app, wait=0 if app.testing else WAIT)  # a test stores when it wants to


def current() -> Tally:
    tally: Tally = current_app.extensions["reads"]
    return tally
