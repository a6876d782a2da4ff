"""The glossary at the desk: hanzi terms, how they are said and what they mean."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.desk.area import bp, fingerprint
from blueprints.desk.forms import TermForm
from models import Term, begin_write, db

MEANWHILE = "Somebody changed this term meanwhile. Theirs is below; save again to put yours in its place."


def mark(term: Term | None) -> str:
    return fingerprint(term.hanzi, term.pinyin, term.meaning) if term else ""


@bp.get("/glossary")
def glossary() -> ResponseReturnValue:
    return render_template("desk/glossary.html", terms=Term.in_order())


@bp.route("/glossary/new", methods=["GET", "POST"])
def new_term() -> ResponseReturnValue:
    return term_at_work(None)


@bp.route("/glossary/<int:term_id>", methods=["GET", "POST"])
def edit_term(term_id: int) -> ResponseReturnValue:
    term = db.session.get(Term, term_id) or abort(404)
    if request.form.get("action") != "delete":
        return term_at_work(term)
    begin_write()
    db.session.delete(term)
    db.session.commit()
    flash(f"{term.hanzi} is deleted.", "good")
    return redirect(url_for("desk.glossary"), code=303)


def term_at_work(term: Term | None) -> ResponseReturnValue:
    form = TermForm.posted(obj=term, data={"before": mark(term)})
    if not form.submitted():
        return render_template("desk/term.html", form=form, term=term, theirs=None)
    if form.before.data != mark(term):
        form.before.data = mark(term)
        form.refuse("hanzi", MEANWHILE)
        return render_template("desk/term.html", form=form, term=term, theirs=term), 409
    begin_write()
    if Term.by_hanzi(form.hanzi.data) not in (None, term):
        db.session.rollback()
        form.refuse("hanzi", f"{form.hanzi.data} is in the glossary already. Change it there.")
        return render_template("desk/term.html", form=form, term=term, theirs=None)
    kept = term or Term()
    form.populate(kept)
    db.session.add(kept)
    db.session.commit()
    flash(f"{kept.hanzi} is saved.", "good")
    return redirect(url_for("desk.glossary"), code=303)
