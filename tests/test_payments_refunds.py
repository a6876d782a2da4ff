"""Money given back: in full, in parts, before we knew of the payment, and when the bank sends it back again."""

import pytest

from blueprints.payments import refunds
from models import Payment, begin_write, db, utcnow
from models.money import Money
from models.order import OrderStatus
from models.patronage import DonationStatus
from tests.makers import make_offer
from tests.paying import begin_gift, begin_order, events, letters, pay, tell

GIVEN_BACK = ("charge.refunded", "refund.created")


@pytest.fixture
def settings(settings, sandbox):
    return settings | {"STRIPE_API_BASE": sandbox.base}


@pytest.fixture
def order(client, sandbox):
    order, url = begin_order(make_offer())
    pay(sandbox, url)
    return order


def give_back(sandbox, **how):
    intent = sandbox.v1.payment_intents.list().data[0].id
    return sandbox.v1.refunds.create({"payment_intent": intent, **how})


def sums(order) -> list[int]:
    return [payment.amount.minor for payment in Payment.of_order(order.id)]


@pytest.mark.parametrize("told_by", [*GIVEN_BACK, None])
def test_a_full_refund_ends_the_order_whichever_event_tells(client, sandbox, order, told_by):
    tell(client, *events(sandbox))
    give_back(sandbox)
    tell(client, *events(sandbox, *([told_by] if told_by else GIVEN_BACK)))
    assert order.status is OrderStatus.REFUNDED
    assert sums(order) == [40000, -40000]


@pytest.mark.parametrize("first", GIVEN_BACK)
def test_a_refund_that_comes_before_its_payment_nets_to_nothing(client, sandbox, order, first):
    give_back(sandbox)
    tell(client, *events(sandbox, first))
    assert order.status is OrderStatus.REFUNDED
    tell(client, *events(sandbox))
    assert order.status is OrderStatus.REFUNDED
    assert sorted(sums(order)) == [-40000, 40000]


def test_two_equal_partial_refunds_of_a_day_are_two(client, sandbox, order):
    tell(client, *events(sandbox))
    for number in (1, 2):
        give_back(sandbox, amount=10000)
        tell(client, *events(sandbox))
        assert sums(order) == [40000] + [-10000] * number
    assert order.is_paid
    assert Payment.refunded_of(Payment.of_order(order.id)[0].payment_intent) == 20000
    give_back(sandbox)
    tell(client, *events(sandbox))
    assert order.status is OrderStatus.REFUNDED
    assert sum(sums(order)) == 0


def test_a_refund_that_fails_later_is_owed_again_and_somebody_told(client, sandbox, order):
    tell(client, *events(sandbox))
    refund = give_back(sandbox).to_dict()
    tell(client, *events(sandbox))
    intent = sandbox.v1.payment_intents.list({"expand": ["data.latest_charge"]}).data[0].to_dict()
    db.session.commit()
    for _ in range(2):
        begin_write()
        assert refunds.apply((intent, [refund | {"status": "failed"}], None), utcnow())
        db.session.commit()
    assert sums(order) == [40000, -40000, 40000]
    assert len(letters("payment-alert")) == 1
    assert order.status is OrderStatus.REFUNDED  # whether to open it again is for a person to say


def test_a_refund_that_had_failed_before_we_heard_of_it_moves_nothing(client, sandbox, order):
    tell(client, *events(sandbox))
    refund = give_back(sandbox).to_dict()
    intent = sandbox.v1.payment_intents.list({"expand": ["data.latest_charge"]}).data[0].to_dict()
    db.session.commit()
    begin_write()
    refunds.apply((intent, [refund | {"status": "failed"}], None), utcnow())
    db.session.commit()
    assert sums(order) == [40000]
    assert order.is_paid


@pytest.mark.parametrize("frequency", ["once", "month"])
@pytest.mark.parametrize("refund_first", [False, True])
def test_a_gift_given_back_grants_no_more(client, sandbox, frequency, refund_first):
    gift, url = begin_gift(frequency)
    pay(sandbox, url)
    if not refund_first:
        tell(client, *events(sandbox))
        assert gift.patron_until > utcnow()
    give_back(sandbox)
    tell(client, *events(sandbox, "charge.refunded"), *events(sandbox))
    assert gift.status is DonationStatus.REFUNDED
    assert gift.patron_until <= utcnow()
    assert {(p.kind.value, p.amount) for p in Payment.of_donations([gift.id])} == {
        ("charge", Money(1000, "EUR")),
        ("refund", Money(-1000, "EUR")),
    }


def test_a_gift_given_back_in_part_still_grants(client, sandbox):
    gift, url = begin_gift("once")
    pay(sandbox, url)
    tell(client, *events(sandbox))
    give_back(sandbox, amount=400)
    tell(client, *events(sandbox))
    assert gift.status is DonationStatus.PAID
    assert gift.patron_until > utcnow()
