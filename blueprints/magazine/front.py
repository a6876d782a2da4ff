"""The front page."""

from datetime import datetime, timedelta

from flask import redirect, request
from flask.typing import ResponseReturnValue

from blueprints import caching
from blueprints.filters import local, sections
from blueprints.magazine import metadata
from blueprints.magazine.area import bp, house, page
from models import Article, Category, Donation, Publication, Redirect, Tag, utcnow
from models.generation import memo

LATEST = 5  # in the front page's list
STRIP = 3  # stories in the strip of a section
BESIDE = 2  # stories next to the lead


@bp.get("/")
def front() -> ResponseReturnValue:
    if old := Redirect.of_front(request.query_string.decode("ascii", "replace")):
        return redirect(old.target, code=301)
    now = utcnow()
    weekday = f"{local(now):%A}"
    ours = Publication.said()
    caching.until(midnight(now))
    head = metadata.of_front(house(), ours.motto, ours.publisher, ours.email)
    top = Article.on_top(now, 1 + BESIDE + LATEST)
    if not top:
        return page("magazine/empty.html", now=now, weekday=weekday, head=head)
    newest = Article.strips(now, 2 * STRIP, [section.id for section in sections()])
    strips = fill_strips(newest, {story.id for story in top})
    Article.with_bylines([*top, *(story for _, stories in strips for story in stories)])
    return page(
        "magazine/front.html",
        head=head,
        now=now,
        weekday=weekday,
        lead=top[0],
        beside=top[1 : 1 + BESIDE],
        latest=top[1 + BESIDE :],
        strips=strips,
        board=Tag.board(now),
        patrons=memo("patrons", lambda: Donation.count_patrons(now)),
    )


def fill_strips(newest: dict[int, list[Article]], shown: set[int]) -> list[tuple[Category, list[Article]]]:
    """The sections in order, each with a few stories: first those that do not stand higher up on the page."""
    strips = []
    for found in newest.values():
        fresh_first = sorted(found, key=lambda story: story.id in shown)[:STRIP]
        if category := found[0].category:
            strips.append((category, sorted(fresh_first, key=lambda story: story.picture is None)))
    return sorted(strips, key=lambda strip: (strip[0].position, strip[0].name))


def midnight(now: datetime) -> datetime:
    """When the date at the head of the page is another."""
    return (local(now) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
