"""What search engines are told: every public address, the news of two days, and where not to go."""

from collections.abc import Iterable, Iterator
from itertools import chain
from urllib.parse import quote

from flask import Response, abort, current_app, stream_with_context
from flask.typing import ResponseReturnValue
from markupsafe import escape

from blueprints.feeds.area import answer, bp, for_xml, render
from blueprints.feeds.channel import TITLE
from blueprints.feeds.formats import rfc3339
from models import Offer, Page, Term, archive, db, utcnow
from models.article import Status
from models.feeding import Place, addresses, news

MOST = 50_000  # addresses in one sitemap, as the protocol has it (sitemaps.org)
OURS = ("/", "/popular", "/archive", "/offers", "/patrons", "/donate", "/contribute")
NEWS_LANGUAGE = "en"  # ISO 639
# Forms, a reader's own pages, answers made for one reader or one question. Robots that understand RFC 9309 take
# these as beginnings of paths.
KEPT_OUT = (
    "/desk",
    "/account",
    "/search",
    "/mail",
    "/orders/",
    "/downloads/",
    "/go/",
    "/donate/",
    "/stripe/",
    "/feeds/",
)
INSIDE = ("/articles/*/read", "/articles/*/gift", "/articles/*/entries", "/offers/*/checkout")

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


@bp.get("/sitemap.xml")
def sitemap() -> ResponseReturnValue:
    """Every address, or an index of several files when they are too many for one."""
    kinds = addresses(utcnow())
    counts = {name: kind.count() for name, kind in kinds.items()}
    ours = own_places()
    if sum(counts.values()) + len(ours) <= MOST:
        everything = (place for kind in kinds.values() for place in kind.places(0, MOST))
        return stream(chain(ours, everything))
    starts = {name: kinds[name].starts(MOST) for name, count in counts.items() if count}
    files = ["ours", *(f"{name}-{after}" for name, begins in starts.items() for after in begins)]
    site = current_app.config["SITE_URL"]
    lines = (f"<sitemap><loc>{site}/sitemap-{file}.xml</loc></sitemap>\n" for file in files)
    return answer(f"{HEAD}<sitemapindex {XMLNS}>\n{''.join(lines)}</sitemapindex>\n", "application/xml")


@bp.get("/sitemap-ours.xml")
def sitemap_of_ours() -> ResponseReturnValue:
    return stream(own_places())


@bp.get("/sitemap-<kind>-<int:after>.xml")
def part_of_sitemap(kind: str, after: int) -> ResponseReturnValue:
    """One part: the addresses of a kind whose ids come after one."""
    found = addresses(utcnow()).get(kind) or abort(404)
    if after >= 2**31:  # no id is
        abort(404)
    return stream(found.places(after, MOST))


def own_places() -> list[Place]:
    """The pages that no table lists: ours, months, offers, and the glossary once it has a word."""
    months = (month.path for month, _ in archive.months(current_app.config["ZONE"], utcnow()))
    glossary = ["/glossary"] if db.session.scalar(db.select(Term.id).limit(1)) else []
    offers = (f"/offers/{offer.slug}" for offer in Offer.active())
    return [Place(path, None) for path in (*OURS, *glossary, *offers, *months)]


def stream(places: Iterable[Place]) -> Response:
    """Line by line: a hundred thousand stories never stand in memory. So there is no ETag: nobody has seen the end."""
    site = current_app.config["SITE_URL"]

    def lines() -> Iterator[str]:
        yield f"{HEAD}<urlset {XMLNS}>\n"
        for place in places:
            changed = f"<lastmod>{rfc3339(place.changed)}</lastmod>" if place.changed else ""
            yield f"<url><loc>{site}{escape(quote(place.path))}</loc>{changed}</url>\n"
        yield "</urlset>\n"

    response = Response(stream_with_context(lines()), content_type="application/xml; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=600"  # no s-maxage: our own cache would hold it whole
    return response


@bp.get("/news-sitemap.xml")
def news_sitemap() -> ResponseReturnValue:
    stories = [
        (f"/articles/{quote(story.slug)}", story.published_at, story.title.strip() or TITLE) for story in news(utcnow())
    ]
    text = render(
        "news-sitemap.xml",
        stories=stories,
        site_url=current_app.config["SITE_URL"],
        site_name=current_app.config["SITE_NAME"],
        language=NEWS_LANGUAGE,
        date=rfc3339,
    )
    return answer(for_xml(text), "application/xml")


@bp.get("/robots.txt")
def robots() -> ResponseReturnValue:
    """Where robots need not go. The demonstration says the same: it answers on this machine alone, where no robot
    comes, and whoever tries it should see what a real site will say."""
    slugs = db.session.scalars(db.select(Page.slug).where(Page.status == Status.PUBLISHED).order_by(Page.slug))
    welcome = [f"/{quote(slug)}" for slug in slugs if f"/{slug}".startswith(KEPT_OUT)]  # /accountability, say
    site = current_app.config["SITE_URL"]
    lines = [
        "User-agent: *",
        *(f"Allow: {path}" for path in welcome),
        *(f"Disallow: {path}" for path in (*KEPT_OUT, *INSIDE)),
        "",
        f"Sitemap: {site}/sitemap.xml",
        f"Sitemap: {site}/news-sitemap.xml",
    ]
    return answer("\n".join(lines) + "\n", "text/plain")
