"""Money given back: every refund is a row of its own, and one that fails later is taken out again by another."""

from datetime import UTC, datetime

from blueprints.payments import ledger, letters, subscriptions
from blueprints.payments.stripe_gateway import StripeGateway, Tree
from models import Donation, Order, Payment, db
from models.money import Money
from models.patronage import DonationStatus
from models.payment import PaymentKind

FAILED = {"failed", "canceled"}


def read(stripe: StripeGateway, refunded: Tree) -> tuple[Tree, list[Tree], Tree | None] | None:
    """The payment, all its refunds, and its invoice if a repeating gift made it. Takes a charge or a refund."""
    intent_id = refunded["payment_intent"]
    if not intent_id:
        return None  # from before payment intents; not ours
    intent = stripe.retrieve_payment_intent(intent_id)
    ours = {"order", "donation"} & (intent["metadata"] or {}).keys()
    return intent, stripe.refunds_of(intent_id), None if ours else stripe.invoice_of(intent_id)


def apply(found: tuple[Tree, list[Tree], Tree | None] | None, now: datetime) -> bool:
    """Book what was given back, whether or not the payment itself is in the books yet. False: not ours."""
    if found is None:
        return False
    intent, refunds, invoice = found
    row = subscriptions.donation_of(invoice) if invoice else ledger.row_of(intent["metadata"])
    if row is None:
        return False
    for refund in refunds:
        book(refund, intent["id"], row, now)
    db.session.flush()
    if ledger.given_back(row):
        take_back(row, now)
    return True


def book(refund: Tree, intent_id: str, row: Order | Donation, now: datetime) -> None:
    amount = Money(refund["amount"], refund["currency"].upper())
    booked = Payment.by_stripe_id(refund["id"])
    if refund["status"] not in FAILED:
        if booked is None:
            at = datetime.fromtimestamp(refund["created"], UTC)
            _enter(refund["id"], -amount, at, intent_id, row)
        return
    again = f"{refund['id']}:failed"
    if booked and Payment.by_stripe_id(again) is None:
        _enter(again, amount, now, intent_id, row)
        letters.alert(
            "a refund did not reach the payer",
            f"refund-failed:{refund['id']}",
            f"Refund {refund['id']} of {amount} for {row.public_id} failed at the bank. The money is back with us "
            "and owed again; what the payer may read or download has not been changed.",
        )


def _enter(stripe_id: str, amount: Money, at: datetime, intent_id: str, row: Order | Donation) -> None:
    db.session.add(
        Payment(
            kind=PaymentKind.REFUND,
            stripe_id=stripe_id,
            payment_intent=intent_id,
            amount=amount,
            moved_at=at,
            **ledger.of(row),
        )
    )


def take_back(row: Order | Donation, now: datetime) -> None:
    """All of it was given back, so it grants no more; once."""
    if isinstance(row, Order):
        row.mark_refunded()
    elif row.status is not DonationStatus.REFUNDED:
        row.mark_refunded(now)
