"""What is read after what: the parts of a series, and the story that follows a story."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_

from models.article import Article
from models.base import db
from models.series import Series

IN_ORDER = (Article.series_position, Article.id)


@dataclass(frozen=True, slots=True)
class Step:
    """A neighbouring part."""

    article_id: int
    slug: str
    title: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a story stands in its series. Counts what is out, so a draft leaves no hole."""

    slug: str  # of the series
    title: str
    number: int
    total: int
    before: Step | None
    after: Step | None


def parts(series: Series, now: datetime) -> Select[Any]:
    """The published stories of a series in their order, as cards."""
    return Article.cards(now).where(Article.series_id == series.id).order_by(None).order_by(*IN_ORDER)


def last_part(series: Series, besides: int | None = None) -> int:
    """The last place of a series that is taken, by a draft too; 0 when none is. `besides`: a story not to look at."""
    taken = select(func.max(Article.series_position)).where(Article.series_id == series.id)
    return db.session.scalar(taken.where(Article.id.is_distinct_from(besides))) or 0


def place_of(article: Article, now: datetime) -> Place | None:
    """The story's place among the published parts of its series; None when it has none, or is not out itself."""
    if article.series_id is None:
        return None

    def beside(neighbour: Any, name: str) -> list[Any]:
        columns = (Article.id, Article.slug, Article.title)
        return [neighbour(column).over(order_by=IN_ORDER).label(f"{name}_{column.key}") for column in columns]

    number = func.row_number().over(order_by=IN_ORDER).label("number")
    out = select(Article.id, number, func.count().over().label("total"), *beside(func.lag, "before"))
    out = out.add_columns(*beside(func.lead, "after"))
    ranked = out.where(Article.series_id == article.series_id, Article.is_out(now)).subquery()
    found = select(ranked, Series.slug, Series.title).join(Series, Series.id == article.series_id)
    row = db.session.execute(found.where(ranked.c.id == article.id)).one_or_none()
    if row is None:
        return None
    before = Step(row.before_id, row.before_slug, row.before_title) if row.before_id else None
    after = Step(row.after_id, row.after_slug, row.after_title) if row.after_id else None
    return Place(row.slug, row.title, row.number, row.total, before, after)


def following(article: Article, place: Place | None, now: datetime) -> Article | None:
    """The next story to read, as a card: the next part of its series, else the story published before this one.

    After the last part and after the oldest story comes what stands outside the series, and the newest.
    """
    others = Article.cards(now).where(Article.id != article.id)
    if place and place.after:
        return db.session.scalar(others.where(Article.id == place.after.article_id))
    if place:
        others = others.where(Article.series_id.is_distinct_from(article.series_id))
    earlier = others
    if article.published_at:
        earlier = others.where(tuple_(Article.published_at, Article.id) < (article.published_at, article.id))
    return db.session.scalar(earlier.limit(1)) or db.session.scalar(others.limit(1))
