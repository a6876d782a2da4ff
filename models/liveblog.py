"""A liveblog's entries. Each change has a number, so that an open page can ask for what came after it."""

from datetime import datetime
from typing import TYPE_CHECKING
from zlib import crc32

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import db
from models.writing import Sizes, write

if TYPE_CHECKING:
    from models.article import Article


class LiveblogClosed(Exception):
    """A closed liveblog takes no new entry: readers were told that it stays as it is."""


class LiveEntry(db.Model):
    """One entry of a liveblog. A `speaker` begins a section, a `headline` makes it a key point.

    Whoever changes one starts with `begin` or `hold`, inside `begin_write()`: they number the change.
    """

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
    once_key: Mapped[str | None] = mapped_column(unique=True)  # of the form that posted it: sent twice, posted once
    article: Mapped["Article"] = relationship(back_populates="entries")

    def write(self, source: str, *, sizes: Sizes | None = None) -> None:
        mark = f"{crc32(source.encode('utf-8', 'replace')):x}-"  # entries share a page: their footnotes must not meet
        written = write(source, note_mark=mark, sizes=sizes)
        self.source, self.body_html = source, written.body + written.references

    def correct(self, note: str, now: datetime) -> None:
        """Say to readers what was put right, with its date; an empty note takes back what was said."""
        if note == self.correction:
            return
        self.correction, self.corrected_at = note, now if note else None

    def remove(self, now: datetime) -> None:
        self.removed_at = self.removed_at or now

    @classmethod
    def begin(cls, article: "Article", once_key: str = "") -> "LiveEntry":
        """A new entry; the one that is there when its form was sent before. Raises LiveblogClosed."""
        version = article.next_version()
        posted = cls.posted(once_key)
        if posted:
            posted.version = version
            return posted
        db.session.refresh(article, ["closed_at"])
        if article.closed_at:
            raise LiveblogClosed
        entry = cls(article_id=article.id, version=version, once_key=once_key or None)
        db.session.add(entry)
        return entry

    @classmethod
    def posted(cls, once_key: str) -> "LiveEntry | None":
        return db.session.scalar(select(cls).where(cls.once_key == once_key)) if once_key else None

    @classmethod
    def hold(cls, entry_id: int) -> "LiveEntry | None":
        """The entry as it is now, to be changed: two editors come one after the other. None when it is removed."""
        entry = db.session.get(cls, entry_id)
        if entry is None:
            return None
        version = entry.article.next_version()
        db.session.refresh(entry)  # what another editor did while we waited
        entry.version = version
        return None if entry.removed_at else entry

    @classmethod
    def changes(cls, article_id: int, after: int | None) -> list["LiveEntry"]:
        """Entries changed after this version, removed ones too; all of them for None. Oldest first."""
        found = select(cls).where(cls.article_id == article_id).order_by(cls.at, cls.id)
        return list(db.session.scalars(found if after is None else found.where(cls.version > after)))
