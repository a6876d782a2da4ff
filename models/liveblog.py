"""A liveblog's entries. Each change has a number, so that an open page can ask for what came after it."""

from datetime import datetime
from typing import TYPE_CHECKING
from zlib import crc32

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import db
from models.writing import Sizes, write

if TYPE_CHECKING:
    from models.article import Article


class LiveEntry(db.Model):
    """One entry of a liveblog. A `speaker` begins a section, a `headline` makes it a key point."""

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    speaker: Mapped[str] = mapped_column(default="")
    topic: Mapped[str] = mapped_column(default="")
    headline: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="")
    body_html: Mapped[str] = mapped_column(default="")
    is_pinned: Mapped[bool] = mapped_column(default=False)  # stands above the others while the liveblog is open
    corrected_at: Mapped[datetime | None]
    correction: Mapped[str] = mapped_column(default="")  # what was put right, said to readers
    removed_at: Mapped[datetime | None]  # taken back: the row stays, so that open pages learn of it
    version: Mapped[int] = mapped_column(default=0)  # the article's `live_version` when this last changed
    article: Mapped["Article"] = relationship(back_populates="entries")

    def write(self, source: str, *, sizes: Sizes | None = None) -> None:
        mark = f"{crc32(source.encode('utf-8', 'replace')):x}-"  # entries share a page: their footnotes must not meet
        written = write(source, note_mark=mark, sizes=sizes)
        self.source, self.body_html = source, written.body + written.references
