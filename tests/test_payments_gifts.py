"""Gifts, single and repeating: what each payment grants, until when, and how they end."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from blueprints.payments import gateway
from models import Payment, begin_write, db, utcnow
from models.money import Money
from models.patronage import GRACE, ONE_YEAR, DonationStatus, is_patron
from tests.makers import make_account, make_offer
from tests.paying import begin_gift, events, letters, pay, tell

FIRST = ("checkout.session.completed", "invoice.paid")


@pytest.fixture
def settings(settings, sandbox):
    return settings | {"STRIPE_API_BASE": sandbox.base}


def period_end(gift) -> datetime:
    subscription = gateway.current().retrieve_subscription(gift.subscription)
    return datetime.fromtimestamp(subscription["items"]["data"][0]["current_period_end"], UTC)


def movements(gift) -> list[Payment]:
    return Payment.of_donations([gift.id])


def test_a_single_gift_makes_a_patron_for_a_year(client, sandbox):
    gift, url = begin_gift("once")
    pay(sandbox, url)
    tell(client, *events(sandbox))
    assert gift.status is DonationStatus.PAID
    assert gift.patron_until == gift.paid_at + ONE_YEAR
    [payment] = movements(gift)
    assert (payment.amount, payment.card) == (Money(1000, "EUR"), "Visa ending 4242")
    [receipt] = letters()
    assert (receipt.letter, receipt.details["repeats"], receipt.details["next_payment"]) == ("receipt-gift", False, "")


@pytest.mark.parametrize(("frequency", "days"), [("month", 27), ("year", 364)])
def test_a_repeating_gift_grants_its_period_and_a_week(client, sandbox, frequency, days):
    gift, url = begin_gift(frequency)
    pay(sandbox, url)
    tell(client, *events(sandbox))
    assert gift.patron_until == period_end(gift) + GRACE
    assert gift.patron_until > utcnow() + timedelta(days=days) + GRACE
    assert (gift.status, gift.customer[:4]) == (DonationStatus.PAID, "cus_")
    assert len(movements(gift)) == len(letters("receipt-gift")) == 1
    [receipt] = letters()
    assert receipt.details["number"] == movements(gift)[0].receipt_number


@pytest.mark.parametrize("order", list(itertools.permutations([*FIRST, "customer.subscription.created"])))
def test_the_first_events_may_come_in_any_order(client, sandbox, order):
    gift, url = begin_gift(session=False)
    pay(sandbox, url)
    tell(client, *events(sandbox, *order))
    assert gift.status is DonationStatus.PAID
    assert gift.subscription.startswith("sub_")
    assert gift.patron_until == period_end(gift) + GRACE
    assert len(movements(gift)) == len(letters()) == 1


@pytest.mark.parametrize("alone", FIRST)
def test_either_of_the_first_events_makes_a_patron(client, sandbox, alone):
    account = make_account("robin@example.org")
    gift, url = begin_gift()
    pay(sandbox, url)
    tell(client, *events(sandbox, alone))
    assert gift.account_id == account.id
    assert is_patron(account, utcnow())
    assert not is_patron(account, utcnow() + timedelta(days=60))


def test_a_giver_without_an_account_becomes_a_patron_once_the_address_is_proved(client, sandbox):
    gift, url = begin_gift()
    pay(sandbox, url)
    tell(client, *events(sandbox))
    assert gift.account_id is None
    assert not is_patron(make_account("other@example.org"), utcnow())
    assert is_patron(make_account("robin@example.org"), utcnow())


def test_another_sum_grants_nothing(client, sandbox):
    make_offer()  # with it the publisher's address
    gift, url = begin_gift()
    begin_write()
    gift.amount = Money(5000, "EUR")
    db.session.commit()
    pay(sandbox, url)
    tell(client, *events(sandbox))
    assert (gift.status, gift.patron_until, movements(gift)) == (DonationStatus.PENDING, None, [])
    assert {letter.letter for letter in letters()} == {"payment-alert"}


def test_a_stopped_gift_runs_on_to_the_end_of_what_was_paid(client, sandbox):
    gift, url = begin_gift()
    pay(sandbox, url)
    tell(client, *events(sandbox))
    until = gift.patron_until
    gateway.current().cancel_at_period_end(gift.subscription)
    tell(client, *events(sandbox, "customer.subscription.updated"))
    assert gift.stops_at == period_end(gift)
    assert (gift.status, gift.patron_until) == (DonationStatus.PAID, until)


def test_an_ended_gift_stays_ended_whatever_comes_late(client, sandbox):
    gift, url = begin_gift()
    pay(sandbox, url)
    tell(client, *events(sandbox, "checkout.session.completed"))
    until = gift.patron_until
    gateway.current().cancel_at_period_end(gift.subscription)
    sandbox.v1.subscriptions.cancel(gift.subscription)
    tell(client, *events(sandbox, "customer.subscription.deleted"))
    assert gift.status is DonationStatus.ENDED
    tell(client, *events(sandbox, "customer.subscription.updated", "invoice.paid", "customer.subscription.created"))
    assert (gift.status, gift.patron_until) == (DonationStatus.ENDED, until)
    assert len(movements(gift)) == 1
    assert [letter.letter for letter in letters()] == ["gift-ended", "receipt-gift"]


def failing_subscription(sandbox, gift) -> str:
    """A subscription of this gift whose card is refused, as a renewal's would be."""
    v1 = sandbox.v1
    price = v1.prices.create(
        {"currency": "eur", "unit_amount": 1000, "recurring": {"interval": "month"}, "product_data": {"name": "Gift"}}
    )
    return v1.subscriptions.create(
        {
            "customer": v1.customers.create({"email": gift.email}).id,
            "items": [{"price": price.id}],
            "default_payment_method": "pm_card_chargeCustomerFail",
            "payment_behavior": "allow_incomplete",
            "metadata": {"donation": gift.public_id},
        }
    ).id


def test_a_refused_payment_is_told_once_with_a_way_to_pay(client, sandbox):
    gift, url = begin_gift("once")
    pay(sandbox, url)
    tell(client, *events(sandbox, "checkout.session.completed"))
    until = gift.patron_until
    failing_subscription(sandbox, gift)
    tell(client, *events(sandbox, "invoice.payment_failed", "invoice.payment_failed"))
    [letter] = letters("gift-failed")
    assert letter.details["page"].startswith(sandbox.base)
    assert (gift.status, gift.patron_until) == (DonationStatus.PAID, until)


def test_a_refused_first_payment_is_not_told_to_somebody_who_never_gave(client, sandbox):
    gift, _ = begin_gift()
    failing_subscription(sandbox, gift)
    tell(client, *events(sandbox))
    assert gift.status is DonationStatus.PENDING
    assert letters() == []


def test_a_second_subscription_for_one_gift_is_noticed(client, sandbox):
    make_offer()
    gift, url = begin_gift()
    again = gateway.current().start_gift_checkout(
        reference=gift.public_id,
        amount=gift.amount,
        frequency="month",
        email=gift.email,
        attempt=2,
        success_url="http://127.0.0.1:5000/",
        cancel_url="http://127.0.0.1:5000/",
        expires_at=gift.checkout_expires_at,
    )
    pay(sandbox, url)
    pay(sandbox, again.url)
    tell(client, *events(sandbox))
    assert len(movements(gift)) == 2
    assert len(letters("payment-alert")) == 1


def test_an_abandoned_gift_is_closed(client, sandbox):
    gift, _ = begin_gift("once")
    gateway.current().expire_session(gift.checkout_session)
    tell(client, *events(sandbox))
    assert gift.status is DonationStatus.EXPIRED


def test_each_gift_is_booked_and_receipted_once_however_its_events_come(client, sandbox):
    gifts = []
    for frequency in ("month", "year", "once"):
        gift, url = begin_gift(frequency)
        pay(sandbox, url)
        gifts.append(gift)
    told = events(sandbox)
    tell(client, *told[::-1], *told)
    assert [len(movements(gift)) for gift in gifts] == [1, 1, 1]
    assert len(letters("receipt-gift")) == 3
