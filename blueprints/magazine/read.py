"""The door to a closed story: the meter decides here, on the server, and never in a page that others may be given.

A script asks and gets JSON; a form is sent on to a page of the reader's own, by a receipt that lasts ten minutes.
"""

import json
from dataclasses import replace
from datetime import datetime

from flask import (
    Response,
    abort,
    current_app,
    get_template_attribute,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeTimedSerializer

from blueprints import caching, errors, login, metering
from blueprints.caching.bodies import Body, body
from blueprints.magazine.area import bp
from blueprints.magazine.reads import count_read, remember_for
from blueprints.magazine.story import asked_order, story_page, unshared, values_of
from blueprints.magazine.wall import Told, told
from blueprints.metering import Answer, LedgerAway, gifts, seats
from models import Article, utcnow
from models.metering import Decision
from models.presenting import access
from models.schedule import next_change
from models.story import Story

RECEIPT_LIFE = 600  # seconds
AHEAD = "A story counts once somebody opens it, so it is not fetched ahead.\n"
AWAY = "We could not reach our own counter. Nothing was counted. Try again in a minute."


@bp.post("/articles/<slug>/read")
def read(slug: str) -> ResponseReturnValue:
    """Open a story for who asks, if the meter lets them."""
    if metering.fetched_ahead():
        return unread()
    now = utcnow()
    kept = body(slug, asked_order(), lambda: released(slug, now)) or abort(404)
    answer = metering.ask(kept.gate, now, goes_on=kept.goes_on, gift=request.form.get("gift", "").strip())
    says = told(answer.decision, now, answer, kept.gate.opens_at)
    if answer.is_open:
        count_read(kept.gate.article_id, now)
        remember_for(login.account(), kept.gate.article_id, now)
    reply = for_script(slug, kept, says, now) if asks_for_json() else for_form(slug, kept, says, now)
    if answer.is_open and answer.gift and answer.period:
        gifts.mark(reply, slug, answer.period.end)
    return unshared(answer.settle(reply))


def released(slug: str, now: datetime) -> Body | None:
    """The text of a story that is out, as every visitor gets it once the meter has opened it."""
    story = Story.by_slug(slug, now)
    if story is None or not story.is_visible(now):
        return None
    caching.until(next_change(now))
    values = values_of(story, metering.with_opened(login.visitor(now), story), now)
    return Body(story.gate, metering.goes_on(story), render_template("magazine/rest.html", **values, account=None))


def for_script(slug: str, kept: Body, says: Told, now: datetime) -> Response:
    """What the page puts in place of the wall: the text, or another wall, with the line on the count."""
    is_everybodys = says.decision is Decision.OPEN and login.account() is None
    html = kept.json if is_everybodys else json.dumps(fragment(slug, says, now))
    line = get_template_attribute("components/wall.html", "line")(says) if says.decision is Decision.OPEN else ""
    ends = says.resets_at.isoformat() if says.resets_at else None
    rest = json.dumps({"access": says.decision, "left": says.left if ends else None, "resets_at": ends, "line": line})
    return Response(f'{rest[:-1]}, "html": {html}}}', content_type="application/json")


def fragment(slug: str, says: Told, now: datetime) -> str:
    """The text with a member's own forms in it, or the wall."""
    story = Story.by_slug(slug, now) or abort(404)
    reads = login.viewer(now)
    if says.decision is not Decision.OPEN:
        return render_template("magazine/wall.html", article=story, told=says)
    return render_template("magazine/rest.html", **values_of(story, metering.with_opened(reads, story), now))


def for_form(slug: str, kept: Body, says: Told, now: datetime) -> Response:
    """Without script: on to a page of one's own, or the wall on the story's page."""
    if says.decision is Decision.OPEN:
        receipt = receipts().dumps([kept.gate.article_id, "gift" if says.gift else "meter"])
        return redirect(url_for("magazine.own_page", slug=slug, receipt=receipt), code=303)  # type: ignore[return-value]
    story = Story.by_slug(slug, now) or abort(404)
    return make_response(story_page(story, login.viewer(now), now, says), 403)


@bp.get("/articles/<slug>/gift")
def gift(slug: str) -> ResponseReturnValue:
    """Where a gift link can be pasted; who has opened the story by one is shown the way to it."""
    now = utcnow()
    story = Article.visible(slug, now) or abort(404)
    is_open = access(story, metering.viewer(story, now)) is Decision.OPEN
    return unshared(make_response(render_template("magazine/gift.html", article=story, is_open=is_open)))


@bp.get("/articles/<slug>/read")
def own_page(slug: str) -> ResponseReturnValue:
    """The whole page for who has a receipt, or the story in the ledger; everybody else is sent to the shell."""
    if metering.fetched_ahead():
        return unread()
    now = utcnow()
    story = Story.by_slug(slug, now)
    if story is None or not story.is_visible(now):
        abort(404)
    (reads, given), receipt = metering.reading(story, now), receipt_for(story)
    if receipt == "gift" or (receipt and access(story, reads) is Decision.METER and metering.limit_of(login.account())):
        reads = metering.with_opened(reads, story)  # without the cookie too; not when the editor closed it meanwhile
    if receipt and not reads.is_seated and seats.nearby(now):
        reads = replace(reads, is_seated=True)  # likewise: it was let in ten minutes ago at most
    if story.id not in reads.opened and not reads.is_seated:
        return unshared(make_response(redirect(url_for("magazine.article", slug=slug), code=303)))
    stands = Answer(Decision.OPEN, gift=given) if given or receipt == "gift" else metering.standing(now)
    says = replace(told(Decision.OPEN, now, stands), is_again=not receipt)
    return unshared(make_response(story_page(story, reads, now, says)))


def receipts() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="receipt")


def receipt_for(story: Story) -> str:
    """What the receipt in the address is for, "meter" or "gift"; "" without one of ours, for this story, still good."""
    try:
        number, what = receipts().loads(request.args.get("receipt", ""), max_age=RECEIPT_LIFE)
    except (BadData, TypeError, ValueError):
        return ""
    return str(what) if number == story.id else ""


def asks_for_json() -> bool:
    if request.headers.get("Accept") == "application/json":  # as our script says
        return True
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def unread() -> Response:
    """Nothing, for who fetches ahead."""
    return unshared(Response(AHEAD, 503, content_type="text/plain; charset=utf-8"))


@bp.app_errorhandler(LedgerAway)
def away(_error: LedgerAway) -> ResponseReturnValue:
    if asks_for_json():
        return unshared(make_response(jsonify(error=AWAY), 503))
    return unshared(make_response(errors.page(503, AWAY)))
