"""Pages for readers. A visitor's page is the same for every visitor; what a story shows comes from `present` alone."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, abort, current_app, make_response, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import func

from blueprints import login
from blueprints.filters import local
from blueprints.magazine.furniture import furnish
from blueprints.magazine.paging import Shelf, shelf
from models import (
    Article,
    Author,
    Category,
    Code,
    Comment,
    Donation,
    Offer,
    Page,
    Picture,
    Tag,
    begin_write,
    db,
    utcnow,
)
from models.article import Kind, Status
from models.presenting import Presented, present
from models.pricing import DiscountRefused, Quote, quote

bp = Blueprint("magazine", __name__)
furnish(bp)

LATEST = 5  # in the front page's list
STRIP = 3  # stories in the strip of a section
BESIDE = 2  # stories next to the lead
DEEPEST = 3  # levels that replies are indented by
# A drawing may style itself, and nothing else.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def page(template: str, **values: object) -> Response:
    return login.share(make_response(render_template(template, **values)))


@bp.url_value_preprocessor
def refuse_nul(_endpoint: str | None, values: dict[str, object] | None) -> None:
    """PostgreSQL has no NUL in texts, so nothing is stored under such a name."""
    if any("\0" in str(value) for value in (values or {}).values()):
        abort(404)


@bp.get("/")
def front() -> ResponseReturnValue:
    now = utcnow()
    weekday = f"{local(now):%A}"
    top = Article.on_top(now, 1 + BESIDE + LATEST)
    if not top:
        return page("magazine/empty.html", now=now, weekday=weekday)
    strips = fill_strips(Article.strips(now, 2 * STRIP), {story.id for story in top})
    Article.with_bylines([*top, *(story for _, stories in strips for story in stories)])
    return page(
        "magazine/front.html",
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


def listing(cards: object) -> Shelf:
    try:
        return shelf(cards, request.args.get("before", ""))  # type: ignore[arg-type]
    except ValueError:
        abort(404)


@bp.get("/category/<slug>")
def category(slug: str) -> ResponseReturnValue:
    found = Category.by_slug(slug) or abort(404)
    return page(
        "magazine/list.html",
        kicker="",
        title=found.name,
        hanzi=found.hanzi,
        words=found.description,
        current=found.slug,
        shelf=listing(Article.in_category(found, utcnow())),
    )


@bp.get("/tag/<slug>")
def tag(slug: str) -> ResponseReturnValue:
    found = Tag.by_slug(slug) or abort(404)
    return page(
        "magazine/list.html",
        kicker="Filed under",
        title=found.name,
        hanzi="",
        words=found.meaning,
        current="",
        shelf=listing(Article.tagged(found, utcnow())),
    )


@bp.get("/author/<slug>")
def author(slug: str) -> ResponseReturnValue:
    found = Author.by_slug(slug) or abort(404)
    return page(
        "magazine/list.html",
        kicker="By",
        title=found.name,
        hanzi="",
        words=found.bio,
        current="",
        shelf=listing(Article.written_by(found, utcnow())),
    )


@bp.get("/popular")
def popular() -> ResponseReturnValue:
    stories = Article.with_bylines(Article.popular(utcnow(), 20))
    return page("magazine/popular.html", stories=stories)


@bp.get("/media/<key>")
def media(key: str) -> ResponseReturnValue:
    """A picture; what may be shown is what a Picture row names."""
    picture = Picture.by_key(key) or abort(404)
    folder = current_app.config["DATA"] / "media"
    name = picture.file_name
    response = send_from_directory(folder.resolve(), name, mimetype=picture.content_type, max_age=86400)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response


@bp.get("/<slug>")
def standing_page(slug: str) -> ResponseReturnValue:
    found, reader = Page.by_slug(slug), login.account()
    if found is None or not (found.status is Status.PUBLISHED or (reader and reader.is_staff)):
        abort(404)
    return page("magazine/page.html", page=found, body=Markup(found.body_html))  # noqa: S704 - cleaned when saved
