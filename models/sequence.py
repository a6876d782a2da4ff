"""What is read after what: the parts of a series, and the story that follows a story."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, bindparam, func, or_, select

from models.article import Article
from models.base import db
from models.card import NEWEST_FIRST, Card, cards, is_out, stories
from models.series import Series

if TYPE_CHECKING:
    from models.story import Story

IN_ORDER = (stories.series_position, stories.id)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a story stands in its series. Counts what is out, so a draft leaves no hole."""

    number: int
    total: int
    before: Card | None  # the parts beside it
    after: Card | None


def parts(series: Series, now: datetime) -> Select[Any]:
    """The published stories of a series in their order, as cards."""
    return Article.cards(now).where(Article.series_id == series.id).order_by(None).order_by(*IN_ORDER)


def last_part(series: Series, besides: int | None = None) -> int:
    """The last place of a series that is taken, by a draft too; 0 when none is. `besides`: a story not to look at."""
    taken = select(func.max(Article.series_position)).where(Article.series_id == series.id)
    return db.session.scalar(taken.where(Article.id.is_distinct_from(besides))) or 0


def beside() -> Select[Any]:
    """A part of a series and the two beside it: as cards, each with its number and how many there are."""
    number = func.row_number().over(order_by=IN_ORDER).label("number")
    out = select(stories.id, number, func.count().over().label("total"))
    ranked = out.where(stories.series_id == bindparam("series"), is_out()).cte("ranked")
    own = ranked.alias("own")
    near = ranked.c.number.between(own.c.number - 1, own.c.number + 1)
    here = cards(stories.id == ranked.c.id, own.c.id == bindparam("story"), near)
    return here.add_columns(ranked.c.number, ranked.c.total)


def next_story(*where: Any, by: str = "now") -> Select[Any]:
    return cards(stories.id != bindparam("story"), *where, by=by).order_by(*NEWEST_FIRST).limit(1)


# `at` is the story's own moment: one bound, so that SQLite begins at this story, not at the newest.
IS_EARLIER = or_(stories.published_at < bindparam("at"), stories.id < bindparam("story"))
IS_OUTSIDE = stories.series_id.is_distinct_from(bindparam("series"))
BESIDE = beside()
EARLIER, NEWEST = next_story(IS_EARLIER, by="at"), next_story()
EARLIER_OUTSIDE, NEWEST_OUTSIDE = next_story(IS_EARLIER, IS_OUTSIDE, by="at"), next_story(IS_OUTSIDE)


def place_of(story: "Story") -> Place | None:
    """The story's place among the published parts of its series; None when it has none, or is not out itself."""
    if story.series_id is None:
        return None
    rows = db.session.execute(BESIDE, {"series": story.series_id, "story": story.id, "now": story.now})
    found = {row.number: (Card.of(row), row.total) for row in rows}
    place = next((number for number, (card, _) in found.items() if card.id == story.id), None)
    if place is None:
        return None
    before, after = (found[number][0] if number in found else None for number in (place - 1, place + 1))
    return Place(place, found[place][1], before, after)


def following(story: "Story", place: Place | None) -> Card | None:
    """The next story to read: the next part of its series, else the story published before this one.

    After the last part and after the oldest story comes what stands outside the series, and the newest.
    """
    if place is None:
        return story.earlier or _first(NEWEST, story)
    return place.after or _first(EARLIER_OUTSIDE, story) or _first(NEWEST_OUTSIDE, story)


def _first(found: Select[Any], story: "Story") -> Card | None:
    asked = {"story": story.id, "series": story.series_id, "at": story.at, "now": story.now}
    row = db.session.execute(found, asked).first()
    return Card.of(row) if row else None
