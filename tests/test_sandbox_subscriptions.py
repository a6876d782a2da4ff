"""Subscriptions: begun by a session or by a call, changed, ended."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import stripe

from stripe_sandbox.objects.periods import add_interval
from tests.sandbox_tools import Running, gift_data, running


@pytest.fixture
def sandbox(tmp_path):
    with running(tmp_path) as sandbox:
        yield sandbox


def begin(sandbox: Running, **changes: Any) -> Any:
    """A paid monthly gift; the session, with subscription and invoice."""
    session = sandbox.v1.checkout.sessions.create(gift_data(**changes))
    assert sandbox.pay(session.url).status_code == 303
    return sandbox.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "invoice.payments"]})


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_a_gift_begins_with_a_paid_invoice(sandbox: Running) -> None:
    session = begin(sandbox, metadata={"mine": "1"}, subscription_data={"metadata": {"order_id": "42"}})
    subscription, invoice = session.subscription, session.invoice
    assert (session.payment_status, session.payment_intent) == ("paid", None)
    assert subscription.status == "active"
    assert subscription.metadata.to_dict() == {"order_id": "42"}
    item = subscription["items"].data[0]
    assert item.current_period_end == add_interval(item.current_period_start, "month", 1)
    assert subscription.customer == session.customer
    assert subscription.default_payment_method
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == (
        "paid",
        1000,
        "subscription_create",
    )
    parent = invoice.parent.subscription_details
    assert (parent.subscription, parent.metadata["order_id"]) == (subscription.id, "42")
    intent = invoice.payments.data[0].payment.payment_intent
    found = sandbox.v1.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": intent}})
    assert found.data[0].invoice == invoice.id
    assert sandbox.v1.payment_intents.retrieve(intent).customer == session.customer


def test_events_come_in_stripes_order(sandbox: Running) -> None:
    begin(sandbox)
    types = [event.type for event in sandbox.v1.events.list({"limit": 100}).data][::-1]
    order = [
        "payment_intent.succeeded",
        "charge.succeeded",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "checkout.session.completed",
    ]
    assert [name for name in types if name in order] == order


def test_a_refused_card_begins_nothing(sandbox: Running) -> None:
    session = sandbox.v1.checkout.sessions.create(gift_data())
    for number in ("4000000000000002", "4000000000000341"):
        assert sandbox.pay(session.url, card_number=number).status_code == 402
    assert sandbox.v1.subscriptions.list({"status": "all"}).data == []
    assert sandbox.v1.customers.list().data == []
    assert sandbox.v1.checkout.sessions.retrieve(session.id).payment_intent is None
    assert sandbox.pay(session.url).status_code == 303


def test_a_discount_for_ever_stays_and_one_for_once_goes(sandbox: Running) -> None:
    v1 = sandbox.v1
    for duration, left in (("once", 0), ("forever", 1)):
        coupon = v1.coupons.create({"percent_off": 50, "duration": duration})
        session = begin(sandbox, discounts=[{"coupon": coupon.id}])
        assert session.invoice.total == 500
        assert len(session.invoice.total_discount_amounts) == 1
        assert len(session.subscription.discounts) == left
        assert v1.coupons.retrieve(coupon.id).times_redeemed == 1


def test_a_free_first_period_still_wants_a_card(sandbox: Running) -> None:
    coupon = sandbox.v1.coupons.create({"percent_off": 100})
    session = sandbox.v1.checkout.sessions.create(gift_data(discounts=[{"coupon": coupon.id}]))
    assert requests.post(session.url, {"email": "a@b.example"}, timeout=10).status_code == 422
    assert sandbox.pay(session.url, card_number="4000000000000002").status_code == 409
    assert sandbox.pay(session.url).status_code == 303
    session = sandbox.v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice", "subscription"]})
    assert session.payment_status == "no_payment_required"
    assert (session.invoice.status, session.invoice.amount_paid) == ("paid", 0)
    assert session.subscription.default_payment_method


def test_cancelling_at_once_and_only_once(sandbox: Running) -> None:
    v1 = sandbox.v1
    id = begin(sandbox).subscription.id
    ended = v1.subscriptions.cancel(id, {"cancellation_details": {"comment": "Moved away"}})
    assert (ended.status, ended.cancellation_details.comment) == ("canceled", "Moved away")
    assert v1.events.list({"type": "customer.subscription.deleted"}).data[0].data.object["id"] == id
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.subscriptions.cancel(id)
    assert refused.value.http_status == 404
    assert v1.subscriptions.list().data == []
    assert [one.id for one in v1.subscriptions.list({"status": "canceled"}).data] == [id]


def test_cancelling_at_the_end_of_the_period(tmp_path) -> None:
    now = [float(at("2027-01-31"))]
    with running(tmp_path, clock=lambda: now[0]) as sandbox:
        v1 = sandbox.v1
        id = begin(sandbox).subscription.id
        changed = v1.subscriptions.update(id, {"cancel_at_period_end": True})
        assert (changed.status, changed.cancel_at) == ("active", at("2027-02-28"))
        event = v1.events.list({"type": "customer.subscription.updated"}).data[0]
        assert event.data.previous_attributes["cancel_at_period_end"] is False
        assert v1.subscriptions.update(id, {"cancel_at_period_end": False}).cancel_at is None
        v1.subscriptions.update(id, {"cancel_at_period_end": True})
        now[0] = at("2027-02-28") + 1
        assert v1.subscriptions.retrieve(id).status == "canceled"
        assert len(v1.events.list({"type": "customer.subscription.deleted"}).data) == 1


def test_a_subscription_by_call(sandbox: Running) -> None:
    v1 = sandbox.v1
    customer = v1.customers.create({"email": "a@b.example"})
    price = v1.prices.create(
        {
            "currency": "eur",
            "unit_amount": 1000,
            "recurring": {"interval": "year"},
            "product_data": {"name": "Gift"},
        }
    )
    data = {"customer": customer.id, "items": [{"price": price.id, "quantity": 2}]}
    with pytest.raises(stripe.InvalidRequestError):
        v1.subscriptions.create(data)  # no way to pay
    method = v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    made = v1.subscriptions.create(data | {"expand": ["latest_invoice"], "metadata": {"a": "1"}})
    assert (made.status, made.latest_invoice.total) == ("active", 2000)
    item = made["items"].data[0]
    dearer = v1.prices.create(
        {"product": price.product, "currency": "eur", "unit_amount": 1500, "recurring": {"interval": "year"}}
    )
    with pytest.raises(stripe.InvalidRequestError):
        v1.subscriptions.update(made.id, {"items": [{"id": item.id, "price": dearer.id}]})
    changed = v1.subscriptions.update(
        made.id,
        {"items": [{"id": item.id, "price": dearer.id, "quantity": 1}], "proration_behavior": "none"},
    )
    assert changed["items"].data[0].price.unit_amount == 1500
    assert [one.id for one in v1.subscriptions.list({"price": dearer.id}).data] == [made.id]
    v1.customers.delete(customer.id)
    assert v1.subscriptions.retrieve(made.id).status == "canceled"


def test_a_first_payment_that_fails_leaves_it_incomplete(sandbox: Running) -> None:
    v1 = sandbox.v1
    customer = v1.customers.create({"email": "a@b.example"})
    method = v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    price = {"currency": "eur", "unit_amount": 900, "recurring": {"interval": "month"}}
    product = v1.products.create({"name": "Gift"})
    data = {
        "customer": customer.id,
        "items": [{"price_data": price | {"product": product.id}}],
        "default_payment_method": method.id,
    }
    made = v1.subscriptions.create(data | {"expand": ["latest_invoice.payments"]})
    assert (made.status, made.latest_invoice.status) == ("incomplete", "open")
    assert made.latest_invoice.payments.data[0].status == "open"
    with pytest.raises(stripe.CardError):
        v1.subscriptions.create(data | {"payment_behavior": "error_if_incomplete"})
    assert len(v1.subscriptions.list({"status": "all"}).data) == 1


def test_invoices_are_listed_and_their_lines_read(sandbox: Running) -> None:
    session = begin(sandbox)
    v1 = sandbox.v1
    for data in (
        {"subscription": session.subscription.id},
        {"customer": session.customer},
        {"status": "paid"},
    ):
        assert [one.id for one in v1.invoices.list(data).data] == [session.invoice.id]
    assert v1.invoices.list({"status": "open"}).data == []
    [line] = v1.invoices.line_items.list(session.invoice.id).data
    assert line.parent.subscription_item_details.subscription == session.subscription.id
    assert requests.get(session.invoice.hosted_invoice_url, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("start", "unit", "count", "end"),
    [
        ("2027-01-31", "month", 1, "2027-02-28"),
        ("2028-01-31", "month", 1, "2028-02-29"),
        ("2027-01-31", "month", 2, "2027-03-31"),
        ("2027-11-30", "month", 3, "2028-02-29"),
        ("2028-02-29", "year", 1, "2029-02-28"),
        ("2027-03-27", "week", 1, "2027-04-03"),
        ("2027-12-31", "day", 1, "2028-01-01"),
    ],
)
def test_periods_end_on_the_calendar(start: str, unit: str, count: int, end: str) -> None:
    assert add_interval(at(start), unit, count) == at(end)
