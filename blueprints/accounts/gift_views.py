"""Stories that a patron gives by a link: to make one, to send it on, to take it back."""

import re
from datetime import datetime

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.accounts.own_views import bp, reader
from blueprints.login import signed_in_only
from blueprints.metering.gifts import address_of
from models import Account, Article, GiftLink, Publication, begin_write, db, utcnow
from models.address_token import token
from models.base import new_public_id
from models.gift import LIFE, QUOTA, GiftKind, NoMoreGifts
from models.metering import Access, Every, period
from models.patronage import is_patron

NAME = re.compile(r"[A-Za-z0-9_-]{22}")  # as new_public_id makes them
FOR_PATRONS = (
    "Stories are given by patrons. Become one, and each story that is counted or closed has a link to give it."
)
IS_FREE = "This story is open to everybody. Pass its address on as it is."
NONE_LEFT = f"You have made {QUOTA} links this month, and that is all there are. The count starts anew with the month."


@bp.get("/gifts")
@signed_in_only
def gift_links() -> ResponseReturnValue:
    who, now = reader(), utcnow()
    rows = [(link, link.state_now(now), address_of(link)) for link in GiftLink.of_giver(who.id)]
    return render_template("accounts/gifts.html", rows=rows, gives=gives(who), **counts(who))


@bp.route("/gifts/new", methods=["GET", "POST"])
@signed_in_only
def give() -> ResponseReturnValue:
    """Make a link to the story named by `story`. The form carries the link's name, so that two clicks make one."""
    who, now = reader(), utcnow()
    story = Article.visible(request.values.get("story", ""), now) or abort(404)
    if not gives(who):
        abort(403, FOR_PATRONS)
    if story.gate.asks(Publication.mode(), now) is Access.FREE:
        flash(IS_FREE)
        return redirect(url_for("magazine.article", slug=story.slug), code=303)
    refused = ""
    if request.method == "POST":
        name = request.form.get("link", "")
        if not NAME.fullmatch(name):
            abort(400)
        begin_write()
        try:
            link = GiftLink.make(
                token(current_app.config["SECRET_KEY"], "gift", name),
                name,
                month_began(),
                article_id=story.id,
                giver_id=who.id,
                kind=GiftKind.STAFF if who.is_staff else GiftKind.PATRON,
                is_named=bool(request.form.get("named")) and bool(who.name),
                created_at=now,
                expires_at=now + LIFE,
            )
            db.session.commit()
            return redirect(url_for("own.gift_link", public_id=own(link, who).public_id), code=303)
        except NoMoreGifts:
            db.session.rollback()
            refused = NONE_LEFT
    page = render_template(
        "accounts/give.html", story=story, who=who, link=new_public_id(), days=LIFE.days, refused=refused, **counts(who)
    )
    return page, 409 if refused else 200


@bp.get("/gifts/<public_id>")
@signed_in_only
def gift_link(public_id: str) -> ResponseReturnValue:
    """One link, to be copied."""
    who = reader()
    link = own(GiftLink.by_public_id(public_id), who)
    values = {"link": link, "state": link.state_now(utcnow()), "address": address_of(link)}
    return render_template("accounts/gift.html", **values, **counts(who))


@bp.post("/gifts/<public_id>/revoke")
@signed_in_only
def revoke_gift(public_id: str) -> ResponseReturnValue:
    link = own(GiftLink.by_public_id(public_id), reader())
    begin_write()
    link.revoke(utcnow())
    db.session.commit()
    flash("The link is taken back. Whoever has opened the story with it keeps it; nobody else gets in.", "good")
    return redirect(url_for("own.gift_links"), code=303)


def own(link: GiftLink | None, who: Account) -> GiftLink:
    if link is None or link.giver_id != who.id or link.kind is GiftKind.CAMPAIGN:
        abort(404)
    return link


def gives(who: Account) -> bool:
    return who.is_staff or is_patron(who, utcnow())


def month_began() -> datetime:
    """When the publisher's month began, whatever period the meter has."""
    return period(Every.MONTH, utcnow(), current_app.config["ZONE"]).start


def counts(who: Account) -> dict[str, int | None]:
    """How many links a patron has left this month; None for staff, whose links nobody counts."""
    return {"left": None if who.is_staff else GiftLink.left(who.id, month_began()), "quota": QUOTA}
