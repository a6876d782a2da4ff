"""Taking the seat that a library or newsroom has for a reader."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from blueprints.accounts.own_views import bp, reader
from blueprints.login import signed_in_only
from blueprints.metering import seats
from models import utcnow
from models.institution import house_of

NONE = "No library or newsroom has a seat for your address."


@bp.post("/seat")
@signed_in_only
def take_seat() -> ResponseReturnValue:
    who, now = reader(), utcnow()
    house = house_of(who, now)
    if house is None:
        flash(NONE, "error")
    elif seats.take(who, house, now):
        flash(f"You now read everything on a seat of {house.name}.", "good")
    else:
        flash(f"All seats of {house.name} are taken.", "error")
    return redirect(url_for("own.home"), code=303)
