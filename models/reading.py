"""What signed-in readers keep: stories saved for later, and those they have read. Both are theirs to erase."""

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ForeignKey, Select, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Mapped, joinedload, mapped_column, relationship

from models.article import Article
from models.base import db, utcnow

Kept = TypeVar("Kept", bound="SavedStory | ReadStory")


class SavedStory(db.Model):
    """A story that the reader put by for later."""

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)
    saved_at: Mapped[datetime] = mapped_column(default=utcnow)
    article: Mapped[Article] = relationship()

    @classmethod
    def has(cls, account_id: int, article_id: int) -> bool:
        return db.session.get(cls, (account_id, article_id)) is not None

    @classmethod
    def keep(cls, account_id: int, article_id: int, now: datetime) -> None:
        """Save it; saved before, it stays where it is. The caller commits."""
        _insert(cls, account_id, article_id, "saved_at", now, again=False)

    @classmethod
    def shelf(cls, account_id: int, now: datetime) -> Select[Any]:
        """Those still to be read, last saved first."""
        return _shelf(cls, cls.saved_at, account_id, now)


class ReadStory(db.Model):
    """A story that the reader opened; `read_at` is the last time."""

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)
    read_at: Mapped[datetime] = mapped_column(default=utcnow)
    article: Mapped[Article] = relationship()

    @classmethod
    def keep(cls, account_id: int, article_id: int, now: datetime) -> None:
        """Note that it was read, now. The caller commits."""
        _insert(cls, account_id, article_id, "read_at", now, again=True)

    @classmethod
    def shelf(cls, account_id: int, now: datetime) -> Select[Any]:
        """Those that are out, last read first."""
        return _shelf(cls, cls.read_at, account_id, now)


def erase(table: type[SavedStory] | type[ReadStory], account_id: int, article_id: int | None = None) -> None:
    """Forget one story, or all of them. The caller commits."""
    theirs = delete(table).where(table.account_id == account_id)
    db.session.execute(theirs if article_id is None else theirs.where(table.article_id == article_id))


def _insert(table: type, account_id: int, article_id: int, moment: str, now: datetime, *, again: bool) -> None:
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    row = insert(table).values(account_id=account_id, article_id=article_id, **{moment: now})
    key = ["account_id", "article_id"]
    later = row.on_conflict_do_update(index_elements=key, set_={moment: now})
    db.session.execute(later if again else row.on_conflict_do_nothing(index_elements=key))


def _shelf(table: type[Kept], moment: InstrumentedAttribute[datetime], account_id: int, now: datetime) -> Select[Any]:
    return (
        select(table)
        .join(table.article)
        .where(table.account_id == account_id, Article.is_out(now))
        .order_by(moment.desc(), table.article_id.desc())
        .options(joinedload(table.article).joinedload(Article.category))
    )
