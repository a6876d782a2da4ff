"""What becomes of a checkout: paid, given up, or waiting for a slow bank."""

from datetime import UTC, datetime, timedelta

from blueprints.payments import ledger, letters
from blueprints.payments.stripe_gateway import StripeGateway, Tree, amount_of
from models import Donation, Order, Redemption
from models.patronage import GRACE, ONE_YEAR

PAID = {"paid", "no_payment_required"}
SLOWEST_BANK = timedelta(days=14)  # a direct debit may take this long to arrive or fail


def read(stripe: StripeGateway, session: Tree) -> Tree:
    return stripe.retrieve_session(session["id"])


def apply(session: Tree, now: datetime) -> bool:
    """Bring our row to where Stripe says the checkout is. Safe to repeat; False when it is not ours."""
    row = ledger.row_of(session["metadata"])
    if row is None:
        return False
    if session["status"] == "complete" and session["payment_status"] in PAID:
        settle(row, session, now)
    elif session["status"] == "expired" or has_failed(session):
        give_up(row, session)
    elif session["status"] == "complete" and isinstance(row, Order):
        Redemption.keep(row.id, now + SLOWEST_BANK)
    return True


def has_failed(session: Tree) -> bool:
    """Whether a slow bank has said no, after the payer thought all was done."""
    intent = session["payment_intent"]
    return (
        session["status"] == "complete"
        and intent is not None
        and intent["status"] in {"requires_payment_method", "canceled"}
    )


def give_up(row: Order | Donation, session: Tree) -> None:
    """Close our row, unless another checkout of the same row is under way, and free the code's use."""
    if row.checkout_session not in {None, session["id"]}:
        return
    if row.mark_expired() and isinstance(row, Order):
        Redemption.release(row.id)


def settle(row: Order | Donation, session: Tree, now: datetime) -> None:
    """Grant what was paid for: once, and only for the very sum we asked for."""
    if amount_of(session) != ledger.asked(row):
        letters.alert(
            "a checkout was paid with another sum than we asked for",
            f"mismatch:{session['id']}",
            f"Checkout {session['id']} took {amount_of(session)}; our row {row.public_id} says {ledger.asked(row)}. "
            "Nothing was granted.",
        )
        return
    row.checkout_session = row.checkout_session or session["id"]
    if isinstance(row, Order):
        settle_order(row, session, now)
    elif session["mode"] == "subscription":
        begin_subscription(row, session)
    else:
        settle_gift(row, session, now)


def settle_order(order: Order, session: Tree, now: datetime) -> None:
    order.email = order.email or _email_of(session)
    order.account_id = order.account_id or ledger.account_id_of(order.email)
    payment = ledger.book(session["payment_intent"], order)
    redemption = Redemption.use(order.id, now)
    if redemption and redemption.over_limit:
        letters.alert(
            "a code was used more often than its limit",
            f"over-limit:{order.public_id}",
            f"Order {order.public_id} was paid after its hold on {order.code_text} had lapsed and every use was "
            "taken. The buyer paid the price shown, so the order stands.",
        )
    if order.mark_paid(payment.moved_at if payment else now):
        letters.receipt_for_order(order, payment)


def settle_gift(donation: Donation, session: Tree, now: datetime) -> None:
    donation.account_id = donation.account_id or ledger.account_id_of(donation.email)
    payment = ledger.book(session["payment_intent"], donation)
    paid_at = payment.moved_at if payment else now
    if donation.mark_paid(paid_at):
        donation.grant_until(paid_at + ONE_YEAR)
        letters.receipt_for_gift(donation, payment, once_key=f"receipt:{donation.public_id}")


def begin_subscription(donation: Donation, session: Tree) -> None:
    """The gift repeats from now on. Its money is booked, and its receipt written, by each paid invoice."""
    subscription = session["subscription"]
    donation.account_id = donation.account_id or ledger.account_id_of(donation.email)
    ledger.tie(donation, subscription["id"], subscription["customer"])
    donation.mark_paid(datetime.fromtimestamp(subscription["start_date"], UTC))
    ends = max(item["current_period_end"] for item in subscription["items"]["data"])
    if not ledger.given_back(donation):
        donation.grant_until(datetime.fromtimestamp(ends, UTC) + GRACE)


def _email_of(session: Tree) -> str:
    return ((session["customer_details"] or {}).get("email") or "").strip().lower()
