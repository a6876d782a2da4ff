"""The desk's door, and the promise that nothing typed is lost."""

import hashlib

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from werkzeug.exceptions import HTTPException

from blueprints import errors, login, proofs
from models import Account, Comment, Contribution, Correction, db
from models.comment import CommentState
from models.contribution import ContributionState, CorrectionState

bp = Blueprint("desk", __name__, url_prefix="/desk")

SIGNED_OUT = "You are signed out. Sign in again in another tab, then come back here and send this once more."
NOT_YOURS = "The desk is for the magazine's editors. Ask an owner to make you one."
NEEDS_SECOND = (
    "The desk asks for a second factor. Open the desk in another tab, show yours there, then send this once more."
)
GONE = "What you were changing is no longer there. Your text is below: copy it before you leave."
BROKEN = "Something broke on our side, and nothing was saved. Send it once more in a minute."


def keep_typed(code: int, sentence: str, *, again: bool = True) -> ResponseReturnValue:
    """A page that holds all that was typed: to be sent `again`, or at least to be copied."""
    typed = [(name, value) for name, values in request.form.lists() for value in values]
    return render_template("desk/kept.html", sentence=sentence, typed=typed, again=again), code


def editor() -> Account:
    """Who is at the desk; the guard below has let nobody else in."""
    return login.account() or abort(403)


@bp.before_request
def admit_editors_only() -> ResponseReturnValue | None:
    who = login.account()
    if who and who.is_editor:
        return ask_for_second_factor(who)
    if request.method == "POST":
        return keep_typed(403, NOT_YOURS) if who else keep_typed(401, SIGNED_OUT)
    if who:
        abort(403, NOT_YOURS)
    return login.editors_only(lambda: None)()


def ask_for_second_factor(who: Account) -> ResponseReturnValue | None:
    """Where the magazine wants one: who has none sets one up first, who did not use it shows it now."""
    if not proofs.is_asked_of(who):
        return None
    has = proofs.has_factor(who)
    if has and proofs.by_two_factors():
        return None
    if request.method == "POST":
        return keep_typed(403, NEEDS_SECOND)
    here = request.full_path.rstrip("?")
    return redirect(url_for("confirming.ask" if has else "second_factor.needed", next=here), code=303)


@bp.after_request
def keep_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.errorhandler(404)
def not_there(error: HTTPException) -> ResponseReturnValue:
    return keep_typed(404, GONE, again=False) if request.method == "POST" else errors.say(error)


@bp.errorhandler(500)
def break_down(error: Exception) -> ResponseReturnValue:
    db.session.rollback()
    return keep_typed(500, BROKEN) if request.method == "POST" else errors.break_down(error)


@bp.context_processor
def who_works() -> dict[str, object]:
    return {"editor": login.account(), "waiting": waiting()}


def waiting() -> dict[str, int]:
    """How much of what readers sent waits for somebody, by the page that shows it."""
    places = {
        "/desk/comments": Comment.state == CommentState.HELD,
        "/desk/corrections": Correction.state == CorrectionState.NEW,
        "/desk/contributions": Contribution.state == ContributionState.NEW,
    }
    counts = [select(func.count()).where(waits).scalar_subquery() for waits in places.values()]
    return dict(zip(places, db.session.execute(select(*counts)).one(), strict=True))


def fingerprint(*values: object) -> str:
    """What a form was filled from. Sent along and compared on saving, so that nobody overwrites unseen."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]
