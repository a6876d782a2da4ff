"""Old addresses that still lead somewhere."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import db, utcnow


class Redirect(db.Model):
    """One old address: a path as it was asked for, with its query when it has one ("/?p=42")."""

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(unique=True)  # begins with "/", no trailing slash, percent-decoded
    target: Mapped[str]  # a path of ours
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def by_path(cls, path: str) -> "Redirect | None":
        return db.session.scalar(select(cls).where(cls.path == path))
