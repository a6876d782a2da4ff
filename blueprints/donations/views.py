"""Giving, the thanks for it, and what came in."""

from datetime import datetime

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import errors, login
from blueprints.donations.forms import GiftForm, suggestions
from blueprints.donations.giving import open_checkout, promise
from blueprints.filters import local
from blueprints.payments import gateway
from models import Donation, Payment, utcnow
from models.money import Money
from models.patronage import DonationStatus

MONTHS_SHOWN = 6
bp = Blueprint("donations", __name__)


@bp.get("/donate")
def show() -> ResponseReturnValue:
    """`?frequency=`, `?suggested=` and `?amount=` fill the form in."""
    reader, asked = login.account(), request.args
    form = GiftForm(
        frequency=asked.get("frequency", "month"),
        suggested=asked.get("suggested"),
        amount=asked.get("amount", "")[:15],
        email=reader.email if reader else "",
    )
    return _page(form)


@bp.post("/donate")
def give() -> ResponseReturnValue:
    form, reader, now = GiftForm.posted(), login.account(), utcnow()
    valid, gift = form.validate(), form.gift(current_app.config["CURRENCY"])
    if not form.email.data and reader:
        form.email.data = reader.email
    if not form.email.data and not form.email.errors:
        form.refuse("email", "Write your e-mail address. The receipt goes there, and the way to stop.")
    if not valid or form.errors or gift is None:
        return _page(form)
    donation = promise(
        {
            "attempt_key": form.attempt_key(gift),
            "email": form.email.data,
            "frequency": form.rhythm(),
            "amount": gift,
            "account_id": reader.id if reader else None,
        },
        now,
    )
    if donation.status is DonationStatus.PAID:
        return redirect(url_for(".thanks", session_id=donation.checkout_session), code=303)
    try:
        return redirect(open_checkout(donation), code=303)
    except (gateway.GatewayUnavailable, gateway.QuoteMismatch) as error:
        return errors.payments_down(error)


@bp.get("/donate/thanks")
def thanks() -> ResponseReturnValue:
    """Reads only, and grants nothing: it waits for the webhook, and says so."""
    donation = Donation.by_session(request.args.get("session_id", "")) or abort(404)
    response = make_response(
        render_template(
            "donations/thanks.html", donation=donation, state=donation.status.value, masked=_masked(donation.email)
        )
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@bp.get("/patrons")
def patrons() -> ResponseReturnValue:
    """The sums, from the ledger; no names."""
    now = utcnow()
    months = _last_months(local(now))
    response = make_response(
        render_template(
            "donations/patrons.html",
            patrons=Donation.count_patrons(now),
            year=local(now).year,
            given_this_year=Payment.given(
                local(now).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0), now
            ),
            months=[(start, Payment.given(start, end)) for start, end in months],
        )
    )
    return login.share(response)


def _last_months(now: datetime) -> list[tuple[datetime, datetime]]:
    """Beginning and end of this month and those before, newest first, by the magazine's clock."""
    start, end, months = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), now, []
    for _ in range(MONTHS_SHOWN):
        months.append((start, end))
        year, month = (start.year, start.month - 1) if start.month > 1 else (start.year - 1, 12)
        start, end = start.replace(year=year, month=month), start
    return months


def _masked(email: str) -> str:
    """r…@example.org: enough for the owner to know it, too little for who looks over a shoulder."""
    name, _, host = email.partition("@")
    return f"{name[:1]}…@{host}"


def _page(form: GiftForm) -> ResponseReturnValue:
    currency = current_app.config["CURRENCY"]
    form.offer_sums(currency)
    response = make_response(
        render_template(
            "donations/donate.html",
            form=form,
            suggestions=suggestions(currency),
            symbol=_symbol(currency),
            patrons=Donation.count_patrons(utcnow()),
            today=utcnow(),
        )
    )
    # Each page has an attempt of its own, so nobody shares it; the browser keeps it, so Back finds the same one.
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _symbol(currency: str) -> str:
    return Money(0, currency).short.removesuffix("0")
