"""From a filled-in form to a gift's row, and on to its checkout at Stripe."""

from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy.exc import IntegrityError

from blueprints.payments import gateway, letters
from models import Donation, begin_write, db
from models.checkout import CHECKOUT_LIFE


def promise(wanted: dict[str, Any], now: datetime) -> Donation:
    """Write the gift before Stripe hears of it. A repeated click finds its row."""
    try:
        return _promise(wanted, now)
    except IntegrityError:  # on PostgreSQL the other half of a double click was faster
        db.session.rollback()
        return _promise(wanted, now)


def _promise(wanted: dict[str, Any], now: datetime) -> Donation:
    begin_write()
    earlier = Donation.by_attempt(wanted["attempt_key"]) if wanted["attempt_key"] else None
    if earlier and not earlier.is_over(now):
        db.session.commit()
        return earlier
    if earlier:
        earlier.attempt_key = None
        db.session.flush()  # before the new row, which takes the key over
    donation = Donation(**wanted, created_at=now, checkout_expires_at=now + CHECKOUT_LIFE)
    db.session.add(donation)
    db.session.commit()
    return donation


def open_checkout(donation: Donation) -> str:
    """Return the address of the gift's checkout; asked again, the same one.

    Raises GatewayUnavailable, and the gift waits; or QuoteMismatch, and the gift is closed.
    """
    public_id, site = donation.public_id, current_app.config["SITE_URL"]
    asked: dict[str, Any] = {
        "reference": public_id,
        "amount": donation.amount,
        "frequency": donation.frequency.value,
        "email": donation.email,
        "success_url": f"{site}/donate/thanks?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{site}/donate?frequency={donation.frequency.value}",
        "expires_at": donation.checkout_expires_at,
    }
    db.session.commit()  # no transaction stays open while Stripe is asked
    try:
        checkout = gateway.current().start_gift_checkout(**asked)
    except gateway.QuoteMismatch as mismatch:
        _close_mismatched(public_id, str(mismatch))
        raise
    begin_write()
    Donation.by_public_id(public_id, lock=True).checkout_session = checkout.id  # type: ignore[union-attr]
    db.session.commit()
    return checkout.url


def _close_mismatched(public_id: str, sentence: str) -> None:
    begin_write()
    donation = Donation.by_public_id(public_id, lock=True)
    if donation and donation.mark_expired():
        donation.attempt_key = None
        letters.alert("Stripe's sum was not ours, so a checkout was closed", f"quote:{public_id}", sentence)
    db.session.commit()
