"""Crawlers that are not in the list: who waits to be looked up in DNS, and what was found."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from models.base import db

WAITS = timedelta(hours=1)  # the longest; then it is dropped, and may come again
GOOD_FOR = timedelta(days=30)
MOST = 500  # in that time: anybody can claim anything


class CrawlerClaim(db.Model):
    """A request said that it was a crawler's. Its address is sealed, and dropped as soon as the worker has looked."""

    who: Mapped[str] = mapped_column(primary_key=True)  # keyed hash of name and network
    name: Mapped[str]
    sealed: Mapped[str]  # the address, under a key that is not in the database; "" once it was looked up
    noted_at: Mapped[datetime] = mapped_column(index=True)

    @classmethod
    def note(cls, who: str, name: str, sealed: str, now: datetime) -> None:
        """Put it in the queue unless it is there. The caller commits."""
        cls.forget(now)
        insert = postgresql.insert if db.session.get_bind().dialect.name == "postgresql" else sqlite.insert
        row = insert(cls).values(who=who, name=name, sealed=sealed, noted_at=now)
        db.session.execute(row.on_conflict_do_nothing())

    @classmethod
    def is_noted(cls, who: str) -> bool:
        return db.session.scalar(select(cls.who).where(cls.who == who)) is not None

    @classmethod
    def is_full(cls, now: datetime) -> bool:
        """Whether no more are taken this hour: a flood of claims must not become one of writes."""
        return (db.session.scalar(select(func.count()).where(cls.noted_at > now - WAITS)) or 0) >= MOST

    @classmethod
    def next(cls, now: datetime) -> "CrawlerClaim | None":
        """The one that waits longest."""
        waiting = select(cls).where(cls.sealed != "", cls.noted_at > now - WAITS)
        return db.session.scalar(waiting.order_by(cls.noted_at).limit(1))

    @classmethod
    def settle(cls, who: str) -> None:
        """It was looked up. The row stays for its hour, without the address, so that it is not asked again."""
        row = db.session.get(cls, who)
        if row:
            row.sealed = ""

    @classmethod
    def forget(cls, now: datetime) -> None:
        db.session.execute(delete(cls).where(cls.noted_at <= now - WAITS))


class CrawlerNetwork(db.Model):
    """A network that DNS has shown to be a search engine's, for a month."""

    cidr: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    @classmethod
    def keep(cls, cidr: str, name: str, now: datetime) -> None:
        """The caller commits."""
        db.session.merge(cls(cidr=cidr, name=name, expires_at=now + GOOD_FOR))

    @classmethod
    def good(cls, now: datetime) -> list["CrawlerNetwork"]:
        return list(db.session.scalars(select(cls).where(cls.expires_at > now).order_by(cls.name, cls.cidr)))

    @classmethod
    def forget(cls, now: datetime) -> None:
        db.session.execute(delete(cls).where(cls.expires_at <= now))
