"""Begun checkouts, and Stripe's events brought to the webhook by hand, in whatever order a test is about."""

import hashlib
import hmac
import json
import time
from typing import Any

from flask.testing import FlaskClient

from blueprints.payments import gateway
from blueprints.payments.stripe_gateway import Coupon
from models import Code, Donation, Offer, Order, Outbox, Redemption, begin_write, db, utcnow
from models.checkout import CHECKOUT_LIFE
from models.money import Money
from models.patronage import Frequency
from tests.makers import keep
from tests.sandbox_tools import Running

SECRET = "whsec_for_tests"  # as conftest's settings have it
RETURN = {"success_url": "http://127.0.0.1:5000/thanks", "cancel_url": "http://127.0.0.1:5000/"}


def begin_order(offer: Offer, code: Code | None = None, *, session: bool = True, **given: Any) -> tuple[Order, str]:
    """A pending order of the Pro Edition with its checkout open: the row and where to pay."""
    edition = offer.edition("pro")
    price = edition.price
    saving = price.share(code.basis_points) if code else Money(0, price.currency)
    order = keep(
        Order(
            **{
                "edition_id": edition.id,
                "email": "robin@example.org",
                "title": "China Internet Report 2026, Pro Edition",
                "list_price": price,
                "saving": saving,
                "total": price - saving,
                "code_text": code.text if code else "",
                "basis_points": code.basis_points if code else 0,
                "consent_at": utcnow(),
                "checkout_expires_at": utcnow() + CHECKOUT_LIFE,
            }
            | given
        )
    )
    coupon = None
    if code:
        begin_write()
        assert Redemption.hold(code, order.id, utcnow(), order.hold_until)
        db.session.commit()
        coupon = Coupon(code.text, code.public_id, code.basis_points)
    checkout = gateway.current().start_order_checkout(
        reference=order.public_id,
        title=order.title,
        list_price=order.list_price,
        total=order.total,
        coupon=coupon,
        email=order.email,
        expires_at=order.checkout_expires_at,
        **RETURN,
    )
    if session:
        note(order, checkout.id)
    return order, checkout.url


def begin_gift(frequency: str = "month", *, session: bool = True, **given: Any) -> tuple[Donation, str]:
    """A pending gift of €10 with its checkout open."""
    gift = keep(
        Donation(
            **{
                "email": "robin@example.org",
                "frequency": Frequency(frequency),
                "amount": Money(1000, "EUR"),
                "checkout_expires_at": utcnow() + CHECKOUT_LIFE,
            }
            | given
        )
    )
    checkout = gateway.current().start_gift_checkout(
        reference=gift.public_id,
        amount=gift.amount,
        frequency=frequency,
        email=gift.email,
        expires_at=gift.checkout_expires_at,
        **RETURN,
    )
    if session:
        note(gift, checkout.id)
    return gift, checkout.url


def note(row: Order | Donation, session_id: str) -> None:
    begin_write()
    row.checkout_session = session_id
    db.session.commit()


def events(sandbox: Running, *types: str) -> list[dict]:
    """What Stripe has to tell, oldest first; of these types only, in the order they are named."""
    found = [json.loads(str(event)) for event in sandbox.v1.events.list({"limit": 100}).auto_paging_iter()][::-1]
    if not types:
        return found
    return [event for name in types for event in found if event["type"] == name]


def sign(body: bytes, secret: str = SECRET, at: int | None = None) -> str:
    """The header, by Stripe's published scheme."""
    at = int(time.time()) if at is None else at
    mark = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mark}"


def post(client: FlaskClient, body: bytes, signature: str) -> Any:
    return client.post(
        "/stripe/webhook", data=body, headers={"Stripe-Signature": signature, "Content-Type": "application/json"}
    )


def tell(client: FlaskClient, *told: dict) -> None:
    """Deliver events one by one; each must be taken."""
    for event in told:
        body = json.dumps(event).encode()
        answer = post(client, body, sign(body))
        assert answer.status_code == 200, (event["type"], answer.text)


def pay(sandbox: Running, url: str, **typed: str) -> None:
    assert sandbox.pay(url, **typed).status_code == 303


def letters(name: str = "") -> list[Outbox]:
    wanted = db.select(Outbox).order_by(Outbox.id)
    return list(db.session.scalars(wanted.where(Outbox.letter == name) if name else wanted))
