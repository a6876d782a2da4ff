"""Who works here, and whether the desk asks them for more than a password."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import proofs
from blueprints.desk.area import bp, editor
from models import Account, Publication, Role, begin_write, db

OWNERS_ONLY = "Only an owner can switch this. Ask one of them."
NONE_YET = "You have no second factor yourself. Set one up first: the desk would close to you, too."


@bp.get("/staff")
def staff() -> ResponseReturnValue:
    return show()


@bp.post("/staff")
def switch_second_factor() -> ResponseReturnValue:
    """Ask everybody who works here for a second factor, or no longer. It holds from the next page of the desk on."""
    who, on = editor(), request.form.get("ask") == "on"
    if who.role is not Role.OWNER:
        return show(OWNERS_ONLY), 403
    if on and not proofs.has_factor(who):
        return show(NONE_YET), 422
    begin_write()
    ours = Publication.get()
    ours.staff_second_factor = on
    db.session.add(ours)
    db.session.commit()
    flash("The desk now asks for a second factor." if on else "The desk asks for no second factor any more.", "good")
    return redirect(url_for("desk.staff"), code=303)


def show(refused: str = "") -> str:
    people = [(person, proofs.has_factor(person)) for person in Account.staff()]
    asks, may_switch = Publication.get().staff_second_factor, editor().role is Role.OWNER
    return render_template("desk/staff.html", people=people, asks=asks, may_switch=may_switch, refused=refused)
