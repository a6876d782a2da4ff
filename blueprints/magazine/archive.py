"""Everything that is out: by month, and as series."""

from itertools import groupby

from flask import abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.magazine import metadata
from blueprints.magazine.area import bp, house, page
from blueprints.magazine.lists import listing
from models import Article, Series, db, sequence, utcnow
from models import archive as shelves

PARTS = 100  # of a series on one page


@bp.get("/archive")
def archive() -> ResponseReturnValue:
    found = shelves.months(current_app.config["ZONE"], utcnow())
    years = [(year, list(months)) for year, months in groupby(found, key=lambda each: each[0].year)]
    head = metadata.of_list(house(), "/archive", "Archive", "Every story, by the month it came out in.")
    return page("magazine/archive.html", years=years, head=head, current="/archive")


@bp.get("/archive/<year>")
def archive_year(year: str) -> ResponseReturnValue:
    month = shelves.Month.named(year, "01") or abort(404)
    return redirect(url_for("magazine.archive", _anchor=f"y{month.year}"), code=301)


@bp.get("/archive/<year>/<number>")
def archive_month(year: str, number: str) -> ResponseReturnValue:
    """The stories of a month; a month without any is no page."""
    month = shelves.Month.named(year, number) or abort(404)
    now, zone = utcnow(), current_app.config["ZONE"]
    shelf = listing(shelves.stories_of(month, zone, now))
    if not shelf.stories:
        abort(404)
    before, after = shelves.neighbours(month, zone, now)
    title = f"{month.name} {month.year}"
    head = metadata.of_list(house(), month.path, title, f"The stories of {title}.")
    return page(
        "magazine/month.html",
        title=title,
        shelf=shelf,
        before=before,
        after=after,
        head=metadata.hidden(head) if request.args.get("before") else head,
        current="/archive",
    )


@bp.get("/series/<slug>")
def series(slug: str) -> ResponseReturnValue:
    """A series in its order. Readers see it once a part is out."""
    found = Series.by_slug(slug) or abort(404)
    asked = request.args.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    if number < 1:
        abort(404)
    begin = (number - 1) * PARTS
    stories = list(db.session.scalars(sequence.parts(found, utcnow()).offset(begin).limit(PARTS + 1)))
    if not stories:
        abort(404)
    head = metadata.of_list(house(), f"/series/{found.slug}", found.title, found.description)
    return page(
        "magazine/series.html",
        series=found,
        stories=Article.with_bylines(stories[:PARTS]),
        begin=begin,
        next_page=number + 1 if len(stories) > PARTS else None,
        head=head if number == 1 else metadata.hidden(head),
    )
