"""Where an address that finds nothing leads: what moved, what WordPress hangs on addresses, a slash too many."""

import re
from collections.abc import Iterator

from flask import current_app, redirect, request
from werkzeug.wrappers import Response

from blueprints.login import safe_next
from models import Redirect

# What WordPress hangs on a story's or list's address: pages, those of its comments, their feed, a form for telephones.
ENDING = re.compile(r"/(?:page/\d+|comment-page-\d+|amp|feed)$", re.ASCII)
# The feeds of WordPress and Ghost: who follows a magazine that came here goes on without knowing.
FEED = re.compile(r"(/(?:category|tag|author)/[^/]+)?/(?:feed|rss)(?:/(?:rss2?|(atom)))?$")
MONTH = re.compile(r"/(\d{4})(?:/(\d\d)(?:/\d\d)?)?$", re.ASCII)  # WordPress's archive of a year, month or day


def moved() -> Response | None:
    """The answer to a request that found nothing, or None when nothing is known of that address either."""
    if request.method not in ("GET", "HEAD") or "\0" in request.path:  # no row holds NUL, and PostgreSQL refuses it
        return None
    query = request.query_string.decode("ascii", "replace")
    target = next(filter(None, map(safe_next, ways(request.path, query))), None)
    return redirect(target, code=301) if target else None


def ways(path: str, query: str) -> Iterator[str]:
    """Where it may lead, the surest first. None is the address itself, so nobody is sent in a circle."""
    bare = path.rstrip("/")
    shorter = list(dict.fromkeys((bare or "/", ENDING.sub("", bare) or "/")))
    for each in shorter:
        if old := Redirect.leading_from(each, query):
            yield old.target
    if feed := FEED.fullmatch(bare):
        yield f"{feed[1] or ''}/{'atom.xml' if feed[2] else 'feed.xml'}"
    if month := MONTH.match(bare):
        yield "/".join(filter(None, ("/archive", *month.groups())))
    for each in shorter:
        if each != path and is_ours(each):
            yield f"{each}?{query}" if query else each


def is_ours(path: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    return adapter is not None and adapter.test(path, "GET")
