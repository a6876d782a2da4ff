"""Which state of the magazine a page shows: every commit that readers can see begins a new generation.

A page, or anything else made from the public tables, may be kept as long as the generation lasts that was read before
the first of its rows. Whoever keeps one asks `Generation.now()`: one stat of a file in DATA, which every process on
this machine sees change. Other machines are told: PostgreSQL by NOTIFY in the transaction itself, others by `tell`.
"""

import logging
import os
import platform
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event, func, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from models.base import db

CHANNEL = "masthead"  # of NOTIFY; it ends at the database, so magazines that share a server do not hear each other
MEMO_SECONDS = 60.0

# What readers are not shown. A table that is not named here is public: a change of it makes every page anew.
UNSEEN = {"account", "attempts", "contribution", "crawler_claim", "crawler_network", "day_reader", "gift_link"}
UNSEEN |= {"gift_opening", "meter_read", "order", "outbox", "passkey", "private_feed", "read_story", "recovery_code"}
UNSEEN |= {"saved_story", "seat", "second_factor", "sign_in", "sign_in_letter", "spent_challenge", "stripe_event"}
UNSEEN_COLUMNS = {
    "article": {"reads", "heat", "saved_at"},
    "donation": {"attempt_key", "checkout_session", "checkout_expires_at", "customer", "subscription", "account_id"},
}

Token = tuple[int, int, int, int]
T = TypeVar("T")
log = logging.getLogger(__name__)


class Generation:
    """The generation as this process knows it; `tell`, when set, passes a change on to other machines."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "generation"
        self.here = f"{_machine()}:{folder.resolve()}"
        self.tell: Callable[[str], None] | None = None
        self.memos: dict[str, tuple[Token, float, Any]] = {}
        self._elsewhere = 0  # changes that only other machines' files know of
        self._heard: deque[str] = deque(maxlen=200)
        self._lock = threading.Lock()

    def now(self) -> Token:
        try:
            found = os.stat(self.file)
        except FileNotFoundError:  # before the first change
            return 0, 0, 0, self._elsewhere
        return found.st_ino, found.st_size, found.st_mtime_ns, self._elsewhere

    def of_rows(self) -> Token:
        """The generation of what this session reads: a transaction sees the rows as they were when it began."""
        since: Token = db.session.info.get("since") or self.now()
        return since

    def message(self) -> str:
        """What other machines are sent: where it comes from, and which change it is."""
        return f"{self.here} {secrets.token_hex(8)}"

    def begin(self, message: str) -> None:
        """A new generation begins. Others are told first: who sees the new file must not be given an old page."""
        if self.tell:
            self.tell(message)
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("ab", buffering=0) as out:
                out.write(b".")  # the size counts: no two changes look alike, however coarse the clock
        except OSError:  # the rows are committed; a full disk must not make that look like a failure
            log.exception("%s cannot be written: pages of other processes may be old for a minute", self.file)
            self.lose()

    def hear(self, message: str) -> None:
        """Take a message; one of this machine, or one that came by another way already, changes nothing."""
        with self._lock:
            if message.rpartition(" ")[0] == self.here or message in self._heard:
                return
            self._heard.append(message)
            self._elsewhere += 1

    def lose(self) -> None:
        """Begin anew in this process: changes may have gone unheard."""
        with self._lock:
            self._elsewhere += 1


_watched: "WeakKeyDictionary[Engine, Generation]" = WeakKeyDictionary()


def watch(engine: Engine, generation: Generation) -> None:
    """From now on commits through this engine begin generations."""
    _watched[engine] = generation


def current() -> Generation | None:
    return db.session.info.get("generation") or _watched.get(db.session.get_bind())  # type: ignore[arg-type]


def changed() -> None:
    """Say that this transaction changes what readers see, by statements that go past the ORM's session."""
    db.session.info["changed"] = True


def memo(name: str, make: Callable[[], T], seconds: float = MEMO_SECONDS) -> T:
    """What `make` gives, made once in each process and generation. Plain values only: rows belong to one session."""
    generation = current()
    if generation is None:
        return make()
    since = generation.of_rows()
    kept = generation.memos.get(name)
    if kept and kept[0] == since and time.monotonic() < kept[1]:
        value: T = kept[2]
        return value
    value = make()
    if "changed" not in db.session.info:  # else it may show what is never committed
        generation.memos[name] = since, time.monotonic() + seconds, value
    return value


def plain(row: Any) -> SimpleNamespace:
    """A row's loaded columns as plain values, to be kept by `memo`."""
    state = inspect(row)
    left_out = state.unloaded if state.persistent else set()
    names = (attribute.key for attribute in state.mapper.column_attrs if attribute.key not in left_out)
    return SimpleNamespace(**{name: getattr(row, name) for name in names})


def is_seen(row: Any) -> bool:
    """Whether readers may see that this changed row is another now."""
    table = row.__tablename__
    if table in UNSEEN:
        return False
    state = inspect(row)
    if table not in UNSEEN_COLUMNS or not state.persistent or state.deleted:
        return not (state.pending and getattr(row, "waits_unseen", False))
    return not set(_changes(row)) <= UNSEEN_COLUMNS[table]


def _changes(row: Any) -> Iterator[str]:
    """The columns and relationships of a row that are another now.

    Not `Session.is_modified`: it asks for the history of a sum of money too, which cannot be made when the row's
    old sum is no longer loaded. Its columns say the same.
    """
    state = inspect(row)
    return (one.key for one in state.attrs if one.key not in state.mapper.composites and one.history.has_changes())


@event.listens_for(db.session, "before_flush")
def _note_rows(session: Session, _context: object, _instances: object) -> None:
    if "changed" in session.info:
        return
    dirty = (row for row in session.dirty if any(_changes(row)))
    gone = (row for row in session.deleted if row.__tablename__ not in UNSEEN)
    if any(map(is_seen, session.new)) or any(map(is_seen, dirty)) or any(gone):
        session.info["changed"] = True


@event.listens_for(db.session, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    """Bulk INSERT, UPDATE and DELETE, of a model or of a table."""
    if not (state.is_insert or state.is_update or state.is_delete) or "changed" in state.session.info:
        return
    table = state.statement.table.name  # type: ignore[attr-defined]
    if table not in UNSEEN and not (state.is_update and _columns(state) <= UNSEEN_COLUMNS.get(table, set())):
        state.session.info["changed"] = True


def _columns(state: ORMExecuteState) -> set[str]:
    """The columns an UPDATE sets; when it cannot be told, a name that no table has."""
    values = getattr(state.statement, "_values", None) or {}
    return {getattr(column, "key", "?") for column in values} or {"?"}


@event.listens_for(db.session, "after_begin")
def _note_begin(session: Session, transaction: SessionTransaction, connection: Any) -> None:
    generation = _watched.get(connection.engine)
    if generation and not transaction.nested:
        session.info["since"], session.info["generation"] = generation.now(), generation


@event.listens_for(db.session, "before_commit")
def _notify(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.flush()
    generation = current()
    if generation and "changed" in session.info:
        session.info["changed"] = message = generation.message()
        if session.get_bind().dialect.name == "postgresql":
            session.execute(select(func.pg_notify(CHANNEL, message)))


@event.listens_for(db.session, "after_commit")
def _begin_generation(session: Session) -> None:
    generation = current()
    if generation and "changed" in session.info and not session.in_nested_transaction():
        generation.begin(session.info["changed"])


@event.listens_for(db.session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        for name in ("changed", "since", "generation"):
            session.info.pop(name, None)


def _machine() -> str:
    """This machine and this boot of it, as far as it can be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = "no boot id"
    return f"{platform.node()}:{boot}"
