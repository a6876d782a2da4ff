"""The feeds of the site and of each category, tag and author, in three formats each."""

from typing import Any
from urllib.parse import quote

from flask import Response, abort, current_app, request
from sqlalchemy import Select

from blueprints import login
from blueprints.feeds.area import bp
from blueprints.feeds.channel import Channel, item
from blueprints.feeds.formats import FORMATS
from models import Article, Author, Category, Publication, Tag, utcnow
from models.feeding import feed_stories, gated_mode
from models.metering import Viewer


def site(file: str) -> Response:
    ours = Publication.said()
    return feed(file, "", ours.motto, "/", Article.cards(utcnow()), ours.gated_in_feeds)


def category(slug: str, file: str) -> Response:
    found = Category.by_slug(slug) or abort(404)
    mode = gated_mode(Publication.said().gated_in_feeds, found.gated_in_feeds)
    return feed(file, found.name, found.description, f"/category/{slug}", Article.in_category(found, utcnow()), mode)


def tag(slug: str, file: str) -> Response:
    found = Tag.by_slug(slug) or abort(404)
    mode = Publication.said().gated_in_feeds
    return feed(file, found.name, found.meaning, f"/tag/{slug}", Article.tagged(found, utcnow()), mode)


def author(slug: str, file: str) -> Response:
    found = Author.by_slug(slug) or abort(404)
    mode = Publication.said().gated_in_feeds
    return feed(file, found.name, found.bio, f"/author/{slug}", Article.written_by(found, utcnow()), mode)


def feed(file: str, name: str, words: str, home: str, cards: Select[Any], mode: str) -> Response:
    """`name`: of the list, "" for the whole site; `file`: the last part of the address, which says the format."""
    return FORMATS[file](channel_of(name, words, home, cards, mode, login.visitor(utcnow())))


def channel_of(name: str, words: str, home: str, cards: Select[Any], mode: str, viewer: Viewer) -> Channel:
    """The same before it is written down, for one viewer."""
    site_url, site_name = current_app.config["SITE_URL"], current_app.config["SITE_NAME"]
    title = f"{name} · {site_name}" if name else site_name
    stories = feed_stories(cards, mode, viewer)
    return Channel(
        title=title,
        words=words or title,
        site=site_name,
        home=site_url + quote(home),
        url=site_url + quote(request.path),
        icon=f"{site_url}/static/icons/apple-touch-icon.png",
        items=[item(story, viewer, site_url, site_name) for story in stories],
    )


for file in FORMATS:
    bp.add_url_rule(f"/{file}", view_func=site, defaults={"file": file})
    for view in (category, tag, author):
        bp.add_url_rule(f"/{view.__name__}/<slug>/{file}", view_func=view, defaults={"file": file})
