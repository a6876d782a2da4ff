"""Tips, pitches and corrections that readers sent."""

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.desk.area import bp
from blueprints.forms import LARGEST_ID
from models import Contribution, Correction, Outbox, begin_write, db, utcnow
from models.contribution import ContributionState, CorrectionState

A_PAGE = 30  # letters
LONGEST_NOTE = 2_000  # characters
LETTER_STATES = {ContributionState.NEW: "New", ContributionState.HANDLED: "Handled", ContributionState.SPAM: "Spam"}
CORRECTION_STATES = {
    CorrectionState.NEW: "New",
    CorrectionState.ACCEPTED: "Accepted",
    CorrectionState.REFUSED: "Refused",
    CorrectionState.SPAM: "Spam",
}
NO_NOTE = "The note is empty. Write what was put right: readers see it under the story."
LONG_NOTE = f"The note is too long. {LONGEST_NOTE:,} characters are the most."
DONE = {
    "accept": "The note stands under the story now.",
    "refuse": "The correction is refused; readers see nothing of it.",
    "reopen": "The correction is among the new ones; no note of it stands under the story.",
}


@bp.get("/contributions")
def contributions() -> ResponseReturnValue:
    asked = request.args.get("state", ContributionState.NEW.value)
    if asked not in set(ContributionState):
        abort(404)
    page = request.args.get("page", 1, type=int)
    found = Contribution.for_desk(ContributionState(asked))
    return render_template(
        "desk/contributions.html",
        shelf=db.paginate(found, page=page, per_page=A_PAGE, max_per_page=A_PAGE),
        state=ContributionState(asked),
        names=LETTER_STATES,
        counts=Contribution.how_many(),
    )


@bp.post(f"/contributions/<int(max={LARGEST_ID}):contribution_id>")
def handle_contribution(contribution_id: int) -> ResponseReturnValue:
    begin_write()
    letter = db.session.get(Contribution, contribution_id) or abort(404)
    if request.form.get("action") == "reopen":
        letter.reopen()
        done = "It is among the new ones again."
    else:
        letter.handle(utcnow())
        done = "Marked as handled."
    db.session.commit()
    flash(done, "good")
    return redirect(url_for("desk.contributions", state=request.form.get("from") or None), code=303)


@bp.get("/corrections")
def corrections() -> ResponseReturnValue:
    asked = request.args.get("state", CorrectionState.NEW.value)
    if asked not in set(CorrectionState):
        abort(404)
    return show_corrections(CorrectionState(asked))


def show_corrections(state: CorrectionState, wrong_id: int = 0, sentence: str = "", typed: str = "") -> str:
    """Those in one state; beside the one with `wrong_id` why it was not taken, and what was typed."""
    page = request.args.get("page", 1, type=int)
    return render_template(
        "desk/corrections.html",
        shelf=db.paginate(Correction.for_desk(state), page=page, per_page=A_PAGE, max_per_page=A_PAGE, error_out=False),
        state=state,
        names=CORRECTION_STATES,
        counts=Correction.how_many(),
        wrong_id=wrong_id,
        sentence=sentence,
        typed=typed,
    )


@bp.post(f"/corrections/<int(max={LARGEST_ID}):correction_id>")
def judge_correction(correction_id: int) -> ResponseReturnValue:
    """Accept with a note, change the note, refuse, or take the note back. To do so twice changes nothing more."""
    action, note = request.form.get("action", ""), request.form.get("note", "").replace("\r\n", "\n").strip()
    if action not in DONE:
        abort(400, "No button was pressed. Go back and press one.")
    begin_write()
    correction = Correction.locked(correction_id) or abort(404)
    if action == "accept" and (not note or len(note) > LONGEST_NOTE):
        state = correction.state
        db.session.rollback()
        return show_corrections(state, correction_id, LONG_NOTE if note else NO_NOTE, note), 422
    if action == "accept":
        correction.accept(note, utcnow())
        thank(correction)
    else:
        correction.note = note or correction.note
        correction.set_aside(CorrectionState.REFUSED if action == "refuse" else CorrectionState.NEW)
    db.session.commit()
    flash(DONE[action], "good")
    return redirect(url_for("desk.corrections", state=request.form.get("from") or None), code=303)


def thank(correction: Correction) -> None:
    """Tell who spotted it, once, without the note: it may quote what they cannot read."""
    if not correction.email:
        return
    story = correction.article
    link = f"{current_app.config['SITE_URL']}/articles/{story.slug}#corrections"
    once = f"correction-accepted:{correction.id}"
    Outbox.post(
        "correction-accepted", correction.email, once_key=once, title=story.title, name=correction.name, link=link
    )
