"""Libraries and newsrooms that bought seats."""

from datetime import datetime
from typing import cast

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints.desk.area import bp, fingerprint
from blueprints.desk.institution_forms import InstitutionForm, as_typed
from models import Institution, Seat, begin_write, db, utcnow
from models.institution import NotKept

MEANWHILE = "Somebody changed this page meanwhile. What stands now is below; save again to put yours in its place."


@bp.get("/institutions")
def institutions() -> ResponseReturnValue:
    rows, now = Institution.by_end(), utcnow()
    running = [row for row in rows if not row.is_over(now)]
    over = [row for row in reversed(rows) if row.is_over(now)]
    return render_template("desk/institutions.html", running=running, over=over, used=Seat.counts())


@bp.route("/institutions/new", methods=["GET", "POST"])
def new_institution() -> ResponseReturnValue:
    return write_institution(None)


@bp.route("/institutions/<int:institution_id>", methods=["GET", "POST"])
def edit_institution(institution_id: int) -> ResponseReturnValue:
    return write_institution(db.session.get(Institution, institution_id) or abort(404))


@bp.post("/institutions/<int:institution_id>/seats/<int:account_id>/free")
def free_seat(institution_id: int, account_id: int) -> ResponseReturnValue:
    """Free one seat; who had it may take one again while seats are free."""
    begin_write()
    Seat.free(institution_id, account_id)
    db.session.commit()
    flash("The seat is free.", "good")
    return redirect(url_for("desk.edit_institution", institution_id=institution_id), code=303)


@bp.post("/institutions/<int:institution_id>/delete")
def delete_institution(institution_id: int) -> ResponseReturnValue:
    row = db.session.get(Institution, institution_id) or abort(404)
    begin_write()
    name = row.name
    db.session.delete(row)
    db.session.commit()
    flash(f"{name} is deleted, with its seats.", "good")
    return redirect(url_for("desk.institutions"), code=303)


def write_institution(row: Institution | None) -> ResponseReturnValue:
    """Show the form, or keep what was typed. A refusal stands beside its field, and nothing typed is lost."""
    stands = as_typed(row) if row else {}
    mark = fingerprint(stands)
    form = InstitutionForm.of(row, mark)
    if not form.submitted():
        return show(form, row)
    if form.before.data != mark:
        form.before.data = mark
        return show(form, row, stands), 409
    begin_write()
    try:
        kept = keep(form, row)
    except NotKept as refused:
        db.session.rollback()
        form.refuse(refused.field, refused.sentence)
        return show(form, row)
    db.session.commit()
    flash("Saved.", "good")
    return redirect(url_for("desk.edit_institution", institution_id=kept.id), code=303)


def keep(form: InstitutionForm, row: Institution | None) -> Institution:
    """Set what the form says. The caller has begun the write, and commits. Raises NotKept."""
    Institution.lock_all()
    seats = int(form.seats.data)
    taken = Seat.count(row.id) if row else 0
    if seats < taken:
        raise NotKept("seats", f"{taken} seats are taken. Free some below first, or write at least {taken}.")
    kept = row or Institution()
    kept.name, kept.seats, kept.contact, kept.note = form.name.data, seats, form.contact.data, form.note.data.strip()
    kept.ends_at = cast(datetime, form.ends_at.instant(row.ends_at if row else None))  # the form asks for one
    if row is None:
        db.session.add(kept)
        db.session.flush()
    kept.set_domains(form.domains.data)
    kept.set_ranges(form.ranges.data)
    return kept


def show(form: InstitutionForm, row: Institution | None, theirs: dict[str, object] | None = None) -> str:
    return render_template(
        "desk/institution.html",
        form=form,
        row=row,
        seats=Seat.sitting(row.id) if row else [],
        is_over=row is not None and row.is_over(utcnow()),
        theirs=theirs,
        meanwhile=MEANWHILE,
    )
