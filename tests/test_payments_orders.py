"""From a paid checkout to an order that stands: once, for the sum shown, and kindly to those who were late."""

from datetime import timedelta

import pytest
import requests

from blueprints.payments import checkouts, gateway
from models import Code, Payment, Redemption, begin_write, db, utcnow
from models.code import RedemptionState
from models.money import Money
from models.order import OrderStatus
from tests.makers import make_account, make_code, make_offer
from tests.paying import begin_order, events, letters, pay, tell

COMPLETED = "checkout.session.completed"


@pytest.fixture
def settings(settings, sandbox):
    return settings | {"STRIPE_API_BASE": sandbox.base}


@pytest.fixture
def offer(app):
    return make_offer()


def redemption(order) -> Redemption:
    return db.session.scalars(db.select(Redemption).where(Redemption.order_id == order.id)).one()


def test_a_paid_order_stands_with_its_code_used_and_its_receipt_written(client, sandbox, offer):
    code = make_code(offer)
    order, url = begin_order(offer, code)
    assert redemption(order).state is RedemptionState.HELD
    pay(sandbox, url)
    tell(client, *events(sandbox))
    assert order.status is OrderStatus.PAID
    assert redemption(order).state is RedemptionState.USED
    assert code.used() == 1
    [payment] = Payment.of_order(order.id)
    assert (payment.amount, payment.card) == (Money(28000, "USD"), "Visa ending 4242")
    [receipt] = letters()
    assert receipt.recipient == "robin@example.org"
    told = receipt.details
    assert (told["list_price"], told["saving"], told["total"]) == ("US$400.00", "US$120.00", "US$280.00")
    assert told["number"] == payment.receipt_number
    assert told["code"] == "WHATSONWEIBO30"


def test_coming_back_from_the_payment_page_grants_nothing_by_itself(client, sandbox, offer):
    order, url = begin_order(offer)
    pay(sandbox, url)
    client.get(f"/orders/{order.public_id}")
    client.get(f"/donate/thanks?session_id={order.checkout_session}")
    db.session.expire_all()
    assert order.status is OrderStatus.PENDING


@pytest.mark.parametrize(("verified", "linked"), [(True, True), (False, False)])
def test_an_order_belongs_to_whoever_has_proved_the_address(client, sandbox, offer, verified, linked):
    account = make_account("robin@example.org", verified=verified)
    order, url = begin_order(offer)
    pay(sandbox, url)
    tell(client, *events(sandbox, COMPLETED))
    assert order.account_id == (account.id if linked else None)


def test_an_order_without_an_address_takes_the_one_typed_at_stripe(client, sandbox, offer):
    order, url = begin_order(offer, email="")
    pay(sandbox, url, email="Kim@Example.org")
    tell(client, *events(sandbox, COMPLETED))
    assert order.email == "kim@example.org"
    assert [letter.recipient for letter in letters()] == ["kim@example.org"]


def test_another_sum_than_the_rows_grants_nothing_and_tells_somebody(client, sandbox, offer):
    order, url = begin_order(offer)
    begin_write()
    order.total = Money(39999, "USD")
    db.session.commit()
    pay(sandbox, url)
    tell(client, *events(sandbox))
    assert order.status is OrderStatus.PENDING
    assert Payment.of_order(order.id) == []
    assert [letter.letter for letter in letters()] == ["payment-alert"]


def test_another_currency_is_another_sum(client, sandbox, offer):
    order, url = begin_order(offer)
    begin_write()
    order.total = Money(order.total.minor, "EUR")
    db.session.commit()
    pay(sandbox, url)
    tell(client, *events(sandbox))
    assert order.status is OrderStatus.PENDING


def test_an_abandoned_checkout_gives_the_codes_use_back(client, sandbox, offer):
    code = make_code(offer, max_redemptions=1)
    order, _ = begin_order(offer, code)
    assert code.discount(utcnow()).uses_left == 0
    gateway.current().expire_session(order.checkout_session)
    tell(client, *events(sandbox))
    assert order.status is OrderStatus.EXPIRED
    assert redemption(order).state is RedemptionState.RELEASED
    assert code.discount(utcnow()).uses_left == 1
    assert letters() == []


def test_an_older_checkout_that_ends_does_not_close_an_order_that_is_being_paid(client, sandbox, offer):
    order, url = begin_order(offer, make_code(offer))
    begin_write()
    order.checkout_session = "cs_test_the_second_attempt"
    db.session.commit()
    gateway.current().expire_session(_only(sandbox))
    tell(client, *events(sandbox))
    assert order.status is OrderStatus.PENDING
    assert redemption(order).state is RedemptionState.HELD


def _only(sandbox) -> str:
    return sandbox.v1.checkout.sessions.list().data[0].id


def test_a_code_that_ends_while_the_buyer_pays_is_honoured(client, sandbox, offer):
    code = make_code(offer)
    order, url = begin_order(offer, code)
    begin_write()
    db.session.get(Code, code.id).ends_at = utcnow() - timedelta(seconds=1)
    db.session.commit()
    pay(sandbox, url)
    tell(client, *events(sandbox))
    assert order.is_paid
    assert order.total == Money(28000, "USD")
    assert not redemption(order).over_limit


def lapse(order) -> None:
    begin_write()
    redemption(order).expires_at = utcnow() - timedelta(seconds=1)
    db.session.commit()


def test_a_payment_after_its_hold_lapsed_stands_and_is_flagged_when_the_limit_is_gone(client, sandbox, offer):
    code = make_code(offer, max_redemptions=1)
    late, late_url = begin_order(offer, code)
    lapse(late)
    quick, quick_url = begin_order(offer, code)
    pay(sandbox, quick_url)
    pay(sandbox, late_url)
    tell(client, *events(sandbox))
    assert quick.is_paid
    assert late.is_paid
    assert (redemption(quick).over_limit, redemption(late).over_limit) == (False, True)
    tell(client, *events(sandbox))
    assert [letter.letter for letter in letters()].count("payment-alert") == 1


def test_a_lapsed_hold_within_the_limit_is_nothing_to_speak_of(client, sandbox, offer):
    order, url = begin_order(offer, make_code(offer, max_redemptions=1))
    lapse(order)
    pay(sandbox, url)
    tell(client, *events(sandbox))
    assert not redemption(order).over_limit
    assert [letter.letter for letter in letters()] == ["receipt-order"]


def test_an_order_paid_after_we_gave_it_up_is_honoured(client, sandbox, offer):
    order, url = begin_order(offer, make_code(offer))
    begin_write()
    order.mark_expired()
    Redemption.release(order.id)
    db.session.commit()
    pay(sandbox, url)
    tell(client, *events(sandbox))
    assert order.is_paid
    assert redemption(order).state is RedemptionState.USED


def test_an_order_paid_twice_is_booked_twice_and_somebody_told(client, sandbox, offer):
    order, url = begin_order(offer)
    again = gateway.current().start_order_checkout(
        reference=order.public_id,
        title=order.title,
        list_price=order.list_price,
        total=order.total,
        coupon=None,
        email=order.email,
        success_url="http://127.0.0.1:5000/",
        cancel_url="http://127.0.0.1:5000/",
        expires_at=order.checkout_expires_at,
        attempt=2,
    )
    pay(sandbox, url)
    pay(sandbox, again.url)
    tell(client, *events(sandbox))
    assert len(Payment.of_order(order.id)) == 2
    assert sorted(letter.letter for letter in letters()) == ["payment-alert", "receipt-order"]


@pytest.mark.parametrize(
    ("outcome", "status", "state"),
    [("arrives", OrderStatus.PAID, RedemptionState.USED), ("fails", OrderStatus.EXPIRED, RedemptionState.RELEASED)],
)
def test_a_slow_bank_is_waited_for(client, sandbox, offer, outcome, status, state):
    order, url = begin_order(
        offer, make_code(offer), list_price=Money(40000, "EUR"), saving=Money(12000, "EUR"), total=Money(28000, "EUR")
    )
    later = {"email": "robin@example.org", "name": "Robin Aldermeer", "outcome": "waits"}
    assert requests.post(f"{url}/later", later, allow_redirects=False, timeout=10).status_code == 303
    tell(client, *events(sandbox, COMPLETED))
    assert order.status is OrderStatus.PENDING
    assert redemption(order).expires_at > utcnow() + timedelta(days=13)
    sandbox.backstage(f"sessions/{order.checkout_session}/settle", {"outcome": outcome})
    tell(client, *events(sandbox))
    assert order.status is status
    assert redemption(order).state is state
    assert len(letters("receipt-order")) == (1 if outcome == "arrives" else 0)


def test_a_checkout_with_nothing_to_pay_is_fulfilled_once(client, sandbox, offer):
    code = make_code(offer, basis_points=10_000)
    order, url = begin_order(offer, code)
    assert requests.post(url, {"email": "robin@example.org"}, allow_redirects=False, timeout=10).status_code == 303
    assert gateway.current().retrieve_session(order.checkout_session)["payment_status"] == "no_payment_required"
    tell(client, *events(sandbox, COMPLETED, COMPLETED))
    assert order.is_paid
    assert Payment.of_order(order.id) == []
    assert code.used() == len(letters("receipt-order")) == 1


def test_a_checkout_that_is_still_open_changes_nothing(client, sandbox, offer):
    order, _ = begin_order(offer, make_code(offer))
    session = gateway.current().retrieve_session(order.checkout_session)
    db.session.commit()
    begin_write()
    assert checkouts.apply(session, utcnow())
    db.session.commit()
    assert order.status is OrderStatus.PENDING
    assert redemption(order).state is RedemptionState.HELD
