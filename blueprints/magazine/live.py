"""What is new in a liveblog, for pages that are open: asked every few seconds by a crowd, so short and shareable."""

import re

from flask import Response, get_template_attribute, jsonify, request

from blueprints import login, metering
from blueprints.magazine.area import bp
from models import Article, utcnow
from models.article import Kind
from models.metering import Decision
from models.presenting import Changes, access, present_changes

PARTS = "components/live.html"
SHARED = 5  # seconds that caches carry an answer for the crowd
NO_NUMBER = "Write after= as a whole number from 0, of nine digits at most, or leave it out for every entry."
NOT_HERE = "There is no such liveblog."
NOT_YOURS = "This liveblog is not open to you. Reload the page to see what opens it."


@bp.get("/articles/<slug>/entries")
def entries(slug: str) -> Response:
    """Answers from two queries at most for what is free; who asks matters only where somebody may not read."""
    now, after = utcnow(), request.args.get("after")
    if after is not None and not re.fullmatch(r"[0-9]{1,9}", after):
        return refused(400, NO_NUMBER)
    story = Article.visible(slug, now)
    if story is None or story.kind is not Kind.LIVEBLOG:
        return refused(404, NOT_HERE)
    is_free = access(story, login.visitor(now)) is Decision.OPEN
    reads = login.visitor(now) if is_free else metering.viewer(story, now)
    changes = present_changes(story, reads, None if after is None else int(after))
    if changes is None:
        return refused(403, NOT_YOURS)
    reply = jsonify(told(story, changes))
    if not is_free:
        return unshared(reply)
    reply.headers["Cache-Control"] = f"public, max-age=0, s-maxage={SHARED}"  # the same for everybody, signed in or not
    reply.add_etag()
    reply.make_conditional(request)
    return reply


def told(story: Article, changes: Changes) -> dict[str, object]:
    """The changes as a page takes them: the same HTML as in templates/magazine/liveblog.html."""
    entry, point, state, ending = (get_template_attribute(PARTS, name) for name in "entry point state ending".split())
    shown = [
        {
            "id": each.id,
            "at": each.at.isoformat(),
            "pinned": each.is_pinned,
            "removed": False,
            "html": entry(each).strip(),
            "point": point(each).strip(),
        }
        for each in changes.entries
    ]
    removed = [{"id": gone, "removed": True, "html": "", "point": ""} for gone in changes.removed]
    return {
        "version": changes.version,
        "closed": not story.is_open,
        "state": state(story).strip(),
        "ending": ending(story).strip(),
        "entries": [*shown, *removed],
    }


def refused(status: int, sentence: str) -> Response:
    reply = jsonify(error=sentence)
    reply.status_code = status
    return unshared(reply)


def unshared(reply: Response) -> Response:
    reply.headers["Cache-Control"] = "private, no-store"
    return reply
