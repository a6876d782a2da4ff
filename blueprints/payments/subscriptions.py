"""Gifts that repeat: each paid invoice extends what they grant; each end is told."""

from datetime import UTC, datetime

from blueprints.payments import ledger, letters
from blueprints.payments.stripe_gateway import StripeGateway, Tree
from models import Donation
from models.money import Money
from models.patronage import GRACE, DonationStatus

ENDED = {"canceled", "incomplete_expired"}

# Invoices


def read_invoice(stripe: StripeGateway, invoice: Tree) -> tuple[Tree, Tree | None]:
    """The invoice, and the payment that paid it."""
    invoice = stripe.retrieve_invoice(invoice["id"])
    paid_by = (
        entry["payment"].get("payment_intent") for entry in invoice["payments"]["data"] if entry["status"] == "paid"
    )
    intent = next(paid_by, None)
    return invoice, stripe.retrieve_payment_intent(intent) if intent else None


def apply_invoice(found: tuple[Tree, Tree | None], now: datetime) -> bool:
    """Extend the gift when the invoice is paid, tell the giver when it is not. False when it is not ours."""
    invoice, intent = found
    donation = donation_of(invoice)
    if donation is None:
        return False
    if invoice["status"] == "paid":
        settle(donation, invoice, intent)
    elif invoice["status"] == "open" and invoice["attempted"] and donation.status is DonationStatus.PAID:
        letters.gift_failed(donation, invoice)
    return True


def donation_of(invoice: Tree) -> Donation | None:
    """The gift an invoice is for, locked. The invoice may come before we know the subscription."""
    details = (invoice["parent"] or {}).get("subscription_details")
    if not details:
        return None
    row = Donation.by_subscription(details["subscription"]) or ledger.row_of(details["metadata"])
    return row if isinstance(row, Donation) else None


def settle(donation: Donation, invoice: Tree, intent: Tree | None) -> None:
    """Book the money of one period and grant it."""
    paid = Money(invoice["amount_paid"], invoice["currency"].upper())
    if paid != donation.amount:
        letters.alert(
            "a gift was paid with another sum than we asked for",
            f"mismatch:{invoice['id']}",
            f"Invoice {invoice['id']} took {paid}; our gift {donation.public_id} says {donation.amount}. "
            "Nothing was granted.",
        )
        return
    donation.account_id = donation.account_id or ledger.account_id_of(donation.email)
    ledger.tie(donation, invoice["parent"]["subscription_details"]["subscription"], invoice["customer"])
    payment = ledger.book(intent, donation, invoice["id"])
    donation.mark_paid(datetime.fromtimestamp(invoice["status_transitions"]["paid_at"], UTC))
    if ledger.given_back(donation):
        return
    period_end = datetime.fromtimestamp(max(line["period"]["end"] for line in invoice["lines"]["data"]), UTC)
    donation.grant_until(period_end + GRACE)
    letters.receipt_for_gift(
        donation, payment, once_key=f"receipt:{donation.public_id}:{invoice['id']}", next_payment=period_end
    )


# The subscription itself


def read(stripe: StripeGateway, subscription: Tree) -> Tree:
    return stripe.retrieve_subscription(subscription["id"])


def apply(subscription: Tree, now: datetime) -> bool:
    """Note that a gift will stop or has ended. An end is final. False when the subscription is not ours."""
    row = Donation.by_subscription(subscription["id"]) or ledger.row_of(subscription["metadata"])
    if not isinstance(row, Donation) or row.subscription not in {None, subscription["id"]}:
        return False
    if subscription["status"] in ENDED:
        end(row, subscription, now)
    elif subscription["cancel_at"]:
        row.stop(datetime.fromtimestamp(subscription["cancel_at"], UTC))
    elif subscription["cancel_at_period_end"]:
        ends = max(item["current_period_end"] for item in subscription["items"]["data"])
        row.stop(datetime.fromtimestamp(ends, UTC))
    return True


def end(donation: Donation, subscription: Tree, now: datetime) -> None:
    donation.mark_expired()  # where it never began, because a slow bank said no
    was_given = donation.status is DonationStatus.PAID
    ended_at = subscription["ended_at"]
    donation.end(datetime.fromtimestamp(ended_at, UTC) if ended_at else now)
    if was_given:
        letters.gift_ended(donation, unpaid=_was_unpaid(subscription))


def _was_unpaid(subscription: Tree) -> bool:
    reason = (subscription["cancellation_details"] or {}).get("reason")
    return reason in {"payment_failed", "payment_disputed"}
