"""Readers' replies: what waits, and what became of the rest."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.desk.area import bp
from blueprints.forms import LARGEST_ID
from models import Comment, begin_write, db
from models.comment import CommentState

A_PAGE = 30  # replies
STATE_NAMES = {
    CommentState.HELD: "Waiting",
    CommentState.APPROVED: "Approved",
    CommentState.REFUSED: "Refused",
    CommentState.SPAM: "Spam",
}
ACTIONS = {  # button: the state it leads to
    "approve": CommentState.APPROVED,
    "refuse": CommentState.REFUSED,
    "spam": CommentState.SPAM,
    "hold": CommentState.HELD,
}
DONE = {
    CommentState.APPROVED: "The reply is approved; readers see it now.",
    CommentState.REFUSED: "The reply is refused; no reader sees it.",
    CommentState.SPAM: "The reply is marked as spam; no reader sees it.",
    CommentState.HELD: "The reply waits again; no reader sees it.",
}
HIDDEN = "The reply is approved. Readers see it once the one it answers is approved too."


@bp.get("/comments")
def comments() -> ResponseReturnValue:
    asked = request.args.get("state", CommentState.HELD.value)
    if asked not in set(CommentState):
        abort(404)
    page = request.args.get("page", 1, type=int)
    shelf = db.paginate(Comment.for_desk(CommentState(asked)), page=page, per_page=A_PAGE, max_per_page=A_PAGE)
    return render_template(
        "desk/comments.html",
        shelf=shelf,
        state=CommentState(asked),
        names=STATE_NAMES,
        counts=Comment.how_many(),
        actions={action: state for action, state in ACTIONS.items() if state != asked},
    )


@bp.post(f"/comments/<int(max={LARGEST_ID}):comment_id>")
def judge_comment(comment_id: int) -> ResponseReturnValue:
    """Move a reply to the state its button names. To do so twice changes nothing more."""
    state = ACTIONS.get(request.form.get("action", "")) or abort(400, "No button was pressed. Go back and press one.")
    begin_write()
    comment = db.session.get(Comment, comment_id) or abort(404)
    comment.state = state
    hidden = comment.parent is not None and comment.parent.state is not CommentState.APPROVED
    db.session.commit()
    flash(HIDDEN if hidden and state is CommentState.APPROVED else DONE[state], "good")
    return redirect(url_for("desk.comments", state=request.form.get("from") or None), code=303)
