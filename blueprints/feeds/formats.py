"""A channel written down: RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from flask import Response

from blueprints.feeds.area import answer, for_xml, render
from blueprints.feeds.channel import Channel, Item

LANGUAGE = "en-GB"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # an Atom feed must say when; an empty one has no better answer


def rfc822(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0))


def rfc3339(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def rss(channel: Channel) -> Response:
    text = render("rss.xml", channel=channel, language=LANGUAGE, date=rfc822, iso=rfc3339)
    return answer(for_xml(text), "application/rss+xml")


def atom(channel: Channel) -> Response:
    text = render("atom.xml", channel=channel, language=LANGUAGE, date=rfc3339, never=NEVER)
    return answer(for_xml(text), "application/atom+xml")


def json_feed(channel: Channel) -> Response:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "description": channel.words,
        "home_page_url": channel.home,
        "feed_url": channel.url,
        "favicon": channel.icon,
        "language": LANGUAGE,
        "authors": [{"name": channel.site}],
        "items": [json_item(item) for item in channel.items],
    }
    text = json.dumps(stated(feed), ensure_ascii=False, separators=(",", ":"))
    return answer(text, "application/feed+json")


def json_item(item: Item) -> dict:
    return stated(
        {
            "id": item.url,
            "url": item.url,
            "title": item.title,
            "summary": item.summary,
            "content_html": str(item.whole or item.teaser),
            "image": item.image.url if item.image else "",
            "date_published": rfc3339(item.published),
            "date_modified": rfc3339(item.updated),
            "authors": [{"name": name, "url": url} for name, url in item.authors],
            "tags": item.subjects,
        }
    )


def stated(pairs: dict) -> dict:
    """Without what there is nothing to say of."""
    return {name: value for name, value in pairs.items() if value not in ("", [], None) or name == "items"}


FORMATS: dict[str, Callable[[Channel], Response]] = {"feed.xml": rss, "atom.xml": atom, "feed.json": json_feed}
