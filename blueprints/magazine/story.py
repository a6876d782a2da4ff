"""A story's page; what it shows of the text comes from `present` alone."""

from dataclasses import dataclass
from datetime import datetime

from flask import abort, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from blueprints import login
from blueprints.magazine.area import bp, page
from models import Article, Code, Comment, Offer, begin_write, db, utcnow
from models.article import Kind
from models.presenting import Presented, present
from models.pricing import DiscountRefused, Quote, quote

DEEPEST = 3  # levels that replies are indented by


@bp.get("/articles/<slug>")
def article(slug: str) -> ResponseReturnValue:
    now = utcnow()
    story, reader = Article.by_slug(slug), login.account()
    if story is None or not (story.is_visible(now) or (reader and reader.is_staff)):
        abort(404)
    shown = present(story, login.viewer(now))
    threads = Comment.threads(story.id) if shown.is_open else []
    return page(
        "magazine/liveblog.html" if story.kind is Kind.LIVEBLOG else "magazine/article.html",
        article=story,
        shown=shown,
        cards=offer_cards(shown, now),
        replies=floors(threads),
        following=Article.following(story, now),
        popular=Article.popular(now),
        now=now,
        is_visible=story.is_visible(now),
        newest_first=newest_first(story),
    )


def newest_first(story: Article) -> bool:
    """A liveblog runs newest first while it is open, and in order once it is over; `?order=` turns it."""
    asked = request.args.get("order")
    return asked == "newest" if asked in {"newest", "oldest"} else story.is_open


@dataclass(frozen=True, slots=True)
class Floor:
    """One reply as it is shown."""

    number: int
    depth: int
    comment: Comment
    words: Markup


def floors(threads: list[tuple[Comment, int]]) -> list[Floor]:
    # Clean since the import; the one place where a reply's HTML is taken as it is.
    return [
        Floor(number, min(depth, DEEPEST), comment, Markup(comment.body_html))  # noqa: S704
        for number, (comment, depth) in enumerate(threads, 1)
    ]


def offer_cards(shown: Presented, now: datetime) -> dict[str, tuple[Offer, Code | None, Quote | None]]:
    """The offers this text has cards for, each with the code meant for readers and what it comes to, if any."""
    cards = {}
    for slug in sorted({str(block) for kind, block in shown.blocks if kind == "offer"}):
        if offer := Offer.by_slug(slug):
            cards[slug] = (offer, *reader_price(offer, now))
    return cards


def reader_price(offer: Offer, now: datetime) -> tuple[Code | None, Quote | None]:
    edition = offer.paid_edition
    code = Code.for_readers(edition.id, now) if edition else None
    if edition is None or code is None:
        return None, None
    try:
        return code, quote(edition.price, code.discount(now), edition.id, now)
    except DiscountRefused:  # used up
        return None, None


@bp.post("/articles/<slug>/seen")
def seen(slug: str) -> ResponseReturnValue:
    """Count a read. Sent by script once the page is looked at; says nothing, so that it tells nothing."""
    begin_write()
    Article.count_read(slug, utcnow())
    db.session.commit()
    return "", 204, {"Cache-Control": "no-store"}
