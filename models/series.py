"""Stories that belong together and are read in order."""

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import db


class Series(db.Model):
    """A row of stories with a name. A story's place in it is `Article.series_position`, counted from 1."""

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")

    @classmethod
    def by_slug(cls, slug: str) -> "Series | None":
        return db.session.scalar(select(cls).where(cls.slug == slug))

    @classmethod
    def in_order(cls) -> list["Series"]:
        return list(db.session.scalars(select(cls).order_by(cls.title)))
