"""Confirm it is you: a session that has gone on for a while may read, but not change keys and factors."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import proofs
from blueprints.accounts import area, devices, entering, limits, page, relying_party
from blueprints.accounts.forms import CodeForm, ConfirmForm
from blueprints.accounts.second_step import admit
from blueprints.login import account, password_matches, safe_next, signed_in_only
from models import Account, Passkey, begin_write, db, utcnow

bp = area("confirming")
WRONG = "This is not your password. Try again, or have a link sent to you instead."
UNPROVEN = "Confirm your address first, by the link in the letter we sent: else a key could lock its owner out."


def myself() -> Account:
    """Who is signed in; the guards below have let nobody else in."""
    return account() or abort(403)


def fresh_only(back: str) -> Callable[[Any], Any]:
    """Let only those in who showed a short while ago that they are who is signed in, at an address that is theirs.

    A form that comes too late is not kept: `back` names the page where it can be sent again.
    """

    def guard(view: Any) -> Any:
        @wraps(view)
        @signed_in_only
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if myself().email_verified_at is None:
                flash(UNPROVEN, "error")
                return _lead(url_for("own.home"))
            if not proofs.is_fresh(utcnow()):
                here = request.full_path.rstrip("?") if request.method == "GET" else url_for(back)
                return _lead(url_for("confirming.ask", next=here))
            return view(*args, **kwargs)

        return guarded

    return guard


def wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _lead(to: str) -> ResponseReturnValue:
    return ({"to": to}, 200) if wants_json() else redirect(to, code=303)


@bp.route("/confirm", methods=["GET", "POST"])
@signed_in_only
def ask() -> ResponseReturnValue:
    """By the password, and the second factor where there is one; the page also has a passkey's button and a letter."""
    who, now = myself(), utcnow()
    form = ConfirmForm.posted(next=safe_next(request.args.get("next")))
    if not form.submitted() or not who.password_hash:
        return show(form, who)
    limits.count_password(who.email, now)
    if not password_matches(who, form.password.data):
        return show(form, who, WRONG)
    entering.pass_the_door(who, form.password.data, now)
    remember = current_app.config["REMEMBER_COOKIE_NAME"] in request.cookies
    return admit(who, remember=remember, next_path=form.next.data)


@bp.post("/confirm/letter")
@signed_in_only
def letter() -> ResponseReturnValue:
    """Send the letter that signs in: opening it here confirms, too."""
    who, now = myself(), utcnow()
    limits.count_letter(who.email, now)
    begin_write()
    entering.post_sign_in_letter(who.email, now, safe_next(request.form.get("next")), devices.asking())
    db.session.commit()
    return render_template("accounts/code.html", form=CodeForm(), email=who.email, refused="")


def show(form: ConfirmForm, who: Account, refused: str = "") -> ResponseReturnValue:
    party = relying_party.here() if Passkey.has(who.id) else None
    return page("confirm", form, refused, who=who, party=party)
