"""What an account gave and bought, put in order for its page. Reads rows, changes none."""

from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from blueprints.filters import local
from models import Donation, Order, Payment
from models.money import Money
from models.order import OrderStatus
from models.patronage import DonationStatus, Frequency
from models.payment import PaymentKind

RHYTHM = {Frequency.ONCE: "once", Frequency.MONTH: "each month", Frequency.YEAR: "each year"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A line of the table. `address` leads to the page to print."""

    at: datetime
    title: str
    status: str
    amount: Money
    address: str


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    title: str
    detail: str = ""
    to_come: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """All that the page shows; `gifts` newest first, as `Donation.of_account` gives them."""

    gifts: list[Donation]
    payments: list[Payment]  # newest first
    orders: list[Order]

    @property
    def repeating(self) -> list[Donation]:
        """Gifts that are still taken, or paid for until they stop."""
        return [gift for gift in self.gifts if gift.repeats and gift.status is DonationStatus.PAID]

    @property
    def since(self) -> datetime | None:
        """When the first gift that was kept was paid."""
        kept = (gift for gift in self.gifts if gift.status is not DonationStatus.REFUNDED)
        return min((gift.paid_at for gift in kept if gift.paid_at), default=None)

    @property
    def until(self) -> datetime | None:
        """The last day that the gifts so far grant."""
        return max((gift.patron_until for gift in self.gifts if gift.patron_until), default=None)

    @property
    def given(self) -> list[Money]:
        """The sum of all gifts less what was given back, one for each currency."""
        sums: dict[str, Money] = {}
        for payment in self.payments:
            currency = payment.amount.currency
            sums[currency] = sums.get(currency, Money(0, currency)) + payment.amount
        return list(sums.values())

    @property
    def charges(self) -> list[Payment]:
        return [payment for payment in self.payments if payment.kind is PaymentKind.CHARGE]

    def card_of(self, gift: Donation) -> str:
        """How the gift was last paid: "Visa ending 4242"."""
        return next((payment.card for payment in self.charges if payment.donation_id == gift.id), "")

    def receipts(self) -> list[Receipt]:
        """Gifts and orders, newest first."""
        by_id = {gift.id: gift for gift in self.gifts}
        gifts = [_gift_receipt(payment, by_id[payment.donation_id or 0]) for payment in self.payments]
        return sorted(gifts + [_order_receipt(order) for order in self.orders], key=lambda r: r.at, reverse=True)

    def events(self) -> list[Event]:
        """How it went, oldest first: each gift's beginning and end, what was given back, the last payment, the next."""
        events = [event for gift in self.gifts for event in _life_of(gift)]
        refunds = (payment for payment in self.payments if payment.kind is PaymentKind.REFUND)
        events += [Event(refund.moved_at, f"We gave {-refund.amount} back") for refund in refunds]
        if len(self.charges) > 1:
            last = self.charges[0]
            events.append(Event(last.moved_at, f"Last payment, {last.amount}", last.card))
        return sorted(events, key=lambda event: event.at)


def of_account(account_id: int) -> History:
    gifts = Donation.of_account(account_id)
    return History(gifts, Payment.of_donations([gift.id for gift in gifts]), Order.of_account(account_id))


def gift_title(gift: Donation, at: datetime) -> str:
    """What a payment was for: "Monthly gift, November 2026"."""
    name = {Frequency.ONCE: "Gift", Frequency.MONTH: "Monthly gift", Frequency.YEAR: "Yearly gift"}[gift.frequency]
    return f"{name}, {local(at):%B %Y}" if gift.repeats else name


def _gift_receipt(payment: Payment, gift: Donation) -> Receipt:
    status = "Paid" if payment.kind is PaymentKind.CHARGE else "Given back"
    address = url_for("own.receipt", public_id=payment.public_id)
    return Receipt(payment.moved_at, gift_title(gift, payment.moved_at), status, payment.amount, address)


def _order_receipt(order: Order) -> Receipt:
    status = "Given back" if order.status is OrderStatus.REFUNDED else "Paid" if order.total.minor else "Free"
    return Receipt(order.paid_at or order.created_at, order.title, status, order.total, f"/orders/{order.public_id}")


def _life_of(gift: Donation) -> list[Event]:
    if gift.paid_at is None:
        return []
    rhythm = RHYTHM[gift.frequency]
    began = Event(gift.paid_at, f"You gave {gift.amount.short} {rhythm}")
    if gift.repeats:
        began = Event(gift.paid_at, "You became a patron", f"{gift.amount.short} {rhythm}")
    if gift.next_at:
        return [began, Event(gift.next_at, f"Next payment, {gift.amount}", to_come=True)]
    if gift.repeats and gift.stops_at:
        ended = gift.status is not DonationStatus.PAID
        what = "Your gift ended" if ended else "Your gift ends, as you asked"
        return [began, Event(gift.stops_at, what, f"{gift.amount.short} {rhythm}", to_come=not ended)]
    return [began]
