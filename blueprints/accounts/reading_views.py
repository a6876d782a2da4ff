"""Stories a reader saved for later, and those they have read: to see, and to erase."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from blueprints.accounts.own_views import bp, reader
from blueprints.login import safe_next, signed_in_only
from models import Article, ReadStory, SavedStory, begin_write, db, utcnow
from models.reading import erase

A_PAGE = 50  # stories


def shown(table: type[SavedStory] | type[ReadStory], template: str) -> ResponseReturnValue:
    rows = table.shelf(reader().id, utcnow())
    page = request.args.get("page", 1, type=int)
    return render_template(template, shelf=db.paginate(rows, page=page, per_page=A_PAGE, max_per_page=A_PAGE))


@bp.get("/saved")
@signed_in_only
def saved() -> ResponseReturnValue:
    return shown(SavedStory, "accounts/saved.html")


@bp.post("/saved")
@signed_in_only
def save() -> ResponseReturnValue:
    """Save the story named by `story`, or with `action` "remove" take it off; then back to `next`. "empty": all."""
    now, who = utcnow(), reader()
    if request.form.get("action") == "empty":  # stories that are no longer out go too, which no list shows
        begin_write()
        erase(SavedStory, who.id)
        db.session.commit()
        flash("The list is empty.", "good")
        return redirect(url_for("own.saved"), code=303)
    story = Article.visible(request.form.get("story", ""), now) or abort(404)
    begin_write()
    if request.form.get("action") == "remove":
        erase(SavedStory, who.id, story.id)
    else:
        SavedStory.keep(who.id, story.id, now)
    db.session.commit()
    return back("own.saved")


@bp.get("/history")
@signed_in_only
def history() -> ResponseReturnValue:
    return shown(ReadStory, "accounts/history.html")


@bp.post("/history")
@signed_in_only
def forget() -> ResponseReturnValue:
    """Erase the story numbered `story`, or the whole history."""
    number = request.form.get("story", "")
    if number and not (number.isascii() and number.isdigit() and len(number) < 16):
        abort(404)
    begin_write()
    erase(ReadStory, reader().id, int(number) if number else None)
    db.session.commit()
    flash("It is erased." if number else "Your history is erased. Nothing of it is left.", "good")
    return redirect(url_for("own.history"), code=303)


def back(otherwise: str) -> Response:
    return redirect(safe_next(request.form.get("next")) or url_for(otherwise), code=303)
