"""From Stripe's objects to our rows and the books."""

from datetime import UTC, datetime

from blueprints.payments import letters
from blueprints.payments.stripe_gateway import Tree
from models import Account, Donation, Order, Payment, db
from models.money import Money
from models.payment import PaymentKind


def row_of(metadata: Tree | None) -> Order | Donation | None:
    """Our row that Stripe's metadata names, locked; None when it is not ours."""
    named = metadata or {}
    if named.get("order"):
        return Order.by_public_id(named["order"], lock=True)
    if named.get("donation"):
        return Donation.by_public_id(named["donation"], lock=True)
    return None


def asked(row: Order | Donation) -> Money:
    """The sum frozen on our row; no other is taken for it."""
    return row.total if isinstance(row, Order) else row.amount


def account_id_of(email: str) -> int | None:
    """Whose address this is; an address nobody has proved to own is nobody's."""
    account = Account.by_email(email)
    return account.id if account and account.email_verified_at else None


def tie(donation: Donation, subscription: str, customer: str) -> None:
    """Note which subscription a gift became: the first; a second one is a mistake to be told of."""
    if donation.subscription in {None, subscription}:
        donation.subscription, donation.customer = subscription, customer
        return
    letters.alert(
        "a gift was begun twice",
        f"second-subscription:{subscription}",
        f"Gift {donation.public_id} has subscription {donation.subscription}, and now {subscription} as well. "
        "One of the two should be stopped and given back.",
    )


def book(intent: Tree | None, row: Order | Donation, stripe_id: str = "") -> Payment | None:
    """Write a paid intent into the books, once; None when nothing was to be paid.

    `stripe_id` is the key when it is not the intent itself: the invoice of a repeating gift.
    """
    if intent is None:
        return None
    known = Payment.by_stripe_id(stripe_id or intent["id"])
    if known:
        return known
    if isinstance(row, Order) and row.is_paid:
        letters.alert(
            "an order was paid twice",
            f"paid-twice:{intent['id']}",
            f"Order {row.public_id} was paid before {intent['id']} arrived. One of the two should be given back.",
        )
    charge = intent["latest_charge"]
    payment = Payment(
        kind=PaymentKind.CHARGE,
        stripe_id=stripe_id or intent["id"],
        payment_intent=intent["id"],
        amount=Money(intent["amount_received"], intent["currency"].upper()),
        moved_at=datetime.fromtimestamp(charge["created"], UTC),
        card=card_of(charge),
        **of(row),
    )
    db.session.add(payment)
    db.session.flush()  # the receipt's number is the row's
    return payment


def of(row: Order | Donation) -> dict[str, int]:
    """The column that ties a payment to this row."""
    return {"order_id": row.id} if isinstance(row, Order) else {"donation_id": row.id}


def given_back(row: Order | Donation) -> bool:
    """Whether all that was paid for this row has been refunded."""
    movements = Payment.of_order(row.id) if isinstance(row, Order) else Payment.of_donations([row.id])
    refunded = any(movement.kind is PaymentKind.REFUND for movement in movements)
    return refunded and sum(movement.amount.minor for movement in movements) <= 0


def card_of(charge: Tree) -> str:
    """How it was paid, as people say it: "Visa ending 4242"."""
    details = charge["payment_method_details"] or {}
    card = details.get("card")
    if not card:
        return str(details.get("type", "")).replace("_", " ")
    brand = card["brand"].replace("_", " ")
    return f"{brand.title() if brand.islower() else brand} ending {card['last4']}"
