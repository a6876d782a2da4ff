"""Register, sign in, sign out."""

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.accounts import (
    area,
    email_views,
    entering,
    export_views,
    feed_views,
    gift_views,
    leaving_views,
    limits,
    meter_views,
    page,
    reading_views,
    relying_party,
    seat_views,
    session_views,
)
from blueprints.accounts.entering import onward
from blueprints.accounts.forms import LoginForm, RegisterForm
from blueprints.accounts.second_step import admit, enter
from blueprints.login import account, hash_password, safe_next
from models import utcnow

bp = area("accounts")
# Imported for the addresses they put among the reader's own pages.
GIVEN = (feed_views, gift_views)
OWN_PAGES = (reading_views, seat_views, session_views, export_views, leaving_views, meter_views, email_views, *GIVEN)
WRONG = "This e-mail and this password do not go together. Try again, or ask for a link by e-mail instead."


@bp.route("/register", methods=["GET", "POST"])
def register() -> ResponseReturnValue:
    """A new account, signed in at once, whether or not others name the address: only its letter tells."""
    form = RegisterForm.posted(next=safe_next(request.args.get("next")))
    if request.method == "GET" and account():
        return redirect(onward(form.next.data), code=303)
    if not form.submitted():
        return page("register", form)
    now = utcnow()
    limits.count_registration(form.email.data, now)
    who = entering.register(form.email.data, form.name.data, hash_password(form.password.data), now)
    enter(who, remember=True, two_factors=False)
    flash(f"Welcome. We sent a letter to {who.email}: open it to confirm the address.", "good")
    return redirect(onward(form.next.data), code=303)


@bp.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """By e-mail and password, or a passkey by its button. Every refusal reads the same and takes as long."""
    form = LoginForm.posted(next=safe_next(request.args.get("next")))
    if request.method == "GET" and account():
        return redirect(onward(form.next.data), code=303)
    if not form.submitted():
        return page("login", form, party=relying_party.here())
    now = utcnow()
    limits.count_password(form.email.data, now)
    who = entering.by_password(form.email.data, form.password.data)
    if who is None:
        return page("login", form, WRONG, party=relying_party.here())
    entering.pass_the_door(who, form.password.data, now)
    return admit(who, remember=form.remember.data, next_path=form.next.data)


@bp.get("/logout")
def logout_page() -> ResponseReturnValue:
    """A button: a link that signs out could be followed by anything."""
    return render_template("accounts/logout.html")


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    entering.end_session()
    return redirect("/", code=303)
