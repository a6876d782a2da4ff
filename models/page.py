"""Standing pages, and what the publisher says of itself."""

from datetime import datetime
from types import SimpleNamespace

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from models.article import SourceFormat, Status
from models.base import ShortEnum, db
from models.generation import memo, plain
from models.metering import Mode
from models.writing import Written, write


class Page(db.Model):
    """A standing page: about, contact, privacy, terms, refunds."""

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(default="")
    standfirst: Mapped[str] = mapped_column(default="")
    status: Mapped[Status] = mapped_column(ShortEnum(Status), default=Status.PUBLISHED)
    source: Mapped[str] = mapped_column(default="")
    source_format: Mapped[SourceFormat] = mapped_column(ShortEnum(SourceFormat), default=SourceFormat.MARKDOWN)
    body_html: Mapped[str] = mapped_column(default="")
    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    imported_from: Mapped[str | None] = mapped_column(unique=True)

    def write(
        self, source: str, source_format: SourceFormat = SourceFormat.MARKDOWN, written: Written | None = None
    ) -> None:
        """Set the text. `written`: the same text rendered already, as `Article.write` takes it."""
        written = written or write(source, html=source_format is SourceFormat.HTML)
        self.source, self.source_format = source, source_format
        self.body_html = written.body + written.references

    def publish(self, at: datetime) -> None:
        """Make it public; a page that was out before keeps its first date."""
        self.status = Status.PUBLISHED
        self.published_at = self.published_at or at

    def unpublish(self) -> None:
        self.status = Status.DRAFT

    @classmethod
    def by_slug(cls, slug: str) -> "Page | None":
        return db.session.scalar(select(cls).where(cls.slug == slug))

    @classmethod
    def for_desk(cls) -> list["Page"]:
        return list(db.session.scalars(select(cls).order_by(cls.title, cls.slug)))


class Publication(db.Model):
    """What the publisher says of itself: one row, edited at the desk."""

    id: Mapped[int] = mapped_column(primary_key=True)
    motto: Mapped[str] = mapped_column(default="")
    colophon: Mapped[str] = mapped_column(default="")
    wordmark_hanzi: Mapped[str] = mapped_column(default="")  # raised beside the wordmark; may be empty
    publisher: Mapped[str] = mapped_column(default="")  # the legal person, for receipts
    address: Mapped[str] = mapped_column(default="")  # postal, in one line or several
    email: Mapped[str] = mapped_column(default="")  # where readers write to, and alerts go
    gated_in_feeds: Mapped[str] = mapped_column(default="teaser")  # what feeds give of a closed story, or "drop" it
    reading_mode: Mapped[Mode] = mapped_column(ShortEnum(Mode), default=Mode.METER)  # what the whole magazine asks
    crawlers_read: Mapped[bool] = mapped_column(default=False)  # search engines get the text of metered stories
    staff_second_factor: Mapped[bool] = mapped_column(default=False)  # who works here must have one for the desk

    @classmethod
    def get(cls) -> "Publication":
        """The one row; a blank one, not yet saved, before the publisher has said anything."""
        blank = dict.fromkeys("motto colophon wordmark_hanzi publisher address email".split(), "")
        usual = {"gated_in_feeds": "teaser", "reading_mode": Mode.METER}
        off = dict.fromkeys(("staff_second_factor", "crawlers_read"), False)
        return db.session.get(cls, 1) or cls(id=1, **usual, **off, **blank)

    @classmethod
    def said(cls) -> SimpleNamespace:
        """The same as plain values, asked for once in each generation."""
        return memo("publication", lambda: plain(cls.get()))

    @classmethod
    def mode(cls) -> Mode:
        """What the whole magazine asks of its readers now."""
        return Mode(cls.said().reading_mode)
