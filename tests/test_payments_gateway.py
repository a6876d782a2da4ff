"""What we ask of Stripe, on the wire: sums to the cent, one checkout for one reference, and failure said plainly."""

import logging
import threading
from datetime import datetime, timedelta

import pytest

from blueprints.payments.gateway import GatewayUnavailable, QuoteMismatch
from blueprints.payments.stripe_gateway import Coupon, StripeGateway
from models import utcnow
from models.money import Money
from tests.paying import RETURN
from tests.sandbox_tools import Running


@pytest.fixture
def gateway(sandbox: Running) -> StripeGateway:
    return StripeGateway("sk_test_masthead", ["whsec_for_tests"], sandbox.base, "Upstairs")


def soon() -> datetime:
    """When a checkout ends: counted from the call, for the suite may have run for long."""
    return utcnow() + timedelta(minutes=40)


def order(**changes):
    return (
        {
            "reference": "order-1",
            "title": "China Internet Report 2026, Pro Edition",
            "list_price": Money(40000, "USD"),
            "total": Money(28000, "USD"),
            "coupon": Coupon("WHATSONWEIBO30", "code-1", 3000),
            "email": "robin@example.org",
            "expires_at": soon(),
        }
        | RETURN
        | changes
    )


def gift(**changes):
    return (
        {
            "reference": "gift-1",
            "amount": Money(1000, "EUR"),
            "frequency": "month",
            "email": "robin@example.org",
            "expires_at": soon(),
        }
        | RETURN
        | changes
    )


def plain(total: Money, **changes):
    return order(list_price=total, total=total, coupon=None, **changes)


def test_a_code_is_a_real_coupon_of_stripes(gateway, sandbox):
    checkout = gateway.start_order_checkout(**order())
    session = gateway.retrieve_session(checkout.id)
    assert (session["amount_subtotal"], session["amount_total"], session["currency"]) == (40000, 28000, "usd")
    assert session["total_details"]["amount_discount"] == 12000
    coupon = sandbox.v1.coupons.retrieve(session["discounts"][0]["coupon"])
    assert (coupon.percent_off, coupon.duration, coupon.name) == (30, "once", "WHATSONWEIBO30")


def test_a_coupon_is_made_once_and_another_percentage_is_another(gateway, sandbox):
    for number, basis_points, total in ((1, 3000, 28000), (2, 3000, 28000), (3, 3333, 26668)):
        coupon = Coupon("WHATSONWEIBO30", "code-1", basis_points)
        gateway.start_order_checkout(**order(reference=f"order-{number}", coupon=coupon, total=Money(total, "USD")))
    percentages = sorted(coupon.percent_off for coupon in sandbox.v1.coupons.list().data)
    assert [str(one) for one in percentages] in (["30", "33.33"], ["30.0", "33.33"])


def test_a_double_click_is_one_checkout(gateway, sandbox):
    first, second = (gateway.start_order_checkout(**order()) for _ in range(2))
    assert first == second
    assert len(sandbox.v1.checkout.sessions.list().data) == 1
    again = gateway.start_order_checkout(**order(attempt=2))
    assert again.id != first.id


@pytest.mark.parametrize("minor", [50, 199, 1998, 1999, 2001, 4999, 99999])
def test_the_sum_is_asked_for_to_the_cent(gateway, minor):
    checkout = gateway.start_order_checkout(**plain(Money(minor, "EUR")))
    assert gateway.retrieve_session(checkout.id)["amount_total"] == minor


@pytest.mark.parametrize(
    ("price", "basis_points", "total"),
    [
        pytest.param(Money(105, "EUR"), 5000, 52, id="half a cent rounds in the saving's favour"),
        pytest.param(Money(1000, "JPY"), 3330, 667, id="yen have no cents"),
        pytest.param(Money(999, "EUR"), 1500, 849, id="149.85 cents saved is 150"),
    ],
)
def test_our_saving_is_stripes_saving(gateway, price, basis_points, total):
    assert (price - price.share(basis_points)).minor == total
    gateway.start_order_checkout(
        **order(list_price=price, total=Money(total, price.currency), coupon=Coupon("CODE", "code-2", basis_points))
    )


def test_another_sum_than_we_showed_closes_the_checkout(gateway, sandbox):
    with pytest.raises(QuoteMismatch):
        gateway.start_order_checkout(**order(total=Money(27999, "USD")))
    assert [session.status for session in sandbox.v1.checkout.sessions.list().data] == ["expired"]


def test_what_leads_back_to_our_row_is_on_every_object_and_says_nothing_of_the_buyer(gateway, sandbox):
    sandbox.pay(gateway.start_order_checkout(**order()).url)
    session = gateway.retrieve_session(sandbox.v1.checkout.sessions.list().data[0].id)
    ours = {"order": "order-1", "env": "test", "schema": "1"}
    assert session["metadata"] == session["payment_intent"]["metadata"] == ours
    assert session["client_reference_id"] == "order-1"
    assert session["branding_settings"]["display_name"] == "Upstairs"


@pytest.mark.parametrize("frequency", ["month", "year"])
def test_a_repeating_gift_is_a_subscription_that_leads_back_to_it(gateway, sandbox, frequency):
    checkout = gateway.start_gift_checkout(**gift(frequency=frequency))
    sandbox.pay(checkout.url)
    session = gateway.retrieve_session(checkout.id)
    subscription = session["subscription"]
    assert subscription["items"]["data"][0]["price"]["recurring"]["interval"] == frequency
    assert subscription["metadata"]["donation"] == "gift-1"
    invoice = gateway.retrieve_invoice(session["invoice"])
    assert invoice["parent"]["subscription_details"]["metadata"]["donation"] == "gift-1"
    assert gateway.invoice_of(invoice["payments"]["data"][0]["payment"]["payment_intent"])["id"] == invoice["id"]


def test_a_single_gift_makes_no_customer(gateway, sandbox):
    checkout = gateway.start_gift_checkout(**gift(frequency="once"))
    sandbox.pay(checkout.url)
    session = gateway.retrieve_session(checkout.id)
    assert (session["mode"], session["submit_type"], session["customer"]) == ("payment", "donate", None)
    assert gateway.invoice_of(session["payment_intent"]["id"]) is None


def test_closing_a_checkout_that_was_paid_says_so(gateway, sandbox):
    paid, left = (gateway.start_gift_checkout(**gift(reference=name, frequency="once")) for name in "ab")
    sandbox.pay(paid.url)
    assert gateway.expire_session(paid.id)["status"] == "complete"
    assert gateway.expire_session(left.id)["status"] == "expired"
    assert gateway.expire_session(left.id)["status"] == "expired"


def test_stopping_a_gift_twice_is_stopping_it(gateway, sandbox):
    checkout = gateway.start_gift_checkout(**gift())
    sandbox.pay(checkout.url)
    subscription = gateway.retrieve_session(checkout.id)["subscription"]["id"]
    for _ in range(2):
        assert gateway.cancel_at_period_end(subscription)["cancel_at_period_end"] is True


# When Stripe stumbles


@pytest.mark.parametrize("kind", ["status", "cut_before", "cut_after"])
def test_a_stumble_is_retried_into_one_checkout(gateway, sandbox, kind):
    sandbox.backstage("faults", {"kind": kind, "method": "POST", "prefix": "/v1/checkout/sessions", "status": 409})
    gateway.start_order_checkout(**plain(Money(1000, "EUR")))
    assert len(sandbox.v1.checkout.sessions.list().data) == 1


def test_two_calls_with_one_key_at_the_same_moment_give_one_checkout(gateway, sandbox):
    sandbox.backstage("faults", {"kind": "slow", "seconds": 0.6, "method": "POST", "prefix": "/v1/checkout/sessions"})
    got = []
    calls = [
        threading.Thread(target=lambda: got.append(gateway.start_order_checkout(**plain(Money(1000, "EUR")))))
        for _ in range(2)
    ]
    for call in calls:
        call.start()
    for call in calls:
        call.join(20)
    assert len(got) == 2
    assert got[0] == got[1]


def test_a_key_used_for_something_else_is_logged_as_our_bug(gateway, sandbox, caplog):
    gateway.start_order_checkout(**plain(Money(1000, "EUR")))
    with caplog.at_level(logging.ERROR), pytest.raises(GatewayUnavailable):
        gateway.start_order_checkout(**plain(Money(2000, "EUR")))
    assert "our bug" in caplog.text
    assert [session.amount_total for session in sandbox.v1.checkout.sessions.list().data] == [1000]


def test_without_a_key_or_an_answer_every_call_says_unavailable(sandbox):
    with pytest.raises(GatewayUnavailable):
        StripeGateway("", []).start_gift_checkout(**gift())
    with pytest.raises(GatewayUnavailable):
        StripeGateway("sk_test_masthead", [], "http://127.0.0.1:9").retrieve_session("cs_test_1")


def test_events_come_whole_over_many_pages_and_oldest_first(gateway, sandbox):
    for number in range(60):
        sandbox.v1.products.create({"name": f"Product {number}"})
        sandbox.v1.customers.create({"email": f"reader{number}@example.org"})
    events = gateway.events_since(utcnow() - timedelta(hours=1))
    assert len(events) == 120
    assert [event["data"]["object"]["object"] for event in events[:2]] == ["product", "customer"]
    assert gateway.events_since(utcnow() + timedelta(hours=1)) == []
