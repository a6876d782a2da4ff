"""The console of a running liveblog: type, post, type again."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints.desk.area import bp
from blueprints.desk.forms import PostForm
from blueprints.desk.liveblog import CLOSED, liveblog, posted
from models import Article, begin_write, db, utcnow
from models.liveblog import LiveblogClosed
from models.metering import Viewer
from models.presenting import present

STAFF = Viewer(is_signed_in=True, is_staff=True)


@bp.route("/articles/<int:article_id>/live", methods=["GET", "POST"])
def console(article_id: int) -> ResponseReturnValue:
    story, form = liveblog(article_id), PostForm.of(None, "")
    if not form.submitted():
        return show(form, story), 422 if form.errors else 200
    try:
        posted(form, story)
    except LiveblogClosed:
        form.refuse("source", CLOSED)
        return show(form, story), 409
    flash("Posted.", "good")
    return redirect(url_for("desk.console", article_id=article_id), code=303)


@bp.post("/articles/<int:article_id>/live/close")
def close_liveblog(article_id: int) -> ResponseReturnValue:
    story = liveblog(article_id)
    begin_write()
    story.close(utcnow())
    db.session.commit()
    flash("The liveblog is closed.", "good")
    return redirect(url_for("desk.console", article_id=article_id), code=303)


@bp.post("/articles/<int:article_id>/live/reopen")
def reopen_liveblog(article_id: int) -> ResponseReturnValue:
    story = liveblog(article_id)
    begin_write()
    story.reopen()
    db.session.commit()
    flash("The liveblog is open again.", "good")
    return redirect(url_for("desk.console", article_id=article_id), code=303)


def show(form: PostForm, story: Article) -> str:
    """The console as it stands, newest entry first, as readers see it."""
    shown = present(story, STAFF)
    return render_template(
        "desk/console.html",
        form=form,
        story=story,
        entries=shown.entries[::-1],
        is_public=story.is_visible(utcnow()),
    )
