"""Writing a reply. The form stands on the story's page, which is the same for every visitor: no token, no session."""

from datetime import datetime

from flask import Blueprint, Response, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import login, metering
from blueprints.comments.forms import ReplyForm
from blueprints.comments.keeping import Refused, keep
from blueprints.forms import LARGEST_ID
from models import Article, Comment, utcnow
from models.comment import CommentState
from models.presenting import may_read

bp = Blueprint("comments", __name__, url_prefix="/articles/<slug>/comments")

CLOSED = "Who replies must be able to read the story to its end, and here it stops before that."


@bp.after_request
def keep_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.get("")
def write(slug: str) -> ResponseReturnValue:
    story = readable(slug, utcnow())
    return show(ReplyForm(), story, None)


@bp.get(f"/<int(max={LARGEST_ID}):comment_id>/reply")
def answer(slug: str, comment_id: int) -> ResponseReturnValue:
    """The form that answers one reply: an address of its own, so that the story keeps one page for all."""
    story = readable(slug, utcnow())
    answered = Comment.to_answer(story.id, comment_id) or abort(404)
    return show(ReplyForm(parent=str(answered.id)), story, answered)


@bp.post("")
def reply(slug: str) -> ResponseReturnValue:
    now, who, form = utcnow(), login.account(), ReplyForm.posted()
    story = Article.visible(slug, now) or abort(404)
    if not may_read(story, metering.viewer(story, now)):
        return render_template("comments/closed.html", article=story, sentence=CLOSED, typed=form.body.data), 403
    if not form.fits(who):
        return show(form, story, answered_by(form, story)), 422
    try:
        kept = keep(form, story, who, now)
    except Refused as refused:
        page = show(form, story, answered_by(form, story), str(refused))
        return page, refused.status, dict(refused.headers)
    if kept.state is CommentState.APPROVED:
        return redirect(url_for("magazine.article", slug=slug, _anchor=f"comment-{kept.id}"), code=303)
    return redirect(url_for(".held", slug=slug), code=303)


@bp.get("/held")
def held(slug: str) -> ResponseReturnValue:
    """What a writer sees whose reply waits; the same for everybody, spam included."""
    return render_template("comments/held.html", article=readable(slug, utcnow()))


def readable(slug: str, now: datetime) -> Article:
    """The public story, if whoever asks may read it: replies quote what is closed."""
    story = Article.visible(slug, now) or abort(404)
    if not may_read(story, metering.viewer(story, now)):
        abort(403, CLOSED)
    return story


def answered_by(form: ReplyForm, story: Article) -> Comment | None:
    """The reply this one answers; the form forgets one that is not there."""
    asked = form.answers()
    found = Comment.to_answer(story.id, asked) if asked else None
    if found is None:
        form.parent.data = ""
    return found


def show(form: ReplyForm, story: Article, answered: Comment | None, refused: str = "") -> str:
    return render_template("comments/write.html", form=form, article=story, answered=answered, refused=refused)
