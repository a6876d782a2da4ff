"""What is read after what: the parts of a series, and the story that follows a story."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select

from models.article import Article
from models.base import db
from models.series import Series

IN_ORDER = (Article.series_position, Article.id)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a story stands in its series. Counts what is out, so a draft leaves no hole."""

    number: int
    total: int
    before: Article | None  # the parts beside it, as cards
    after: Article | None


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
    number = func.row_number().over(order_by=IN_ORDER).label("number")
    out = select(Article.id, number, func.count().over().label("total"))
    ranked = out.where(Article.series_id == article.series_id, Article.is_out(now)).cte("ranked")
    own = ranked.alias("own")
    beside = Article.cards(now).order_by(None).join(ranked, ranked.c.id == Article.id)
    beside = beside.join(own, ranked.c.number.between(own.c.number - 1, own.c.number + 1))
    beside = beside.where(own.c.id == article.id).add_columns(ranked.c.number, ranked.c.total)
    found = {number: (card, total) for card, number, total in db.session.execute(beside)}
    place = next((number for number, (card, _) in found.items() if card.id == article.id), None)
    if place is None:
        return None
    before, after = (found[number][0] if number in found else None for number in (place - 1, place + 1))
    return Place(place, found[place][1], before, after)


def following(article: Article, place: Place | None, now: datetime) -> Article | None:
    """The next story to read, as a card: the next part of its series, else the story published before this one.

    After the last part and after the oldest story comes what stands outside the series, and the newest.
    """
    if place and place.after:
        return place.after
    at = min(now, article.published_at or now)  # one bound, so that SQLite begins at this story, not at the newest
    not_later = or_(Article.published_at < at, Article.id < article.id)
    earlier, others = (Article.cards(moment).where(Article.id != article.id) for moment in (at, now))
    if place:
        outside = Article.series_id.is_distinct_from(article.series_id)
        earlier, others = earlier.where(outside), others.where(outside)
    return db.session.scalar(earlier.where(not_later).limit(1)) or db.session.scalar(others.limit(1))
