"""Stories and what they hang together by: categories, authors, tags."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, ForeignKey, Select, and_, func, or_, select, true, union_all
from sqlalchemy.orm import Mapped, attributes, joinedload, mapped_column, relationship, selectinload

from models import heat as warmth
from models.author import Author, Byline
from models.base import ShortEnum, db, utcnow
from models.liveblog import LiveEntry
from models.metering import Access, Gate, Mode
from models.picture import Picture
from models.series import Series
from models.writing import Written, write

if TYPE_CHECKING:
    from models.contribution import Correction

POPULAR_DAYS = 90  # after so long without more, one read makes no story popular
MOST_READS = 10**9  # of one story at once


class Kind(StrEnum):
    ARTICLE = "article"
    LIVEBLOG = "liveblog"


class Status(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    PRIVATE = "private"  # WordPress's word: written, kept, shown to staff only


class SourceFormat(StrEnum):
    MARKDOWN = "markdown"
    HTML = "html"  # imported from WordPress


class Category(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    hanzi: Mapped[str] = mapped_column(default="")  # set upright beside the category's strip
    description: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    gated_in_feeds: Mapped[str] = mapped_column(default="")  # "teaser" or "drop"; empty: as the publication says

    @classmethod
    def in_order(cls) -> list["Category"]:
        return list(db.session.scalars(select(cls).order_by(cls.position, cls.name)))

    @classmethod
    def in_menu(cls, now: datetime) -> list["Category"]:
        """Those with a story to read: an import may bring dozens that have none."""
        told = select(Article.id).where(Article.category_id == cls.id, Article.is_out(now)).exists()
        return list(db.session.scalars(select(cls).where(told).order_by(cls.position, cls.name)))

    @classmethod
    def by_slug(cls, slug: str) -> "Category | None":
        return db.session.scalar(select(cls).where(cls.slug == slug))


class Tag(db.Model):
    """A subject, or a hashtag as people wrote it: then `meaning` says it in English."""

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    meaning: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="")  # where and how often it was seen: "Weibo · 210 m reads"
    board_position: Mapped[int | None]  # its place on the front page's board, if any

    @classmethod
    def by_slug(cls, slug: str) -> "Tag | None":
        return db.session.scalar(select(cls).where(cls.slug == slug))

    @classmethod
    def of_late(cls, now: datetime, limit: int = 12, stories: int = 200) -> list["Tag"]:
        """What the newest stories are about, the commonest first."""
        newest = Article.newest(now, stories).subquery()
        number = func.count().label("number")
        told = select(article_tag.c.tag_id, number).join(newest, newest.c.id == article_tag.c.article_id)
        counted = told.group_by(article_tag.c.tag_id).subquery()
        tags = select(cls).join(counted, counted.c.tag_id == cls.id).order_by(counted.c.number.desc(), cls.name)
        return list(db.session.scalars(tags.limit(limit)))

    @classmethod
    def board(cls, now: datetime) -> list[tuple["Tag", bool]]:
        """The hashtags on the board, in order, each with whether a published story carries it."""
        told = (
            select(article_tag.c.tag_id)
            .join(Article, Article.id == article_tag.c.article_id)
            .where(article_tag.c.tag_id == cls.id, Article.is_out(now))
            .exists()
        )
        rows = db.session.execute(select(cls, told).where(cls.board_position.is_not(None)).order_by(cls.board_position))
        return [(tag, bool(has_story)) for tag, has_story in rows]


article_tag = db.Table(
    "article_tag",
    db.Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
    db.Column("tag_id", ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class AsRead:
    """What is asked alike of a story's row and of its plain values (models/story.py)."""

    if TYPE_CHECKING:
        id: Any
        kind: Any
        status: Any
        access: Any
        free_from: Any
        set_free_at: Any
        published_at: Any
        closed_at: Any

    @property
    def gate(self) -> Gate:
        """What the paywall's rule needs to know."""
        return Gate(self.id, self.access, self.free_from, self.set_free_at is not None)

    @property
    def is_open(self) -> bool:
        """A liveblog that still runs."""
        return self.kind is Kind.LIVEBLOG and self.closed_at is None

    def is_visible(self, now: datetime) -> bool:
        return self.status is Status.PUBLISHED and self.published_at is not None and self.published_at <= now


class Article(AsRead, db.Model):
    """A story. Its text is read through `models.presenting.present` only, which knows who may."""

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[Kind] = mapped_column(ShortEnum(Kind), default=Kind.ARTICLE)
    status: Mapped[Status] = mapped_column(ShortEnum(Status), default=Status.DRAFT)
    access: Mapped[Access] = mapped_column(ShortEnum(Access), default=Access.FREE)
    free_from: Mapped[datetime | None] = mapped_column(index=True)  # of patrons-first: then it is free
    set_free_at: Mapped[datetime | None]  # by the editor with one click, whatever `access` says
    title: Mapped[str] = mapped_column(default="")
    standfirst: Mapped[str] = mapped_column(default="")
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))

    source: Mapped[str] = mapped_column(default="", deferred=True)
    source_format: Mapped[SourceFormat] = mapped_column(ShortEnum(SourceFormat), default=SourceFormat.MARKDOWN)
    body_html: Mapped[str] = mapped_column(default="", deferred=True, deferred_group="whole text")
    teaser_html: Mapped[str] = mapped_column(default="", deferred=True)
    references_html: Mapped[str] = mapped_column(default="", deferred=True, deferred_group="whole text")
    minutes: Mapped[int] = mapped_column(default=1)  # reading time

    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]  # what readers are told; edits of commas do not count
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    saved_at: Mapped[datetime] = mapped_column(default=utcnow)  # every save at the desk

    picture_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    picture_alt: Mapped[str] = mapped_column(default="")
    picture_caption: Mapped[str] = mapped_column(default="")
    picture_credit: Mapped[str] = mapped_column(default="")
    picture_focus: Mapped[str] = mapped_column(default="")  # CSS object-position that a crop must keep

    is_lead: Mapped[bool] = mapped_column(default=False)
    reads: Mapped[int] = mapped_column(default=0)
    heat: Mapped[float] = mapped_column(default=0.0)  # reads that fade with time: models/heat.py

    series_id: Mapped[int | None] = mapped_column(ForeignKey("series.id", ondelete="SET NULL"))
    series_position: Mapped[int] = mapped_column(default=0)

    opened_at: Mapped[datetime | None]  # liveblogs
    closed_at: Mapped[datetime | None]
    place: Mapped[str] = mapped_column(default="")
    other_place: Mapped[str] = mapped_column(default="")
    other_zone: Mapped[str] = mapped_column(default="")  # IANA name

    live_version: Mapped[int] = mapped_column(default=0)  # counts the changes of a liveblog's entries

    imported_from: Mapped[str | None] = mapped_column(unique=True)  # the guid in the export it came from

    category: Mapped[Category | None] = relationship()
    picture: Mapped[Picture | None] = relationship()
    series: Mapped[Series | None] = relationship()
    bylines: Mapped[list[Byline]] = relationship(order_by=Byline.position, cascade="all, delete-orphan")
    tags: Mapped[list[Tag]] = relationship(secondary=article_tag, order_by=Tag.name)
    entries: Mapped[list[LiveEntry]] = relationship(  # without those taken back; the database deletes them with us
        primaryjoin="and_(Article.id == LiveEntry.article_id, LiveEntry.removed_at.is_(None))",
        order_by="LiveEntry.at, LiveEntry.id",
        cascade="all, delete-orphan",
        back_populates="article",
    )
    notes: Mapped[list["Correction"]] = relationship(  # what was put right, oldest first
        primaryjoin="and_(Correction.article_id == Article.id, Correction.state == 'accepted')",
        order_by="Correction.noted_at, Correction.id",
        viewonly=True,
    )

    __table_args__ = (
        # Not by status first: without statistics SQLite takes an equal status for rare, and reads every story by it.
        db.Index("ix_article_published_at_status", "published_at", "status"),
        db.Index("ix_article_heat_status", "heat", "status"),
        # As long as the one above, or SQLite goes through everything that is out to find the parts of a series.
        db.Index("ix_article_series_id_status_published_at", "series_id", "status", "published_at"),
        db.Index("ix_article_is_lead_published_at", "is_lead", "published_at"),
        db.Index("ix_article_category_id_published_at", "category_id", "published_at"),
    )

    @property
    def authors(self) -> list[Author]:
        return [byline.author for byline in self.bylines]

    def write(
        self, source: str, source_format: SourceFormat = SourceFormat.MARKDOWN, written: Written | None = None
    ) -> None:
        """Set the text: keeps the source and renders it once, here, so that no reader waits for it.

        `written`: the same text rendered already, by whoever is inside a write transaction and must be quick.
        """
        written = written or write(source, html=source_format is SourceFormat.HTML)
        self.source, self.source_format = source, source_format
        self.body_html, self.teaser_html = written.body, written.teaser
        self.references_html, self.minutes = written.references, written.minutes

    def publish(self, at: datetime) -> None:
        """Make it public from `at`; a story that was out before keeps its first date."""
        self.status = Status.PUBLISHED
        self.published_at = self.published_at or at

    def set_free(self, at: datetime) -> None:
        """Open it to everybody, whatever it asks: people need to know. What it asked is kept."""
        self.set_free_at = self.set_free_at or at

    def close_again(self) -> None:
        self.set_free_at = None

    def unpublish(self) -> None:
        self.status = Status.DRAFT

    def next_version(self) -> int:
        """Number one more change of this liveblog. Until the commit nobody else gets a number.

        So numbers appear to readers in order: who has seen one has seen all before it.
        """
        db.session.flush()  # a new story has no row yet
        raised = db.update(Article).where(Article.id == self.id).values(live_version=Article.live_version + 1)
        unseen = raised.returning(Article.live_version).execution_options(synchronize_session=False)
        attributes.set_committed_value(self, "live_version", db.session.scalar(unseen))
        return self.live_version

    def close(self, now: datetime) -> None:
        """End a liveblog; open pages learn of it and stop asking."""
        self.next_version()
        self.closed_at = self.closed_at or now

    def reopen(self) -> None:
        self.next_version()
        self.closed_at = None

    def set_authors(self, authors: list[Author]) -> None:
        """The byline, in this order."""
        kept = {byline.author_id: byline for byline in self.bylines if byline.author_id}
        self.bylines = [kept.get(author.id) or Byline(author=author) for author in dict.fromkeys(authors)]
        for position, byline in enumerate(self.bylines):
            byline.position = position

    @classmethod
    def is_out(cls, now: datetime) -> ColumnElement[bool]:
        return and_(cls.status == Status.PUBLISHED, cls.published_at <= now)

    @classmethod
    def is_free(cls, mode: Mode, now: datetime) -> ColumnElement[bool]:
        """Whether it is free for everybody: `Gate.asks` as a condition."""
        if mode is Mode.OPEN:
            return true()
        over = and_(cls.access == Access.PATRONS_FIRST, cls.free_from <= now)
        return or_(cls.access == Access.FREE, cls.set_free_at.is_not(None), over)

    @classmethod
    def cards(cls, now: datetime) -> Select[Any]:
        """Published stories, newest first, with what a list shows of them and never a text.

        Bylines come with `with_bylines`, once for all the lists of a page.
        """
        return (
            select(cls)
            .where(cls.is_out(now))
            .order_by(cls.published_at.desc(), cls.id.desc())
            .options(joinedload(cls.category), joinedload(cls.picture))
        )

    @classmethod
    def with_bylines(cls, articles: list["Article"]) -> list["Article"]:
        """The same stories, their bylines fetched in one query."""
        if not articles:
            return articles
        written: dict[int, list[Byline]] = {article.id: [] for article in articles}
        found = select(Byline).where(Byline.article_id.in_(written)).order_by(Byline.article_id, Byline.position)
        for byline in db.session.scalars(found):
            written[byline.article_id].append(byline)
        for article in articles:
            attributes.set_committed_value(article, "bylines", written[article.id])
        return articles

    @classmethod
    def by_slug(cls, slug: str) -> "Article | None":
        """The story, whatever its status. Its page reads models.story instead."""
        return db.session.scalar(select(cls).where(cls.slug == slug))

    @classmethod
    def by_ids(cls, ids: list[int]) -> dict[int, "Article"]:
        """Stories by their id, whatever their status."""
        return {story.id: story for story in db.session.scalars(select(cls).where(cls.id.in_(ids)))}

    @classmethod
    def visible(cls, slug: str, now: datetime) -> "Article | None":
        """The public story, bare of its lists."""
        return db.session.scalar(select(cls).where(cls.slug == slug, cls.is_out(now)))

    @classmethod
    def among(cls, *chosen: Select[Any]) -> Select[Any]:
        """Cards of the stories that any of these selects of ids gives, each of which looks at a few rows only."""
        ids = union_all(*(select(one.subquery().c.id) for one in chosen))
        return (
            select(cls)
            .where(cls.id.in_(ids))
            .order_by(cls.published_at.desc(), cls.id.desc())
            .options(joinedload(cls.category), joinedload(cls.picture))
        )

    @classmethod
    def newest(cls, now: datetime, limit: int) -> Select[Any]:
        """Ids of the newest stories, to be narrowed."""
        return select(cls.id).where(cls.is_out(now)).order_by(cls.published_at.desc(), cls.id.desc()).limit(limit)

    @classmethod
    def on_top(cls, now: datetime, limit: int) -> list["Article"]:
        """The story the editor put on top, then the newest."""
        lead = cls.newest(now, limit).where(cls.is_lead == true())
        cards = cls.among(lead, cls.newest(now, limit)).order_by(None)
        cards = cards.order_by(cls.is_lead.desc(), cls.published_at.desc(), cls.id.desc())
        return list(db.session.scalars(cards.limit(limit)))

    @classmethod
    def popular_cards(cls, now: datetime) -> Select[Any]:
        """What readers open most now, however old: by reads, each of which fades (models/heat.py).

        Not what nobody opened for POPULAR_DAYS, nor what is warmer than reads can make it, by a clock that was wrong.
        """
        coolest, hottest = warmth.level(now - timedelta(days=POPULAR_DAYS)), warmth.most(MOST_READS, now)
        warm = cls.cards(now).where(cls.heat > coolest, cls.heat < hottest)
        return warm.order_by(None).order_by(cls.heat.desc(), cls.published_at.desc(), cls.id.desc())

    @classmethod
    def popular(cls, now: datetime, limit: int = 5) -> list["Article"]:
        return list(db.session.scalars(cls.popular_cards(now).limit(limit)))

    @classmethod
    def strips(cls, now: datetime, each: int, categories: list[int]) -> dict[int, list["Article"]]:
        """The newest `each` stories of these categories, by category id, in one query."""
        strips: dict[int, list[Article]] = {}
        if categories:
            newest = (cls.newest(now, each).where(cls.category_id == category) for category in categories)
            for article in db.session.scalars(cls.among(*newest)):
                strips.setdefault(article.category_id or 0, []).append(article)
        return strips

    @classmethod
    def in_category(cls, category: Category, now: datetime) -> Select[Any]:
        return cls.cards(now).where(cls.category_id == category.id)

    @classmethod
    def tagged(cls, tag: Tag, now: datetime) -> Select[Any]:
        return cls.cards(now).where(cls.tags.any(Tag.id == tag.id))

    @classmethod
    def written_by(cls, author: Author, now: datetime) -> Select[Any]:
        return cls.cards(now).where(cls.bylines.any(Byline.author_id == author.id))

    @classmethod
    def published_authors(cls, now: datetime) -> list[Author]:
        """Those with a story to read, by name."""
        told = select(Byline.author_id).join(cls, cls.id == Byline.article_id)
        told = told.where(Byline.author_id == Author.id, cls.is_out(now))
        return list(db.session.scalars(select(Author).where(told.exists()).order_by(Author.name)))

    @classmethod
    def for_desk(cls) -> Select[Any]:
        """Every story for the editor's list, last saved first."""
        return (
            select(cls)
            .order_by(cls.saved_at.desc(), cls.id.desc())
            .options(selectinload(cls.category), selectinload(cls.bylines))
        )
