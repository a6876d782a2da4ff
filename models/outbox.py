"""What must go out, written in the same transaction as the reason for it. The worker sends it."""

import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.base import begin_write, db, new_public_id, utcnow
from models.nobody import is_nobody, new_address

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 10
FIRST_WAIT = timedelta(seconds=30)  # doubled after each failure


class Outbox(db.Model):
    """One letter. `letter` names its template; `details` holds plain values, never secrets that outlive it."""

    FAREWELL = "account-deleted"  # the last letter to somebody: their address goes with it

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    once_key: Mapped[str | None] = mapped_column(unique=True)  # what it is about: a second letter is not written
    letter: Mapped[str]
    recipient: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    due_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    leased_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def post(cls, letter: str, recipient: str, *, once_key: str | None = None, **details: Any) -> None:
        """Write a letter to be sent once this transaction commits; not again for the same `once_key`.

        To nobody none is written: who gave or bought may have left since.
        """
        if is_nobody(recipient):
            return
        if once_key and db.session.scalar(select(cls.id).where(cls.once_key == once_key)):
            return
        db.session.add(cls(letter=letter, recipient=recipient, once_key=once_key, details=details))

    @classmethod
    def claim(cls, now: datetime, limit: int = 10) -> list[int]:
        """Lease up to `limit` due rows to this worker, and commit; no two workers get the same row.

        A worker that dies gives its rows back when the lease ends, so a letter may go out twice, under one Message-ID.
        """
        free = or_(cls.leased_until.is_(None), cls.leased_until < now)
        due = (
            select(cls.id)
            .where(cls.done_at.is_(None), cls.due_at <= now, cls.attempts < MOST_ATTEMPTS, free)
            .order_by(cls.due_at, cls.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        begin_write()
        take = update(cls).where(cls.id.in_(due)).returning(cls.id)
        taken = list(db.session.scalars(take.values(leased_until=now + LEASE, attempts=cls.attempts + 1)))
        db.session.commit()
        return taken

    def mark_sent(self, at: datetime) -> None:
        self.done_at, self.leased_until, self.last_error = at, None, ""
        self.details = {}  # links in letters are secrets; nothing needs them any more
        self._forget_who_left()

    def mark_failed(self, error: str, at: datetime) -> None:
        """Try again later, each time twice as late; after MOST_ATTEMPTS it stays as a dead letter."""
        self.last_error, self.leased_until = error[:500], None
        self.due_at = at + FIRST_WAIT * 2 ** (self.attempts - 1)
        if self.attempts >= MOST_ATTEMPTS:
            self._forget_who_left()

    def _forget_who_left(self) -> None:
        if self.letter == self.FAREWELL:
            self.recipient, self.last_error = new_address(), ""

    @classmethod
    def forget_person(cls, email: str, name: str, nobody: str, now: datetime) -> None:
        """Letters to this address go to nobody; what still waits to be sent to them, or tells of them, is dropped.

        The desk has what such a letter to it is about in its lists, by then without the name.
        """
        for row in db.session.scalars(select(cls).where(or_(cls.recipient == email, cls.done_at.is_(None)))):
            if row.recipient == email or _tells_of(row.details, email, name):
                row.mark_sent(row.done_at or now)
            if row.recipient == email:
                row.recipient = nobody


def _tells_of(details: Any, email: str, name: str) -> bool:
    """Whether a value in it is this name, or holds this address."""
    if isinstance(details, dict | list):
        return any(
            _tells_of(part, email, name) for part in (details.values() if isinstance(details, dict) else details)
        )
    text = str(details).casefold()
    address = rf"(?<![\w.+-]){re.escape(email)}(?![\w-])"
    return bool(name) and text == name.casefold() or re.search(address, text) is not None
