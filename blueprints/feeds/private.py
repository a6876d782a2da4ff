"""A patron's own feed: the magazine's, with whole texts, at an address that is a key."""

from dataclasses import replace
from datetime import datetime

from flask import Response, abort, current_app, request
from markupsafe import Markup

from blueprints import login
from blueprints.feeds.area import bp
from blueprints.feeds.channel import Channel, Item
from blueprints.feeds.formats import FORMATS
from blueprints.feeds.lists import channel_of
from models import Article, PrivateFeed, Publication, utcnow
from models.private_feed import last_day_of_patron

OVER = "This feed was taken back by its owner. Make a new address in your account."
ENDED = "Your gift has ended, so this feed carries the beginnings of closed stories again."
AGAIN = Markup('<p>{} <a href="{}/donate">Give again</a>, and it carries every story whole, at the same address.</p>')


def own_feed(token: str, file: str) -> Response:
    """As its account may read, for as long as it gives; then as everybody may, with a word on why."""
    feed = PrivateFeed.by_token(token) or abort(404)
    if feed.revoked_at is not None:
        abort(410, OVER)
    now, ours = utcnow(), Publication.said()
    reads = login.viewer_of(feed.account, now)
    gives = reads.is_patron or reads.is_staff
    viewer, mode = (reads, "") if gives else (login.visitor(now), ours.gated_in_feeds)
    channel = channel_of("", ours.motto, "/", Article.cards(now), mode, viewer)
    if not gives:
        items = sorted([*channel.items, note(channel, feed)], key=lambda item: item.published, reverse=True)
        channel = replace(channel, items=items)
    return FORMATS[file](channel)


def note(channel: Channel, feed: PrivateFeed) -> Item:
    """The item that says why texts are short. One address and one date, so that programs show it once."""
    site, since = current_app.config["SITE_URL"], told_at(feed)
    return Item(
        url=f"{site}/account/feeds",
        title=f"Your own feed of {channel.site}",
        summary=ENDED,
        teaser=AGAIN.format(ENDED, site),
        whole=Markup(""),
        published=since,
        updated=since,
        authors=[],
        subjects=[],
        image=None,
    )


def told_at(feed: PrivateFeed) -> datetime:
    return last_day_of_patron(feed.account) or feed.created_at


@bp.after_request
def keep_to_its_owner(reply: Response) -> Response:
    """For programs of one person: no cache, no search engine, and no word of the address to any other site."""
    if request.endpoint == "feeds.own_feed":
        reply.headers["Cache-Control"] = "private, no-store"
        reply.headers["X-Robots-Tag"] = "noindex"
        reply.headers["Referrer-Policy"] = "no-referrer"
    return reply


for file in FORMATS:
    bp.add_url_rule(f"/feeds/<token>/{file}", view_func=own_feed, defaults={"file": file})
