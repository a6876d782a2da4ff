"""The meter's ledger in the database: which reader opened which article in which period.

A reader is a key: an account's, or the hash of a visitor's pointer. Each opening takes one numbered slot, and a slot is
taken once: of many requests at the same moment no more than the limit get one, on SQLite and PostgreSQL alike, and
nobody waits for a lock.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, ForeignKey, Table, UniqueConstraint, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from models.base import begin_write, db
from models.metering import Claim, claim


@dataclass(frozen=True, slots=True)
class Opened:
    """What a reader has had of one period."""

    articles: frozenset[int]
    used: int  # more than the articles when some were erased


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of a reader's own record."""

    period: str
    article_id: int | None  # None: erased, the count is kept
    at: datetime


def key_of_account(public_id: str) -> str:
    """The ledger's name for an account. Not its number: SQLite gives that to another once the account is gone."""
    return f"account:{public_id}"


class MeterRead(db.Model):
    """One article that one reader opened; it counts in this period and no other."""

    reader: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)  # models.metering.Period.key
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # the how manieth of the period, from 1
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="SET NULL"), index=True)
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("reader", "period", "article_id"), db.Index("ix_meter_read_period", "period"))


# Written once and without the ORM, for every counted read runs them.
TABLE = cast(Table, MeterRead.__table__)
MINE = TABLE.c.reader == bindparam("reader"), TABLE.c.period == bindparam("period")
ARTICLES = select(TABLE.c.article_id).where(*MINE).order_by(TABLE.c.slot)
OPENINGS = select(TABLE.c.article_id, TABLE.c.at).where(*MINE).order_by(TABLE.c.slot)
# No RETURNING: SQLite would hold its lock until the row is fetched.
TAKE = {
    name: insert(TABLE).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


class DatabaseLedger:
    """Every method but `claim` leaves the commit to its caller."""

    def opened(self, reader: str, period: str) -> Opened:
        articles = db.session.scalars(ARTICLES, {"reader": reader, "period": period}).all()
        return Opened(frozenset(article for article in articles if article is not None), len(articles))

    def has(self, reader: str, periods: list[str], article_id: int) -> bool:
        found = select(MeterRead.slot).where(
            MeterRead.reader == reader, MeterRead.period.in_(periods), MeterRead.article_id == article_id
        )
        return db.session.scalar(found.limit(1)) is not None

    def claim(
        self, reader: str, period: str, ends: datetime, article_id: int, limit: int, now: datetime, *, is_known: bool
    ) -> Claim:
        """Open one more article if the limit allows. Commits.

        `is_known`: this reader may have rows; else there is nothing to look at, and the caller has begun the write. Two
        statements at most: what there is, then one more. Where another request takes the slot in between, it is looked
        at again.
        """
        had = self.opened(reader, period) if is_known else Opened(frozenset(), 0)
        said = claim(article_id, had.articles, had.used, limit)
        writes = said.is_new
        if writes and is_known:
            begin_write(alone=True)
        while said.is_new and not self._take(reader, period, said.used, article_id, now):
            had = self.opened(reader, period)
            said = claim(article_id, had.articles, had.used, limit)
        if writes:
            db.session.commit()
        return said

    def _take(self, reader: str, period: str, slot: int, article_id: int | None, at: datetime) -> bool:
        row = {"reader": reader, "period": period, "slot": slot, "article_id": article_id, "at": at}
        taken = cast(CursorResult[Any], db.session.execute(TAKE[db.session.get_bind().dialect.name], row))
        return taken.rowcount == 1

    def merge(self, reader: str, into: str, period: str, ends: datetime) -> None:
        """What a visitor had counts for the account that signs in, once for each article, whatever the limit says.

        The visitor keeps it too: signing out again must not give new stories. An opening is known by its moment, so
        that one which was erased meanwhile, here or there, does not count again at the next sign-in.
        """
        had = _openings(into, period)
        for article_id, at in _openings(reader, period):
            while not any(at == when or (article_id and article_id == article) for article, when in had):
                if self._take(into, period, len(had) + 1, article_id, at):
                    had.append((article_id, at))
                else:  # the account opened a story at this moment: no slot may be left out
                    had = _openings(into, period)

    def record(self, reader: str) -> list[Reading]:
        """All that is kept of a reader, newest first."""
        rows = select(MeterRead.period, MeterRead.article_id, MeterRead.at).where(MeterRead.reader == reader)
        return [Reading(*row) for row in db.session.execute(rows.order_by(MeterRead.at.desc(), MeterRead.slot.desc()))]

    def erase(self, reader: str, *, keep_count: bool) -> None:
        """Forget what a reader read; the bare count stays if asked."""
        if keep_count:
            db.session.execute(update(MeterRead).where(MeterRead.reader == reader).values(article_id=None))
        else:
            db.session.execute(delete(MeterRead).where(MeterRead.reader == reader))

    def forget(self, before: str) -> None:
        """Drop periods that began before this one's key; the worker does so."""
        db.session.execute(delete(MeterRead).where(MeterRead.period < before))


def _openings(reader: str, period: str) -> list[tuple[int | None, datetime]]:
    return [(article, at) for article, at in db.session.execute(OPENINGS, {"reader": reader, "period": period})]
