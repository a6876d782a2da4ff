"""Gift links in the magazine's name: for a campaign, a newsletter, a speaker's audience."""

import re
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field, HiddenField, ValidationError
from wtforms.validators import InputRequired, Length, Optional

from blueprints.desk.area import bp, editor
from blueprints.desk.fields import Words
from blueprints.forms import Form
from blueprints.metering.gifts import address_of
from models import Article, GiftLink, Publication, begin_write, db, utcnow
from models.address_token import token
from models.base import new_public_id
from models.gift import LIFE, GiftKind
from models.metering import Access

A_PAGE = 50  # links
LONGEST = 365  # days that a link may work
NAME = re.compile(r"[A-Za-z0-9_-]{22}")  # as new_public_id makes them


class GiftForm(Form):
    story = Words("Story", [InputRequired("No story is named. Write its address."), Length(max=500)])
    days = Words("Works for days", [InputRequired("Say for how many days it works.")], default=str(LIFE.days))
    most = Words("Readers at most", [Optional()])
    note = Words("Note", [Length(max=300)])
    link = HiddenField()  # the new link's name, so that two clicks make one

    def validate_days(self, field: Field) -> None:
        if not re.fullmatch("[0-9]{1,3}", field.data) or not 1 <= int(field.data) <= LONGEST:
            raise ValidationError(f"Write a whole number of days from 1 to {LONGEST}.")

    def validate_most(self, field: Field) -> None:
        if not re.fullmatch("[0-9]{1,7}", field.data) or int(field.data) < 1:
            raise ValidationError("Write a whole number from 1, or leave it empty for no limit.")

    def validate_link(self, field: Field) -> None:
        if not NAME.fullmatch(field.data or ""):
            field.data = new_public_id()


@bp.route("/gifts", methods=["GET", "POST"])
def gifts() -> ResponseReturnValue:
    """The links, of one story with `of`, and the form that makes one."""
    form, now = GiftForm.posted(data={"story": request.args.get("of", ""), "link": new_public_id()}), utcnow()
    if form.submitted() and (story := story_of(form)):
        link = made(form, story)
        return redirect(url_for("desk.gifts", new=link.public_id, _anchor="kept"), code=303)
    only = Article.by_slug(request.args["of"]) if request.args.get("of") else None
    number = request.args.get("page", 1, type=int)
    shelf = db.paginate(
        GiftLink.campaigns(only.id if only else None), page=number, per_page=A_PAGE, max_per_page=A_PAGE
    )
    rows = [(link, link.state_now(now), address_of(link)) for link in shelf.items]
    return render_template("desk/gifts.html", form=form, shelf=shelf, rows=rows, only=only, new=request.args.get("new"))


@bp.post("/gifts/<public_id>/revoke")
def revoke_gift(public_id: str) -> ResponseReturnValue:
    link = GiftLink.by_public_id(public_id)
    if link is None or link.kind is not GiftKind.CAMPAIGN:
        abort(404)
    begin_write()
    link.revoke(utcnow())
    db.session.commit()
    flash("The link is taken back. Whoever has opened the story with it keeps it.", "good")
    return redirect(url_for("desk.gifts"), code=303)


def story_of(form: GiftForm) -> Article | None:
    """The story whose address or slug was typed; what cannot be given is refused beside the field."""
    try:
        path = unquote(urlsplit(form.story.data).path)
    except ValueError:
        path = ""
    now = utcnow()
    story = Article.visible(path.rstrip("/").rpartition("/")[2], now)
    if story is None:
        form.refuse("story", "No story that is out has this address. Copy it from the story’s page.")
    elif story.gate.asks(Publication.mode(), now) is Access.FREE:
        form.refuse("story", "This story is open to everybody. It needs no gift link.")
        return None
    return story


def made(form: GiftForm, story: Article) -> GiftLink:
    now, most, name = utcnow(), form.most.data, form.link.data
    begin_write()
    link = GiftLink.make(
        token(current_app.config["SECRET_KEY"], "gift", name),
        name,
        now,
        article_id=story.id,
        giver_id=editor().id,
        kind=GiftKind.CAMPAIGN,
        note=form.note.data,
        created_at=now,
        expires_at=now + timedelta(days=int(form.days.data)),
        most=int(most) if most else None,
    )
    db.session.commit()
    return link
