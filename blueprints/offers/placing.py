"""From a filled-in form to an order, and on to its checkout at Stripe."""

from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy.exc import IntegrityError

from blueprints.payments import gateway, letters
from blueprints.payments.stripe_gateway import Coupon
from models import Code, Edition, Order, Redemption, begin_write, db
from models.checkout import CHECKOUT_LIFE
from models.pricing import Quote, used_up


def begun(attempt_key: str | None, now: datetime) -> Order | None:
    """The order that an earlier copy of this click began, if it can still be paid or is paid.

    To be asked before the code is: the code's last use may be held by that very order.
    """
    earlier = Order.by_attempt(attempt_key) if attempt_key else None
    if earlier and earlier.is_over(now):
        begin_write()
        _set_aside(earlier)
        db.session.commit()
        return None
    return earlier


def place(
    edition: Edition,
    code: Code | None,
    priced: Quote,
    *,
    email: str,
    account_id: int | None,
    attempt_key: str | None,
    now: datetime,
) -> Order:
    """Write the order with the sums the buyer saw, and claim one use of the code. A repeated click finds its order.

    What costs nothing is paid at once. Raises DiscountRefused when the code's last use has just gone.
    """
    wanted = {
        "email": email,
        "account_id": account_id,
        "attempt_key": attempt_key,
        "edition_id": edition.id,
        "title": f"{edition.offer.title}, {edition.name}",
        "list_price": edition.price,
        "saving": priced.saving,
        "total": priced.total,
        "code_text": code.text if code else "",
        "basis_points": code.basis_points if code else 0,
        "consent_at": now if edition.price.minor else None,
        "created_at": now,
        "checkout_expires_at": now + CHECKOUT_LIFE,
    }
    try:
        return _place(wanted, code, now)
    except IntegrityError:  # on PostgreSQL the other half of a double click was faster
        db.session.rollback()
        return _place(wanted, code, now)


def _place(wanted: dict, code: Code | None, now: datetime) -> Order:
    begin_write()
    earlier = Order.by_attempt(wanted["attempt_key"]) if wanted["attempt_key"] else None
    if earlier:
        db.session.commit()
        return earlier
    order = Order(**wanted)
    db.session.add(order)
    db.session.flush()
    if code and not Redemption.hold(code, order.id, now, order.hold_until):
        db.session.rollback()
        raise used_up()
    if not order.total.minor:
        Redemption.use(order.id, now)
        order.mark_paid(now)
        if order.email:
            letters.receipt_for_order(order, None)
    db.session.commit()
    return order


def _set_aside(order: Order) -> None:
    """Free the click's key for a new order. A checkout that never reached us, nobody can pay: its use is free."""
    order.attempt_key = None
    if order.checkout_session is None and order.mark_expired():
        Redemption.release(order.id)


def open_checkout(order: Order) -> str:
    """Return the address of the order's checkout; asked again, the same one.

    Raises GatewayUnavailable, and the order waits with its hold; or QuoteMismatch, and the order is closed.
    """
    code = Code.by_text(order.code_text) if order.code_text else None
    public_id, page = order.public_id, f"{current_app.config['SITE_URL']}/orders/{order.public_id}"
    asked: dict[str, Any] = {
        "reference": public_id,
        "title": order.title,
        "list_price": order.list_price,
        "total": order.total,
        "coupon": Coupon(code.text, code.public_id, order.basis_points) if code else None,
        "email": order.email,
        "success_url": page,
        "cancel_url": f"{page}?back=1",
        "expires_at": order.checkout_expires_at,
    }
    db.session.commit()  # no transaction stays open while Stripe is asked
    try:
        checkout = gateway.current().start_order_checkout(**asked)
    except gateway.QuoteMismatch as mismatch:
        _close_mismatched(public_id, str(mismatch))
        raise
    begin_write()
    Order.by_public_id(public_id, lock=True).checkout_session = checkout.id  # type: ignore[union-attr]
    db.session.commit()
    return checkout.url


def _close_mismatched(public_id: str, sentence: str) -> None:
    begin_write()
    order = Order.by_public_id(public_id, lock=True)
    if order and order.mark_expired():
        order.attempt_key = None
        Redemption.release(order.id)
        letters.alert("Stripe's sum was not ours, so a checkout was closed", f"quote:{public_id}", sentence)
    db.session.commit()
