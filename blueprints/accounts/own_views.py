"""A reader's own pages: what they give, what they bought, name and password."""

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import proofs
from blueprints.accounts import area, entering, history, limits, page, seating
from blueprints.accounts.forms import NameForm, PasswordForm
from blueprints.accounts.second_step import enter
from blueprints.login import account, hash_password, password_matches, safe_next, signed_in_only
from blueprints.payments import gateway
from models import Account, Donation, Payment, Publication, begin_write, db, utcnow
from models.patronage import DonationStatus, is_patron

bp = area("own")
UNREACHABLE = "We could not reach the payment service, so nothing was changed. Try again in a few minutes."


def reader() -> Account:
    """Whose pages these are; `signed_in_only` has let nobody else in."""
    return account() or abort(403)


@bp.get("")
@signed_in_only
def home() -> ResponseReturnValue:
    who, now = reader(), utcnow()
    return render_template(
        "accounts/home.html",
        who=who,
        patron=is_patron(who, now),
        seat=seating.of_reader(who, now),
        rhythm=history.RHYTHM,
        history=history.of_account(who.id),
    )


@bp.get("/receipts/<public_id>")
@signed_in_only
def receipt(public_id: str) -> ResponseReturnValue:
    """One payment or refund of a gift, to print."""
    payment = Payment.by_public_id(public_id)
    gift = db.session.get(Donation, payment.donation_id) if payment and payment.donation_id else None
    if payment is None or gift is None or gift.account_id != reader().id:
        abort(404)
    return render_template(
        "accounts/receipt.html",
        payment=payment,
        gift=gift,
        who=reader(),
        what=history.gift_title(gift, payment.moved_at),
        publisher=Publication.get(),
    )


@bp.route("/gifts/<public_id>/stop", methods=["GET", "POST"])
@signed_in_only
def stop(public_id: str) -> ResponseReturnValue:
    """Take no further gift. Stripe is asked first and with no transaction open; what was paid for stays."""
    gift = Donation.by_public_id(public_id)
    own = gift is not None and gift.account_id == reader().id
    if gift is None or not own or gift.status is not DonationStatus.PAID or not gift.subscription:
        abort(404)
    next_path = safe_next(request.values.get("next"))
    after = next_path or url_for("own.home")
    page_of_it = {"gift": gift, "rhythm": history.RHYTHM, "next_path": next_path}
    if gift.stops_at:
        return redirect(after, code=303)
    if request.method == "GET":
        return render_template("accounts/stop.html", **page_of_it, refused="")
    subscription = gift.subscription
    db.session.commit()
    try:
        gateway.current().cancel_at_period_end(subscription)
    except gateway.GatewayUnavailable:
        return render_template("accounts/stop.html", **page_of_it, refused=UNREACHABLE), 503
    begin_write()
    if stopped := Donation.by_public_id(public_id, lock=True):
        stopped.stop(stopped.paid_for_until or utcnow())
    db.session.commit()
    flash("Your gift stops. Nothing more will be taken, and what you paid for stays yours until it ends.", "good")
    return redirect(after, code=303)


@bp.route("/name", methods=["GET", "POST"])
@signed_in_only
def name() -> ResponseReturnValue:
    who = reader()
    form = NameForm.posted(name=who.name)
    if not form.submitted():
        return page("name", form)
    begin_write()
    who.name = form.name.data
    db.session.commit()
    flash("Your name is changed.", "good")
    return redirect(url_for("own.name"), code=303)


@bp.route("/password", methods=["GET", "POST"])
@signed_in_only
def password() -> ResponseReturnValue:
    """Change the password, or set the first one. Every other session ends; this one goes on, afresh."""
    who, now = reader(), utcnow()
    form = PasswordForm.posted()
    form.owner, form.owner_name = who.email, who.name
    if not who.password_hash:
        del form.current
    if not form.submitted():
        return page("password", form, who=who)
    if "current" in form:
        limits.count_password(who.email, now)
        if not password_matches(who, form.current.data):
            form.refuse("current", "This is not your current password. Try again, or sign out and ask for a new one.")
            return page("password", form, who=who)
        entering.pass_the_door(who, form.current.data, now)
    new_hash = hash_password(form.password.data)
    remember, by_two = current_app.config["REMEMBER_COOKIE_NAME"] in request.cookies, proofs.by_two_factors()
    entering.change_password(who, new_hash, now)
    enter(who, remember=remember, two_factors=by_two)
    flash("Your password is changed. You are signed out everywhere else.", "good")
    return redirect(url_for("own.password"), code=303)
