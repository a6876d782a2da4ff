"""Letters about money, written in the transaction that is their reason."""

import logging
from datetime import UTC, datetime
from urllib.parse import urlsplit

from blueprints.filters import day
from blueprints.payments.stripe_gateway import Tree
from models import Donation, Order, Outbox, Payment, Publication
from models.patronage import Frequency

RHYTHM = {Frequency.ONCE: "once", Frequency.MONTH: "every month", Frequency.YEAR: "every year"}
log = logging.getLogger(__name__)


def date(moment: datetime | None) -> str:
    return day(moment).replace("\u00a0", " ") if moment else ""


def receipt_for_order(order: Order, payment: Payment | None) -> None:
    Outbox.post(
        "receipt-order",
        order.email,
        once_key=f"receipt:{order.public_id}",
        number=payment.receipt_number if payment else "",
        date=date(order.paid_at),
        title=order.title,
        list_price=str(order.list_price),
        code=order.code_text,
        saving=str(order.saving) if order.saving.minor else "",
        total=str(order.total),
        card=payment.card if payment else "",
        consent=date(order.consent_at),
        order=order.public_id,
    )


def receipt_for_gift(
    donation: Donation, payment: Payment | None, *, once_key: str, next_payment: datetime | None = None
) -> None:
    Outbox.post(
        "receipt-gift",
        donation.email,
        once_key=once_key,
        number=payment.receipt_number if payment else "",
        date=date(payment.moved_at if payment else donation.paid_at),
        amount=str(donation.amount),
        rhythm=RHYTHM[donation.frequency],
        repeats=donation.repeats,
        next_payment="" if donation.stops_at else date(next_payment),
        until=date(donation.patron_until),
        card=payment.card if payment else "",
        has_account=donation.account_id is not None,
    )


def gift_failed(donation: Donation, invoice: Tree) -> None:
    """One for each invoice, however often it is tried."""
    again = invoice["next_payment_attempt"]
    page = invoice["hosted_invoice_url"] or ""
    Outbox.post(
        "gift-failed",
        donation.email,
        once_key=f"gift-failed:{invoice['id']}",
        amount=str(donation.amount),
        rhythm=RHYTHM[donation.frequency],
        until=date(donation.patron_until),
        next_attempt=date(datetime.fromtimestamp(again, UTC)) if again else "",
        page=page if urlsplit(page).scheme in {"http", "https"} else "",
    )


def gift_ended(donation: Donation, *, unpaid: bool) -> None:
    Outbox.post(
        "gift-ended",
        donation.email,
        once_key=f"gift-ended:{donation.public_id}",
        amount=str(donation.amount),
        rhythm=RHYTHM[donation.frequency],
        ended=date(donation.stops_at),
        until=date(donation.patron_until),
        unpaid=unpaid,
    )


def alert(what: str, about: str, text: str) -> None:
    """Tell the publisher of something only a person can put right; once for each `about`."""
    log.error("Payments: %s (%s). %s", what, about, text)
    recipient = Publication.get().email
    if recipient:
        Outbox.post("payment-alert", recipient, once_key=f"alert:{about}", what=what, text=text)
