"""Where a reader is signed in, and how to end it there."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.accounts import entering
from blueprints.accounts.own_views import bp, reader
from blueprints.login import signed_in_only
from models import SignIn, begin_write, db, utcnow


@bp.get("/sessions")
@signed_in_only
def sessions() -> ResponseReturnValue:
    who = reader()
    here = who.here.id if who.here else None
    return render_template("accounts/sessions.html", rows=SignIn.live(who.id, utcnow()), here_id=here)


@bp.post("/sessions")
@signed_in_only
def end_sessions() -> ResponseReturnValue:
    """End the sign-in numbered `end`, or "others", or "all". A number that is not theirs ends nothing."""
    who, now, wish = reader(), utcnow(), request.form.get("end", "")
    here = who.here.id if who.here else 0
    if wish == "all" or wish == str(here):
        entering.end_session(everywhere=wish == "all")
        return redirect("/", code=303)
    if wish != "others" and not (wish.isascii() and wish.isdigit() and len(wish) < 10):
        abort(404)
    begin_write()
    ended = SignIn.end(who.id, now, but=here) if wish == "others" else SignIn.end(who.id, now, only=int(wish))
    db.session.commit()
    flash(_ended(ended), "good")
    return redirect(url_for("own.sessions"), code=303)


def _ended(count: int) -> str:
    if count == 0:
        return "Nothing was left to end there."
    return "That browser is signed out." if count == 1 else f"{count} browsers are signed out."
