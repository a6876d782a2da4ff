"""A reader's address: seen, changed by a letter to the new one, and taken back by a letter to the old one."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import proofs
from blueprints.accounts import changing, entering, limits, page
from blueprints.accounts.forms import AddressForm
from blueprints.accounts.letter_views import over
from blueprints.accounts.own_views import bp, reader
from blueprints.login import look_again, password_matches, signed_in_only
from models import LetterKind, SignInLetter, utcnow

WRONG = "This is not your password. Try again, or sign out and ask for a new one."
NOT_FRESH = "You signed in a while ago. Confirm it is you, then ask again."


@bp.route("/email", methods=["GET", "POST"])
@signed_in_only
def email() -> ResponseReturnValue:
    """Ask for another address, with the password; without one, soon after signing in."""
    who, now = reader(), utcnow()
    form = AddressForm.posted()
    fresh = bool(who.password_hash) or proofs.is_fresh(now)
    if not who.password_hash:
        del form.current
    if not form.submitted():
        return page("email", form, who=who, fresh=fresh)
    if not fresh:
        return page("email", form, NOT_FRESH, who=who, fresh=fresh)
    new = form.email.data
    if new == who.email:
        form.refuse("email", "This is your address already. Write the new one.")
        return page("email", form, who=who, fresh=fresh)
    if "current" in form:
        limits.count_password(who.email, now)
        if not password_matches(who, form.current.data):
            form.refuse("current", WRONG)
            return page("email", form, who=who, fresh=fresh)
        entering.pass_the_door(who, form.current.data, now)
    limits.count_letter(new, now)
    changing.ask(who, new, now)
    flash(f"We sent a letter to {new}. Open its link in this browser: the address changes then.", "good")
    return redirect(url_for("own.email"), code=303)


@bp.get("/email/<token>")
@signed_in_only
def confirm_email(token: str) -> ResponseReturnValue:
    """The link of the letter to the new address: looking changes nothing, its button does."""
    letter = SignInLetter.find(token, LetterKind.CHANGE, utcnow())
    if letter is None or letter.account_id != reader().id:
        return over(url_for("own.email"))
    return render_template("accounts/email_confirm.html", new=letter.email, who=reader())


@bp.post("/email/<token>")
@signed_in_only
def change_email(token: str) -> ResponseReturnValue:
    who = changing.confirm(token, reader().id, utcnow())
    if who is None:
        look_again()
        return over(url_for("own.email"))
    flash(f"Your address is {who.email} from now on. What was given or bought with it is in your account.", "good")
    return redirect(url_for("own.email"), code=303)


@bp.get("/email/back/<token>")
def email_back(token: str) -> ResponseReturnValue:
    letter = SignInLetter.find(token, LetterKind.BACK, utcnow())
    if letter is None:
        return over(url_for("letters.link"))
    return render_template("accounts/email_back.html", old=letter.email)


@bp.post("/email/back/<token>")
def take_email_back(token: str) -> ResponseReturnValue:
    """The old address again, every browser signed out, and on to a new password."""
    reset = changing.take_back(token, utcnow())
    if not reset:
        return over(url_for("letters.link"))
    return redirect(url_for("letters.reset", token=reset), code=303)
