"""Lists of stories: by section, tag and author, and those read most."""

from flask import abort, request
from flask.typing import ResponseReturnValue

from blueprints.magazine import metadata
from blueprints.magazine.area import bp, house, page
from blueprints.magazine.paging import Shelf, shelf
from models import Article, Author, Category, Tag, utcnow


def listing(cards: object) -> Shelf:
    try:
        return shelf(cards, request.args.get("before", ""))  # type: ignore[arg-type]
    except ValueError:
        abort(404)


def head_of(title: str, words: str) -> metadata.Head:
    """Of a list with feeds of its own. Older pages are not to be found: their stories move on from page to page."""
    head = metadata.of_list(house(), request.path, title, words, feeds=True)
    return metadata.hidden(head) if request.args.get("before") else head


@bp.get("/category/<slug>")
def category(slug: str) -> ResponseReturnValue:
    found = Category.by_slug(slug) or abort(404)
    return page(
        "magazine/list.html",
        kicker="",
        title=found.name,
        hanzi=found.hanzi,
        words=found.description,
        head=head_of(found.name, found.description),
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
        head=head_of(found.name, found.meaning),
        current="",
        shelf=listing(Article.tagged(found, utcnow())),
    )


@bp.get("/author/<slug>")
def author(slug: str) -> ResponseReturnValue:
    found = Author.by_slug(slug) or abort(404)
    return page(
        "magazine/list.html",
        kicker=found.role or "Author",
        title=found.name,
        hanzi="",
        words=found.bio,
        head=head_of(found.name, found.bio),
        current="",
        shelf=listing(Article.written_by(found, utcnow())),
    )


@bp.get("/popular")
def popular() -> ResponseReturnValue:
    stories = Article.with_bylines(Article.popular(utcnow(), 20))
    return page("magazine/popular.html", stories=stories, head=metadata.of_list(house(), "/popular", "Read most"))
