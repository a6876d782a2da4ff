"""What signed-in readers keep: stories saved for later, and those they have read. Both are theirs to erase."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.article import Article
from models.base import db, utcnow


class SavedStory(db.Model):
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)
    saved_at: Mapped[datetime] = mapped_column(default=utcnow)
    article: Mapped[Article] = relationship()


class ReadStory(db.Model):
    """A story that the reader opened; `read_at` is the last time."""

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)
    read_at: Mapped[datetime] = mapped_column(default=utcnow)
    article: Mapped[Article] = relationship()
