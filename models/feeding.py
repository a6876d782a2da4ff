"""What feeds and sitemaps take from the tables: a feed's stories with their texts, and all public addresses."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import selectinload

from models.article import Article, Author, Byline, Category, Status, Tag, article_tag
from models.base import db
from models.metering import Viewer
from models.page import Page
from models.presenting import fetch_texts
from models.series import Series

ITEMS = 30  # stories in a feed, whatever is left out
DROP = "drop"  # leave gated stories out of a feed; every other word means a teaser of them
NEWS_DAYS, MOST_NEWS = 2, 1000  # Google's limits for a news sitemap
CHUNK = 1000  # rows held at once


def gated_mode(publication: str, category: str = "") -> str:
    """What a feed does with gated stories; a category's own word wins over the publication's."""
    return category or publication


def feed_stories(cards: Select[Any], gated: str, viewer: Viewer) -> list[Article]:
    """The newest stories of a list for its feed, texts fetched; left-out ones make room for older ones."""
    if gated == DROP and viewer.now:
        cards = cards.where(Article.is_free(viewer.mode, viewer.now))
    stories = list(db.session.scalars(cards.options(selectinload(Article.tags)).limit(ITEMS)))
    return Article.with_bylines(fetch_texts(stories, viewer))


def news(now: datetime) -> list[Article]:
    """The stories of the last days, newest first."""
    since = now - timedelta(days=NEWS_DAYS)
    return list(db.session.scalars(Article.cards(now).where(Article.published_at >= since).limit(MOST_NEWS)))


@dataclass(frozen=True, slots=True)
class Place:
    """One address for a sitemap: a path, and when what stands there last changed."""

    path: str
    changed: datetime | None


@dataclass(frozen=True, slots=True)
class Addresses:
    """All addresses of one kind, read by id: `path` begins each, `changed` is a column or an aggregate."""

    path: str
    table: type[Article] | type[Category] | type[Tag] | type[Author] | type[Series] | type[Page]
    changed: ColumnElement[Any]
    rows: Select[Any]  # joined and filtered, columns still to be chosen

    @property
    def _id(self) -> Any:
        return self.table.id

    def count(self) -> int:
        return db.session.scalar(select(func.count()).select_from(self._ids().subquery())) or 0

    def _ids(self) -> Select[Any]:
        return self.rows.with_only_columns(self._id.label("id")).group_by(self._id)

    def starts(self, size: int) -> list[int]:
        """The ids after which each part of `size` addresses begins; the first is 0."""
        ids = self._ids().subquery().c.id
        numbered = select(ids, func.row_number().over(order_by=ids).label("place")).subquery()
        begins = select(numbered.c.id).where(numbered.c.place % size == 0, numbered.c.place < self.count())
        return [0, *db.session.scalars(begins.order_by(numbered.c.id))]

    def places(self, after: int, most: int) -> Iterator[Place]:
        """The addresses after an id, a chunk in memory at a time, each chunk by a query of its own."""
        found = self.rows.with_only_columns(self._id, self.table.slug, self.changed).group_by(self._id)
        while most > 0:
            chunk = found.where(self._id > after).order_by(self._id).limit(min(CHUNK, most))
            rows = db.session.execute(chunk).all()
            yield from (Place(self.path + slug, changed) for _, slug, changed in rows)
            if len(rows) < CHUNK:
                return
            after, most = rows[-1][0], most - len(rows)


def addresses(now: datetime) -> dict[str, Addresses]:
    """Every kind of page with addresses of its own; only those that have something to read."""
    out, newest = Article.is_out(now), func.max(Article.published_at)
    told = func.coalesce(Article.updated_at, Article.published_at)
    return {
        "stories": Addresses("/articles/", Article, told, select(Article).where(out)),
        "pages": Addresses(
            "/",
            Page,
            func.coalesce(Page.updated_at, Page.published_at),
            select(Page).where(Page.status == Status.PUBLISHED),
        ),
        "categories": Addresses("/category/", Category, newest, select(Category).join(Article).where(out)),
        "authors": Addresses("/author/", Author, newest, select(Author).join(Byline).join(Article).where(out)),
        "series": Addresses("/series/", Series, newest, select(Series).join(Article).where(out)),
        "tags": Addresses("/tag/", Tag, newest, select(Tag).join(article_tag).join(Article).where(out)),
    }
