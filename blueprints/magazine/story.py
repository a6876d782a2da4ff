"""A story's page; what it shows of the text comes from `present` alone."""

from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import caching, login, metering
from blueprints.magazine import metadata
from blueprints.magazine.area import bp, house
from blueprints.magazine.contents import with_contents
from blueprints.magazine.glossary import words_of
from blueprints.magazine.wall import Told, told
from blueprints.metering import Answer, crawlers, gifts
from models import Code, Offer, SavedStory, utcnow
from models.article import Kind
from models.comment import Reply, threaded
from models.metering import Decision, Viewer
from models.presenting import Presented, access, present
from models.pricing import DiscountRefused, Quote
from models.pricing import quote as quoted
from models.sequence import following, place_of
from models.story import Story

DEEPEST = 1  # levels that replies are indented by: answers hang on the reply that their thread began with


@bp.get("/articles/<slug>")
def article(slug: str) -> ResponseReturnValue:
    """A visitor gets the shell that everybody gets; who is signed in, the whole page as entitled."""
    now = utcnow()
    story, who = Story.by_slug(slug, now), login.account()
    if story is None or not (story.is_visible(now) or (who and who.is_staff)):
        abort(404)
    if "gift" in request.args:
        return by_gift_link(story, now)
    reads, given = metering.reading(story, now) if who else (metering.passer_by(story, now), None)
    decision = access(story, reads)
    is_counted = story.id in reads.opened or (who and decision is Decision.METER)
    stands = metering.standing(now) if is_counted and not given else None
    if stands and decision is Decision.METER:
        decision = stands.decision
    says = told(decision, now, Answer(decision, gift=given) if given else stands, story.gate.opens_at)
    page = make_response(story_page(story, reads, now, says))
    return crawlers.settle(page) if reads.is_crawler else login.share(page)


def by_gift_link(story: Story, now: datetime) -> Response:
    """Where a gift link leads: the story's page, with the gift at its wall. Programs look at links before people do,
    so looking opens nothing and spends nothing."""
    reads, who = metering.viewer(story, now), login.account()
    if access(story, reads) is Decision.OPEN:
        is_own = who is None and access(story, login.visitor(now)) is not Decision.OPEN
        page = "magazine.own_page" if is_own else "magazine.article"
        return unshared(redirect(url_for(page, slug=story.slug), code=303))  # type: ignore[arg-type]
    link = gifts.judged(request.args["gift"], story.id, now)
    says = told(access(story, reads), now, Answer(access(story, reads), gift=link), story.gate.opens_at)
    return unshared(make_response(story_page(story, reads, now, says)))


def unshared(reply: Response) -> Response:
    """One reader's answer: nobody else is given it, and nothing it links to hears of its address."""
    reply.headers["Cache-Control"] = "private, no-store"
    reply.headers["X-Robots-Tag"] = "noindex"
    reply.headers["Referrer-Policy"] = "no-referrer"
    return reply


def story_page(story: Story, reads: Viewer, now: datetime, says: Told) -> str:
    """The page of a story for one viewer, who was told `says` of the meter."""
    template = "magazine/liveblog.html" if story.kind is Kind.LIVEBLOG else "magazine/article.html"
    return render_template(template, **values_of(story, reads, now, says))


def values_of(story: Story, reads: Viewer, now: datetime, says: Told | None = None) -> dict[str, Any]:
    """All that the templates of a story show to one viewer; `says`: what they were told, when the meter was asked."""
    shown, parts = with_contents(present(story, reads))
    place, who = place_of(story), login.account()
    return {
        "article": story,
        "shown": shown,
        "told": says or told(shown.access, now, opens_at=story.gate.opens_at),
        "head": head_of(story, shown, now),
        "cards": offer_cards(shown, now),
        "parts": parts,
        "terms": words_of(story, shown) if shown.is_open else [],
        "saved": who is not None and SavedStory.has(who.id, story.id),
        "gives": (reads.is_patron or reads.is_staff) and not shown.is_free,
        "replies": floors(threaded(story.inside.replies)) if shown.is_open else [],
        "notes": story.inside.notes if shown.is_open else [],  # they may quote the text
        "place": place,
        "related": story.around.related,
        "following": following(story, place),
        "now": now,
        "is_patron": reads.is_patron,
        "is_visible": story.is_visible(now),
        "newest_first": newest_first(story),
    }


def head_of(story: Story, shown: Presented, now: datetime) -> metadata.Head:
    """What the page says of itself; a draft asks not to be found."""
    head = metadata.of_story(house(), story, shown, share_image(story))
    return head if story.is_visible(now) else metadata.hidden(head)


def share_image(story: Story) -> str:
    """The path of the image for sharing; new after each save, for others keep what they fetched for long."""
    return f"/share/{quote(story.slug)}.png?v={int(story.saved_at.timestamp()):x}"


def newest_first(story: Story) -> bool:
    """A liveblog runs newest first while it is open, and in order once it is over; `?order=` turns it."""
    asked = asked_order()
    return asked == "newest" if asked else story.is_open


def asked_order() -> str:
    """The order of a liveblog that the address asks for, or ""."""
    asked = request.args.get("order", "")
    return asked if asked in {"newest", "oldest"} else ""


class Floor(NamedTuple):
    """One reply as it is shown."""

    number: int
    depth: int
    reply: Reply


def floors(ordered: list[tuple[Reply, int]]) -> list[Floor]:
    return [Floor(number, min(depth, DEEPEST), reply) for number, (reply, depth) in enumerate(ordered, 1)]


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
    caching.until(code.ends_at)
    try:
        return code, quoted(edition.price, code.discount(now), edition.id, now)
    except DiscountRefused:  # used up
        return None, None
