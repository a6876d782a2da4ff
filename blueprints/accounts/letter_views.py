"""Letters with links. Opening a link changes nothing, for mail scanners open links too; its button does, once."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.accounts import area, devices, entering, limits, page
from blueprints.accounts.forms import CodeForm, EmailForm, ResetForm
from blueprints.accounts.second_step import admit
from blueprints.login import account, hash_password, look_again, safe_next, signed_in_only
from models import Account, LetterKind, SignInLetter, begin_write, db, utcnow

bp = area("letters")
WRONG_CODE = (
    "This code does not fit. It may be mistyped, over after 15 minutes or five tries, or asked for in another browser: "
    "the link in the letter works in any."
)


def over(again: str) -> ResponseReturnValue:
    """The link is spent, old or not ours; `again` is where a new letter can be asked for."""
    return render_template("accounts/over.html", again=again), 410


@bp.route("/link", methods=["GET", "POST"])
def link() -> ResponseReturnValue:
    """Ask for a letter that signs in, with an account or without: the answer is the same."""
    form = EmailForm.posted(next=safe_next(request.args.get("next")))
    if not form.submitted():
        return page("link", form)
    now = utcnow()
    limits.count_letter(form.email.data, now)
    begin_write()
    entering.post_sign_in_letter(form.email.data, now, safe_next(form.next.data), devices.asking())
    db.session.commit()
    return render_template("accounts/code.html", form=CodeForm(), email=form.email.data, refused="")


@bp.route("/link/code", methods=["GET", "POST"])
def code() -> ResponseReturnValue:
    """Type the letter's code in the browser that asked for it: for letters that are read on another machine."""
    form = CodeForm.posted()
    if not form.submitted():
        return page("code", form, email="")
    now = utcnow()
    limits.count_code(now)
    here = account()
    entered = entering.enter_by_code(devices.ASKED.read(), form.code.data, now, here.id if here else None)
    if entered is None:
        return page("code", form, WRONG_CODE, email="")
    who, next_path = entered
    return admit(who, next_path=next_path)


@bp.get("/link/<token>")
def open_link(token: str) -> ResponseReturnValue:
    letter = SignInLetter.find(token, LetterKind.SIGN_IN, utcnow())
    if letter is None:
        return over(url_for("letters.link"))
    return render_template("accounts/open_link.html", email=letter.email)


@bp.post("/link/<token>")
def enter(token: str) -> ResponseReturnValue:
    here = account()
    entered = entering.enter_by_letter(token, utcnow(), here.id if here else None)
    if entered is None:
        return over(url_for("letters.link"))
    who, next_path = entered
    return admit(who, next_path=next_path)


@bp.route("/forgot", methods=["GET", "POST"])
def forgot() -> ResponseReturnValue:
    """Ask for a letter that sets a new password. Only an account gets one; the answer does not tell.

    Who registered without proving the address proves it by this letter.
    """
    form = EmailForm.posted()
    if not form.submitted():
        return page("forgot", form)
    now = utcnow()
    limits.count_letter(form.email.data, now)
    begin_write()
    known = [Account.by_email(form.email.data), Account.newest_unproven(form.email.data)]
    if any(known):
        entering.post_letter(LetterKind.RESET, form.email.data, now)
    db.session.commit()
    return render_template("accounts/letter_sent.html", email=form.email.data)


@bp.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> ResponseReturnValue:
    """Set a new password; every session ends, and a fresh one begins here."""
    letter = SignInLetter.find(token, LetterKind.RESET, utcnow())
    if letter is None:
        return over(url_for("letters.forgot"))
    form, holder = ResetForm.posted(), Account.by_email(letter.email)
    form.owner, form.owner_name = letter.email, holder.name if holder else ""
    if not form.submitted():
        return page("reset", form, email=letter.email)
    here = account()
    who = entering.reset_password(token, hash_password(form.password.data), utcnow(), here.id if here else None)
    if who is None:
        return over(url_for("letters.forgot"))
    answer = admit(who, next_path=url_for("own.home"))
    flash("Your new password holds from now on. You are signed out everywhere else.", "good")
    return answer


@bp.get("/verify/<token>")
def verify(token: str) -> ResponseReturnValue:
    letter = SignInLetter.find(token, LetterKind.VERIFY, utcnow())
    if letter is None:
        return over(url_for("own.home"))
    who = account()
    return render_template(
        "accounts/verify.html",
        email=letter.email,
        own=bool(who and who.id == letter.account_id),
        known=Account.by_email(letter.email) is not None,
    )


@bp.post("/verify/<token>")
@signed_in_only
def confirm(token: str) -> ResponseReturnValue:
    """Confirm the address of the account signed in here: who registered it and who reads its mail are then one."""
    here = account()
    here_id = here.id if here else 0  # the account itself may be gone afterwards
    who = entering.verify(token, here_id, utcnow())
    if who is None:
        look_again()
        return over(url_for("own.home"))
    if who.id == here_id:
        flash("Your address is confirmed. What was given or bought with it is in your account.", "good")
        return redirect(url_for("own.home"), code=303)
    answer = admit(who)
    flash("You had an account with this address before. You are in it now, with what you saved just now.", "good")
    return answer


@bp.post("/verify")
@signed_in_only
def verify_again() -> ResponseReturnValue:
    """Send the letter that confirms the address once more."""
    who = account()
    if who and who.email_verified_at is None:
        now = utcnow()
        limits.count_letter(who.email, now)
        begin_write()
        entering.post_verify_letter(who, now)
        db.session.commit()
        flash(f"We sent a letter to {who.email}.", "good")
    return redirect(url_for("own.home"), code=303)
