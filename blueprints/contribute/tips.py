"""Tips and pitches."""

from datetime import datetime

from flask import current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import login
from blueprints.contribute.area import TooMany, bp, count_one, sender
from blueprints.contribute.forms import TipForm
from models import Contribution, Outbox, Publication, begin_write, db, utcnow
from models.contribution import ContributionKind, ContributionState


@bp.get("/contribute")
def contribute() -> ResponseReturnValue:
    """`?kind=pitch` chooses; who is signed in finds name and address filled in."""
    who, asked = login.account(), request.args.get("kind", "")
    kind = asked if asked in set(ContributionKind) else ContributionKind.TIP.value
    form = TipForm(kind=kind, name=who.name if who else "", email=who.email if who else "")
    return login.share(make_response(show(form)))


@bp.post("/contribute")
def send() -> ResponseReturnValue:
    form = TipForm.posted()
    if not form.submitted():
        return show(form), 422
    try:
        keep(form, utcnow())
    except TooMany as refused:
        return show(form, str(refused)), 429, refused.headers
    return redirect(url_for(".thanks"), code=303)


@bp.get("/contribute/thanks")
def thanks() -> ResponseReturnValue:
    return login.share(make_response(render_template("contribute/thanks.html", article=None)))


def keep(form: TipForm, now: datetime) -> None:
    """Keep it once, however often it is sent, and write to the desk. Commits. Raises TooMany."""
    tip = Contribution(
        kind=ContributionKind(form.kind.data),
        state=ContributionState.SPAM if form.homepage.data else ContributionState.NEW,
        **{name: form[name].data or "" for name in ("name", "email", "subject", "body")},
        sent_at=now,
    )
    begin_write()
    try:
        count_one(now)
    except TooMany:
        db.session.commit()
        raise
    desk = Publication.get().email
    if tip.twin() is None:
        db.session.add(tip)
        if desk and tip.state is ContributionState.NEW:
            link = f"{current_app.config['SITE_URL']}/desk/contributions"
            details = {name: form[name].data or "" for name in ("name", "email", "subject", "body")}
            Outbox.post("contribution", desk, reply_to=sender(form), kind=tip.kind.value, link=link, **details)
    db.session.commit()


def show(form: TipForm, refused: str = "") -> str:
    return render_template("contribute/contribute.html", form=form, refused=refused)
