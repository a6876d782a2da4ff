"""The one door to a story's text. Pages, feeds, search, mail and exports for readers all come through `present`."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import selectinload, undefer, undefer_group

from models.article import Article, Kind
from models.base import db
from models.clean_html import safe
from models.liveblog import LiveEntry
from models.metering import Access, Decision, Viewer, decide
from models.story import Story

SLOT = re.compile(r'<div class="offer-slot" data-offer="([a-z0-9-]+)"></div>')  # as models.writing writes it
AnyStory = Article | Story  # the row, or the plain values of a page
Block = tuple[Literal["html"], Markup] | tuple[Literal["offer"], str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a liveblog that its reader may read."""

    id: int
    at: datetime
    speaker: str
    topic: str
    headline: str
    body_html: Markup
    is_pinned: bool = False  # stands above the others; never once the liveblog is closed
    corrected_at: datetime | None = None
    correction: str = ""  # what was put right

    @classmethod
    def of(cls, row: LiveEntry, *, is_open: bool) -> "Entry":
        return cls(
            row.id,
            row.at,
            row.speaker,
            row.topic,
            row.headline,
            safe(row.body_html),
            bool(row.is_pinned) and is_open,
            row.corrected_at,
            row.correction or "",
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened in a liveblog since somebody looked."""

    version: int  # the last change that is in here
    entries: list[Entry]  # new or changed, oldest first
    removed: list[int]  # ids of those taken back


@dataclass(frozen=True, slots=True)
class Presented:
    """What one reader gets of one story. When it is closed nothing of the rest is in here."""

    access: Decision
    blocks: list[Block]  # of the whole text, or of the part that everybody may read
    is_free: bool  # for everybody, now
    references: Markup = Markup("")
    entries: list[Entry] = field(default_factory=list)  # of a liveblog, oldest first
    minutes: int = 1  # to read it all

    @property
    def is_open(self) -> bool:
        return self.access is Decision.OPEN

    @property
    def html(self) -> Markup:
        """The text in one piece, without offers: for feeds and mail."""
        return Markup("").join(block for kind, block in self.blocks if kind == "html")


def present(article: AnyStory, viewer: Viewer) -> Presented:
    """Give what this viewer may read. A closed story's text is not even fetched from the database."""
    decision, is_free = access(article, viewer), article.gate.asks(viewer.mode, viewer.now) is Access.FREE
    if decision is not Decision.OPEN:
        return Presented(decision, parted(article.teaser_html), is_free, minutes=article.minutes)
    entries = article.entries if article.kind is Kind.LIVEBLOG else []  # no query for what no article has
    return Presented(
        decision,
        parted(article.body_html),
        is_free,
        safe(article.references_html),
        [Entry.of(row, is_open=article.is_open) for row in entries],
        article.minutes,
    )


def fetch_texts(articles: list[Article], viewer: Viewer, *, tags: bool = False) -> list[Article]:
    """The same stories with what `present` gives this viewer of each, and no more, in a few statements for them all."""
    for is_open in (True, False):
        ids = [article.id for article in articles if may_read(article, viewer) is is_open]
        if ids:
            texts = undefer_group("whole text") if is_open else undefer(Article.teaser_html)
            lists = [selectinload(Article.tags)] if tags else []
            db.session.scalars(select(Article).where(Article.id.in_(ids)).options(texts, *lists)).all()
    live = [article.id for article in articles if article.kind is Kind.LIVEBLOG and may_read(article, viewer)]
    if live:
        entries = selectinload(Article.entries)
        db.session.scalars(select(Article).where(Article.id.in_(live)).options(entries)).all()
    return articles


def present_changes(article: Article, viewer: Viewer, after: int | None) -> Changes | None:
    """Give what changed in a liveblog after its version `after`: all of it for None or a version to come.

    None for who may not read it; then no entry is fetched.
    """
    if not may_read(article, viewer):
        return None
    if after is not None and after > article.live_version:
        after = None  # a page from before the database was put back
    if after == article.live_version:
        return Changes(article.live_version, [], [])  # what nearly everybody hears, without a query
    rows = LiveEntry.changes(article.id, after)
    return Changes(
        max([article.live_version, *(row.version for row in rows)]),
        [Entry.of(row, is_open=article.is_open) for row in rows if row.removed_at is None],
        [row.id for row in rows if row.removed_at is not None],
    )


def access(article: AnyStory, viewer: Viewer) -> Decision:
    """Whether this viewer gets the whole text, and if not, what the wall asks for."""
    return decide(article.gate, viewer)


def may_read(article: AnyStory, viewer: Viewer) -> bool:
    """Whether this viewer gets the whole text."""
    return access(article, viewer) is Decision.OPEN


def parted(html: str) -> list[Block]:
    """Cut a text at its offers, whose cards are made anew for every reader."""
    blocks: list[Block] = []
    for place, piece in enumerate(SLOT.split(html)):
        if place % 2:
            blocks.append(("offer", piece))
        elif piece.strip():
            blocks.append(("html", safe(piece.strip())))
    return blocks
