"""Pictures: files in DATA/media, and how large they are."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import db, utcnow

ENDINGS = {
    "image/svg+xml": ".svg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/avif": ".avif",
}


class Picture(db.Model):
    """A file in DATA/media, shown under /media/<key>. Width and height in CSS pixels, so that nothing jumps."""

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    content_type: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    widths: Mapped[str] = mapped_column(default="")  # "480 960 1440": smaller copies, each as WebP and as AVIF
    name: Mapped[str] = mapped_column(default="")  # of the file that was uploaded or imported
    alt: Mapped[str] = mapped_column(default="")  # what a story is offered when it takes the picture
    caption: Mapped[str] = mapped_column(default="")
    credit: Mapped[str] = mapped_column(default="")
    source_url: Mapped[str] = mapped_column(default="")  # where it was found, for the credit
    licence: Mapped[str] = mapped_column(default="")
    added_at: Mapped[datetime] = mapped_column(default=utcnow)
    imported_from: Mapped[str | None] = mapped_column(unique=True)  # the address it had

    @property
    def file_name(self) -> str:
        """Its name in DATA/media."""
        return f"{self.key}{ENDINGS.get(self.content_type, '')}"

    @classmethod
    def by_key(cls, key: str) -> "Picture | None":
        return db.session.scalar(select(cls).where(cls.key == key))

    @classmethod
    def sizes(cls) -> dict[str, tuple[int, int]]:
        """Width and height of every picture by its key, for texts that show them."""
        return {
            key: (width, height) for key, width, height in db.session.execute(select(cls.key, cls.width, cls.height))
        }
