"""Mistakes that readers spotted in a story. Whoever cannot read all of it may still have seen one at its head."""

from datetime import datetime

from flask import Response, abort, current_app, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import login
from blueprints.contribute.area import TooMany, bp, count_one, sender
from blueprints.contribute.forms import CorrectionForm
from models import Article, Correction, Outbox, Publication, begin_write, db, utcnow
from models.contribution import CorrectionState


@bp.get("/articles/<slug>/corrections")
def correct(slug: str) -> ResponseReturnValue:
    story, who = Article.visible(slug, utcnow()) or abort(404), login.account()
    form = CorrectionForm(name=who.name if who else "", email=who.email if who else "")
    return apart(show(form, story))


@bp.post("/articles/<slug>/corrections")
def send_correction(slug: str) -> ResponseReturnValue:
    now, form = utcnow(), CorrectionForm.posted()
    story = Article.visible(slug, now) or abort(404)
    if not form.submitted():
        return show(form, story), 422
    try:
        keep(form, story, now)
    except TooMany as refused:
        return show(form, story, str(refused)), 429, refused.headers
    return redirect(url_for(".correction_thanks", slug=slug), code=303)


@bp.get("/articles/<slug>/corrections/thanks")
def correction_thanks(slug: str) -> ResponseReturnValue:
    story = Article.visible(slug, utcnow()) or abort(404)
    return apart(render_template("contribute/thanks.html", article=story))


def keep(form: CorrectionForm, story: Article, now: datetime) -> None:
    """Keep it once, however often it is sent, and write to the desk. Commits. Raises TooMany."""
    correction = Correction(
        article_id=story.id,
        state=CorrectionState.SPAM if form.homepage.data else CorrectionState.NEW,
        **{name: form[name].data or "" for name in ("name", "email", "body")},
        sent_at=now,
    )
    begin_write()
    try:
        count_one(now)
    except TooMany:
        db.session.commit()
        raise
    desk = Publication.get().email
    if correction.twin() is None:
        db.session.add(correction)
        if desk and correction.state is CorrectionState.NEW:
            details = {name: form[name].data or "" for name in ("name", "email", "body")}
            site = current_app.config["SITE_URL"]
            details |= {"story": f"{site}/articles/{story.slug}", "link": f"{site}/desk/corrections"}
            Outbox.post("correction", desk, reply_to=sender(form), title=story.title, **details)
    db.session.commit()


def apart(page: str) -> Response:
    """Nobody keeps these pages: there is one for every story."""
    response = make_response(page)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def show(form: CorrectionForm, story: Article, refused: str = "") -> str:
    return render_template("contribute/correct.html", form=form, article=story, refused=refused)
