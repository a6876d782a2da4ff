"""The front page."""

from datetime import datetime

from flask.typing import ResponseReturnValue
from sqlalchemy import func

from blueprints.filters import local
from blueprints.magazine import metadata
from blueprints.magazine.area import bp, house, page
from models import Article, Category, Donation, Publication, Tag, db, utcnow

LATEST = 5  # in the front page's list
STRIP = 3  # stories in the strip of a section
BESIDE = 2  # stories next to the lead


@bp.get("/")
def front() -> ResponseReturnValue:
    now = utcnow()
    weekday = f"{local(now):%A}"
    ours = Publication.get()
    head = metadata.of_front(house(), ours.motto, ours.publisher, ours.email)
    top = Article.on_top(now, 1 + BESIDE + LATEST)
    if not top:
        return page("magazine/empty.html", now=now, weekday=weekday, head=head)
    strips = fill_strips(Article.strips(now, 2 * STRIP), {story.id for story in top})
    Article.with_bylines([*top, *(story for _, stories in strips for story in stories)])
    return page(
        "magazine/front.html",
        head=head,
        now=now,
        weekday=weekday,
        lead=top[0],
        beside=top[1 : 1 + BESIDE],
        latest=top[1 + BESIDE :],
        popular=Article.popular(now),
        strips=strips,
        board=Tag.board(now),
        patrons=patrons(now),
    )


def fill_strips(newest: dict[int, list[Article]], shown: set[int]) -> list[tuple[Category, list[Article]]]:
    """The sections in order, each with a few stories: first those that do not stand higher up on the page."""
    strips = []
    for found in newest.values():
        fresh_first = sorted(found, key=lambda story: story.id in shown)[:STRIP]
        if category := found[0].category:
            strips.append((category, sorted(fresh_first, key=lambda story: story.picture is None)))
    return sorted(strips, key=lambda strip: (strip[0].position, strip[0].name))


def patrons(now: datetime) -> int:
    """How many people's gifts grant something today."""
    people = func.count(Donation.email.distinct())
    return db.session.scalar(db.select(people).where(Donation.patron_until > now)) or 0
