"""Who writes, and the bylines of stories."""

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import db


class Author(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    bio: Mapped[str] = mapped_column(default="")
    role: Mapped[str] = mapped_column(default="")

    @classmethod
    def by_slug(cls, slug: str) -> "Author | None":
        return db.session.scalar(select(cls).where(cls.slug == slug))

    @classmethod
    def in_order(cls) -> list["Author"]:
        return list(db.session.scalars(select(cls).order_by(cls.name)))


class Byline(db.Model):
    """Who wrote an article, in the order of the byline."""

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(default=0)
    author: Mapped[Author] = relationship(lazy="joined", innerjoin=True)
